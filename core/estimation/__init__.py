"""What a weighted sample of verdicts says of everybody: precision, recall and their intervals."""
