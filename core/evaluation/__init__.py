"""Metrics on labelled users, thresholds, intervals and paired differences."""
