"""Rows of the database past their time that nothing else depends on: incidents that are over, and notes on users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, Table, delete, func, select

from core.store import tables
from core.store.database import Database

Kind = Literal["incident", "note"]
_TABLES: Final[Mapping[Kind, Table]] = {"incident": tables.incidents, "note": tables.user_notes}


@dataclass(frozen=True, slots=True)
class Old:
    """How many rows are from before a moment, and how many characters they hold."""

    rows: int
    size: int


def before(database: Database, kind: Kind, moment: datetime) -> Old:
    """The incidents that ended, or the notes that were written, before a moment."""
    held = tables.incidents.c.sentence if kind == "incident" else tables.user_notes.c.text
    with database.connect() as connection:
        asked = select(func.count(), func.coalesce(func.sum(func.length(held)), 0)).where(_old(kind, moment))
        return Old(*connection.execute(asked).one())


def remove(database: Database, kind: Kind, moment: datetime) -> None:
    """Delete them; their numbers are never given again."""
    with database.writing(erasing=True) as connection:
        connection.execute(delete(_TABLES[kind]).where(_old(kind, moment)))


def _old(kind: Kind, moment: datetime) -> ColumnElement[bool]:
    return tables.incidents.c.closed < moment if kind == "incident" else tables.user_notes.c.at < moment
