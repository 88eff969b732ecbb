"""What decided, beside the band; and lists."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from core.store.moment import Moment

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    op.add_column("cases", sa.Column("decided_by", sa.String, nullable=False, server_default="score"))
    op.add_column("predictions", sa.Column("severity", sa.Integer))
    op.add_column("predictions", sa.Column("decided_by", sa.String, nullable=False, server_default="score"))
    op.create_table(
        "list_entries",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("list", sa.String, nullable=False),
        sa.Column("column", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("compared", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("expires", Moment),
        sa.Column("ended", Moment),
        sa.Column("ended_by", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "one_standing_entry_a_value", "list_entries", ["list", "column", "compared"],
        unique=True, sqlite_where=sa.text("ended IS NULL"),
    )  # fmt: skip
