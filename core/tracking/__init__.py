"""Training runs sent to an MLflow server that the user has set up: what is said of each, and what waits."""
