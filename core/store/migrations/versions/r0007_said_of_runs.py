"""What people say of a run: a note, and that it was a test."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0007"
down_revision: Final = "0006"


def upgrade() -> None:
    op.add_column("runs", sa.Column("note", sa.String, nullable=False, server_default=""))
    op.add_column("runs", sa.Column("test", sa.Boolean, nullable=False, server_default=sa.text("0")))
