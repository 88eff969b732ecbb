"""The users whom a day's plan chooses from: those of all stored runs, each by the latest of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data.split import Split
from core.planning import audits, sampling
from core.planning.audits import Audits
from core.planning.choosing import Codes, Pool, Positions
from core.planning.sampling import Bools, Floats
from core.policy.bands import BANDS
from core.policy.decide import SCORE
from core.policy.store import Policies
from core.ports import DatasetStore
from core.registry.registry import Registry
from core.review import ordering
from core.review.enqueue import Enqueuing, facts_of
from core.schema import schema as schemas
from core.scoring.runs import Run, Runs
from core.scoring.user_names import UserNames, latest

#: Runs looked through; what an older one has flagged waits for a newer run of the same users, or is sent by hand.
MOST_RUNS: Final = 200
#: Users drawn at random speak for the runs of the model and policy in force of so many days.
PERIOD_DAYS: Final = 28
_GIVEN: Final = ("score", "gap", "worth", "sure", "asked")
_REVIEW: Final = BANDS.index("human_review")
_REMOVE: Final = BANDS.index("auto_remove")


@dataclass(frozen=True, slots=True, eq=False)
class Backlog:
    """`runs`, and for each user of the pool the position of the run there, the input row and the name; `removed_a_day`:
    users in the band `auto_remove`, by the model and policy in force.
    """

    runs: tuple[Run, ...]
    pool: Pool
    of: npt.NDArray[np.int32]
    row: npt.NDArray[np.int64]
    name: npt.NDArray[np.object_]
    removed_a_day: float = 0.0

    def by_run(self, chosen: Positions) -> Iterator[tuple[Run, Bools]]:
        """The runs of the users at some positions, each with whose it is, (k,)."""
        for at in np.unique(self.of[chosen]).tolist():
            yield self.runs[at], self.of[chosen] == at


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The users of one run, each by the latest row: rows, names, keys, and what the run and its plan say of them."""

    run: Run
    drawable: bool
    row: npt.NDArray[np.int64]
    name: npt.NDArray[np.object_]
    key: npt.NDArray[np.uint64]
    score: Floats
    severity: Codes
    gap: Floats
    worth: Floats
    inclusion: Floats
    chosen: Bools
    sure: Bools
    asked: Bools
    audited: Floats
    by_score: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Backlogs:
    """Reads the backlog of a home."""

    datasets: DatasetStore
    enqueuing: Enqueuing
    policies: Policies
    registry: Registry
    runs: Runs
    split: Split
    user_names: UserNames
    schema_file: Path

    def read(self) -> Backlog:
        """The users of the latest runs as they are now; who is in one of the model and policy in force counts by it."""
        recent = self.runs.recent(MOST_RUNS)
        in_force = self.in_force(recent)
        own = {run.id for run in in_force}
        parts = [self._part(run, drawable=run.id in own) for run in sorted(recent, key=lambda run: run.id not in own)]
        if not parts:
            return _empty()
        first, inclusion, chosen, audited = _carried(parts)
        name = np.concatenate([part.name for part in parts])[first]
        severity = np.concatenate([part.severity for part in parts])[first]
        of = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part.row) for part in parts])[first]
        row = np.concatenate([part.row for part in parts])[first]
        flagged = severity >= _REVIEW
        drawable = np.array([part.drawable for part in parts])[of]
        draw = np.ones(len(first))
        draw[drawable | flagged] = sampling.draws(name[drawable | flagged].tolist(), self.split.salt())
        score, gap, worth, sure, asked = (
            np.concatenate([getattr(part, which) for part in parts])[first] for which in _GIVEN
        )
        by_score = np.concatenate([part.by_score for part in parts])[first]
        # Only who is seen for the first time: of the others some may have been judged with their scores.
        new = drawable & (severity == _REMOVE) & by_score & (inclusion == 0)
        pool = Pool(
            score=score, severity=severity, gap=gap, flagged=flagged, worth=worth, drawable=drawable, before=inclusion,
            chosen=chosen, sure=sure, asked=asked, known=np.zeros(len(first), bool), draw=draw,
            audits=Audits(new, np.ones(len(first)), audited),
        )  # fmt: skip
        runs, removed = tuple(part.run for part in parts), audits.removed_a_day(in_force)
        backlog = Backlog(runs, pool, of, row, name, removed)
        waiting = pool.backlog
        pool.known[waiting], judged = self._known(backlog, waiting)
        new[waiting[judged]] = False
        if new.any():
            salt, run = self.split.salt(), in_force[0]
            pool.audits.number[new] = audits.draws(name[new].tolist(), salt, run.model, run.policy.version)
        return backlog

    def in_force(self, recent: Sequence[Run]) -> tuple[Run, ...]:
        """Of these runs those of the model and policy in force, of the period that ends with the newest of them."""
        model, policy = self.registry.champion(), self.policies.in_force().version
        ours = [run for run in recent if (run.model, run.policy.version) == (model, policy)]
        last = max((run.created for run in ours), default=None)
        return tuple(run for run in ours if last and run.created > last - timedelta(days=PERIOD_DAYS))

    def features(self, backlog: Backlog, chosen: Positions) -> npt.NDArray[np.float32]:
        """The features (k, f) of the users at some positions."""
        names = schemas.load(self.schema_file).measures
        found = np.empty((len(chosen), len(names)), np.float32)
        for run, ours in backlog.by_run(chosen):
            rows = self.datasets.frame(run.dataset, names).loc[backlog.row[chosen[ours]]]
            found[ours] = rows.to_numpy(np.float32)
        return found

    def _part(self, run: Run, *, drawable: bool) -> _Part:
        named = self.user_names.of(run)
        scores = self.runs.scores(run.id)
        rows = latest(named.loc[scores.index])
        names, score = named.loc[rows].to_numpy(object), scores["probability"].loc[rows].to_numpy(np.float64)
        severity = scores["severity"].loc[rows].to_numpy(np.int8)
        removed = np.asarray(severity == _REMOVE) & run.policy.armed
        (inclusion, audited), (chosen, sure, asked) = np.zeros((2, len(rows))), np.zeros((3, len(rows)), bool)
        if (plan := self.runs.plan(run.id)) is not None:
            plan = plan.loc[plan.index.isin(rows)]
            at = rows.get_indexer(plan.index)
            inclusion[at], chosen[at] = plan["inclusion"], plan["chosen"]
            audited[at] = plan["audited"]
            sure[at] = plan["stratum"].isin(["certain", "audit"])
            asked[at] = plan["chosen"] & (plan["blind"] | (plan["stratum"] == "certain"))
        return _Part(
            run, drawable, rows.to_numpy(np.int64), names, self._keys(names), score, severity,
            np.abs(score - run.policy.review), ordering.values(score, removed), inclusion, chosen, sure, asked,
            audited, scores["decided_by"].loc[rows].to_numpy() == SCORE,
        )  # fmt: skip

    def _keys(self, names: npt.NDArray[np.object_]) -> npt.NDArray[np.uint64]:
        """A number for each user, salted: nobody can choose an id to be taken for another user."""
        secret = hashlib.blake2b(self.split.salt(), digest_size=8, person=b"users").hexdigest()
        return pd.util.hash_array(names, hash_key=secret, categorize=False)

    def _known(self, backlog: Backlog, waiting: Positions) -> tuple[Bools, Bools]:
        """Who is open, or was judged on the same values; and who is the latter alone."""
        names = backlog.name[waiting]
        open_, judged = self.enqueuing.known(names.tolist())
        found = np.array([name in open_ for name in names], bool)
        before = ~found
        asked = np.flatnonzero(~found & np.array([name in judged for name in names], bool))
        for run, ours in backlog.by_run(waiting[asked]):
            at = asked[ours]
            facts = self._facts(run, backlog.row[waiting[at]].tolist())
            found[at] = [one in judged[name] for one, name in zip(facts, names[at], strict=True)]
        return found, found & before

    def _facts(self, run: Run, rows: Sequence[int]) -> list[str]:
        values = self.datasets.frame(run.dataset, schemas.load(self.schema_file).names).loc[list(rows)]
        return [facts_of({str(name): value for name, value in each.items()}) for each in values.to_dict("records")]


