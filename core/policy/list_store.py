"""The lists of a home: what was put on them, what was taken off, by whom, and what stands now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from core.access.audit import AuditLog
from core.errors import BadOptionError
from core.policy import lists
from core.policy.lists import LISTS, USER, Entry, ListName, Lists
from core.schema.schema import Schema, key
from core.store import database
from core.store.database import Database
from core.store.tables import list_entries
from core.wording import count

#: Ended entries by what ends by itself.
EXPIRY: Final = "expiry"
#: Values that a note in the audit log names; how many there are it says in any case.
_TOLD: Final = 20
#: Counts changes, with the moment at which the next entry ends.
_MARK: Final = "lists"
#: Longest reason, in characters.
_MOST_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why values are put on a list, by whom, when, and until when. Raises BadOptionError without a reason, and for an
    end that has passed.
    """

    reason: str
    by: str
    at: datetime
    expires: datetime | None = None

    def __post_init__(self) -> None:
        if not self.reason.strip() or len(self.reason) > _MOST_REASON or not self.reason.isprintable():
            raise BadOptionError("reason", f"say why in one line of at most {_MOST_REASON} characters.")
        if self.expires is not None and self.expires <= self.at:
            raise BadOptionError("expires", "that moment has passed.")


@dataclass(frozen=True, slots=True)
class Added:
    """The `values` that are new on a list, and how many stood there already and are as they were."""

    values: tuple[str, ...]
    standing: int

    @property
    def new(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True, eq=False)
class ListStore:
    """Keeps the lists of a home."""

    audit: AuditLog
    database: Database

    def add(self, name: ListName, column: str, values: Sequence[str], grounds: Grounds) -> Added:
        """Put values on a list, all or none. column: as `column_of` gives it.

        Raises BadOptionError for a value that cannot be used, and for a snooze without an end.
        """
        texts = lists.checked(column, values)
        if name == "snooze" and grounds.expires is None:
            raise BadOptionError("expires", "a snooze ends: say when.")
        self.settle(grounds.at)
        with self.database.writing() as connection:
            standing = set(connection.execute(_standing(name, column)).scalars())
            fresh = [text for text in texts if lists.compared(column, text) not in standing]
            if fresh:
                connection.execute(insert(list_entries), [_row(name, column, text, grounds) for text in fresh])
                mark_changed(connection)
                self._note(name, column, fresh, grounds)
        return Added(tuple(fresh), len(texts) - len(fresh))

    def remove(self, name: ListName, column: str, values: Sequence[str], *, by: str, now: datetime) -> int:
        """Take values off a list; how many stood there. Raises BadOptionError where none of them did."""
        texts = lists.checked(column, values)
        wanted = {lists.compared(column, text) for text in texts}
        with self.database.writing() as connection:
            found = sorted(wanted.intersection(connection.execute(_standing(name, column)).scalars()))
            if not found:
                said = f"{texts[0]} is not" if len(texts) == 1 else f"none of {count(len(texts), 'value')} is"
                raise BadOptionError("value", f"{said} on the {name} list.")
            ours = (list_entries.c.list == name) & (list_entries.c.column == column) & list_entries.c.ended.is_(None)
            for part in _parts(found):
                ended = update(list_entries).where(ours & list_entries.c.compared.in_(part))
                connection.execute(ended.values(ended=now, ended_by=by))
            mark_changed(connection)
            self._note(name, column, found, Grounds("taken off", by, now), added=False)
        return len(found)

    def settle(self, now: datetime) -> int:
        """End the entries whose time has come, and note it; how many."""
        due = list_entries.c.ended.is_(None) & (list_entries.c.expires <= now)
        if not self.stamp(now)[1]:
            return 0
        with self.database.writing() as connection:
            rows = connection.execute(select(list_entries).where(due)).all()
            connection.execute(update(list_entries).where(due).values(ended=list_entries.c.expires, ended_by=EXPIRY))
            mark_changed(connection)
            for name, place in sorted({(row.list, row.column) for row in rows}):
                values = [row.value for row in rows if (row.list, row.column) == (name, place)]
                self._note(name, place, values, Grounds("expired", "Trustdesk", now), added=False)
        return len(rows)

    def in_force(self, now: datetime) -> Lists:
        """What stands at a moment, whether what has expired was settled or not."""
        columns = (list_entries.c.list, list_entries.c.column, list_entries.c.compared, list_entries.c.expires)
        found: dict[tuple[ListName, str], set[str]] = {}
        with self.database.connect() as connection:
            for row in connection.execute(select(*columns).where(list_entries.c.ended.is_(None))):
                if row.expires is None or row.expires > now:
                    found.setdefault((row.list, row.column), set()).add(row.compared)
        return Lists({place: frozenset(values) for place, values in found.items()})

    def entries(self, name: ListName | None = None, *, all_: bool = False, most: int = 10_000) -> tuple[Entry, ...]:
        """What stands on one list or on all, newest first; with `all_`, also what has ended."""
        wanted = select(list_entries).order_by(list_entries.c.number.desc()).limit(most)
        if name is not None:
            wanted = wanted.where(list_entries.c.list == name)
        if not all_:
            wanted = wanted.where(list_entries.c.ended.is_(None))
        with self.database.connect() as connection:
            return tuple(map(entry_of, connection.execute(wanted)))

    def counts(self) -> dict[ListName, int]:
        """How many values stand on each list."""
        standing = select(list_entries.c.list, func.count()).where(list_entries.c.ended.is_(None))
        found = dict.fromkeys(LISTS, 0)
        with self.database.connect() as connection:
            for name, number in connection.execute(standing.group_by(list_entries.c.list)):
                found[name] = number
        return found

    def stamp(self, now: datetime) -> tuple[str, bool]:
        """Changes whenever what stands changes, also by itself; looks at one row, however long the lists are."""
        with self.database.connect() as connection:
            noted = database.mark(connection, _MARK)
        _, _, next_end = noted.partition(" ")
        return noted, bool(next_end) and datetime.fromisoformat(next_end) <= now

    def _note(
        self, name: ListName, column: str, values: Sequence[str], grounds: Grounds, *, added: bool = True
    ) -> None:  # fmt: skip
        told: dict[str, object] = {"values": list(values[:_TOLD]), "count": len(values)}
        if grounds.expires is not None:
            told["expires"] = grounds.expires.isoformat()
        self.audit.note(
            who=grounds.by, what=f"{'add to' if added else 'remove from'} {name} list",
            about=f"{count(len(values), 'value')} of {column}" if column != USER else count(len(values), "user"),
            why=grounds.reason.strip(), details=told, now=grounds.at, ahead=True,
        )  # fmt: skip


