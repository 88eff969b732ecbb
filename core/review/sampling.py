"""Who of a run is judged by a person: decided when the run is queued, so that every label knows what it stands for.

Certain are the highest scores that call for a review, as many as there is capacity for; uncertain are users near the
review threshold, unlike each other, from whom a model learns most. Everybody else is drawn at random with a known
probability above 0 in every band: without them nobody would ever see what was missed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from core.errors import BadOptionError
from core.feedback.strata import STRATA, Stratum
from core.policy.decide import decide
from core.policy.policy import BANDS, Policy

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]
#: How the audit is spread: a part evenly over users, a part evenly over bands, the rest by how uncertain the label is.
#: Chosen by simulated runs at 1 % of 458,798 users. The even part keeps weights below 1 / (EVEN x audit); at .25 the
#: interval of recall is a tenth wider where spammers hide among the lowest scores (.103 against .094), at .5 nothing is
#: gained. Without the part for bands (EVEN .5) intervals of the precision of `human_review` and `auto_remove` are three
#: and four times as wide, and at 20,000 users two runs in three draw none of the latter; recall loses nothing by it.
EVEN: Final = 0.4
BANDED: Final = 0.2
#: Of so many users nearest to the review threshold the uncertain picks are chosen, or of three times their number.
NEAREST: Final = 300
#: At least this share of the certain cases is judged without the score, and at most that: where far more users are
#: drawn at random than are certain, reviewers would otherwise never see a score and the reasons for it.
BLIND, MOST_BLIND = 0.2, 0.5
_CERTAIN: Final = STRATA.index("certain")
_RANDOM: Final = STRATA.index("random")
_UNCERTAIN: Final = STRATA.index("uncertain")


@dataclass(frozen=True, slots=True)
class Rules:
    """At most `capacity` certain cases and `uncertain` ones; random ones `audit` times the number of users."""

    capacity: int
    audit: float = 0.01
    uncertain: int = 0

    def __post_init__(self) -> None:
        if self.capacity < 0 or self.uncertain < 0:
            raise BadOptionError("sampling", "capacity and uncertain are numbers of cases; give 0 or more.")
        if not 0 < self.audit <= 1:
            raise BadOptionError("audit", f"{self.audit} is no share of the users; give one above 0, up to 1.")


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan for n users, all (n,): position in STRATA, inclusion in (0, 1], chosen or not, judged blind or not."""

    stratum: Codes
    inclusion: Floats
    chosen: Bools
    blind: Bools

    def names(self) -> list[Stratum]:
        """The stratum of each user by name, (n,)."""
        return [STRATA[code] for code in self.stratum.tolist()]


def draws(ids: Sequence[str], salt: bytes) -> Floats:
    """A permanent random number in [0, 1) for each user, (n,), from a salted hash of the id.

    Other than the hash that splits off the test part, and independent of it. As a user keeps the number, the samples
    of successive runs are nested: whoever a run chooses with probability a, any run with b >= a chooses too, so the
    probability to be chosen by any of several runs is the largest of theirs (Ohlsson, "Coordination of samples using
    permanent random numbers", in Business Survey Methods, 1995).
    """
    cells = [hashlib.blake2b(each.encode(), key=salt, person=b"audit", digest_size=8).digest() for each in ids]
    return _uniform(b"".join(cells))


def plan(
    probability: npt.ArrayLike, policy: Policy, draw: npt.ArrayLike, *, rules: Rules,
    features: npt.ArrayLike | None = None,
) -> Plan:  # fmt: skip
    """Who is judged, from calibrated scores (n,) and permanent random numbers `draw` (n,).

    features: (n, f), what uncertain picks are to differ in, NaN for missing; without them the nearest are taken. The
    rest is a Poisson sample: each user is chosen when draw < inclusion, independently of all others.
    """
    score, number = np.asarray(probability, np.float64), np.asarray(draw, np.float64)
    stratum = np.full(len(score), _RANDOM, np.int8)
    stratum[_certain(score, policy, rules.capacity)] = _CERTAIN
    stratum[_uncertain(score, policy.review, np.flatnonzero(stratum != _CERTAIN), rules, features)] = _UNCERTAIN
    random = stratum == _RANDOM
    inclusion = np.ones(len(score))
    inclusion[random] = inclusions(score[random], decide(policy, score[random]).severity, rules.audit * len(score))
    chosen = number < inclusion
    return Plan(stratum, inclusion, chosen, _blind(stratum, chosen, number))


