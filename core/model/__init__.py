"""Models: train, calibrate, score, explain, evaluate, and keep them on disk."""
