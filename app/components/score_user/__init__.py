"""The pieces of the page Score a user."""
