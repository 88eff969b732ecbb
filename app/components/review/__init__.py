"""The pieces of the Review page."""
