"""Who may do what and what was done: accounts, keys of programs, the audit log; idempotency of requests; settings."""
