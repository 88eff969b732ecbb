"""The formats of files, a module each: all give the text that their table would be as CSV, for the same checks."""
