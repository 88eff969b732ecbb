"""Two models that flag the same number of users: how many spammers each catches, and whether chance would do it.

Users who share the score at the cut are taken at random, so that what a model catches is what it catches on average.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.evaluation import paired
from core.evaluation.estimate import Estimate
from core.evaluation.metrics import exact
from core.evaluation.resample import Floats
from core.wording import count

_LEVEL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Flagging:
    """A model that flags `flagged` of n users, `positives` of whom are spammers.

    `caught`: spammers among the flagged, on average where `tied` users share the score at the cut and only some of
    them are taken; then between `least` and `most`, else all three are one.
    """

    name: str
    flagged: int
    caught: float
    least: int
    most: int
    tied: int
    n: int
    positives: int

    @property
    def shares(self) -> dict[str, Estimate]:
        """Precision, recall and FPR with exact 95 % intervals; None where nothing is divided by."""
        false = self.flagged - self.caught
        pairs = {
            "precision": (self.caught, self.flagged), "recall": (self.caught, self.positives),
            "fpr": (false, self.n - self.positives),
        }  # fmt: skip
        return {
            name: Estimate(events / of, *exact(events, of)) if of else Estimate(None, None, None)
            for name, (events, of) in pairs.items()
        }

    @property
    def words(self) -> str:
        """'41', or 'about 21.6 (20 to 24: 40 users share the score at the cut)'."""
        if not self.tied:
            return f"{self.most:,}"
        ends = f"{self.least:,} to {self.most:,}"
        return f"about {self.caught:,.1f} ({ends}: {self.tied:,} users share the score at the cut)"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), **{name: each.as_json() for name, each in self.shares.items()}}


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a and b catch. `why` says where the number of flagged users comes from.

    `only_a`, `only_b`: spammers caught by one alone. `p`: McNemar's test of these, None where a and b do not flag the
    same number, or nobody.
    """

    why: str
    a: Flagging
    b: Flagging
    only_a: float
    only_b: float
    p: float | None

    @property
    def better(self) -> str | None:
        """The name of the model for which there is evidence that it catches more, or None."""
        if self.p is None or self.p >= _LEVEL:
            return None
        return self.b.name if self.only_b > self.only_a else self.a.name

    @property
    def sentence(self) -> str:
        a, b, of = self.a, self.b, count(self.a.positives, "spammer")
        if a.flagged != b.flagged:
            return (
                f"{a.name} flags {count(a.flagged, 'user')} and catches {a.words} of {of}, {b.name} flags "
                f"{b.flagged:,} and catches {b.words}: labels alone cannot be held at the same number."
            )
        if self.p is None:
            return f"{self.why[0].upper()}{self.why[1:]}, which is nobody: there is nothing to catch."
        chance = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.3f}"
        found = f"{self.better} catches more" if self.better else "no evidence of a difference"
        return (
            f"With {count(a.flagged, 'user')} flagged by each, {self.why}, {a.name} catches {a.words} and "
            f"{b.name} {b.words} of {of}: {found} (McNemar, {chance})."
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "why": self.why, "a": self.a.as_json(), "b": self.b.as_json(), "only_a": self.only_a,
            "only_b": self.only_b, "p": self.p, "better": self.better, "sentence": self.sentence,
        }  # fmt: skip


def chosen(score: npt.ArrayLike, k: int) -> Floats:
    """How surely each user (n,) is among the k highest scores: 1 above the cut, 0 below, a share of 1 on it."""
    given = np.asarray(score, np.float64)
    if k <= 0:
        return np.zeros(len(given))
    cut = np.partition(given, len(given) - k)[len(given) - k]
    above, on = given > cut, given == cut
    return np.asarray(above + on * ((k - int(above.sum())) / int(on.sum())), np.float64)


def held(why: str, names: tuple[str, str], label: npt.ArrayLike, a: Floats, b: Floats) -> Decisions:
    """What two models catch; label (n,) of 0 and 1, a and b (n,): how surely each flags a user, as `chosen` says.

    Spammers that one alone catches are counted on average over the draws at ties; for the test the larger number is
    rounded down and the smaller up, so that ties never make evidence. The cut is taken as given, which makes the test
    careful: that it moves with the users would only take from the variance.
    """
    y = np.asarray(label) == 1
    first, second = (_flagging(name, y, each) for name, each in zip(names, (a, b), strict=True))
    only_a, only_b = float((a * (1 - b))[y].sum()), float((b * (1 - a))[y].sum())
    p = None
    if first.flagged == second.flagged and first.flagged:
        fewer, more = sorted((round(only_a, 6), round(only_b, 6)))
        up, down = math.ceil(fewer), math.floor(more)
        p = paired.mcnemar(up, down) if down > up else 1.0
    return Decisions(why, first, second, only_a, only_b, p)


def _flagging(name: str, y: npt.NDArray[np.bool_], chances: Floats) -> Flagging:
    sure, on = chances == 1, (chances > 0) & (chances < 1)
    flagged, tied, spammers = round(float(chances.sum())), int(on.sum()), int((on & y).sum())
    taken, surely = flagged - int(sure.sum()), int((sure & y).sum())
    least, most = surely + max(0, taken - (tied - spammers)), surely + min(taken, spammers)
    return Flagging(name, flagged, float(chances[y].sum()), least, most, tied, len(y), int(y.sum()))