def column_of(column: str, schema: Schema) -> str:
    """The column as entries have it: USER for ids, else one of the context. Raises BadOptionError."""
    wanted = key(column)
    if wanted == USER or (schema.id and wanted == key(schema.id)):
        if schema.id is None:
            raise BadOptionError("column", "users of this workspace have no ids: name a column of the context.")
        return USER
    if wanted not in map(key, schema.beside):
        there = ", ".join(filter(None, [schema.id, *schema.beside])) or "none"
        raise BadOptionError(
            "column", f"{column[:60]} is no id and no context column of this workspace; it has {there}."
        )
    return wanted


def mark_changed(connection: Connection) -> None:
    """Note that something has changed, and when the next entry ends by itself."""
    before, _, _ = database.mark(connection, _MARK).partition(" ")
    ends = select(func.min(list_entries.c.expires)).where(list_entries.c.ended.is_(None))
    next_end = connection.execute(ends).scalar()
    told = f" {next_end.isoformat()}" if next_end is not None else ""
    database.set_mark(connection, _MARK, f"{int(before or 0) + 1}{told}")


def _row(name: ListName, column: str, value: str, grounds: Grounds) -> dict[str, Any]:
    return {
        "list": name, "column": column, "value": value, "compared": lists.compared(column, value),
        "reason": grounds.reason.strip(), "by": grounds.by, "at": grounds.at, "expires": grounds.expires,
        "ended": None, "ended_by": "",
    }  # fmt: skip


def _standing(name: ListName, column: str) -> Any:
    ours = (list_entries.c.list == name) & (list_entries.c.column == column)
    return select(list_entries.c.compared).where(ours & list_entries.c.ended.is_(None))


def _parts(values: Sequence[str], most: int = 500) -> list[Sequence[str]]:
    """SQLite takes a limited number of variables."""
    return [values[start : start + most] for start in range(0, len(values), most)]


def entry_of(row: Row[Any]) -> Entry:
    """A row of `tables.list_entries`."""
    return Entry(
        row.number, row.list, row.column, row.value, row.reason, row.by, row.at, row.expires, row.ended, row.ended_by
    )  # fmt: skip
