"""What stands of several verdicts on one user: the last one said, whoever said it and for whatever reason.

It is decided here for everybody: figures, training, export and outbox. How the user was chosen is another question, to
which the last draw is the answer: an appeal changes the label of a user drawn at random, not what the label stands for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.feedback.strata import SAMPLED
from core.feedback.verdict import Judgement

Positions = npt.NDArray[np.int64]


class Line(NamedTuple):
    """A verdict on a user that was neither superseded nor withdrawn; lines sort in the order they were said."""

    time: Any
    position: int
    verdict: Judgement
    case: str
    prediction: str = ""

    def about(self, other: Line) -> bool:
        """Whether both were said in one case; an import is, by its prediction, which names no case."""
        return self.prediction == other.prediction or (self.case == other.case != "")


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands: at which position, which label, None where nothing says what the user is, and where it was said
    first: as the platform was told.
    """

    position: int
    label: Judgement | None
    first: Line

    @property
    def case(self) -> str:
        return self.first.case


def standing(lines: Iterable[Line]) -> Standing | None:
    """What stands of these verdicts on one user; None of none.

    Unsure takes the place of a label of the same case only: in another case it says nothing against it.

    >>> one, other = {"case": "c-1", "prediction": "r-0001-1"}, {"case": "c-2", "prediction": "r-0002-1"}
    >>> said = [Line(1, 0, "spammer", **one), Line(3, 1, "legitimate", **one), Line(2, 2, "unsure", **other)]
    >>> found = standing(said)
    >>> (found.position, found.label, found.case)
    (1, 'legitimate', 'c-1')
    >>> standing([*said, Line(4, 3, "unsure", **one)]).label
    """
    now: Standing | None = None
    for line in sorted(lines, key=lambda line: (line.time, line.position)):
        if line.verdict == "unsure":
            if now is None or now.label is None or line.about(now.first):
                now = Standing(line.position, None, line)
        else:
            first = now.first if now is not None and now.label == line.verdict else line
            now = Standing(line.position, line.verdict, first)
    return now


def last(group: npt.NDArray[np.integer], verdicts: pd.DataFrame) -> tuple[Positions, Positions]:
    """Of each group of verdicts the position of the one that stands, and that of the last draw, -1 without; (g,) both.

    group: (k,) numbers from 0, each verdict's user; verdicts: (k,) rows of `Ledger.valid`. Groups come in the order of
    their numbers. A draw is a verdict on somebody who was chosen with a known probability.
    """
    size = int(group.max()) + 1 if len(group) else 0
    stands, draw = np.full(size, -1, np.int64), np.full(size, -1, np.int64)
    # As they were said, so that of several the last one is left.
    order = np.argsort(verdicts["time"].to_numpy("M8[us]"), kind="stable")
    stands[group[order]] = order
    drawn = order[sampled(verdicts)[order]]
    draw[group[drawn]] = drawn
    # Only where somebody was unsure and was judged more than once it depends on what was said before.
    unsure = np.zeros(size, bool)
    unsure[group[(verdicts["verdict"] == "unsure").to_numpy(bool)]] = True
    values = np.flatnonzero(unsure[group] & (np.bincount(group, minlength=size)[group] > 1))
    of_each: dict[int, list[Line]] = {}
    columns = (verdicts[name].iloc[values] for name in ("time", "verdict", "case", "prediction"))
    for position, key, time, *said in zip(values.tolist(), group[values].tolist(), *columns, strict=True):
        of_each.setdefault(key, []).append(Line(time, position, *said))
    for key, lines in of_each.items():
        found = standing(lines)
        stands[key] = found.position if found else -1
    return stands, draw


def sampled(verdicts: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which verdicts are on users who were chosen with a known probability, (k,)."""
    of_sample = verdicts["stratum"].isin(list(SAMPLED)) & verdicts["inclusion"].notna()
    return of_sample.to_numpy(bool)