def _carried(parts: Sequence[_Part]) -> tuple[Positions, Floats, Bools, Floats]:
    """Where each user is first, over all parts in their order, with the largest inclusion, whether ever chosen, and the
    largest inclusion in the audit.

    What plans of runs of another model or policy say, or of a time before the period, says nothing of these users.
    """
    keys = np.concatenate([part.key for part in parts])
    _, first, user = np.unique(keys, return_index=True, return_inverse=True)
    own = np.repeat([part.drawable for part in parts], [len(part.row) for part in parts])
    own[first] = True  # the run that a user counts by
    inclusion, chosen, audited = np.zeros(len(first)), np.zeros(len(first), bool), np.zeros(len(first))
    said, drawn, audit = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("inclusion", "chosen", "audited")
    )
    np.maximum.at(inclusion, user[own], said[own])
    np.maximum.at(audited, user[own], audit[own])
    np.logical_or.at(chosen, user[own], drawn[own])
    order = np.argsort(first, kind="stable")  # the newest run first, then as in its file
    return first[order], inclusion[order], chosen[order], audited[order]


def _empty() -> Backlog:
    none, no = np.zeros(0), np.zeros(0, bool)
    pool = Pool(
        score=none, severity=np.zeros(0, np.int8), gap=none, flagged=no, worth=none, drawable=no, before=none,
        chosen=no, sure=no, asked=no, known=no, draw=none,
        audits=Audits.none(0),
    )  # fmt: skip
    return Backlog((), pool, np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, object))