def inclusions(score: Floats, severity: npt.NDArray[np.integer], expected: float) -> Floats:
    """Inclusion probabilities (n,) that sum to `expected` users, or to n where that is less; scores and bands (n,).

    Mostly proportional to the standard deviation sqrt(p (1 - p)) of the label, which is best for a total where the
    scores are right (Neyman, JRSS 97, 1934; for unequal probabilities Isaki and Fuller, JASA 77, 1982, theorem 3).
    EVEN of them is the same for everybody and BANDED the same for every band.
    """
    if not len(score):
        return np.ones(0)
    spread = np.sqrt(score * (1 - score))
    in_band = np.bincount(severity, minlength=len(BANDS))
    parts = [(EVEN, np.ones_like(score)), (BANDED, 1 / in_band[severity]), (1 - EVEN - BANDED, spread)]
    size = sum((share * part / part.sum() for share, part in parts if part.any()), start=np.zeros_like(score))
    return _proportional(size, expected)


def _proportional(size: Floats, expected: float) -> Floats:
    """min(1, k x size) with the k for which they sum to `expected`; rises with `expected` for every user."""
    inclusion = np.ones_like(size)
    free = np.ones(len(size), bool)
    while free.any():
        k = (expected - float((~free).sum())) / float(size[free].sum())
        full = free & (k * size >= 1)
        if not full.any():
            inclusion[free] = k * size[free]
            break
        free &= ~full
    return inclusion


def _certain(score: Floats, policy: Policy, capacity: int) -> npt.NDArray[np.intp]:
    """The highest scores among those a person has to look at; ties in input order."""
    due = np.flatnonzero(decide(policy, score).actions == "human_review")
    return due[np.argsort(-score[due], kind="stable")[:capacity]]


def _uncertain(
    score: Floats, threshold: float, open_: npt.NDArray[np.intp], rules: Rules, features: npt.ArrayLike | None
) -> npt.NDArray[np.intp]:
    near = open_[np.argsort(np.abs(score[open_] - threshold), kind="stable")]
    if features is None or not rules.uncertain:
        return near[: rules.uncertain]
    near = near[: max(NEAREST, 3 * rules.uncertain)]
    return near[farthest(_ranks(np.asarray(features)[near]), rules.uncertain)]


def _ranks(features: npt.NDArray[np.number]) -> Floats:
    """Features as ranks in (0, 1], so that none outweighs another by its unit; a missing value lies in the middle."""
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


def _blind(stratum: Codes, chosen: Bools, draw: Floats) -> Bools:
    """All random and uncertain cases, and certain ones among them: a case without score does not tell its stratum."""
    certain = stratum == _CERTAIN
    blind: Bools = chosen & ~certain
    rows = np.flatnonzero(certain)
    many = max(min(int(blind.sum()), int(MOST_BLIND * len(rows))), int(np.ceil(BLIND * len(rows))))
    # Hashed again: the draw itself would make those blind who are likely to be drawn in other runs.
    hashed = _uniform(b"".join(hashlib.blake2b(each.tobytes(), person=b"blind", digest_size=8).digest()
                               for each in draw[rows]))  # fmt: skip
    blind[rows[np.argsort(hashed, kind="stable")[:many]]] = True
    return blind


def _uniform(digests: bytes) -> Floats:
    """Numbers in [0, 1) of 8 bytes each. Of 64 bits a double keeps 53; the shift keeps the largest below 1."""
    return (np.frombuffer(digests, dtype=">u8") >> np.uint64(11)).astype(np.float64) / 2.0**53
