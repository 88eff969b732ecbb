"""How good a model is for texts of each language and of each length: small parts that a figure of all hides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.evaluation.estimate import Estimate
from core.evaluation.paired import area_error
from core.explore.interval import wilson
from core.schema.column import TEXT_PARTS
from core.schema.languages import LANGUAGES

#: Characters up to which a text belongs to a band.
LENGTHS: Final = (40, 140, 500)
_PARTS: Final = ("language", "characters")
FIGURES: Final = ("roc_auc", "precision", "recall", "fpr")
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SegmentFigures:
    """Figures of the n users whose `column` is `segment`: ROC-AUC (DeLong), and above the threshold at which a band
    begins precision, recall and FPR (Wilson).
    """

    column: str
    segment: str
    n: int
    positives: int
    above: float
    figures: Mapping[str, Estimate]

    def as_json(self) -> dict[str, Any]:
        raw = {"column": self.column, "segment": self.segment, "n": self.n, "positives": self.positives}
        return raw | {"above": self.above} | {name: each.as_json() for name, each in self.figures.items()}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> SegmentFigures:
        figures = {name: Estimate.from_json(raw[name]) for name in FIGURES}
        return cls(raw["column"], raw["segment"], raw["n"], raw["positives"], raw["above"], figures)


def columns(frame: pd.DataFrame, texts: Sequence[str]) -> list[str]:
    """The columns of a table of users that `judge` looks at."""
    return [name for text in texts for name in map(_column, [text] * 2, _PARTS) if name in frame]


def judge(
    frame: pd.DataFrame, texts: Sequence[str], label: Floats | Bools, score: Floats, above: float
) -> tuple[SegmentFigures, ...]:  # fmt: skip
    """Of users with label (n,) of 0 and 1 and score (n,): a segment for each language and length of each text that is
    there, most users first, and one for those without the text. frame (n rows): what is counted in the texts.
    """
    y = label == 1
    return tuple(
        SegmentFigures(column, name, int(chosen.sum()), int(y[chosen].sum()), above, _figures(y, score, chosen, above))
        for text in texts for column, parts in _parts(frame, text) for name, chosen in parts
    )  # fmt: skip


def _parts(frame: pd.DataFrame, text: str) -> Iterator[tuple[str, list[tuple[str, Bools]]]]:
    for part, named in zip(_PARTS, (_languages, _lengths), strict=True):
        column = _column(text, part)
        if column in frame:
            values = frame[column].to_numpy(np.float64)
            there = [(name, chosen) for name, chosen in named(values) if chosen.any()]
            yield column, sorted(there, key=lambda each: (each[0] == "missing", -int(each[1].sum())))


def _column(text: str, part: str) -> str:
    return f"{text} ({TEXT_PARTS[part].name})"


def _languages(values: Floats) -> Iterable[tuple[str, Bools]]:
    return [*((name, values == at) for at, name in enumerate(LANGUAGES)), ("missing", np.isnan(values))]


def _lengths(values: Floats) -> Iterable[tuple[str, Bools]]:
    first = [0, *(each + 1 for each in LENGTHS[:-1])]
    bands = [(f"{low} to {high}", (values >= low) & (values <= high)) for low, high in zip(first, LENGTHS, strict=True)]
    return [*bands, (f"over {LENGTHS[-1]}", values > LENGTHS[-1]), ("missing", np.isnan(values))]


def _figures(y: Bools, score: Floats, chosen: Bools, above: float) -> dict[str, Estimate]:
    label, flagged = y[chosen], score[chosen] > above
    return {
        "roc_auc": _area(label, score[chosen]),
        "precision": _share(flagged & label, flagged),
        "recall": _share(flagged & label, label),
        "fpr": _share(flagged & ~label, ~label),
    }


def _share(events: Bools, of: Bools) -> Estimate:
    if not of.any():
        return Estimate(None, None, None)
    low, high = wilson(int(events.sum()), int(of.sum()))
    return Estimate(float(events.sum() / of.sum()), float(low), float(high))


def _area(label: Bools, score: Floats) -> Estimate:
    """On the scale of log-odds, where intervals of areas near 1 are honest (Pepe 2003, section 5.2.4)."""
    if label.all() or not label.any():
        return Estimate(None, None, None)
    area, error = area_error(label, score)
    if not 0 < area < 1 or not error > 0:
        return Estimate(area, None, None)
    odds, half = np.log(area / (1 - area)), 1.959964 * error / (area * (1 - area))
    low, high = (float(1 / (1 + np.exp(-(odds + way * half)))) for way in (-1, 1))
    return Estimate(area, low, high)
