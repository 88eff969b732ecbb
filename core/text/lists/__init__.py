"""The owner's lists of phrases: what may be in one, and where it stands in a text."""
