"""The pieces of the User page."""
