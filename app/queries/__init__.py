"""What pages ask core for; the only place that caches."""
