"""Notes on users."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from core.store.moment import Moment

revision: Final = "0008"
down_revision: Final = "0007"


def upgrade() -> None:
    op.create_table(
        "user_notes",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("user", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("notes_on_a_user", "user_notes", ["user", "number"])
