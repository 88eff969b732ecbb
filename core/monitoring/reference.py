"""A run and what its model was trained on, as two tables that other programs compare: Evidently, Great Expectations.

    baseline.parquet   users of the training baseline, up to 20,000
    current.parquet    the users of the run
    roles.json         which column is what

Both tables have the same columns of the same types: the features by their names, as the model gets them (a whole
number, a number, or a word; of a text what the model makes of it, never the text), then `prediction`, `target`,
`user_id`, `prediction_id`, `timestamp`. What is missing is null.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import RefusedError
from core.feedback.ledger import Ledger
from core.files import replacing
from core.model.encoding import Levels
from core.monitoring.drift import DriftWatch
from core.ports import DatasetStore
from core.registry.registry import Model, Registry
from core.schema.column import WHOLE
from core.scoring.runs import Run, Runs

FORMAT: Final = 1
BASELINE, CURRENT, ROLES = "baseline.parquet", "current.parquet", "roles.json"
_TIME: Final = pa.timestamp("us", tz="UTC")
#: What is beside the features, and of which type.
_BESIDE: Final = {
    "prediction": pa.float64(), "target": pa.int8(), "user_id": pa.string(), "prediction_id": pa.string(),
    "timestamp": _TIME,
}  # fmt: skip
#: Kinds whose values are names rather than amounts.
_NAMES: Final = frozenset({"category", "flag", "code", "weekday", "language"})


@dataclass(frozen=True, slots=True)
class Exported:
    """How many users each table has, and of how many of the run it is known what they are."""

    baseline: int
    current: int
    known: int


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """Writes runs beside the baselines of their models."""

    datasets: DatasetStore
    drift: DriftWatch
    ledger: Ledger
    registry: Registry
    runs: Runs

    def write(self, identity: str, folder: Path, *, label: str | None) -> Exported:
        """Write the three files into a folder that is not there yet. label: the column of a file that says what a user
        is, where it was among what was scored; a verdict that stands says more.

        Raises UnknownItemError, what `registry.load` raises, and RefusedError where the version came without the users
        it was trained on.
        """
        run = self.runs.find(identity)
        model = self.registry.load(run.model)
        before, now = _alike(self._baseline(model), self._current(model, run, label))
        with replacing(folder) as staging:
            staging.mkdir()
            for name, table in ((BASELINE, before), (CURRENT, now)):
                pq.write_table(table, staging / name, compression="zstd")
            roles = json.dumps(_roles(model, run, before, now), indent=1, ensure_ascii=False)
            (staging / ROLES).write_text(f"{roles}\n", encoding="utf-8", newline="\n")
        return Exported(len(before), len(now), len(now) - now[_free("target", model)].null_count)

    def _baseline(self, model: Model) -> pa.Table:
        sample = model.baseline().sample
        if sample.empty:
            raise RefusedError(
                f"{model.version} came without the users it was trained on: there is nothing to compare."
            )
        *names, label, score = sample.columns
        values = {name: sample[name].to_numpy(np.float64) for name in names}
        made = pd.Timestamp(model.metadata.created)
        return _table(model, values, sample[score].to_numpy(np.float64), sample[label].to_numpy(np.float64), made)

    def _current(self, model: Model, run: Run, label: str | None) -> pa.Table:
        dataset, scores = self.datasets.find(run.dataset), self.runs.scores(run.id)
        beside = [dataset.id_column, *([label] if label and label in self.datasets.columns(run.dataset) else [])]
        frame = self.datasets.frame(run.dataset, beside)
        at = frame.index.get_indexer(scores.index)
        values = {
            name: np.asarray(self.drift.values(model, [run], name), np.float64)[at] for name in model.metadata.names
        }
        known = frame[label].to_numpy(np.float64)[at] if label in beside else np.full(len(at), np.nan)
        ids = [f"{run.id}-{row}" for row in scores.index]
        said = self._said(run)
        target = np.array([said.get(each, there) for each, there in zip(ids, known.tolist(), strict=True)], np.float64)
        users = frame[dataset.id_column].astype(str).to_numpy(object)[at]
        score = scores["probability"].to_numpy(np.float64)
        return _table(model, values, score, target, pd.Timestamp(run.created), users=users, ids=ids)

    def _said(self, run: Run) -> dict[str, float]:
        """What the latest verdict that stands says of each prediction of the run: NaN for unsure."""
        self.ledger.refresh()
        valid = self.ledger.valid()
        ours = valid[valid["prediction"].str.startswith(f"{run.id}-")]
        return dict(zip(ours["prediction"], ours["actual_label"].astype(float), strict=True))


def _table(
    model: Model, values: dict[str, npt.NDArray[np.float64]], score: npt.NDArray[np.float64],
    target: npt.NDArray[np.float64], time: pd.Timestamp, *, users: Any = None, ids: list[str] | None = None,
) -> pa.Table:  # fmt: skip
    columns = {each.name: _column(values[each.name], each.kind, each.levels) for each in model.metadata.features}
    beside = {
        "prediction": score, "target": target, "user_id": users, "prediction_id": ids, "timestamp": [time] * len(score),
    }  # fmt: skip
    for name, content in beside.items():
        kind = _BESIDE[name]
        column = pa.nulls(len(score), kind) if content is None else pa.array(content, from_pandas=True).cast(kind)
        columns[_free(name, model)] = column
    return pa.table(columns)


def _column(values: npt.NDArray[np.float64], kind: str, levels: Levels | None) -> pa.Array:
    if levels is not None:
        return pa.array([None if np.isnan(code) else levels.name(code) for code in values.tolist()], pa.string())
    # Both sides at the precision in which the model gets them, so that the same value is the same.
    column = pa.array(values.astype(np.float32).astype(np.float64), from_pandas=True)
    return column.cast(pa.int64()) if kind in WHOLE and np.all(np.isnan(values) | (values % 1 == 0)) else column


def _alike(one: pa.Table, other: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Both with one schema: a count that has fractions on one side is a number on both."""
    kinds = {
        first.name: first.type if first.type == second.type else pa.float64()
        for first, second in zip(one.schema, other.schema, strict=True)
    }
    schema = pa.schema(list(kinds.items()))
    return one.cast(schema), other.cast(schema)


def _free(name: str, model: Model) -> str:
    """`name`, with underscores where a feature is called so."""
    return name if name not in model.metadata.names else _free(f"{name}_", model)


def _roles(model: Model, run: Run, before: pa.Table, now: pa.Table) -> dict[str, Any]:
    kinds = {each.name: "categorical" if each.kind in _NAMES else "numerical" for each in model.metadata.features}
    by_kind = {kind: [name for name, said in kinds.items() if said == kind] for kind in ("numerical", "categorical")}
    moment: datetime = model.metadata.created
    return {
        "format": FORMAT, "run": run.id, "model": run.model, "trained": moment.isoformat(), **by_kind,
        "prediction": _free("prediction", model), "target": _free("target", model), "id": _free("user_id", model),
        "prediction_id": _free("prediction_id", model), "timestamp": _free("timestamp", model),
        "rows": {BASELINE: len(before), CURRENT: len(now)},
    }  # fmt: skip
