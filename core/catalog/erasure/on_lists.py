"""Entries of lists that name a user: the id, the id within a value, and values of the context that nobody else has.

A country stays on a list though the user came from there; an address that is the user's alone goes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, select, update

from core.catalog.erasure.who import Who
from core.data.datasets import Dataset, Datasets
from core.policy import list_store
from core.policy.lists import USER, compared
from core.review.cases import FORGOTTEN
from core.schema.schema import key
from core.store import tables
from core.store.database import Database

_BLANK = {"value": FORGOTTEN, "compared": "", "reason": "", "ended_by": "forget"}


@dataclass(frozen=True, slots=True)
class Listed:
    """What of a user stands on lists. `entries`: their numbers; `values`: of the context, as they are compared."""

    entries: tuple[int, ...]
    values: frozenset[str]

    def told_in(self, text: str) -> bool:
        """Whether a text is one of these values, or JSON in which one stands."""
        if not self.values:
            return False
        try:
            told = json.loads(text)
        except ValueError:
            told = text
        return any(compared("context", each) in self.values for each in _texts(told))


def of(database: Database, datasets: Datasets, who: Who, rows: Mapping[Dataset, tuple[int, ...]]) -> Listed:
    """What of a user stands on lists, or stood there. rows: those of the user, by dataset."""
    if not database.path.is_file():
        return Listed((), frozenset())
    with database.connect() as connection:
        entries = connection.execute(select(tables.list_entries)).all()
        growing = connection.execute(select(tables.predictions.c.user, tables.predictions.c.context)).all()
    places = {each.column for each in entries if each.column != USER}
    told = _context(datasets, rows, places)
    for row in growing if places else ():
        if row.user == who.user:
            _add(told, row.context, places)
    wanted = {(each.column, each.compared) for each in entries if each.compared in told[each.column]}
    alone = wanted - _others(datasets, rows, wanted) if wanted else set()
    for row in growing if alone else ():
        if row.user != who.user:
            theirs: defaultdict[str, set[str]] = defaultdict(set)
            _add(theirs, row.context, places)
            alone -= {(column, value) for column, value in alone if value in theirs[column]}
    ours = [
        each for each in entries
        if who.named_in(each.value) or (each.column != USER and (each.column, each.compared) in alone)
    ]  # fmt: skip
    return Listed(tuple(each.number for each in ours), frozenset(each.compared for each in ours if each.column != USER))


def erase(connection: Connection, listed: Listed, *, now: datetime) -> None:
    """Blank the entries, and end those that stand: whoever has the lists in memory reads them anew."""
    entries = tables.list_entries
    for number in listed.entries:
        ended = connection.execute(select(entries.c.ended).where(entries.c.number == number)).scalar_one()
        connection.execute(update(entries).where(entries.c.number == number).values(_BLANK | {"ended": ended or now}))
    if listed.entries:
        list_store.mark_changed(connection)


def _context(
    datasets: Datasets, rows: Mapping[Dataset, tuple[int, ...]], places: set[str]
) -> defaultdict[str, set[str]]:  # fmt: skip
    """The user's values in the columns that lists name, as they are compared."""
    told: defaultdict[str, set[str]] = defaultdict(set)
    for dataset, ours in rows.items():
        if names := [name for name in dataset.context if key(name) in places]:
            for row in datasets.frame(dataset.id, names).loc[list(ours)].to_dict("records"):
                _add(told, row, places)
    return told


def _add(told: defaultdict[str, set[str]], context: Mapping[object, object], places: set[str]) -> None:
    for name, value in context.items():
        if isinstance(value, str) and (column := key(str(name))) in places:
            told[column].add(compared(column, value))


def _others(
    datasets: Datasets, rows: Mapping[Dataset, tuple[int, ...]], wanted: set[tuple[str, str]]
) -> set[tuple[str, str]]:  # fmt: skip
    """Those of the values that another stored user has, too."""
    found = set[tuple[str, str]]()
    for dataset in datasets.stored():
        for name in dataset.context:
            asked = {value for column, value in wanted - found if column == key(name)}
            if asked:
                texts = datasets.frame(dataset.id, [name])[name].drop(list(rows.get(dataset, ())), errors="ignore")
                there = pd.unique(texts.dropna().str.strip().str.casefold())
                found |= {(key(name), value) for value in asked.intersection(there)}
    return found


def _texts(told: object) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, Mapping):
        for each in told.values():
            yield from _texts(each)
    elif isinstance(told, list):
        for each in told:
            yield from _texts(each)
