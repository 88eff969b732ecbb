"""The revisions, each with what it changes; one that was ever released never changes again."""
