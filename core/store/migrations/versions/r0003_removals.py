"""What a removed user is told, and what a removal by automation rests on."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    op.add_column("decisions", sa.Column("statement", sa.String, nullable=False, server_default=""))
    op.add_column("decisions", sa.Column("evidence", sa.String, nullable=False, server_default=""))
