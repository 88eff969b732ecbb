"""Alembic's entrance: runs revisions in the transaction of whoever asks, who alone begins and ends it."""

from __future__ import annotations

from alembic import context

from core.store.tables import metadata

# SQLite changes little of a table that is there: for all else Alembic makes a new one and moves the rows.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)  # fmt: skip
context.run_migrations()
