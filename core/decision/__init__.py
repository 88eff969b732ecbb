"""Decisions: from a score to a band, an action, and the run that records them."""
