"""Figures of some of the users beside those of all of them."""
