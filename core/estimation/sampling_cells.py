"""The users of a run in cells, by band and by how they were chosen: what is known of each before and after judging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.policy.bands import BANDS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
#: Cells: position in BANDS times two, plus one where the users were drawn at random.
CELLS: Final = 2 * len(BANDS)


@dataclass(frozen=True, slots=True)
class Users:
    """What is known of all users of a run without a label; all arrays (8,), one entry a cell.

    `size` users; sums over them of the calibrated `score` p and of `seen` = inclusion x p, the spammers expected to be
    chosen; `spread`, the sum of p / inclusion; the `lowest` and `highest` inclusion.
    """

    size: Floats
    score: Floats
    seen: Floats
    spread: Floats
    lowest: Floats
    highest: Floats

    @classmethod
    def of(cls, severity: npt.ArrayLike, probability: npt.ArrayLike, inclusion: npt.ArrayLike) -> Users:
        """From the users of a run, (n,) each: position in BANDS, calibrated score, total inclusion in (0, 1]."""
        pi, p = np.asarray(inclusion, np.float64), np.asarray(probability, np.float64)
        if not ((pi > 0) & (pi <= 1)).all():
            raise ValueError("Every user needs an inclusion probability in (0, 1].")
        cell = cells(severity, pi)
        lowest, highest = np.ones(CELLS), np.zeros(CELLS)
        np.minimum.at(lowest, cell, pi)
        np.maximum.at(highest, cell, pi)
        size, score, seen, spread = (
            np.bincount(cell, each, CELLS).astype(np.float64) for each in (np.ones_like(p), p, pi * p, p / pi)
        )
        return cls(size, score, seen, spread, lowest, highest)


@dataclass(frozen=True, slots=True)
class Labels:
    """What became of the users chosen, (m,) each: position in BANDS, total inclusion, label, and whether judged.

    label: 1 spammer, 0 legitimate, NaN while not judged and where the verdict is `unsure`. Only labels of the strata
    that are sampled belong here; golden, second, flip and appeal labels stand for nobody else.
    """

    severity: npt.NDArray[np.int64]
    inclusion: Floats
    label: Floats
    judged: Bools

    @property
    def unsure(self) -> Bools:
        return np.asarray(self.judged & np.isnan(self.label))

    def with_unsure(self, flagged: float, others: float, review: int) -> Labels:
        """As if every unsure user from band `review` on had the label `flagged`, the milder ones the label `others`."""
        guess = np.where(self.severity >= review, flagged, others)
        return Labels(self.severity, self.inclusion, np.where(self.unsure, guess, self.label), self.judged)


def cells(severity: npt.ArrayLike, inclusion: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The cell of each user, (n,): two a band, of those certain to be judged and of those drawn at random."""
    return 2 * np.asarray(severity, np.int64) + (np.asarray(inclusion) < 1)
