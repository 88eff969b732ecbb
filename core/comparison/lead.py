"""The answer of a comparison: ranking, calibration, and decisions at equal capacity, in this order.

Thresholds compare two models only where their probabilities mean the same. Where one side runs too high or too low,
what differs above a threshold says nothing of which model is better, and is said to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.comparison.paired_metrics import Comparison
from core.evaluation import calibration, capacity
from core.evaluation.calibration import Calibration
from core.evaluation.capacity import Decisions
from core.evaluation.metrics import FEW
from core.evaluation.resample import Floats
from core.wording import count

#: The band whose users wait for a person; those of severer bands count too.
REVIEW: Final = "human_review"
#: Numbers of flagged users this many times apart are two different cuts.
APART: Final = 1.5
_WHAT: Final = {
    "score": "scores, not probabilities{why}: calibration, Brier score, ECE and what follows from thresholds are left "
    "out.",
    "label": "labels alone{why}: ranking, calibration and what follows from thresholds are left out; it is held at its "
    "own cut against the other one flagging as many.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TwoCuts:
    """A threshold above which a and b flag very different numbers of users because probabilities are off."""

    band: str
    above: float
    a: str
    b: str
    flagged_a: int
    flagged_b: int
    because: str

    @property
    def sentence(self) -> str:
        return (
            f"{self.a} flags {count(self.flagged_a, 'user')} and {self.b} {self.flagged_b:,} above {self.band} "
            f"({self.above:g}), because {self.because}: these are two different cuts, and the figures above "
            f"{self.band} do not say which model is better."
        )

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "sentence": self.sentence}


@dataclass(frozen=True, slots=True)
class Lead:
    """What is said first of a comparison. `calibrations`: of the sides that hold probabilities, a first."""

    ranking: str
    calibration: str
    calibrations: tuple[Calibration, ...]
    decisions: Decisions
    two_cuts: tuple[TwoCuts, ...]
    left_out: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, str, str]:
        return self.ranking, self.calibration, self.decisions.sentence

    def told(self, comparison: Comparison) -> list[str]:
        """Every other test in a sentence; where thresholds are two different cuts, that instead of their tests."""
        instead = {each.band: each.sentence for each in self.two_cuts}
        tests = [each.sentence for each in comparison.differences if each.band not in instead]
        tests += [each.sentence for each in comparison.verdicts if each.band not in instead]
        return [*tests[1:], *instead.values()] if comparison.differences else tests

    def as_json(self) -> dict[str, Any]:
        return {
            "ranking": self.ranking, "calibration": self.calibration, "decisions": self.decisions.as_json(),
            "calibrations": {each.name: each.as_json() for each in self.calibrations},
            "two_cuts": [each.as_json() for each in self.two_cuts], "left_out": list(self.left_out),
        }  # fmt: skip


def of(
    comparison: Comparison, label: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike, *,
    thresholds: Mapping[Any, float] | None = None, day: int = 0,
) -> Lead:  # fmt: skip
    """label (n,) of 0 and 1; a and b (n,) as the contenders gave them.

    `thresholds`: of the policy, for a side that has probabilities where the other has none; else those compared are
    meant. `day`: how many users are reviewed in a day, 0 where that is not known.
    """
    y, scores = np.asarray(label, np.float64), (np.asarray(a, np.float64), np.asarray(b, np.float64))
    names = comparison.a, comparison.b
    sides = tuple(zip(names, comparison.kinds, scores, strict=True))
    calibrations = tuple(calibration.of(name, y, each) for name, kind, each in sides if kind == "probability")
    given = comparison.figures[0].thresholds or thresholds or {}
    return Lead(
        ranking=comparison.sentence,
        calibration=_calibration(comparison, calibrations),
        calibrations=calibrations,
        decisions=_decisions(comparison, y, scores, {str(band): above for band, above in given.items()}, day),
        two_cuts=tuple(_two_cuts(comparison, scores, calibrations)),
        left_out=tuple(
            f"{name} holds {_WHAT[kind].format(why=note)}"
            for name, kind, note in zip(names, comparison.kinds, comparison.notes, strict=True)
            if kind != "probability"
        ),
    )


def _calibration(comparison: Comparison, found: tuple[Calibration, ...]) -> str:
    if not found:
        return f"Neither {comparison.a} nor {comparison.b} holds probabilities: there is no calibration to compare."
    said = calibration.sentence(list(found))
    without = [
        name for name, kind in zip((comparison.a, comparison.b), comparison.kinds, strict=True) if kind != "probability"
    ]
    return said + "".join(f" {name} holds no probabilities." for name in without)


def _decisions(
    comparison: Comparison, y: Floats, scores: tuple[Floats, Floats], thresholds: Mapping[str, float], day: int
) -> Decisions:
    names = comparison.a, comparison.b
    labels = [kind == "label" for kind in comparison.kinds]
    if all(labels):
        return capacity.held(f"as many as {names[0]} flags", names, y, *scores)
    if any(labels):
        own = labels.index(True)
        k, why = int(scores[own].sum()), f"as many as {names[own]} flags"
    else:
        k, why = _for_review(comparison, y, scores, thresholds)
        if 0 < day < k:
            k, why = day, "the capacity of a day"
    a, b = (each if own else capacity.chosen(each, k) for own, each in zip(labels, scores, strict=True))
    return capacity.held(why, names, y, a, b)


def _for_review(
    comparison: Comparison, y: Floats, scores: tuple[Floats, Floats], thresholds: Mapping[str, float]
) -> tuple[int, str]:
    """How many the first flags for review, or the second where the first has no threshold or flags nobody."""
    if REVIEW in thresholds:
        for name, kind, score in zip((comparison.a, comparison.b), comparison.kinds, scores, strict=True):
            flagged = int((score > thresholds[REVIEW]).sum())
            if kind == "probability" and flagged:
                return flagged, f"as many as {name} flags for review"
    return int(y.sum()), "as many as there are spammers"


def _two_cuts(
    comparison: Comparison, scores: tuple[Floats, Floats], calibrations: tuple[Calibration, ...]
) -> list[TwoCuts]:
    found = []
    for band, above in comparison.figures[0].thresholds.items():
        of_a, of_b = (int((each > above).sum()) for each in scores)
        few, many = sorted((of_a, of_b))
        if many - few < FEW or many < APART * few:
            continue
        more, fewer = calibrations if of_a > of_b else calibrations[::-1]
        causes = [each.words for each in (more,) if each.off and each.factor > 1]
        causes += [each.words for each in (fewer,) if each.off and each.factor < 1]
        if causes:
            because = " and ".join(causes)
            found.append(TwoCuts(str(band), above, comparison.a, comparison.b, of_a, of_b, because))
    return found
