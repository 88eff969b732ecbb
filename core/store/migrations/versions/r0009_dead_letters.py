"""Decisions that the webhook has refused."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from core.store.moment import Moment

revision: Final = "0009"
down_revision: Final = "0008"


def upgrade() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("failure", sa.String, nullable=False),
        sa.Column("at", Moment, nullable=False),
    )
