"""Verdicts: what they say, where they are stored, which of them stand."""
