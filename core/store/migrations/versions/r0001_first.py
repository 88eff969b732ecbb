"""The tables as they were when revisions began."""

from __future__ import annotations

from typing import Final

from alembic import op

from core.store.migrations.first import STATEMENTS

revision: Final = "0001"
down_revision: Final = None


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
