"""Learning from feedback: the button, its settings, and what the gate says of a version."""
