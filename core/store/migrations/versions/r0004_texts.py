"""Texts of users who were judged, and categories of violations: what the model says, and what was judged."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    op.create_table(
        "judged_texts",
        sa.Column("user", sa.String, primary_key=True),
        sa.Column("feature", sa.String, primary_key=True),
        sa.Column("number", sa.Float, primary_key=True),
        sa.Column("text", sa.String, nullable=False),
        sqlite_with_rowid=False,
    )
    op.add_column("cases", sa.Column("category", sa.String, nullable=False, server_default=""))
    op.add_column("cases", sa.Column("judged_category", sa.String, nullable=False, server_default=""))
    op.add_column("predictions", sa.Column("category", sa.String, nullable=False, server_default=""))
    op.add_column("predictions", sa.Column("category_probability", sa.Float))
