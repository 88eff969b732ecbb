"""Who cases are assigned to, by whom and since when."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from core.store.moment import Moment

revision: Final = "0006"
down_revision: Final = "0005"


def upgrade() -> None:
    op.add_column("cases", sa.Column("assigned_to", sa.String))
    op.add_column("cases", sa.Column("assigned_by", sa.String))
    op.add_column("cases", sa.Column("assigned_at", Moment))
    op.create_index(
        "cases_assigned", "cases", ["assigned_to", "priority"], sqlite_where=sa.text("assigned_to IS NOT NULL")
    )
