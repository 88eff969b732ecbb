"""Files of any size, watched block after block."""
