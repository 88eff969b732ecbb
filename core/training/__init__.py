"""From labelled users to a training run: weights, folds, search, fit."""
