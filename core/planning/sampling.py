"""How users are drawn: with a probability that is known, rises from plan to plan, and is above 0 in every band.

A user keeps one permanent random number, and is chosen as soon as it lies below the user's inclusion. So the users of
one plan are among those of the next, what is chosen depends on nobody else's number and on no label, and a label
stands for 1 / inclusion users, whichever plan has asked for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from core.policy.bands import BANDS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
#: How the random places are spread: a part evenly over users, a part evenly over bands, the rest by how uncertain the
#: label is. Chosen by simulated runs of 458,798 users. Without the part for bands intervals of the precision of
#: `human_review` and `auto_remove` are three and four times as wide; recall loses nothing by it.
EVEN: Final = 0.4
BANDED: Final = 0.2
#: A label stands for no more users of its band than this, as soon as the labels of the band suffice for that.
MOST_STANDS_FOR: Final = 1_000
#: Of so many users nearest to the review threshold the uncertain picks are chosen, or of three times their number.
NEAREST: Final = 300
#: At least this share of the certain cases is judged without the score, and at most that: where far more users are
#: drawn at random than are certain, reviewers would otherwise never see a score and the reasons for it.
BLIND, MOST_BLIND = 0.2, 0.5
#: Halvings until a level is exact.
_HALVINGS: Final = 60


def draws(ids: Sequence[str], salt: bytes, purpose: bytes = b"audit") -> Floats:
    """A permanent random number in [0, 1) for each user, (n,), from a salted hash of the id; others for each purpose.

    Other than the hash that splits off the test part, and independent of it. As a user keeps the number, the samples
    of successive runs are nested: whoever a run chooses with probability a, any run with b >= a chooses too, so the
    probability to be chosen by any of several runs is the largest of theirs (Ohlsson, "Coordination of samples using
    permanent random numbers", in Business Survey Methods, 1995).
    """
    cells = [hashlib.blake2b(each.encode(), key=salt, person=purpose, digest_size=8).digest() for each in ids]
    return _uniform(b"".join(cells))


def risen(score: Floats, severity: npt.NDArray[np.integer], before: Floats, expected: float) -> Floats:
    """Inclusion probabilities (n,) that are nowhere below `before` and add `expected` users to them, or all there are.

    Each user has a target that rises with one level over all users; whoever is above it already waits until the level
    has reached them. So users of a new file are caught up with first.
    """
    if (1 - before).sum() <= expected:
        return np.ones_like(before)
    if expected <= 0:
        return before
    bands = _Bands(score, severity)
    low, high, sought = 0.0, bands.full, float(before.sum()) + expected
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(before, bands.target(middle)).sum() < sought else (low, middle)
    return np.maximum(before, bands.target(high))


class _Bands:
    """The users of a plan by band, each with its size: in proportion to what it is worth to draw them."""

    def __init__(self, score: Floats, severity: npt.NDArray[np.integer]) -> None:
        size = sizes(score, severity)
        rows = [np.flatnonzero(severity == band) for band in range(len(BANDS))]
        self._n = len(score)
        self._bands = [_Band(of, size[of]) for of in rows if len(of)]

    @property
    def full(self) -> float:
        """The level from which everybody is certain to be drawn."""
        return max(band.full for band in self._bands)

    def target(self, level: float) -> Floats:
        """The inclusion of each user at a level, (n,): the level is the number of users drawn, until a band is full."""
        found = np.empty(self._n)
        for band in self._bands:
            found[band.rows] = band.target(level)
        return found


class _Band:
    """The users of one band, at positions `rows`, of these sizes.

    The sum of clip(scale * size, least, 1) over them is piecewise linear in the scale: `_scales` are where it bends,
    `_labels` what it is there.
    """

    def __init__(self, rows: npt.NDArray[np.intp], size: Floats) -> None:
        self.rows, self._size, self._least = rows, size, 1 / MOST_STANDS_FOR
        ordered = np.sort(size)
        sums = np.concatenate([[0.0], np.cumsum(ordered)])
        self._total = float(sums[-1])
        self._scales = np.sort(np.concatenate([self._least / ordered, 1 / ordered]))
        below = np.searchsorted(ordered, self._least / self._scales)
        above = np.searchsorted(ordered, 1 / self._scales)
        between = self._scales * (sums[above] - sums[below])
        self._labels = below * self._least + between + (len(ordered) - above)

    @property
    def full(self) -> float:
        return len(self._size) / self._total

    def target(self, level: float) -> Floats:
        """Equal for all while that stands for more than `MOST_STANDS_FOR` users; then by size, none below that."""
        n = len(self._size)
        labels = min(level * self._total, float(n))
        if labels <= self._least * n or labels >= n:
            return np.full(n, labels / n)
        scale = float(np.interp(labels, self._labels, self._scales))
        return np.asarray(np.clip(scale * self._size, self._least, 1))


def sizes(score: Floats, severity: npt.NDArray[np.integer]) -> Floats:
    """What drawing each user is worth, (n,), summing to 1, from scores and bands (n,).

    Mostly proportional to the standard deviation sqrt(p (1 - p)) of the label, which is best for a total where the
    scores are right (Neyman, JRSS 97, 1934; for unequal probabilities Isaki and Fuller, JASA 77, 1982, theorem 3).
    EVEN of it is the same for everybody and BANDED the same for every band.
    """
    spread = np.sqrt(score * (1 - score))
    in_band = np.bincount(severity, minlength=len(BANDS))
    parts = [(EVEN, np.ones_like(score)), (BANDED, 1 / in_band[severity]), (1 - EVEN - BANDED, spread)]
    size = sum((share * part / part.sum() for share, part in parts if part.any()), start=np.zeros_like(score))
    return np.asarray(size / size.sum())


def picks(gap: Floats, most: int, features: npt.ArrayLike | None = None) -> list[int]:
    """Positions of up to `most` users with the smallest gap (n,) to the threshold, in rising order of the gap.

    features: (n, f), what they are to differ in, NaN for missing; the users are then the nearest (`nearest`) of a plan.
    """
    order = np.argsort(gap, kind="stable")
    if features is None:
        return [int(at) for at in order[:most]]
    return [int(order[at]) for at in farthest(_ranks(np.asarray(features)[order]), most)]


def nearest(gap: Floats, most: int) -> npt.NDArray[np.intp]:
    """Positions of the users among whom `most` picks are chosen: the nearest to the threshold."""
    return np.argsort(gap, kind="stable")[: max(NEAREST, 3 * most)]


def _ranks(features: npt.NDArray[np.number]) -> Floats:
    """Features as ranks in (0, 1], so that none outweighs another by its unit; a missing value lies in the middle."""
    from scipy.stats import rankdata  # noqa: PLC0415 - a second that most commands need not wait for

    values = features.astype(np.float64)
    known = np.maximum((~np.isnan(values)).sum(axis=0), 1)
    ranks: Floats = rankdata(values, axis=0, nan_policy="omit") / known
    return np.nan_to_num(ranks, nan=0.5)


def farthest(points: Floats, most: int) -> list[int]:
    """Positions of up to `most` of (n, f) points: the first, then each time the one farthest from all taken.

    The greedy 2-approximation of the k-centre problem (Gonzalez, Theoretical Computer Science 38, 1985).

    >>> farthest(np.array([[0.0], [0.1], [1.0], [0.4]]), 3)
    [0, 2, 3]
    """
    taken: list[int] = []
    gap = np.full(len(points), np.inf)
    while len(taken) < min(most, len(points)):
        taken.append(int(np.argmax(gap)))
        gap = np.minimum(gap, np.linalg.norm(points - points[taken[-1]], axis=1))
        gap[taken] = -1  # also where all points are one
    return taken


def blind(certain: Bools, chosen: Bools, draw: Floats) -> Bools:
    """Who of the chosen is judged blind, (n,): all but the certain ones, and some of these.

    A case without score so does not tell how its user was chosen.
    """
    found: Bools = chosen & ~certain
    rows = np.flatnonzero(chosen & certain)
    many = max(min(int(found.sum()), int(MOST_BLIND * len(rows))), int(np.ceil(BLIND * len(rows))))
    # Hashed again: the draw itself would make those blind who are likely to be drawn in other runs.
    hashed = _uniform(b"".join(hashlib.blake2b(each.tobytes(), person=b"blind", digest_size=8).digest()
                               for each in draw[rows]))  # fmt: skip
    found[rows[np.argsort(hashed, kind="stable")[:many]]] = True
    return found


def _uniform(digests: bytes) -> Floats:
    """Numbers in [0, 1) of 8 bytes each. Of 64 bits a double keeps 53; the shift keeps the largest below 1."""
    return (np.frombuffer(digests, dtype=">u8") >> np.uint64(11)).astype(np.float64) / 2.0**53
