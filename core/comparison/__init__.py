"""Two models, or two files of predictions, on the same users."""
