"""Runs of the API while they grow: users scored as they are asked for, stored before anybody is told.

A process has one such run for each model version it serves. While it grows it is in nobody's list, but its
predictions can be judged; once it is closed, its users become a dataset and it a run like any other. A run whose
process died is closed by the next one that starts.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import bindparam, delete, insert, select

from core import locks
from core.access import idempotency
from core.access.idempotency import Kept
from core.errors import RefusedError
from core.files import within
from core.locks import Lock
from core.policy.decide import SCORE, decide
from core.policy.policy import Policy
from core.scoring import runs
from core.scoring.runs import Runs
from core.store.database import Database, for_tuples, listed
from core.store.tables import predictions, served

#: A run is closed after so many users, or so long after it was begun, and another one begins: until then its users are
#: on no page.
MOST_USERS: Final = 50_000
MOST_AGE: Final = timedelta(hours=24)
#: What such a run is called where runs are listed.
NAME: Final = "API"


class Served(NamedTuple):
    """A user who was scored. `values`: of the run's features in order, NaN for missing; `user` is "" without a name;
    `severity`: position of the band, None where it was stored without; `category`: of a violation, "" where the version
    knows none, and how likely it is.
    """

    user: str
    values: npt.NDArray[np.float64]
    context: Mapping[str, str | None]
    margin: float
    probability: float
    missing: int
    novel: str
    severity: int | None = None
    decided_by: str = SCORE
    category: str = ""
    category_probability: float | None = None


class Online(NamedTuple):
    """A score and what was decided on it; `severity` as `Served` has it."""

    probability: float
    severity: int | None
    decided_by: str


@dataclass(frozen=True, slots=True)
class Users:
    """Users of a run by row, in order, and the features that they have values of."""

    names: tuple[str, ...]
    by_row: Mapping[int, Served]


class Growing:
    """The run that the users of one model version go into; threads may share it. Begun with its first user."""

    def __init__(self, online_runs: OnlineRuns, names: Sequence[str], model: str, policy: Policy) -> None:
        self._runs, self._names, self._model, self._policy = online_runs, tuple(names), model, policy
        self._guard = threading.Lock()
        self._begun: _Begun | None = None
        self._full: list[_Begun] = []

    def add(
        self, users: Sequence[Served], *, now: datetime, kept: Callable[[Sequence[str]], Iterable[Kept]] = lambda _: ()
    ) -> list[str]:  # fmt: skip
        """Store these users; all are on disk when this returns. Their prediction ids, in order.

        kept: by these ids, the replies that tell of the users; they are stored with them, or neither is. Raises
        ClaimLostError.
        """
        with self._guard:  # one at a time: so no row number is given twice, and SQLite takes one writer anyway
            begun = self._current(now)
            first = begun.users + 1
            run = runs.id_of(begun.number)
            ids = [f"{run}-{at}" for at, _ in enumerate(users, first)]
            rows = [_row(begun.number, at, *each) for at, each in enumerate(zip(users, ids, strict=True), first)]
            told = kept(ids)  # first: while it is made, other processes may write
            with self._runs.database.writing() as connection:
                if rows:
                    connection.exec_driver_sql(_PREDICTIONS, rows)
                idempotency.keep_with(connection, told, now=now)
            begun.users += len(users)
        return ids

    def ended(self, *, now: datetime, everything: bool = False) -> list[str]:
        """The runs that have ended since the last time, and with `everything` the one that grows; to be closed."""
        with self._guard:
            if self._begun is not None and (everything or self._begun.full(now)):
                self._full.append(self._begun)
                self._begun = None
            ended, self._full = self._full, []
        for each in ended:
            each.lock.release()
        return [runs.id_of(each.number) for each in ended]

    def _current(self, now: datetime) -> _Begun:
        if self._begun is not None and self._begun.full(now):
            self._full.append(self._begun)
            self._begun = None
        self._begun = self._begun or self._runs.begin(self._names, self._model, self._policy, now)
        return self._begun


@dataclass(slots=True)
class _Begun:
    """A run that grows, and the lock that its process holds as long as it lives."""

    number: int
    at: datetime
    lock: Lock
    users: int = 0

    def full(self, now: datetime) -> bool:
        return self.users >= MOST_USERS or now - self.at >= MOST_AGE


def decided_severity(policy: Policy, probability: float, severity: int | None) -> int:
    """The position of the band of a prediction: as it was stored, else what the score alone decides."""
    return int(decide(policy, [probability]).severity[0]) if severity is None else severity


@dataclass(frozen=True, slots=True, eq=False)
class OnlineRuns:
    """Runs of the API that still grow; `folder` is that of all runs."""

    database: Database
    runs: Runs
    folder: Path

    def begin(self, names: Sequence[str], model: str, policy: Policy, now: datetime) -> _Begun:
        """A run that grows from now on, in this process."""
        number = self.runs.begin(name=NAME, model=model, policy=policy, now=now)
        # Before anybody sees that it grows: who finds it without its lock takes its process for dead.
        lock = locks.taken(self._lock(runs.id_of(number)))
        if lock is None:
            raise RefusedError(f"The run {runs.id_of(number)} grows in another process. Send the request again.")
        with self.database.writing() as connection:
            connection.execute(insert(served).values(run=number, names=list(names)))
        return _Begun(number, now, lock)

    def growing(self) -> tuple[str, ...]:
        """The runs that are not closed, whether their process lives or not."""
        with self.database.connect() as connection:
            numbers = connection.execute(select(served.c.run).order_by(served.c.run)).scalars().all()
        return tuple(map(runs.id_of, numbers))

    def left(self) -> tuple[str, ...]:
        """Those of `growing` that no process adds to any more."""
        return tuple(run for run in self.growing() if not self._alive(run))

    @contextlib.contextmanager
    def alone(self, run: str) -> Iterator[bool]:
        """Hold a run that has ended, so that no other process closes it; False where one does, or it grows."""
        with locks.held_now(self._lock(run)) as ours:
            yield ours

    def find(self, run: str, rows: Collection[int] | None = None) -> Users | None:
        """The users of a run that is not closed, or those in these rows; None for any other run."""
        number = runs.number_of(run)
        with self.database.connect() as connection:
            names = connection.execute(select(served.c.names).where(served.c.run == number)).scalar_one_or_none()
            if names is None:
                return None
            if rows is None:
                found = connection.exec_driver_sql(_ALL, (number,))
            else:  # a list in JSON is one variable; SQLite takes a limited number of them
                found = connection.exec_driver_sql(_THESE, (number, json.dumps(sorted(rows))))
            return Users(tuple(names), _by_row(found.all()))

    def of_user(self, user: str, most: int) -> dict[str, dict[int, Online]]:
        """The latest predictions on a user in runs that are not closed, by run and row."""
        latest = (
            select(
                predictions.c.run,
                predictions.c.row,
                predictions.c.probability,
                predictions.c.severity,
                predictions.c.decided_by,
            )
            .where(predictions.c.user == user)
            .order_by(predictions.c.run.desc(), predictions.c.row.desc())
            .limit(most)
        )
        found: dict[str, dict[int, Online]] = {}
        with self.database.connect() as connection:
            for number, row, *told in connection.execute(latest):
                found.setdefault(runs.id_of(number), {})[row] = Online(*told)
        return found

    def forget(self, run: str) -> None:
        """Have a closed run's users in the dataset alone."""
        number = runs.number_of(run)
        with self.database.writing(erasing=True) as connection:  # what they wrote lies in the dataset alone
            connection.execute(delete(predictions).where(predictions.c.run == number))
            connection.execute(delete(served).where(served.c.run == number))

    def _lock(self, run: str) -> Path:
        path = within(self.folder, run) / "grows.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _alive(self, run: str) -> bool:
        with self.alone(run) as taken:
            return not taken


