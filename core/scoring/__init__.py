"""Scores, SHAP values and reasons; runs of files and of API calls; exports."""
