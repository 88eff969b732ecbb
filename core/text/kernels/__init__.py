"""The loops of texts: n-grams, what is learnt of them, and how a margin comes from words."""
