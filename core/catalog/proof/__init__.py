"""Proof that a home is what was written: its files against their digests, and all that it keeps against each other."""
