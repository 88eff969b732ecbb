"""The list of all cases that wait: in which order, which of them, and how an address tells it.

The score of a blind case must not be told by its place either: in any order that follows from scores, blind cases come
last, whichever way, as those do of which nothing is known.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Integer, case, func, select
from sqlalchemy import cast as as_type

from core.errors import BadOptionError
from core.feedback.strata import STRATA, Stratum
from core.policy.bands import BANDS, Band
from core.policy.snoozing import in_force
from core.review.cases import QUEUED, Case, CaseFilters, Order, id_of, of_row
from core.scoring.listing import params as written
from core.scoring.listing.run_users import SIZES
from core.store.database import Database, listed
from core.store.tables import OPEN, cases, list_entries
from core.wording import count

#: Names of an address that are those of a view.
PARAMS: Final = (
    "bands", "categories", "score", "queue_age", "feature", "within", "context", "is", "strata", "q", "sort",
    "snoozed", "columns", "size",
)  # fmt: skip
#: What cases can be sorted by; `queue`: as they are judged.
KEYS: Final = ("queue", "score", "action", "category", "user", "waiting", "assigned")
_MOST_HOURS: Final = 1_000_000
_BY_SCORE: Final = frozenset({"score", "action", "category"})
_COLUMNS: Final[Mapping[str, tuple[ColumnElement[Any], ...]]] = {
    "score": (cases.c.score,),
    "action": (case({band: at for at, band in enumerate(BANDS)}, value=cases.c.band),),
    "category": (func.nullif(cases.c.category, ""),),
    # Ids that are numbers as numbers: 9 stands before 10.
    "user": (as_type(cases.c.user, Integer), func.lower(cases.c.user)),
    "assigned": (cases.c.assigned_to,),
}


@dataclass(frozen=True, slots=True)
class CaseSort:
    """`by` one of KEYS. Raises BadOptionError for another."""

    by: str = "queue"
    descending: bool = False

    def __post_init__(self) -> None:
        if self.by not in KEYS:
            raise BadOptionError("sort", f"{self.by[:60]!r} is none of {', '.join(KEYS)}.")

    @property
    def text(self) -> str:
        """As an address has it: `-score` from high to low, `score` from low to high."""
        return f"{'-' if self.descending else ''}{self.by}"

    @classmethod
    def of(cls, text: str) -> CaseSort:
        """What `text` says. Raises BadOptionError."""
        return cls(text.removeprefix("-"), text.startswith("-"))

    def order(self, *, unblinded: bool) -> Order:
        """By what rows of `tables.cases` are ordered; equals stand in the order of the queue."""
        if self.by == "queue":
            return tuple(each.desc() for each in QUEUED) if self.descending else QUEUED
        if self.by == "waiting":  # the longest first is by the earliest moment
            return (cases.c.queued.asc() if self.descending else cases.c.queued.desc(), *QUEUED)
        hidden = self.by in _BY_SCORE and not unblinded
        columns = [case((~cases.c.blind, each)) if hidden else each for each in _COLUMNS[self.by]]
        return (*((each.desc() if self.descending else each.asc()).nulls_last() for each in columns), *QUEUED)


@dataclass(frozen=True, slots=True)
class CaseView:
    """A view of the list. `columns`: keys of the columns shown, None for the usual ones. Raises BadOptionError for a
    size not in SIZES.
    """

    filters: CaseFilters
    sort: CaseSort = CaseSort()
    columns: tuple[str, ...] | None = None
    size: int = SIZES[0]

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise BadOptionError("size", f"show {', '.join(map(str, SIZES))} cases a page, not {self.size}.")

    def params(self) -> dict[str, str]:
        """As an address has it; what is as usual is left out."""
        own, usual = self.filters, CaseFilters()
        names = {"bands": own.bands, "categories": own.categories, "strata": own.strata}
        told = {name: written.of_names(each) if each else "" for name, each in names.items()} | {
            "score": written.of_range(own.scores) if own.scores != usual.scores else "",
            "queue_age": f"{own.min_age_hours:g}" if own.min_age_hours else "",
            "q": own.text.strip(),
            "snoozed": "1" if own.snoozed else "",
            "sort": self.sort.text if self.sort != CaseSort() else "",
            "size": str(self.size) if self.size != SIZES[0] else "",
            "columns": written.of_names(self.columns) if self.columns is not None else "",
        }
        if own.feature is not None:
            told["feature"] = own.feature
            told["within"] = written.of_range(own.within) if own.within is not None else ""
        if own.context is not None:
            told["context"] = own.context
            told["is"] = written.of_names(own.values) if own.values else ""
        return {name: value for name, value in told.items() if value}

    @classmethod
    def of(cls, params: Mapping[str, str], *, see_strata: bool) -> CaseView:
        """What an address says, to somebody who may see strata or not. Raises BadOptionError that says what is wrong.

        Only who asks for strata sees what is blind: whoever judges does not.
        """
        strata = cast("tuple[Stratum, ...]", _known(params, "strata", STRATA)) if see_strata else ()
        size = params.get("size", str(SIZES[0]))
        filters = CaseFilters(
            bands=cast("tuple[Band, ...]", _known(params, "bands", BANDS)),
            scores=written.ends(params, "score") or (0.0, 1.0), min_age_hours=_hours(params.get("queue_age", "0")),
            feature=params.get("feature"), within=written.ends(params, "within"), context=params.get("context"),
            values=written.names(params, "is") or (), strata=strata, text=params.get("q", ""),
            unblinded=bool(strata), categories=written.names(params, "categories") or (),
            snoozed=_said_so(params, "snoozed"),
        )  # fmt: skip
        sort = CaseSort.of(params["sort"]) if "sort" in params else CaseSort()
        return cls(filters, sort, written.names(params, "columns"), int(size) if size in map(str, SIZES) else 0)


@dataclass(frozen=True, slots=True)
class PutAway:
    """Open cases whose users are snoozed: how many, and when the first of them comes back, None without any."""

    cases: int
    next: datetime | None

    @property
    def sentence(self) -> str:
        """'3 cases are snoozed; the next comes back on 3 Dec 2026, 14:00 UTC.', "" without any."""
        if self.next is None:
            return ""
        at = self.next.astimezone(UTC)
        when = f"{at.day} {at:%b %Y, %H:%M} UTC"
        if self.cases == 1:
            return f"1 case is snoozed; it comes back on {when}."
        return f"{count(self.cases, 'case')} are snoozed; the next comes back on {when}."


@dataclass(frozen=True, slots=True, eq=False)
class CaseLists:
    """Lists the cases that wait in a home; a page of them is `Cases.listing`."""

    database: Database

    def numbers(self, view: CaseView, *, now: datetime) -> npt.NDArray[np.int64]:
        """The numbers of all open cases that pass, (n,), in the order of the view."""
        ours = select(cases.c.number).where(OPEN, *view.filters.conditions(now))
        with self.database.connect() as connection:
            rows = connection.execute(ours.order_by(*view.sort.order(unblinded=view.filters.unblinded))).scalars().all()
        return np.array(rows, np.int64)

    def put_away(self, *, now: datetime) -> PutAway:
        """The open cases whose users are snoozed."""
        standing = cases.join(list_entries, list_entries.c.compared == cases.c.user)
        counted = select(func.count(), func.min(list_entries.c.expires)).select_from(standing)
        with self.database.connect() as connection:
            return PutAway(*connection.execute(counted.where(OPEN, *in_force(now))).one())

    def of_users(self, users: Sequence[str]) -> int:
        """How many of these users have an open case."""
        asked = listed(json.dumps(list(users)))
        found = select(func.count()).select_from(cases).where(OPEN, cases.c.user.in_(asked))
        with self.database.connect() as connection:
            return connection.execute(found).scalar_one()

    def several(self, numbers: Sequence[int]) -> tuple[Case, ...]:
        """Cases by number, in the order given, whether they wait still or not; without those there are not."""
        with self.database.connect() as connection:
            rows = connection.execute(select(cases).where(cases.c.number.in_(numbers))).all()
        by_number = {row.number: of_row(row) for row in rows}
        return tuple(by_number[each] for each in numbers if each in by_number)


def ids(numbers: Sequence[int]) -> list[str]:
    """The ids of cases by their numbers."""
    return [id_of(int(each)) for each in numbers]


def _known(params: Mapping[str, str], name: str, known: Sequence[str]) -> tuple[str, ...]:
    found = written.names(params, name) or ()
    if unknown := [each for each in found if each not in known]:
        raise BadOptionError(name, f"{unknown[0][:60]!r} is none of {', '.join(known)}.")
    return found


def _said_so(params: Mapping[str, str], name: str) -> bool:
    said = params.get(name, "0")
    if said not in {"0", "1"}:
        raise BadOptionError(name, f"{said[:60]!r} is neither 1 for yes nor 0 for no.")
    return said == "1"


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not 0 <= hours <= _MOST_HOURS:
        raise BadOptionError("queue_age", f"{text[:60]!r} is no number of hours from 0 to {_MOST_HOURS:,}.")
    return hours
