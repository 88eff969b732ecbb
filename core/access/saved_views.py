"""Saved views of lists: what somebody wants to see again, by name, for themselves or for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from core import formats
from core.errors import BadOptionError, RefusedError, UnknownItemError
from core.store.database import Database
from core.store.tables import saved_views

FORMAT: Final = 1
#: The lists that views are of.
ListOf = Literal["users", "cases"]
LISTS: Final[tuple[ListOf, ...]] = get_args(ListOf)
#: Views that one person may keep of one list.
MOST: Final = 50
_MOST_NAME: Final = 40


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view as an address tells it (`params`). `owner`: whose it is; `shared`: whether others see it too."""

    number: int
    list: ListOf
    name: str
    owner: str
    shared: bool
    params: Mapping[str, str]
    changed: datetime


@dataclass(frozen=True, slots=True, eq=False)
class SavedViews:
    """The saved views of a home."""

    database: Database

    def seen_by(self, list_: ListOf, person: str) -> tuple[SavedView, ...]:
        """The views of a list that are a person's own or shared, their own first, each in the order of their names."""
        ours = select(saved_views).where(
            saved_views.c.list == list_, or_(saved_views.c.owner == person, saved_views.c.shared)
        )
        with self.database.connect() as connection:
            found = [_view(row) for row in connection.execute(ours)]
        return tuple(sorted(found, key=lambda view: (view.owner != person, view.name.casefold(), view.number)))

    def save(self, list_: ListOf, name: str, params: Mapping[str, str], *, by: str, now: datetime) -> SavedView:
        """Keep a view under a name; where its owner has one of that name, it takes its place, shared or not as it was.

        Raises BadOptionError for an unusable name, RefusedError where its owner has as many as can be kept.
        """
        text, body = _named(name), {"format": FORMAT, "params": dict(params)}
        with self.database.writing() as connection:
            before = _own(connection, list_, text, by)
            if before is not None:
                row = {"body": body, "changed": now}
                connection.execute(update(saved_views).where(saved_views.c.number == before).values(row))
                return _find(connection, before)
            if len(connection.execute(_of(list_, by)).all()) >= MOST:
                raise RefusedError(f"{by} keeps {MOST} views already. Delete one that is not needed any more.")
            row = {"list": list_, "name": text, "owner": by, "shared": False, "body": body, "changed": now}
            made = connection.execute(insert(saved_views).values(row)).inserted_primary_key
            return _find(connection, int(made[0]) if made else 0)

    def rename(self, number: int, name: str, *, by: str, now: datetime) -> SavedView:
        """Raises BadOptionError for an unusable name, RefusedError where another has it, and what `share` raises."""
        text = _named(name)
        with self.database.writing() as connection:
            found = _owned(connection, number, by)
            if _own(connection, found.list, text, by) not in {None, number}:
                raise RefusedError(f"{by} has another view called {text}. Choose another name.")
            return _set(connection, number, {"name": text, "changed": now})

    def share(self, number: int, *, shared: bool, by: str, now: datetime) -> SavedView:
        """Let everybody see a view, or its owner alone. Raises UnknownItemError, RefusedError for who is not its
        owner.
        """
        with self.database.writing() as connection:
            _owned(connection, number, by)
            return _set(connection, number, {"shared": shared, "changed": now})

    def remove(self, number: int, *, by: str) -> None:
        """Raises as `share`."""
        with self.database.writing() as connection:
            _owned(connection, number, by)
            connection.execute(delete(saved_views).where(saved_views.c.number == number))


def _named(name: str) -> str:
    text = " ".join(name.split())
    if not text or len(text) > _MOST_NAME or not text.isprintable():
        raise BadOptionError("name", f"give a view a name of 1 to {_MOST_NAME} printable characters.")
    return text


def _of(list_: ListOf, owner: str) -> Any:
    return select(saved_views.c.number, saved_views.c.name).where(
        saved_views.c.list == list_, saved_views.c.owner == owner
    )


def _own(connection: Connection, list_: ListOf, name: str, owner: str) -> int | None:
    """The number of the view of that name that somebody has, names compared without regard to case."""
    rows = connection.execute(_of(list_, owner)).all()
    return next((row.number for row in rows if row.name.casefold() == name.casefold()), None)


def _find(connection: Connection, number: int) -> SavedView:
    row = connection.execute(select(saved_views).where(saved_views.c.number == number)).one_or_none()
    if row is None:
        raise UnknownItemError("view", str(number))
    return _view(row)


def _owned(connection: Connection, number: int, by: str) -> SavedView:
    found = _find(connection, number)
    if found.owner != by:
        raise RefusedError(f"The view {found.name} is {found.owner}'s. Save one of your own.")
    return found


def _set(connection: Connection, number: int, values: Mapping[str, Any]) -> SavedView:
    connection.execute(update(saved_views).where(saved_views.c.number == number).values(values))
    return _find(connection, number)


def _view(row: Row[Any]) -> SavedView:
    told = formats.read(row.body, f"saved view {row.name}", known=FORMAT)
    return SavedView(row.number, row.list, row.name, row.owner, row.shared, told["params"], row.changed)
