"""Automation that is earned: the evidence of verdicts, and who armed it on which."""
