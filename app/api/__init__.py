"""The REST API: thin routes over the same core as the dashboard and the command line."""
