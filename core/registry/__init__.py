"""Versions of a model on disk: what they hold, how they are checked, which one is live."""
