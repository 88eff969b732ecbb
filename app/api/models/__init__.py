"""What comes in and what goes out, as the API describes it."""
