"""What went wrong while live, kept in the home's database: found, told once, and over when it is found no more."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from sqlalchemy import Row, insert, select, update

from core.errors import UnknownItemError
from core.store.database import Database
from core.store.tables import incidents

Kind = Literal[
    "drift", "precision", "queue", "retraining", "schema", "model", "delivery", "api", "schedule", "rule"
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_OPEN: Final = incidents.c.closed.is_(None)
_ID: Final = re.compile(r"i-([0-9]{4,18})")
_NOWHERE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a look has found: `cause` says what of its kind; `page` with `address` shows it."""

    kind: Kind
    cause: str
    sentence: str
    page: str
    address: Mapping[str, str] = field(default_factory=lambda: _NOWHERE)


@dataclass(frozen=True, slots=True)
class Incident:
    """A finding from when it was first found (`opened`) and last (`seen`) until it was found no more (`closed`).

    `told`: when it was delivered, None before; `failure`: why the last try was not, "" for none.
    """

    id: str
    finding: Finding
    opened: datetime
    seen: datetime
    closed: datetime | None
    told: datetime | None
    failure: str

    @property
    def open(self) -> bool:
        return self.closed is None


@dataclass(frozen=True, slots=True, eq=False)
class Incidents:
    """The incidents of a home."""

    database: Database

    def keep(self, found: Sequence[Finding], *, looked_at: Collection[Kind], now: datetime) -> tuple[str, ...]:
        """Note what a look has found, and return the ids of the incidents that are new.

        One that is open already is the same incident, with the sentence of now; open ones of the kinds that were looked
        at and were not found again are over.
        """
        new = []
        with self.database.writing() as connection:
            rows = connection.execute(
                select(incidents.c.number, incidents.c.kind, incidents.c.cause).where(_OPEN)
            ).all()
            known = {(row.kind, row.cause): row.number for row in rows}
            for each in {(each.kind, each.cause): each for each in found}.values():
                shown = {"sentence": each.sentence, "page": each.page, "address": dict(each.address), "seen": now}
                if (number := known.pop((each.kind, each.cause), None)) is not None:
                    connection.execute(update(incidents).where(incidents.c.number == number).values(shown))
                    continue
                facts = {"kind": each.kind, "cause": each.cause, "opened": now, "failure": ""}
                inserted = connection.execute(insert(incidents).values(facts | shown)).inserted_primary_key
                new.append(_id(int(inserted[0]) if inserted else 0))
            over = [number for (kind, _), number in known.items() if kind in looked_at]
            connection.execute(update(incidents).where(incidents.c.number.in_(over)).values(closed=now))
        return tuple(new)

    def recent(self, most: int = 100) -> tuple[Incident, ...]:
        """Open incidents first, then the latest of those that are over; newest first."""
        ordered = select(incidents).order_by(incidents.c.closed.is_not(None), incidents.c.number.desc())
        with self.database.connect() as connection:
            return tuple(map(_incident, connection.execute(ordered.limit(most)).all()))

    def untold(self) -> tuple[Incident, ...]:
        """Open incidents that nobody was told of yet, oldest first."""
        waiting = select(incidents).where(_OPEN, incidents.c.told.is_(None)).order_by(incidents.c.number)
        with self.database.connect() as connection:
            return tuple(map(_incident, connection.execute(waiting).all()))

    def mark(self, told: Sequence[Incident], *, now: datetime, failure: str = "") -> None:
        """Note that these were delivered now or, with a `failure`, why they were not."""
        values: dict[str, Any] = {"failure": failure} if failure else {"failure": "", "told": now}
        numbers = [_number(each.id) for each in told]
        with self.database.writing() as connection:
            connection.execute(update(incidents).where(incidents.c.number.in_(numbers)).values(values))


def _number(identity: str) -> int:
    numbered = _ID.fullmatch(identity)
    if numbered is None:
        raise UnknownItemError("incident", identity)
    return int(numbered[1])


def _id(number: int) -> str:
    return f"i-{number:04d}"


def _incident(row: Row[Any]) -> Incident:
    finding = Finding(row.kind, row.cause, row.sentence, row.page, row.address)
    return Incident(_id(row.number), finding, row.opened, row.seen, row.closed, row.told, row.failure)
