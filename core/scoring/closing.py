"""From a run of the API that has ended to a run like any other: its users become a dataset, its scores a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.access.stored_users import users_stay
from core.data import flags, intake
from core.data.layout import ROW_NUMBER
from core.model.categories.head import Likeliest
from core.policy.decide import SCORE, Decided
from core.policy.policy import Policy
from core.ports import DatasetStore
from core.schema.levels import WRITTEN
from core.schema.schema import Column, Schema
from core.scoring import online_runs
from core.scoring.online_runs import OnlineRuns, Served, Users, decided_severity
from core.scoring.runs import Run, Runs
from core.scoring.scorer import Scored

_NOTHING_REJECTED: Final = {
    "line": "int64", "row": "int64", "column": "str", "code": "str", "sentence": "str", "record": "str"
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Closing:
    """Closes runs of the API."""

    datasets: DatasetStore
    online_runs: OnlineRuns
    runs: Runs

    @users_stay
    def close(self, run: str, schema: Schema, *, now: datetime) -> Run | None:
        """Close a run that nobody adds to any more; None where nobody was scored in it, or another process closes it.

        Cut off in between, it is done again by whoever finds it among `online_runs.left`.
        """
        with self.online_runs.alone(run) as ours:
            if not ours:
                return None
            users = self.online_runs.find(run)
            if users is None:
                return self.runs.find(run)
            closed = self._complete(run, users, schema, now) if users.by_row else None
            self.online_runs.forget(run)
            return closed

    def _complete(self, run: str, users: Users, schema: Schema, now: datetime) -> Run:
        everyone = list(users.by_row.values())
        values = np.stack([user.values for user in everyone])
        frame = _frame(users, values, schema)
        context = tuple(name for name in frame.columns[1 + len(users.names) :] if not name.startswith(WRITTEN))
        checked = intake.Checked(
            name=f"{online_runs.NAME} {run}", sha256=_digest(run, values), frame=frame,
            rejected=pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in _NOTHING_REJECTED.items()}),
            problems=(), received=len(frame), context=context, absent=(),
        )  # fmt: skip
        dataset = self.datasets.put(checked, schema, now=now, by="api")
        found = self.runs.find(run)
        scored = _scored(everyone, found.model)
        return self.runs.complete(run, dataset, scored, _decided(everyone, found.policy), frame.index)


def _frame(found: Users, values: npt.NDArray[np.float64], schema: Schema) -> pd.DataFrame:
    """As `intake` gives it: id, features, context, indexed by row. values: (n, f)."""
    users, kinds = found.by_row, {column.name: column for column in schema.derived}
    ids = [user.user if schema.id else str(row) for row, user in users.items()]
    columns: dict[str, Any] = {schema.id or ROW_NUMBER: pd.Series(ids, dtype="str").array}
    for at, name in enumerate(found.names):
        columns[name] = flags.settle(values[:, at].copy(), kinds.get(name, Column(name)))
    for name in _context(users.values(), schema):
        columns[name] = pd.Series([user.context.get(name) for user in users.values()], dtype="str").array
    return pd.DataFrame(columns, index=pd.Index(list(users), name="row"), copy=False)


def _context(users: Iterable[Served], schema: Schema) -> list[str]:
    """All context there is, in the order of the schema first."""
    given = dict.fromkeys(name for user in users for name in user.context)
    return [*(name for name in schema.beside if name in given), *(n for n in given if n not in schema.beside)]


def _scored(users: Sequence[Served], version: str) -> Scored:
    return Scored(
        margin=np.array([user.margin for user in users], np.float32),
        probability=np.array([user.probability for user in users], np.float64),
        missing=np.array([user.missing for user in users], np.int64),
        novel=np.array([user.novel for user in users], dtype=object),
        version=version,
        categories=Likeliest(
            np.array([user.category for user in users], object),
            np.array([user.category_probability for user in users], np.float32),
        ) if users and users[0].category else None,
    )  # fmt: skip


def _decided(users: Sequence[Served], policy: Policy) -> Decided:
    """What was decided when each was asked for."""
    severity = [decided_severity(policy, user.probability, user.severity) for user in users]
    deciders = tuple(dict.fromkeys((SCORE, *(user.decided_by for user in users))))
    by = np.array([deciders.index(user.decided_by) for user in users], np.int16)
    return Decided(np.array(severity, np.int8), policy.armed, by, deciders)


def _digest(run: str, values: npt.NDArray[np.float64]) -> str:
    """Of the rows and the run: the same users asked for again are another dataset, with rows of their own."""
    digest = hashlib.sha256(run.encode())
    digest.update(values.astype("<f8", copy=False).tobytes())
    return digest.hexdigest()
