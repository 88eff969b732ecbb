"""Pieces of a page, named for what is seen; each returns what was chosen or where to go on."""