_PREDICTIONS: Final = for_tuples(insert(predictions))
_OF_RUN: Final = select(predictions).where(predictions.c.run == bindparam("run")).order_by(predictions.c.row)
_ALL: Final = for_tuples(_OF_RUN)
_THESE: Final = for_tuples(_OF_RUN.where(predictions.c.row.in_(listed(bindparam("rows")))))


def _row(number: int, at: int, user: Served, identity: str) -> tuple[Any, ...]:
    """A user by the columns of the table; who has no name is called by the id of the prediction."""
    return (
        number, at, user.user or identity, user.margin, user.probability, user.missing, user.novel,
        json.dumps(dict(user.context)) if user.context else "{}", user.values.astype("<f8", copy=False).tobytes(),
        user.severity, user.decided_by, user.category, user.category_probability,
    )  # fmt: skip


def _by_row(rows: Sequence[Any]) -> dict[int, Served]:
    """Users by their rows, from rows of the table as the driver gives them: those of a run have values of the same
    features.
    """
    if not rows:
        return {}
    values = np.frombuffer(b"".join([row[_FEATURES] for row in rows]), "<f8").astype(np.float64, copy=False)
    return {
        at: Served(
            user, theirs, _NOTHING if context == "{}" else json.loads(context), margin, probability, missing, novel,
            *decided,
        )
        for (_, at, user, margin, probability, missing, novel, context, _, *decided), theirs in zip(
            rows, values.reshape(len(rows), -1), strict=True
        )
    }  # fmt: skip


_FEATURES: Final = list(predictions.columns).index(predictions.c.features)
_NOTHING: Final[Mapping[str, str | None]] = MappingProxyType({})
