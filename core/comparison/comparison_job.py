"""Comparisons that are kept: the same one is made once, in a job, and read by every page that asks for it.

A contender is named by its id: `v0001` is a version, `t-0003` a training run, known by its scores of the test part of
its dataset, and `p-...` a file of predictions from outside. They meet on the labelled users of a dataset that none
of them learnt from; two files of predictions meet on their own rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from core.access.stored_users import users_stay
from core.comparison import common_rows, external, result
from core.comparison.common_rows import CommonRows, Rows
from core.comparison.comparison_store import Compared, Comparisons
from core.comparison.external import Predictions
from core.comparison.paired_metrics import Contender
from core.comparison.predictions import PredictionFiles
from core.comparison.result import Past, SideBySide
from core.data import split
from core.data.datasets import Dataset
from core.data.split import Split
from core.errors import BadOptionError, TooFewRowsError, UnknownVersionError
from core.evaluation.resample import Floats
from core.evaluation.weakest import Bools
from core.jobs import Report
from core.ports import DatasetStore
from core.registry import registry
from core.registry.lineage import VERSION
from core.registry.registry import Model, Registry
from core.schema import schema as schemas
from core.schema.schema import Schema
from core.training import training_runs
from core.training.training_runs import TrainingRun, TrainingRuns

#: What an identity begins with: the same since comparisons are kept, so that earlier ones are found again.
_QUESTION: Final = "1"


@dataclass(frozen=True, slots=True)
class Asked:
    """Is b better than a, on the users of dataset `on` ("" for two files of predictions)?

    `thresholds`: band -> score above which it begins, mildest band first.
    """

    a: str
    b: str
    on: str
    thresholds: Mapping[str, float]
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """A contender before its rows are known: one of the three is there."""

    id: str
    name: str
    model: Model | None = None
    kept: TrainingRun | None = None
    given: Predictions | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Comparer:
    """Makes comparisons, each once."""

    common_rows: CommonRows
    comparisons: Comparisons
    datasets: DatasetStore
    prediction_files: PredictionFiles
    registry: Registry
    split: Split
    training_runs: TrainingRuns
    models: Path
    schema_file: Path

    def identity(self, asked: Asked) -> str:
        """What the comparison is kept under: a hash of the contenders' content, the dataset and the thresholds.

        Raises UnknownVersionError or UnknownItemError for a contender that this home does not have.
        """
        bands = [f"{band}={above!r}" for band, above in asked.thresholds.items()]
        content = [self._content(each) for each in (asked.a, asked.b)]
        parts = [_QUESTION, *content, asked.on, *bands, str(asked.seed)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    def look(self, asked: Asked) -> Compared | None:
        """The comparison, when somebody has had it made. Raises as `identity` does."""
        return self.comparisons.load(self.identity(asked))

    @users_stay
    def compare_stored(
        self, report: Report, *, a: str, b: str, on: str, thresholds: Mapping[str, float], seed: int = 0
    ) -> None:
        """The job behind the page: compare, unless that was done before, and keep the result."""
        request = Asked(a, b, on, thresholds, seed)
        if self.look(request) is None:
            report(0, 0, "Scoring the users")
            comparison = self.made(
                request, progress=lambda done, of: report(done, of, "Drawing samples for the intervals")
            )
            self.comparisons.save(self.identity(request), comparison)

    def made(self, asked: Asked, *, progress: result.Progress = lambda _done, _of: None) -> Compared:
        """Compare now. Raises BadOptionError when the two cannot meet, TooFewRowsError when a class is absent there."""
        schema = schemas.load(self.schema_file)
        a, b = _named(self._side(asked.a), self._side(asked.b))
        rows, contenders = self._together(asked, a, b, schema)
        models = (a.model, b.model) if a.model and b.model else None
        pasts = self._past(a), self._past(b)
        side_by_side = result.beside(
            rows, contenders, schema, asked.thresholds, models=models, pasts=pasts, seed=asked.seed, progress=progress
        )
        return replace(_kept(side_by_side, (a, b), schema), policy=dict(asked.thresholds))

    def _content(self, contender: str) -> str:
        """What changes when the contender is another one under the same name."""
        if VERSION.fullmatch(contender):
            sums = self.models / contender / registry.SUMS
            if not sums.is_file():
                raise UnknownVersionError(contender, self.registry.versions())
            return f"{contender} {_digest(sums)}"
        if training_runs.IDENTITY.fullmatch(contender):
            return f"{contender} {self.training_runs.find(contender).created.isoformat()}"
        return self.prediction_files.find(contender).id

    def _side(self, contender: str) -> _Side:
        if VERSION.fullmatch(contender):
            return _Side(contender, contender, model=self.registry.load(contender))
        if training_runs.IDENTITY.fullmatch(contender):
            return _Side(contender, contender, kept=self.training_runs.find(contender))
        given = self.prediction_files.load(contender)
        return _Side(contender, given.name, given=given)

    def _together(self, request: Asked, a: _Side, b: _Side, schema: Schema) -> tuple[Rows, tuple[Contender, Contender]]:
        if a.given is not None and b.given is not None:
            return _of_files(a, b)
        if not request.on:
            raise BadOptionError("Users", "choose labelled users on whom the two can be compared.")
        dataset = self.datasets.find(request.on)
        rows = self.common_rows.rows([each.model for each in (a, b) if each.model], dataset, schema)
        scored = {each.id: self._of_run(each.kept, dataset, rows, schema) for each in (a, b) if each.kept}
        seen = np.ones(len(rows.label), bool)
        for probability in scored.values():
            seen &= ~np.isnan(probability)
        left = _only(rows, seen, {name: int(np.isnan(p).sum()) for name, p in scored.items()})
        kept = {name: probability[seen] for name, probability in scored.items()}
        first, second = (_contender(each, left, kept, schema) for each in (a, b))
        return left, (first, second)

    def _of_run(self, kept: TrainingRun, dataset: Dataset, rows: Rows, schema: Schema) -> Floats:
        """A training run's scores of rows (n,), NaN for users that it learnt from."""
        if kept.data.sha256 != dataset.sha256:
            raise BadOptionError(
                kept.id, f"only its scores of the test part of {kept.data.name} are kept: compare it on these users."
            )
        known = self.training_runs.scores(kept.id)
        keys = split.keys(rows.frame, schema, self.split.salt())
        # Rows with the same text have one key, and stand in the order of their file in both.
        place = np.searchsorted(known.keys, keys) + pd.Series(keys).groupby(keys).cumcount().to_numpy()
        place = np.minimum(place, len(known.keys) - 1)
        return np.where(known.keys[place] == keys, known.probability[place], np.nan)

    def _past(self, side: _Side) -> Past:
        if side.kept is not None:
            return Past(side.kept.data, side.kept.training_pr_auc, side.kept.folds)
        if side.model is None:
            return Past()
        runs = (kept.folds for kept in self.training_runs.listed() if kept.version == side.id)
        return result.past(side.model, next(runs, ()))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _named(a: _Side, b: _Side) -> tuple[_Side, _Side]:
    """Two files of one name are told apart by a number."""
    return (a, b) if a.id == b.id else (a, replace(b, name=external.apart(b.name, [a.name])))


