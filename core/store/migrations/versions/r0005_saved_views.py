"""Saved views of lists."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from core.store.moment import Moment

revision: Final = "0005"
down_revision: Final = "0004"


def upgrade() -> None:
    op.create_table(
        "saved_views",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("list", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("changed", Moment, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("saved_views_of_a_list", "saved_views", ["list", "owner"])
