"""Entries: what a run puts into the queue, and how it meets the cases that are there already."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from core.data.split import Split
from core.feedback.strata import SAMPLED, Stratum
from core.policy.bands import Action, Band
from core.review import ordering
from core.review.cases import NOBODY
from core.review.guidance import GuidanceStore
from core.store.database import Database, listed
from core.store.numbered import Numbering
from core.store.tables import OPEN, cases

#: Of two reasons to look at a user the stronger one is kept.
_RANK: Final[Mapping[Stratum, int]] = {"audit": 0, "certain": 1, "uncertain": 2, "random": 3}
_WEAKEST: Final = 4
#: Their cases ask about a user anew. The others judge again what was judged, and no run may change that.
_ANEW: Final[frozenset[Stratum]] = SAMPLED | {"flip"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A scored user who is to be judged. `inclusion`: the probability of that, None outside the sampled strata.

    `user` must name one user over all files: where files have no id, the caller makes one of what they have.
    """

    user: str
    dataset: str
    run: str
    row: int
    model: str
    policy: str
    score: float
    band: Band
    action: Action
    stratum: Stratum
    inclusion: float | None = None
    blind: bool = False
    context: Mapping[str, str | None] = field(default_factory=dict)
    features: Mapping[str, float | None] = field(default_factory=dict)
    decided_by: str = "score"
    category: str = ""

    def __post_init__(self) -> None:
        if (self.stratum in SAMPLED) != (self.inclusion is not None):
            raise ValueError(f"{self.stratum} goes {'with' if self.stratum in SAMPLED else 'without'} an inclusion.")
        if self.inclusion is not None and not 0 < self.inclusion <= 1:
            raise ValueError(f"An inclusion probability lies in (0, 1], not at {self.inclusion}.")
        if not 0 <= self.score <= 1:
            raise ValueError(f"A score lies in [0, 1], not at {self.score}.")

    @property
    def prediction(self) -> str:
        return f"{self.run}-{self.row}"


