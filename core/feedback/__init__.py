"""Feedback: what reviewers said, how the users were chosen, and what that says about the live model."""
