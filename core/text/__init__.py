"""What people write, as numbers: normalised, hashed, scored and explained word by word."""
