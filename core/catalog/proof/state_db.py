"""`data/state.db`: whether it is there, whole by its own proof, and readable in every row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from sqlalchemy import select

from core.catalog.proof.finding import UNREADABLE, Finding, telling
from core.formats import shown
from core.store import database_file, migrating, tables
from core.store.database import Database

_OLD: Final = "Put the newest backup of it in its place; where there is none, acknowledge the loss on Overview."


def check(database: Database, traces: Sequence[Path], *, whole: bool) -> tuple[Finding, ...]:
    """What is wrong with the database; changes nothing, not even its revision.

    traces: what a home has only once it had a database. whole: every row is read as well.
    """
    path = database.path
    if not path.is_file():
        named = next((trace for trace in traces if _holds_anything(trace)), None)
        if named is None:
            return ()
        return (Finding(shown(path), f"is gone: {shown(named)} is of a workspace that had one", _OLD),)
    found = list(_by_its_proof(path, whole=whole))
    if found or not usable(database):
        return tuple(found)
    for table in tables.metadata.sorted_tables if whole else ():
        with telling(found, f"{shown(path)}, table {table.name},"), database.connect() as connection:
            for _ in connection.execution_options(yield_per=1_000).execute(select(table)):
                pass
    return tuple(found)


def usable(database: Database) -> bool:
    """Whether the database can be opened as it is: whole at first sight, and of this program's revision."""
    try:
        return database.path.is_file() and database.waiting() is None
    except UNREADABLE:
        return False


def _by_its_proof(path: Path, *, whole: bool) -> Iterator[Finding]:
    where, found = shown(path), list[Finding]()
    with telling(found, where), database_file.opened(path) as opened:
        wrong = chain(database_file.damage(opened.execute, whole=whole), database_file.orphans(opened.execute))
        found += [Finding(where, f"is damaged ({text})") for text in wrong]
        there = database_file.table_names(opened.execute)
        gone = sorted(tables.metadata.tables.keys() - there)
        if gone and migrating.revision_of(opened.execute) == tables.SCHEMA_HEAD:
            found.append(Finding(where, f"is damaged (it has no table {gone[0]})"))
    yield from found


def _holds_anything(trace: Path) -> bool:
    return any(trace.iterdir()) if trace.is_dir() else trace.is_file()
