"""Lists of all users of a run: filtered, sorted and read a page at a time."""
