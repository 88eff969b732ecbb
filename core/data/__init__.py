"""How files become typed rows, and where those are kept."""
