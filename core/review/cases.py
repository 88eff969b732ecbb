"""Cases: users a person is to judge or has judged, and which of them to look at.

A blind case is judged without its score, so nothing here tells a reviewer what the score is: a blind case passes the
filters on score and band, and is listed without either, unless `unblinded` is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, exists, func, or_, select, update

from core.errors import BadOptionError, UnknownItemError
from core.feedback.strata import Stratum
from core.feedback.verdict import Judgement
from core.policy.bands import BANDS, Action, Band
from core.policy.snoozing import snoozed
from core.store.database import Database, entries
from core.store.tables import OPEN, cases

#: What a case holds of its claim while nobody has one.
NOBODY: Final = {"claimed_by": None, "claimed_session": None, "claimed_until": None}
#: The user of a case whose user was forgotten.
FORGOTTEN: Final = "(forgotten)"
#: Such a case; an open one is closed without judgement. What was judged, when and by whom stays, so that counts do not
#: change; what leads to the user goes.
BLANK: Final[dict[str, Any]] = {
    "user": FORGOTTEN, "prediction": "", "row": 0, "context": {}, "features": {}, "facts": "", "reopened": "",
    "status": "closed", "category": "", "judged_category": "", "verdict": None, "assigned_to": None,
    "assigned_by": None, "assigned_at": None, **NOBODY,
}  # fmt: skip
_ID: Final = re.compile(r"c-([0-9]{6,18})")
_LISTED: Final = (
    "number", "user", "score", "band", "action", "stratum", "inclusion", "blind", "created", "queued", "updated",
    "claimed_by", "claimed_until", "assigned_to", "reopened", "decided_by", "category",
)  # fmt: skip
# Made once: an import asks 20,000 times, and making a statement takes longer than running it.
_ASKING: Final = select(cases.c.number, cases.c.status).where(
    cases.c.user == bindparam("by"), cases.c.prediction == bindparam("on")
)
Order = tuple[ColumnElement[Any], ...]
QUEUED: Final[Order] = (cases.c.priority, cases.c.number)
_TOLD_BY_SCORE: Final = ["score", "band", "action", "decided_by", "category"]
_TOLD_TO_FEW: Final = ["stratum", "inclusion"]


@dataclass(frozen=True, slots=True)
class Case:
    """A case as stored. `context` and `features` are what was there to be judged.

    `created` is when it was made, `queued` when it last came into the queue (made or reopened), `updated` when a run
    last changed it. `category`: of a violation, as the model says, "" where it says none; `judged_category`: as the
    reviewer does. `reopened` is the note of an appeal, `not_for` the reviewer who may not decide it; "" for none.
    """

    id: str
    number: int
    user: str
    dataset: str
    run: str
    row: int
    prediction: str
    model: str
    policy: str
    score: float
    band: Band
    action: Action
    stratum: Stratum
    inclusion: float | None
    blind: bool
    context: Mapping[str, str | None]
    features: Mapping[str, float | None]
    created: datetime
    queued: datetime
    updated: datetime
    status: Literal["open", "closed"]
    claimed_by: str | None
    claimed_session: str | None
    claimed_until: datetime | None
    verdict: str | None
    judgement: Judgement | None
    judged_by: str | None
    judged_at: datetime | None
    reopened: str
    not_for: str
    decided_by: str
    category: str
    judged_category: str
    assigned_to: str | None
    assigned_by: str | None
    assigned_at: datetime | None

    def held(self, by: str, session: str, now: datetime) -> bool:
        """Whether this reviewer holds the case in this session, as of when it was read."""
        return (self.claimed_by, self.claimed_session) == (by, session) and self.claimed(now)

    def claimed(self, now: datetime) -> bool:
        """Whether anybody holds the case, as of when it was read."""
        return self.claimed_until is not None and self.claimed_until > now


@dataclass(frozen=True, slots=True)
class CaseFilters:
    """All conditions must hold; ranges include both ends, and a missing value lies in no range.

    `text` is looked for in the user and in the context, `within` holds for the feature `feature`, `values` for the
    context column `context`. `unblinded` is for those who may see strata: without it, `strata` cannot be asked for
    and a blind case passes `bands`, `scores` and `categories`, so that none tells what the model says of it. `snoozed`:
    the cases of users who are snoozed, and no others; without it, all others.
    """

    bands: tuple[Band, ...] = ()
    scores: tuple[float, float] = (0.0, 1.0)
    min_age_hours: float = 0.0
    feature: str | None = None
    within: tuple[float, float] | None = None
    context: str | None = None
    values: tuple[str, ...] = ()
    strata: tuple[Stratum, ...] = ()
    text: str = ""
    unblinded: bool = False
    categories: tuple[str, ...] = ()
    snoozed: bool = False

    def __post_init__(self) -> None:
        if self.strata and not self.unblinded:
            raise BadOptionError("stratum", "only those who may see strata can choose cases by them.")
        if self.min_age_hours < 0:
            raise BadOptionError("age", "give a number of hours from 0.")

    def conditions(self, now: datetime) -> tuple[ColumnElement[bool], ...]:
        """What a row of `tables.cases` must satisfy."""
        return (*self._by_score(), *self._by_content(), *self._by_place(now))

    def _by_score(self) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if self.bands:
            conditions.append(cases.c.band.in_(self.bands))
        if self.scores != (0.0, 1.0):
            conditions.append(cases.c.score.between(*self.scores))
        if self.categories:
            conditions.append(cases.c.category.in_(self.categories))
        return [each if self.unblinded else or_(cases.c.blind, each) for each in conditions]

    def _by_content(self) -> list[ColumnElement[bool]]:
        # Names and values are bound, never part of a path: a path cannot say every name, and JSON may spell one
        # name in several ways, so that SQLite before 3.45 would not find it.
        conditions: list[ColumnElement[bool]] = []
        if self.feature is not None and self.within is not None:
            item = entries(cases.c.features)
            conditions.append(exists().where(item.c.key == self.feature, item.c.value.between(*self.within)))
        if self.context is not None and self.values:
            item = entries(cases.c.context)
            conditions.append(exists().where(item.c.key == self.context, item.c.value.in_(self.values)))
        if wanted := self.text.strip():
            item = entries(cases.c.context)
            in_context = exists().where(item.c.value.icontains(wanted, autoescape=True))
            conditions.append(or_(cases.c.user.icontains(wanted, autoescape=True), in_context))
        return conditions

    def _by_place(self, now: datetime) -> list[ColumnElement[bool]]:
        conditions = [snoozed(now) if self.snoozed else ~snoozed(now)]
        if self.min_age_hours:
            conditions.append(cases.c.queued <= now - timedelta(hours=self.min_age_hours))
        if self.strata:
            conditions.append(cases.c.stratum.in_(self.strata))
        return conditions


@dataclass(frozen=True, slots=True)
class Progress:
    """What one reviewer has judged since a moment."""

    spammer: int
    legitimate: int
    unsure: int

    @property
    def judged(self) -> int:
        return self.spammer + self.legitimate + self.unsure


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open cases whose users are not snoozed: all, the `blind` ones, the others by band, and when the first of all came
    into the queue.
    """

    open: int
    blind: int
    bands: Mapping[Band, int]
    oldest: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """The cases of a home."""

    database: Database

    def find(self, case: str) -> Case:
        """Raises UnknownItemError when this home has no such case."""
        with self.database.connect() as connection:
            return read(connection, case)

    def of_user(self, user: str) -> tuple[Case, ...]:
        """All cases of a user, the newest first."""
        return self.newest_first(2**31, user=user)

    def newest_first(
        self, most: int, *, before: int = 10**18, status: str | None = None, user: str | None = None
    ) -> tuple[Case, ...]:
        """The latest cases of numbers below `before`; with a status, or of a user, where either is given."""
        asked = ((cases.c.status, status), (cases.c.user, user))
        ours = [column == value for column, value in asked if value is not None]
        latest = select(cases).where(cases.c.number < before, *ours).order_by(cases.c.number.desc()).limit(most)
        with self.database.connect() as connection:
            return tuple(map(of_row, connection.execute(latest).all()))

    def count(self, filters: CaseFilters, *, now: datetime) -> int:
        """How many open cases pass."""
        passing = select(func.count()).select_from(cases).where(OPEN, *filters.conditions(now))
        with self.database.connect() as connection:
            return connection.execute(passing).scalar_one()

    def listing(
        self, filters: CaseFilters, *, now: datetime, most: int = 1000, skip: int = 0, order: Order = QUEUED
    ) -> pd.DataFrame:  # fmt: skip
        """Some of the open cases that pass, in the order of the queue or another, indexed by case id.

        Unless the filters are unblinded, blind cases come without score, band, action and category, and all without
        stratum.
        """
        columns = [cases.c[name] for name in _LISTED]
        ordered = select(*columns).where(OPEN, *filters.conditions(now)).order_by(*order)
        with self.database.connect() as connection:
            rows = connection.execute(ordered.limit(most).offset(skip)).all()
        frame = pd.DataFrame(rows, columns=list(_LISTED)).astype({"score": float, "inclusion": float, "blind": bool})
        frame.index = pd.Index([id_of(number) for number in frame.pop("number")], name="case", dtype="str")
        if filters.unblinded:
            return frame
        frame.loc[frame["blind"], _TOLD_BY_SCORE] = None
        return frame.drop(columns=_TOLD_TO_FEW)

    def newest(self) -> int:
        """The number of the newest case, 0 without any: what plans have chosen has changed when it has."""
        with self.database.connect() as connection:
            return int(connection.execute(select(func.max(cases.c.number))).scalar_one() or 0)

    def waiting(self, *, now: datetime) -> Waiting:
        """Open cases, counted."""
        ours = (OPEN, ~snoozed(now))
        counted = select(cases.c.band, cases.c.blind, func.count(), func.min(cases.c.queued)).where(*ours)
        with self.database.connect() as connection:
            rows = connection.execute(counted.group_by(cases.c.band, cases.c.blind)).all()
        told = {band: number for band, blind, number, _ in rows if not blind}
        return Waiting(
            open=sum(row[2] for row in rows),
            blind=sum(row[2] for row in rows if row[1]),
            bands={band: told.get(band, 0) for band in BANDS},
            oldest=min((row[3] for row in rows), default=None),
        )

    def with_texts(
        self, texts: Collection[str], until: datetime, datasets: Collection[str]
    ) -> tuple[tuple[int, ...], int]:  # fmt: skip
        """The numbers of cases that hold one of these texts and that no run has changed since a moment, or that are of
        one of these datasets; and how many of them are open.
        """
        item = entries(cases.c.context)
        holds = exists().where(item.c.key.in_(texts), item.c.value.is_not(None))
        old = or_(cases.c.updated < until, cases.c.dataset.in_(datasets))
        with self.database.connect() as connection:
            rows = connection.execute(select(cases.c.number, cases.c.status).where(old, holds)).all()
        return tuple(row.number for row in rows), sum(row.status == "open" for row in rows)

    def erase_texts(self, numbers: Collection[int], texts: Collection[str]) -> None:
        """Erase these texts from cases, which stay with all else that they hold."""
        with self.database.writing(erasing=True) as connection:
            for number in numbers:
                context = connection.execute(select(cases.c.context).where(cases.c.number == number)).scalar_one()
                left = {name: None if name in texts else value for name, value in context.items()}
                connection.execute(update(cases).where(cases.c.number == number).values(context=left))

    def progress(self, by: str, since: datetime) -> Progress:
        """Cases closed by a reviewer since a moment whose verdict still stands."""
        judged = select(cases.c.judgement, func.count()).where(
            and_(cases.c.judged_by == by, cases.c.judged_at >= since, cases.c.judgement.is_not(None))
        )
        with self.database.connect() as connection:
            counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(judged.group_by(cases.c.judgement))}
        return Progress(counts.get("spammer", 0), counts.get("legitimate", 0), counts.get("unsure", 0))


