"""What stands before the dashboard and the API: hosts and origins, limits, uploads."""
