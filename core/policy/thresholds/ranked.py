"""Labelled users by score: sorted once, planned on many times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.errors import BadOptionError, TooFewRowsError
from core.policy.thresholds.cheapest import Curves

Floats = npt.NDArray[np.float64]
#: Cuts that chance is tried on, and a frontier is drawn from.
COARSE: Final = 300
_TINY: Final = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Labelled users as a plan sees them; made by `rank`.

    `cut` (m,): the thresholds that differ in whom they flag, rising, all between 0 and 1: the distinct scores, and
    before them one below the lowest score above 0. `score`, `spam`, `legitimate`, `square` (m + 1,): mean score, weight
    of spammers and of others, and sum of squared weights of the users at or below the first cut, then between each and
    the next, then above the last. `rows`: labelled users.
    """

    cut: Floats
    score: Floats
    spam: Floats
    legitimate: Floats
    square: Floats
    rows: int

    @property
    def users(self) -> Floats:
        """The weight of users in each cell, (m + 1,)."""
        return self.spam + self.legitimate

    @property
    def prevalence(self) -> float:
        """The share of spammers."""
        return float(self.spam.sum() / self.users.sum())

    @property
    def worth(self) -> float:
        """How many users of equal weight they are worth (Kish, Survey Sampling, 1965)."""
        return float(self.users.sum() ** 2 / self.square.sum())

    def coarse(self, most: int = COARSE) -> Ranked:
        """The same users by at most `most` cuts. From each to the next about as many times as many users lie above,
        so that they are close together at the top, where few users decide much.
        """
        if len(self.cut) <= most:
            return self
        above = self.users[::-1].cumsum()  # of the last cell, of the last two ...
        ladder = np.geomspace(max(above[0], above[-1] / self.rows), above[-1], most)
        kept = np.unique(len(self.cut) - 1 - np.searchsorted(above[:-1], ladder[:-1], side="left"))
        kept = kept[kept >= 0]
        starts = np.concatenate([[0], kept + 1])
        users, spam, legitimate, square, weighed = (
            np.add.reduceat(each, starts)
            for each in (self.users, self.spam, self.legitimate, self.square, self.users * self.score)
        )
        middle = 0.5 * (np.concatenate([[0.0], self.cut[kept]]) + np.concatenate([self.cut[kept], [1.0]]))
        score = np.where(users > 0, weighed / np.maximum(users, _TINY), middle)
        return Ranked(self.cut[kept], score, spam, legitimate, square, self.rows)


def rank(probability: npt.ArrayLike, label: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> Ranked:
    """Sort labelled users: calibrated probabilities (n,), labels (n,), 1 for a spammer, and weights (n,) above 0.

    Raises BadOptionError for what is no probability, label or weight, TooFewRowsError without a spammer or without a
    legitimate user.
    """
    p, y, w = _checked(probability, label, weight)
    order = np.argsort(p)
    p, y, w = p[order], y[order], w[order]
    positive, inner = p[p > 0], p[(p > 0) & (p < 1)]
    lowest = positive[0] / 2 if len(positive) else 0.5
    cut = np.concatenate([[lowest] if lowest > 0 else [], inner[np.diff(inner, prepend=-1.0) > 0]])
    cell = np.searchsorted(cut, p, side="left")
    spam, legitimate, square = (
        np.bincount(cell, each, len(cut) + 1).astype(float) for each in (w * y, w * (1 - y), w * w)
    )
    # A cell holds one score, that of the cut at its upper end; the last one those of 1, or nobody.
    score = np.append(cut, 1.0)
    return Ranked(cut, score, spam, legitimate, square, len(p))


def _checked(
    probability: npt.ArrayLike, label: npt.ArrayLike, weight: npt.ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    p, y = np.asarray(probability, float).ravel(), np.asarray(label, float).ravel()
    w = np.ones(len(p)) if weight is None else np.asarray(weight, float).ravel()
    if not len(p) == len(y) == len(w):
        raise BadOptionError("labels", f"{len(y):,} labels and {len(w):,} weights do not fit {len(p):,} scores.")
    if not ((p >= 0) & (p <= 1)).all():
        raise BadOptionError("scores", "must all lie between 0 and 1.")
    if not ((y == 0) | (y == 1)).all():
        raise BadOptionError("labels", "must all be 0 or 1.")
    if not (np.isfinite(w) & (w > 0)).all():
        raise BadOptionError("weights", "must all be numbers above 0.")
    if not 0 < y.sum() < len(y):
        raise TooFewRowsError("What is planned on", int(y.sum()), int(len(y) - y.sum()), 1)
    return p, y, w


def curves(spam: Floats, legitimate: Floats, prevalence: float | None) -> Curves:
    """Users above each cut from users by cell, (r, m + 1) each, at another share of spammers unless it is None.

    Each kind then counts so many times that the share comes out while all together stay as many: what differs is how
    many spammers there are, not how they score (label shift; Saerens, Latinne and Decaestecker, Neural Computation 14,
    2002, 21-41).
    """
    users = spam.sum(axis=1) + legitimate.sum(axis=1)
    if prevalence is not None:
        spam = spam * (prevalence * users / np.maximum(spam.sum(axis=1), _TINY))[:, None]
        legitimate = legitimate * ((1 - prevalence) * users / np.maximum(legitimate.sum(axis=1), _TINY))[:, None]
    above = [each[:, ::-1].cumsum(axis=1)[:, ::-1] for each in (spam, legitimate)]
    return Curves(above[0][:, 1:], above[1][:, 1:], above[0][:, 0], above[0][:, 0] + above[1][:, 0])
