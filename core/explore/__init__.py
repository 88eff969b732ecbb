"""What a file of users looks like: figures, pairs, segments, shifts, and what to beware of."""
