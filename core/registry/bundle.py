"""What leaves the registry: a version as it is stored, with its card, or the four files that other programs load.

The four files are pickles. They are written for others and never read here: whoever loads one runs what is in it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from joblib import dump
from sklearn.preprocessing import StandardScaler

from core.errors import BadOptionError
from core.files import replacing
from core.model.trees import Trees
from core.registry.registry import SUMS, Model

CARD: Final = "card.md"
DETECTOR: Final = "spammer_detector.pkl"
SCALER: Final = "scaler.pkl"
MAPPING: Final = "feature_mapping.pkl"
METRICS: Final = "model_metrics.json"
_CALIBRATION: Final = "log-odds = a ln p - b ln(1 - p) + c, where p is predict_proba of spammer_detector.pkl"


def export(model: Model, folder: Path, card: str) -> None:
    """Copy a version's files and its card into a new folder; put into another home's `models/`, it can be loaded there.

    Raises BadOptionError when the folder is there already, StorageError when it cannot be written.
    """

    def write(target: Path) -> None:
        for line in (model.folder / SUMS).read_text(encoding="ascii").splitlines():
            shutil.copyfile(model.folder / line.partition("  ")[2], target / line.partition("  ")[2])
        shutil.copyfile(model.folder / SUMS, target / SUMS)

    _export(folder, card, write)


def export_bundle(model: Model, folder: Path, card: str) -> None:
    """Write the four classic files and the card into a new folder; joblib, scikit-learn and xgboost are all they need.

    `spammer_detector.pkl`: an XGBClassifier, whose probabilities are not calibrated; `scaler.pkl`: a StandardScaler
    that changes nothing, because trees need no scaling, but knows number and names of the columns;
    `feature_mapping.pkl`: feature name -> position of its column; `model_metrics.json`: the figures, and the
    calibration with its formula. Raises as `export` does.
    """

    def write(target: Path) -> None:
        if not isinstance(model.predictor, Trees):
            raise TypeError(f"{model.version} is no classifier of scikit-learn")
        dump(model.predictor.classifier(), target / DETECTOR)
        dump(_scaler(model.metadata.names), target / SCALER)
        dump({name: position for position, name in enumerate(model.metadata.names)}, target / MAPPING)
        (target / METRICS).write_text(metrics(model), encoding="utf-8", newline="\n")

    _export(folder, card, write)


def metrics(model: Model) -> str:
    """`model_metrics.json`: the figures, and the calibration with its formula."""
    return json.dumps(_metrics(model), indent=1) + "\n"


def _export(folder: Path, card: str, write: Callable[[Path], None]) -> None:
    if os.path.lexists(folder):
        raise BadOptionError("--output", f"{folder} is there already: name a folder that is not.")
    with replacing(folder) as target:
        target.mkdir()
        write(target)
        (target / CARD).write_text(card, encoding="utf-8", newline="\n")


def _scaler(names: tuple[str, ...]) -> StandardScaler:
    scaler = StandardScaler(with_mean=False, with_std=False)
    return scaler.fit(pd.DataFrame(np.zeros((1, len(names))), columns=list(names)))


def _levels(model: Model) -> dict[str, list[str]]:
    """Of each column of words what its codes 0, 1 ... stand for; the last may be all other words."""
    return {name: [*levels.words, *["(other words)"] * levels.other] for name, levels in model.metadata.levels.items()}


def _metrics(model: Model) -> dict[str, Any]:
    a, b, c = model.calibration.a, model.calibration.b, model.calibration.c
    return {
        "model_version": model.version,
        "trained": model.metadata.created.isoformat(),
        **model.metadata.figures.as_json(),
        "calibration": {"a": a, "b": b, "c": c, "formula": _CALIBRATION},
    } | ({"levels": levels} if (levels := _levels(model)) else {})
