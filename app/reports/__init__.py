"""What a run or a comparison came to, as one HTML file. That of an exploration stands beside its page."""
