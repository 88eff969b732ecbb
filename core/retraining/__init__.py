"""Learning from verdicts: when, on whom, and the gate that a retrained version must pass."""
