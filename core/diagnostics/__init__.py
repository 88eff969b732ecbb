"""A closer look at one version: robustness, importance, learning curve."""
