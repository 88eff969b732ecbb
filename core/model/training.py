"""From a stored, labelled dataset to a published version: fit, judge, describe, store."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data import datasets, split
from core.data import schema as schemas
from core.data.datasets import Dataset
from core.data.schema import Schema
from core.errors import SchemaError
from core.files import write_text
from core.jobs import Report
from core.model import baseline, evaluate, registry, train
from core.model.evaluate import Figures, Thresholds
from core.model.metadata import Data, Metadata, Trained
from core.model.registry import Model, Parts
from core.model.score import Scorer, matrix
from core.model.train import Candidate
from core.settings import Settings


def learn(  # noqa: PLR0913 - what a version is made of
    settings: Settings,
    dataset: Dataset,
    schema: Schema,
    thresholds: Thresholds,
    *,
    now: datetime,
    seed: int = 0,
    notice: str = "",
    by: str | None = None,
    progress: train.Progress = lambda _what, _share: None,
) -> str:
    """Train on a labelled dataset and publish the result; returns its version, which nobody promotes here.

    `thresholds`: band -> score above which it begins, for the figures. `notice`: a sentence shown wherever
    the model is; `by`: who has it trained, None when nobody says. Its parent is the version in charge now. Raises
    SchemaError without a label, TooFewRowsError with too few of either class.
    """
    started, parent = time.monotonic(), registry.champion(settings) or ""
    frame = datasets.frame(settings, dataset.id)
    features, label = matrix(frame, schema.names), labels(frame, schema)
    salt = split.salt(settings)
    keys = split.keys(frame, schema, salt)
    candidate = train.fit(features, label, keys, thresholds, name=dataset.name, seed=seed, progress=progress)
    progress("Storing the version", 0.0)
    score = candidate.calibration.probability(train.margin(candidate.booster, features))
    trained = _trained(frame, schema, ~candidate.test)
    metadata = _metadata(candidate, _data(dataset, candidate, salt), trained, now, started)
    return registry.publish(
        settings,
        Parts(
            candidate.booster,
            candidate.calibration,
            replace(metadata, notice=notice, parent=parent, trained_by=by),
            baseline.of(schema.names, features, label, score, candidate.test, seed=seed),
            keys[~candidate.test],
        ),
    )


def labels(frame: pd.DataFrame, schema: Schema) -> train.Labels:
    """1 for a spammer, 0 for a legitimate user, (n,). Raises SchemaError when the schema names no label."""
    if schema.label is None:
        raise SchemaError("data/schema.toml names no label: there is nothing to learn from or to judge by.")
    return frame[schema.label.column].to_numpy(np.float64)


@dataclass(frozen=True, slots=True)
class Judged:
    """Figures of a model on a dataset, and how far they can be trusted.

    `overlap`: how many of the dataset's users the model was trained on, None when that cannot be told
    (the model comes from a home with another salt, or without its users). `only_test_part`: the model was
    trained on this very dataset, so that only its test part was judged.
    """

    figures: Figures
    overlap: int | None
    only_test_part: bool


def judged(
    settings: Settings, model: Model, dataset: Dataset, schema: Schema, thresholds: Thresholds,
    *, progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Judged:  # fmt: skip
    """Judge a model on the labelled rows of a dataset. Raises TooFewRowsError when a class is absent."""
    frame = datasets.frame(settings, dataset.id)
    salt = split.salt(settings)
    keys = split.keys(frame, schema, salt)
    same_home = split.digest(salt) == model.metadata.data.salt
    only_test_part = same_home and dataset.sha256 == model.metadata.data.sha256
    learnt_from = model.users() if same_home else None
    overlap = None if learnt_from is None else int(split.known(keys, learnt_from).sum())
    rows = frame[split.in_test(keys)] if only_test_part else frame
    rows = rows[~np.isnan(labels(rows, schema))]
    label = labels(rows, schema)
    train.both_classes(label, dataset.name)
    score = Scorer(model).score(rows).probability
    return Judged(evaluate.judge(label, score, thresholds, progress=progress), overlap, only_test_part)


def judge_stored(settings: Settings, report: Report, *, model: str, dataset: str, thresholds: Thresholds) -> None:
    """The job behind a page: judge a version on a stored dataset and keep the result."""
    found = judged(
        settings, registry.load(settings, model), datasets.find(settings, dataset), schemas.load(settings.schema_file),
        thresholds, progress=lambda done, of: report(done, of, "Drawing samples for the intervals"),
    )  # fmt: skip
    raw = {"figures": found.figures.as_json(), "overlap": found.overlap, "only_test_part": found.only_test_part}
    write_text(judged_file(settings, model, dataset), json.dumps({"format": 1, **raw}))


def judged_before(settings: Settings, model: str, dataset: str) -> Judged | None:
    """What `judge_stored` found, or None."""
    path = judged_file(settings, model, dataset)
    if not path.is_file():
        return None
    raw = json.loads(path.read_text(encoding="utf-8"))
    return Judged(Figures.from_json(raw["figures"]), raw["overlap"], raw["only_test_part"])


def judged_file(settings: Settings, model: str, dataset: str) -> Path:
    return settings.judged / f"{model}-{dataset}.json"


def _metadata(
    candidate: Candidate, data: Data, features: tuple[Trained, ...], now: datetime, started: float
) -> Metadata:
    return Metadata(
        created=now,
        data=data,
        features=features,
        figures=candidate.figures,
        seed=candidate.seed,
        rounds=candidate.rounds,
        parameters=dict(candidate.options.parameters),
        libraries=_libraries(),
        seconds=round(time.monotonic() - started, 1),
        bias=registry.bias(candidate.booster, len(features)),
    )


def _data(dataset: Dataset, candidate: Candidate, salt: bytes) -> Data:
    tested = int(candidate.test.sum())
    return Data(
        name=dataset.name,
        dataset=dataset.id,
        sha256=dataset.sha256,
        salt=split.digest(salt),
        rows=dataset.accepted,
        positives=dataset.positives or 0,
        trained_on=dataset.accepted - tested,
        tested_on=tested,
    )


def _trained(frame: pd.DataFrame, schema: Schema, seen: Any) -> tuple[Trained, ...]:
    return tuple(_profile(column.name, column.kind, frame[column.name][seen]) for column in schema.features)


def _profile(name: str, kind: str, values: pd.Series[float]) -> Trained:
    if values.notna().any():
        low, high, median = float(values.min()), float(values.max()), float(values.median())
        return Trained(name, kind, low, high, median, int(values.isna().sum()))
    return Trained(name, kind, None, None, None, len(values))


def _libraries() -> dict[str, str]:
    xgboost = "xgboost-cpu" if platform.system() == "Linux" else "xgboost"
    return {"python": platform.python_version(), **{name: installed(name) for name in (xgboost, "numpy", "scipy")}}
