"""From a score to a band and an action."""
