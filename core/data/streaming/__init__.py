"""Files of any size, read window by window: the same rows and problems as of a file read whole."""