def _of_files(a: _Side, b: _Side) -> tuple[Rows, tuple[Contender, Contender]]:
    given = [replace(each.given, name=each.name) for each in (a, b) if each.given is not None]
    label, (first, second) = external.together(given)
    ids = given[0].ids
    index = pd.RangeIndex(1, len(label) + 1)
    frame = pd.DataFrame(index=index) if ids is None else pd.DataFrame({"id": ids}, index=index)
    return Rows(f"{a.name} and {b.name}", frame, label, len(label), {}, ()), (first, second)


def _only(rows: Rows, seen: Bools, learnt: Mapping[str, int]) -> Rows:
    if seen.all():
        return rows
    label = rows.label[seen]
    if not 0 < (positives := int(label.sum())) < len(label):
        raise TooFewRowsError(f"What neither learnt from in {rows.name}", positives, len(label) - positives, 1)
    return replace(rows, frame=rows.frame[seen], label=label, trained_on={**rows.trained_on, **learnt})


def _contender(side: _Side, rows: Rows, kept: Mapping[str, Floats], schema: Schema) -> Contender:
    if side.model is not None:
        return common_rows.contender(rows, side.model)
    if side.given is None:
        return Contender(side.name, kept[side.id])
    if schema.id is None:
        raise BadOptionError(side.name, "data/schema.toml names no id: predictions cannot be matched with users.")
    return external.on(replace(side.given, name=side.name), rows.frame[schema.id], rows.label, of=rows.name)


def _kept(side_by_side: SideBySide, sides: tuple[_Side, _Side], schema: Schema) -> Compared:
    rows, (a, b) = side_by_side.rows, side_by_side.contenders
    column = schema.id if schema.id in rows.frame else "id"
    user = rows.frame[column].astype("str") if column in rows.frame else rows.frame.index.astype("str")
    users = pd.DataFrame(
        {"user": np.asarray(user), "label": rows.label, "a": a.probability, "b": b.probability}, index=rows.frame.index
    )
    why = side_by_side.reasons.why if side_by_side.reasons else None
    if why is not None and side_by_side.reasons is not None:
        rows_of = rows.frame.index.to_numpy()[side_by_side.reasons.rows[why["row"]]]
        why = why.assign(row=rows_of).reset_index(drop=True)
    return Compared(
        contenders=(sides[0].id, sides[1].id),
        rows=rows.sentence,
        comparison=side_by_side.comparison,
        users=users,
        why=why,
        segments=side_by_side.segments,
        reasons=side_by_side.reasons.sentence if side_by_side.reasons else "",
        cautions=side_by_side.cautions,
        by_category=side_by_side.by_category,
    )
