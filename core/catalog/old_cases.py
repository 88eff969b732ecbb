"""Cases that were decided long ago: what was judged goes, that it was judged stays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, and_, cast, func, select, update

from core.store.database import Database
from core.store.tables import cases


@dataclass(frozen=True, slots=True)
class Decided:
    """Decided cases by number, and how many characters of context and features they hold."""

    numbers: tuple[int, ...]
    size: int


def decided_before(database: Database, moment: datetime) -> Decided:
    """The cases that were decided before a moment and still hold what was judged."""
    held = func.length(cast(cases.c.context, String)) + func.length(cast(cases.c.features, String))
    old = and_(cases.c.status == "closed", cases.c.updated < moment, held > len("{}{}"))
    with database.connect() as connection:
        rows = connection.execute(select(cases.c.number, held).where(old)).all()
    return Decided(tuple(row[0] for row in rows), sum(row[1] for row in rows))


def blank(database: Database, numbers: Collection[int]) -> None:
    """Erase context and features of decided cases; the user, the score and what was judged stay."""
    with database.writing(erasing=True) as connection:
        for number in numbers:
            ours = update(cases).where(cases.c.number == number, cases.c.status == "closed")
            connection.execute(ours.values(context={}, features={}))
