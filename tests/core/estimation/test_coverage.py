"""Proof by simulation: the intervals hold the truth, and figures of labels counted without weights do not.

Users have scores as the bundled model gives them to the demo users, 2.9 % of them spammers. In each of 1,000 runs
labels and sample are drawn anew at an audit of 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import average_precision_score

from core.estimation.estimate import Estimate, Figures, figures
from core.estimation.sampling_cells import Labels, Users
from core.policy.bands import BANDS
from core.policy.decide import decide
from tests import make
from tests.core.planning.pools import chosen

RUNS: Final = 1_000
CAPACITY: Final = {20_000: 100, 458_798: 300}
#: Quantiles of the log-odds the bundled model gives to the 40,000 labelled demo users.
SHARES: Final = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 1)
LOG_ODDS: Final = (
    -16.16, -13.01, -11.39, -10.51, -9.0, -7.24, -5.36, -3.41, -2.13, -1.0, -0.11, 1.35, 2.45, 4.05, 6.38,
)  # fmt: skip


def scores(n: int, random: np.random.Generator) -> np.ndarray:
    return expit(np.interp(random.random(n), SHARES, LOG_ODDS))


def risk(world: str, score: np.ndarray) -> np.ndarray:
    """How many are spammers in truth: as the scores say, three times as many of those allowed, or half of those
    allowed hidden evenly, however low the score."""
    allowed = score <= make.policy().monitor
    other = {"as scored": score, "three times": 3 * score, "hidden": (score + score[allowed].mean()) / 2}[world]
    return np.where(allowed, np.minimum(other, 1), score)


@dataclass(frozen=True)
class Simulated:
    """Truth, ends and values of each run, (runs, 6): precision of the bands, of the flagged, recall."""

    truth: np.ndarray
    low: np.ndarray
    high: np.ndarray
    value: np.ndarray
    naive_recall: np.ndarray

    @property
    def coverage(self) -> np.ndarray:
        return ((self.low <= self.truth + 1e-12) & (self.truth <= self.high + 1e-12)).mean(axis=0)


def simulate(n: int, world: str, missing: float, runs: int = RUNS) -> Simulated:
    """missing: the share of the chosen who are not judged yet."""
    random = np.random.default_rng([n, len(world), round(10 * missing)])
    score = scores(n, random)
    severity, true_risk = decide(make.policy(), score).severity.astype(np.int64), risk(world, score)
    inclusion = chosen(score, make.policy(), random.random(n), certain=CAPACITY[n], random=0.01 * n).inclusion
    users = Users.of(severity, score, inclusion)
    rows = []
    for _ in range(runs):
        label = random.random(n) < true_risk
        drawn = np.flatnonzero(random.random(n) < inclusion)
        judged = random.random(len(drawn)) >= missing
        seen = np.where(judged, label[drawn], np.nan)
        found = figures(users, Labels(severity[drawn], inclusion[drawn], seen, judged))
        rows.append((truth(severity, label), listed(found), found.recall.naive))
    ends = {name: np.array([[getattr(each, name) for each in row[1]] for row in rows])
            for name in ("low", "high", "value")}  # fmt: skip
    return Simulated(np.array([row[0] for row in rows]), **ends, naive_recall=np.array([row[2] for row in rows]))


def truth(severity: np.ndarray, label: np.ndarray) -> list[float]:
    spammers, users = np.bincount(severity, label, len(BANDS)), np.bincount(severity, minlength=len(BANDS))
    found = spammers[2:].sum()
    return [*(spammers / users), found / users[2:].sum(), found / spammers.sum()]


def listed(found: Figures) -> list[Estimate]:
    return [*found.bands, found.precision, found.recall]


def test_the_simulated_scores_are_about_as_good_as_the_bundled_model():
    random = np.random.default_rng(0)
    score = scores(200_000, random)
    label = random.random(200_000) < score
    assert 0.025 < label.mean() < 0.032
    assert 0.68 < average_precision_score(label, score) < 0.76


@pytest.mark.slow
@pytest.mark.parametrize(
    ("world", "missing"), [("as scored", 0), ("three times", 0), ("hidden", 0), ("as scored", 0.4)]
)  # fmt: skip
@pytest.mark.parametrize("n", CAPACITY)
def test_intervals_hold_the_truth_and_naive_recall_is_far_from_it(n, world, missing):
    found = simulate(n, world, missing)
    assert (found.coverage >= 0.93).all(), found.coverage
    # Where only flagged users have labels, naive recall is 1; labels of the audit, counted unweighted, do not mend it.
    for naive in (1.0, found.naive_recall):
        assert np.mean(naive - found.truth[:, -1] > 0.1) > 0.99
    # Recall is a ratio of small counts and so a little too high at 20,000 users; the shares are right on average.
    error = found.value - found.truth
    allowed = 5 * np.nanstd(error, axis=0) / np.sqrt(RUNS) + np.array([0, 0, 0, 0, 0, 0.03])
    assert (np.abs(np.nanmean(error, axis=0)) <= allowed + 1e-9).all()
