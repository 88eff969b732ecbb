"""Files of any size, scored block after block."""
