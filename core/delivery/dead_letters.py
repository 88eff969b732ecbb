"""Decisions that the webhook has refused for good: kept by number until it takes them or somebody lets them go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, delete, func, insert, select, update

from core.store.database import Database
from core.store.tables import dead_letters


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`number` of a decision, why it was refused (`failure`), and when last (`at`)."""

    number: int
    failure: str
    at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class DeadLetters:
    """The dead letters of a home."""

    database: Database

    def keep(self, number: int, failure: str, *, now: datetime) -> None:
        """Note that a decision was refused; once, however often it was."""
        said = {"failure": failure, "at": now}
        with self.database.writing() as connection:
            known = update(dead_letters).where(dead_letters.c.number == number).values(said)
            if not connection.execute(known).rowcount:
                connection.execute(insert(dead_letters).values(said | {"number": number}))

    def listed(self) -> tuple[DeadLetter, ...]:
        """All of them, the oldest decision first."""
        with self.database.connect() as connection:
            rows = connection.execute(select(dead_letters).order_by(dead_letters.c.number)).all()
        return tuple(map(_letter, rows))

    def count(self) -> int:
        with self.database.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(dead_letters)).scalar_one())

    def drop(self, number: int) -> bool:
        """Take one off the list; False where it was not on it."""
        with self.database.writing() as connection:
            return bool(connection.execute(delete(dead_letters).where(dead_letters.c.number == number)).rowcount)


def _letter(row: Row[tuple[int, str, datetime]]) -> DeadLetter:
    return DeadLetter(row.number, row.failure, row.at)
