"""What an MLflow server is told of a training run, or of a version that has none here: parameters, figures, tags."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.evaluation.metrics import Figures
from core.hub.tracking_server import Record
from core.registry.metadata import Data, Metadata
from core.training.training_runs import TrainingRun

#: What a name may not have there.
_STRANGE: Final = re.compile(r"[^\w\-. /:]")
_FIGURE: Final = frozenset({"value", "low", "high"})


def of_run(run: TrainingRun, home: str) -> Record:
    """home: what tells the training runs of one home from those of others."""
    options = dict(_flat(run.options))
    metrics = [*_metrics(run.figures), ("training_pr_auc", run.training_pr_auc, 0), ("seconds", run.seconds, 0)]
    metrics += [("fold_pr_auc", value, number) for number, value in enumerate(run.folds, 1)]
    if run.rounds is not None:
        metrics.append(("rounds", float(run.rounds), 0))
    if run.validation is not None:
        found = {"pr_auc": run.validation.pr_auc, "brier": run.validation.brier, "ece": run.validation.ece}
        metrics += [(f"validation/{name}", value, 0) for name, value in found.items()]
    tags = {"trustdesk.training_run": run.id, "trustdesk.version": run.version}
    tags |= {"trustdesk.cautions": " ".join(each.sentence for each in run.cautions or ())}
    parameters = {"family": run.family, "seed": str(run.seed), **options, **_data(run.data)}
    return Record(
        f"{home}/{run.id}", run.id, run.created, run.seconds, run.by or "", parameters, _finite(metrics),
        {name: value for name, value in tags.items() if value}, run.data.name, run.data.sha256,
    )  # fmt: skip


def of_version(version: str, known: Metadata, home: str) -> Record:
    """Of a version that no training run of this home has made."""
    metrics = [*_metrics(known.figures), ("seconds", known.seconds, 0), ("rounds", float(known.rounds), 0)]
    parameters = {"seed": str(known.seed), **dict(_flat(known.parameters)), **_data(known.data)}
    return Record(
        f"{home}/{version}", version, known.created, known.seconds, known.trained_by or "", parameters,
        _finite(metrics), {"trustdesk.version": version}, known.data.name, known.data.sha256,
    )  # fmt: skip


def figures_file(figures: Figures) -> bytes:
    """All figures, the curve of calibration among them, as JSON."""
    return (json.dumps(figures.as_json(), indent=1, ensure_ascii=False) + "\n").encode()


def _data(data: Data) -> dict[str, str]:
    return {
        "data": data.name, "data_sha256": data.sha256, "data_rows": str(data.rows),
        "data_positives": str(data.positives), "trained_on": str(data.trained_on), "tested_on": str(data.tested_on),
    }  # fmt: skip


def _flat(options: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in options.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield _STRANGE.sub("_", f"{before}{name}"), str(value)


def _metrics(figures: Figures) -> list[tuple[str, float | None, int]]:
    return [(_STRANGE.sub("_", name), value, 0) for name, value in _numbers(figures.as_json(), "")]


def _numbers(raw: Mapping[str, Any], before: str) -> Iterator[tuple[str, float | None]]:
    """Every figure by its path, with the ends of its interval beside it; lists are in the file of figures alone."""
    for name, value in raw.items():
        if isinstance(value, Mapping) and value.keys() == _FIGURE:
            yield f"{before}{name}", value["value"]
            yield f"{before}{name}_low", value["low"]
            yield f"{before}{name}_high", value["high"]
        elif isinstance(value, Mapping):
            yield from _numbers(value, f"{before}{name}/")
        elif isinstance(value, int | float):
            yield f"{before}{name}", float(value)


def _finite(metrics: list[tuple[str, float | None, int]]) -> list[tuple[str, float, int]]:
    """Those that are defined: a figure that is not is no 0."""
    return [(name, value, step) for name, value, step in metrics if value is not None and math.isfinite(value)]
