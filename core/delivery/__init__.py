"""Decisions on their way out: a webhook of the platform that takes them, in order, at least once."""
