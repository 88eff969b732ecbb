"""From scores to decisions: what rules may ask of users, and who decides what."""
