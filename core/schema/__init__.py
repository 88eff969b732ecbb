"""What the columns of a home mean."""
