"""How things stay on disk: the database, the append-only log, numbers that never come twice."""
