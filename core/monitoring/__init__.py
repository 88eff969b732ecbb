"""Watching what is live: drift against training, alerts and incidents, volume, metrics."""
