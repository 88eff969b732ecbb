"""Posts and comments of a place where people write, fetched as a dataset of messages."""
