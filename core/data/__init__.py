"""Data: what columns mean, how files become typed rows, and where those are kept."""
