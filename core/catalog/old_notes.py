"""Lines of the audit log past their time: they become blanks that the chain accepts.

Promotions stay, however old: they alone say which version was live when, and what a roll back makes live.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.access.audit import AuditLog
from core.registry.lineage import PROMOTE, ROLL_BACK
from core.store import chained_log

_STAY = frozenset({PROMOTE, ROLL_BACK})


def room(audit: AuditLog, moment: datetime) -> tuple[int, int]:
    """How many lines are from before a moment, and by how many bytes the files shrink without them."""
    return chained_log.room(audit.path, _belongs(moment))


def blank(audit: AuditLog, moment: datetime) -> None:
    """Blank them. Raises StorageError."""
    chained_log.forget(audit.path, _belongs(moment))


def _belongs(moment: datetime) -> chained_log.Belongs:
    def belongs(row: Sequence[str]) -> bool:
        time, _, what = row[:3]
        return bool(time) and what not in _STAY and datetime.fromisoformat(time) < moment

    return belongs