@dataclass(frozen=True, slots=True)
class Queued:
    """What became of entries: `new` cases; `updated` open ones; `known`, because the last judgement of the user was
    of the same feature values; `skipped`, because somebody holds the case, it is an appeal, a second opinion or a
    golden one, it is queued just so already, or the user is there twice.
    """

    new: int = 0
    updated: int = 0
    known: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class _Meeting:
    """An entry, the digest of its features, and the open case of its user, if there is one."""

    entry: Entry
    facts: str
    case: Row[Any] | None = None

    @property
    def stratum(self) -> Stratum:
        own, case = self.entry.stratum, self._counting
        return own if case is None or _rank(own) < _rank(case.stratum) else case.stratum

    @property
    def inclusion(self) -> float | None:
        """The larger one: a user's random number never changes, so the smaller sample lies in the larger. For the audit
        there is another number.
        """
        case = self._counting
        if self.stratum == "audit":
            return self.entry.inclusion if self.entry.stratum == "audit" or case is None else case.inclusion
        both = (self.entry.inclusion, None if case is None else case.inclusion)
        return max((each for each in both if each is not None), default=None)

    @property
    def _counting(self) -> Row[Any] | None:
        """The open case, where the reason it was drawn for is one for this entry: who was drawn to audit a band was not
        drawn from another one.
        """
        case, entry = self.case, self.entry
        if case is None or case.stratum != "audit":
            return case
        same = (case.model, case.policy, case.band, case.decided_by) == (
            entry.model, entry.policy, entry.band, entry.decided_by
        )  # fmt: skip
        return case if same else None

    @property
    def blind(self) -> bool:
        return self.entry.blind or (self.case is not None and self.case.blind)

    @property
    def changes(self) -> bool:
        case = self.case
        return case is None or (case.prediction, case.stratum, case.inclusion, case.blind, case.facts) != (
            self.entry.prediction, self.stratum, self.inclusion, self.blind, self.facts
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Enqueuing:
    """Puts users into the queue of a home."""

    database: Database
    guidance: GuidanceStore
    numbering: Numbering
    split: Split

    def known(self, users: Sequence[str]) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
        """Who of these has an open case, and on which values (`facts_of`) each of the others was judged."""
        asked = json.dumps(list(users))
        judged = select(cases.c.user, cases.c.facts).where(
            cases.c.user.in_(listed(asked)), cases.c.judgement.is_not(None)
        )
        with self.database.connect() as connection:
            open_ = frozenset(_standing(connection, asked))
            found: dict[str, set[str]] = {}
            for row in connection.execute(judged):
                found.setdefault(row.user, set()).add(row.facts)
        return open_, {user: frozenset(facts) for user, facts in found.items()}

    def enqueue(self, entries: Sequence[Entry], *, now: datetime, last: bool = False) -> Queued:
        """Queue users to be judged: all, or none when something is raised.

        An open case takes over run, score, band and features of the entry, the stronger stratum (audit, certain,
        uncertain, random, others), the larger inclusion, and stays blind once it is; its age counts on. One that
        somebody holds is left as it is. Numbers follow a hash of the user, so that a case's number does not tell how it
        was chosen.
        `last`: after all cases that are open.
        """
        salt = self.split.salt()
        clean = _one_a_user([_clean(entry) for entry in entries])
        meetings = [_Meeting(entry, facts_of(entry.features)) for entry in clean]
        chance = ordering.draws([each.entry.user for each in meetings], salt, "number")
        meetings = [meetings[at] for at in np.argsort(chance, kind="stable")]
        hours = self.guidance.load().service_hours
        with self.database.writing() as connection:
            kept, known = _kept(connection, meetings, now)
            rows = _rows(connection, kept, salt, hours, now)
            if last:
                _put_last(connection, kept, rows)
            fresh = [row for row, each in zip(rows, kept, strict=True) if each.case is None]
            newer = [
                row | {"of": each.case.number} for row, each in zip(rows, kept, strict=True) if each.case is not None
            ]
            self.numbering.settle(connection)
            _insert(connection, fresh, now)
            _update(connection, newer)
        return Queued(len(fresh), len(newer), known, len(entries) - len(kept) - known)


def _clean(entry: Entry) -> Entry:
    return replace(entry, features=_plain(entry.features))


def _plain(features: Mapping[str, float | None]) -> dict[str, float | None]:
    """Feature values as JSON can hold them: missing is null, and -0.0 is 0.0, as equal values have one digest."""
    return {name: None if x is None or math.isnan(x) else float(x) + 0.0 for name, x in features.items()}


def facts_of(features: Mapping[str, float | None]) -> str:
    """What tells equal feature values from others."""
    text = json.dumps(_plain(features), sort_keys=True, allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _one_a_user(entries: Sequence[Entry]) -> list[Entry]:
    """Of entries with the same user the one with the strongest stratum, then the highest score, then the first."""
    best: dict[str, Entry] = {}
    for each in sorted(entries, key=lambda each: (_rank(each.stratum), -each.score)):
        best.setdefault(each.user, each)
    return list(best.values())


def _rank(stratum: Stratum) -> int:
    return _RANK.get(stratum, _WEAKEST)


def _kept(connection: Connection, meetings: Sequence[_Meeting], now: datetime) -> tuple[list[_Meeting], int]:
    """What is to be written, each with the case it changes, and how many users are known."""
    # A list in JSON is one variable; SQLite takes a limited number of them.
    users = json.dumps([each.entry.user for each in meetings])
    standing, judged = _standing(connection, users), _judged(connection, users)
    joined = [replace(each, case=standing.get(each.entry.user)) for each in meetings]
    known = [each.case is None and each.entry.stratum in _ANEW and judged.get(each.entry.user) == each.facts
             for each in joined]  # fmt: skip
    kept = [each for each, is_known in zip(joined, known, strict=True) if not is_known and _may_be_written(each, now)]
    return kept, sum(known)


def _may_be_written(meeting: _Meeting, now: datetime) -> bool:
    case = meeting.case
    if case is None:
        return True
    claimed = case.claimed_until is not None and case.claimed_until > now
    return case.stratum in _ANEW and not claimed and meeting.changes


def _standing(connection: Connection, users: str) -> dict[str, Row[Any]]:
    """The open case of each user, without what is long."""
    short = [column for column in cases.c if column.name not in {"context", "features"}]
    result = connection.execute(select(*short).where(OPEN, cases.c.user.in_(listed(users))))
    return {row.user: row for row in result}


def _judged(connection: Connection, users: str) -> dict[str, str]:
    """The digest of the features last judged, of each user whose last judgement says spammer or legitimate."""
    last = (
        select(cases.c.user, cases.c.facts, cases.c.judgement)
        .where(cases.c.user.in_(listed(users)), cases.c.judgement.is_not(None))
        .order_by(cases.c.judged_at, cases.c.number)
    )
    found = {row.user: row for row in connection.execute(last)}
    return {user: row.facts for user, row in found.items() if row.judgement != "unsure"}


def _rows(
    connection: Connection, meetings: Sequence[_Meeting], salt: bytes, service_hours: float, now: datetime
) -> list[dict[str, Any]]:
    """What is to be stored."""
    entries = [each.entry for each in meetings]
    own = ordering.values([each.score for each in entries], [each.action == "auto_remove" for each in entries])
    certain = np.array([each.stratum == "certain" for each in meetings], bool)
    known = connection.execute(select(cases.c.value).where(OPEN, cases.c.stratum == "certain")).scalars().all()
    value = ordering.lent(own, certain, ordering.draws([each.user for each in entries], salt, "value"), known)
    queued = [(now if each.case is None else each.case.queued).timestamp() for each in meetings]
    place = ordering.places(value, queued, service_hours)
    return [
        _row(each, now) | {"value": worth, "priority": at}
        for each, worth, at in zip(meetings, value.tolist(), place.tolist(), strict=True)
    ]


def _put_last(connection: Connection, meetings: Sequence[_Meeting], rows: Sequence[dict[str, Any]]) -> None:
    """Have new cases follow all that are open, in their own order."""
    fresh = [row for row, each in zip(rows, meetings, strict=True) if each.case is None]
    end = connection.execute(select(func.max(cases.c.priority)).where(OPEN)).scalar_one()
    if fresh and end is not None:
        behind = max(end + 1 - min(row["priority"] for row in fresh), 0.0)
        for row in fresh:
            row["priority"] += behind


def _row(meeting: _Meeting, now: datetime) -> dict[str, Any]:
    each = meeting.entry
    return {
        "user": each.user, "dataset": each.dataset, "run": each.run, "row": each.row, "prediction": each.prediction,
        "model": each.model, "policy": each.policy, "score": each.score, "band": each.band, "action": each.action,
        "stratum": meeting.stratum, "inclusion": meeting.inclusion, "blind": meeting.blind, "updated": now,
        "context": dict(each.context), "features": dict(each.features), "facts": meeting.facts,
        "decided_by": each.decided_by, "category": each.category,
    }  # fmt: skip


def _insert(connection: Connection, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    if rows:
        start = {"created": now, "queued": now, "status": "open", "reopened": "", "not_for": ""}
        connection.execute(insert(cases), [row | start for row in rows])


def _update(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0] if name not in {"of", "user"}}
        # A claim that ended may not be renewed on what its holder has not seen.
        one = update(cases).where(cases.c.number == bindparam("new_of")).values(changed | NOBODY)
        connection.execute(one, [{f"new_{name}": value for name, value in row.items()} for row in rows])
