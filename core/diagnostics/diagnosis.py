"""What the deeper looks at one version share: how it is asked, what its features are, and where results are kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core import formats
from core.evaluation.resample import Floats
from core.files import within, write_kept
from core.model.learner import Matrix
from core.registry.metadata import PHRASES, Trained
from core.registry.registry import Model
from core.schema.schema import Column, Schema

#: Raised when the same version and users would give other results than before.
FORMAT: Final = 1


def predictor(model: Model) -> Callable[[Matrix], Floats]:
    """Calibrated probabilities (m,) of features (m, f) in the model's order."""
    return lambda features: model.calibration.probability(model.predictor.margin(features))


def column(schema: Schema, feature: Trained) -> Column:
    """What a feature of a model is: as the schema says; as it was in training where the schema no longer names it."""
    if feature.name in schema.names:
        return schema.feature(feature.name)
    if feature.kind == PHRASES:
        return Column(feature.name, "count", 0)
    return Column(feature.name, feature.kind)  # type: ignore[arg-type]  # a kind that a schema had


@dataclass(frozen=True, slots=True, eq=False)
class Diagnoses:
    """Results of diagnostics, kept in `folder`."""

    folder: Path

    def file(self, version: str, dataset: str, kind: str) -> Path:
        return within(self.folder / "deeper", f"{version}-{dataset[:16]}-{kind}").with_suffix(".json")

    def keep(self, version: str, dataset: str, kind: str, raw: Mapping[str, Any]) -> None:
        """Store a result as JSON, in place of the one before."""
        text = json.dumps({"format": FORMAT, "dataset": dataset, **raw}, allow_nan=False)
        write_kept(self.file(version, dataset, kind), text + "\n")

    def kept(self, version: str, dataset: str, kind: str) -> dict[str, Any] | None:
        """A stored result; None where there is none, or one of an older format or another dataset.

        Raises NewerFormatError."""
        path = self.file(version, dataset, kind)
        if not path.is_file():
            return None
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = formats.number(raw.get("format", 1), formats.shown(path), FORMAT)
        return raw if (found, raw["dataset"]) == (FORMAT, dataset) else None
