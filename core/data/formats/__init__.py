"""Files of other formats than CSV, as the text that they would be as CSV: they go through the same checks."""
