"""What the words of a text have to do with its score."""
