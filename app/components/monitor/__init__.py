"""Pieces of the Monitor page."""