def read(connection: Connection, case: str) -> Case:
    """As `find`, inside a transaction."""
    row = connection.execute(select(cases).where(cases.c.number == number_of(case))).one_or_none()
    if row is None:
        raise UnknownItemError("case", case)
    return of_row(row)


def number_of(case: str) -> int:
    """The number in a case's id; raises UnknownItemError for what is no id of a case."""
    numbered = _ID.fullmatch(case)
    if numbered is None or id_of(int(numbered[1])) != case:
        raise UnknownItemError("case", case)
    return int(numbered[1])


def id_of(number: int) -> str:
    return f"c-{number:06d}"


def asking(connection: Connection, user: str, prediction: str, case: str = "") -> str | None:
    """The id of the case that asks about a user by a prediction: this one, or the open one where `case` is "".

    None where there is none, also where `case` stands for something else in this database.
    """
    result = connection.execute(_ASKING, {"by": user, "on": prediction})
    found = {id_of(row.number): row.status for row in result}
    wanted = (each for each, status in found.items() if (each == case if case else status == "open"))
    return next(wanted, None)


def decided_by(connection: Connection, user: str, verdict: str) -> str | None:
    """The id of the case of a user that this verdict decided, None where another one did since, or none."""
    ours = select(cases.c.number).where(cases.c.user == user, cases.c.verdict == verdict)
    found = connection.execute(ours).scalar_one_or_none()
    return None if found is None else id_of(found)


def of_row(row: Row[Any]) -> Case:
    """A row of `tables.cases`."""
    raw = row._asdict()
    for hidden in ("value", "priority", "facts"):
        del raw[hidden]
    return Case(id=id_of(raw["number"]), **raw)
