"""Learning from feedback: what is learnt from, when, and whether the result may take over."""
