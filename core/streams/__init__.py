"""Messages of a platform, decided as they arrive: a source is read in small batches, and the decisions go to a sink."""
