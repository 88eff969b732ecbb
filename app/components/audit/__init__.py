"""The pieces of the Audit page."""
