"""Made-up populations whose scores and risks are known: to draw samples from, and the truth of thresholds."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from core.policy.thresholds.cheapest import Pairs
from core.policy.thresholds.demand import Demand
from core.policy.thresholds.figures import cells, events, figures, shifted
from core.policy.thresholds.ranked import curves, rank

#: Quantiles of the log-odds the bundled model gives to the 40,000 labelled demo users.
SHARES = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 1)
LOG_ODDS = (
    -16.16, -13.01, -11.39, -10.51, -9.0, -7.24, -5.36, -3.41, -2.13, -1.0, -0.11, 1.35, 2.45, 4.05, 6.38,
)  # fmt: skip
#: "demo": as the bundled model, 2.9 % spammers; "miscalibrated": the same scores, wrong by up to 5 points and too
#: high at the top; "many": 13 % spammers, scores spread out; "tied": those in whole per cent.
WORLDS = ("demo", "miscalibrated", "many", "tied")


def users(world: str, n: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels of n users, (n,) each."""
    if world in {"many", "tied"}:
        risk = random.beta(0.3, 2.0, n)
        score = risk if world == "many" else np.round(risk, 2)
    else:
        score = expit(np.interp(random.random(n), SHARES, LOG_ODDS))
        wrong = 0.004 + 0.93 * score**1.3 + 0.05 * np.sin(9 * score) * (score > 0.1)
        risk = score if world == "demo" else np.clip(wrong, 0, 1)
    return score, (random.random(n) < risk).astype(float)


class Truth:
    """A population of three million users, so large that its figures are the truth."""

    def __init__(self, world: str) -> None:
        self._ranked = rank(*users(world, 3_000_000, np.random.default_rng(1)))
        self._curves = curves(self._ranked.spam[None], self._ranked.legitimate[None], None)

    def _cell(self, review: float, remove: float, prevalence: float | None = None) -> np.ndarray:
        cut = self._ranked.cut
        at = [np.array([max(int(np.searchsorted(cut, each, side="right")) - 1, 0)]) for each in (review, remove)]
        return shifted(cells(self._curves, Pairs(at[0], at[1], np.array([True]))), prevalence)

    def long_run(self, review: float, remove: float, demand: Demand) -> dict[str, float]:
        cell = self._cell(review, remove, demand.prevalence)
        return {name: float(each[0]) for name, each in figures(cell, demand, cell.sum() / demand.users_per_day).items()}

    def events(self, review: float, remove: float, rows: int, demand: Demand) -> dict[str, float]:
        """How many users are to be expected behind each figure in a sample of `rows` or in the period, the fewer."""
        share = self._cell(review, remove)[0] / self._curves.users[0]
        both = [events(share * each, demand) for each in (rows, demand.users)]
        return {name: min(each[name] for each in both) for name in both[0]}

    def period(self, review: float, remove: float, demand: Demand, random: np.random.Generator) -> dict[str, float]:
        """The figures of a fresh period of these thresholds."""
        cell = self._cell(review, remove, demand.prevalence)
        drawn = random.multinomial(demand.users, cell[0] / cell.sum())[None].astype(float)
        return {name: float(each[0]) for name, each in figures(drawn, demand, demand.period).items()}
