"""The interface: the dashboard, the command line and the set-up. What it shows, `core` knows."""
