"""Proof by simulation: intervals cover the truth, and models that do not differ are called different 1 time in 20."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from core.comparison.paired_metrics import Contender, compare
from core.evaluation.resample import Costs, Sorted

RUNS = 1_000
USERS = 2_000
THRESHOLDS = {"monitor": 0.3}


def sample(seed, n):
    """n users, 10 % spammers, and two models of which the second sees less noise."""
    random = np.random.default_rng(seed)
    label = (random.random(n) < 0.1).astype(float)
    margin = random.normal(-2.5 + 2.2 * label, 1)
    return label, expit(margin + random.normal(0, 0.7, n)), expit(margin + random.normal(0, 0.5, n))


def comparisons(*, swap):
    for seed in range(RUNS):
        label, a, b = sample(seed, USERS)
        if swap:
            turned = np.random.default_rng([seed, 1]).random(USERS) < 0.5
            a, b = np.where(turned, b, a), np.where(turned, a, b)
        yield compare(label, Contender("a", a), Contender("b", b), seed=seed, thresholds=THRESHOLDS, replicates=500)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_intervals_cover_the_truth_in_93_to_97_of_100_simulations():
    """1,000 test sets of 2,000 users; the truth is that of 4 million."""
    label, *scores = sample(10**6, 4_000_000)
    ones = np.ones(len(label), np.int64)
    truth = [Sorted(label, score, THRESHOLDS, Costs()).figures(ones) for score in scores]
    figures = ("pr_auc", "roc_auc", "brier", "monitor precision", "monitor recall", "monitor fpr", "monitor cost")
    hits = dict.fromkeys([*figures, *(f"difference in {name}" for name in figures)], 0)
    for found in comparisons(swap=False):
        for name in figures:
            band, _, figure = name.rpartition(" ")
            alone = found.figures[1].at[band][figure] if band else found.figures[1].overall[figure]
            hits[name] += alone.low <= truth[1][name] <= alone.high
            gap = found.difference(figure, band).difference
            hits[f"difference in {name}"] += gap.low <= truth[1][name] - truth[0][name] <= gap.high
    assert {name: count for name, count in hits.items() if not 930 <= count <= 970} == {}, hits


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_models_whose_scores_are_swapped_by_coin_are_called_different_in_3_to_7_of_100():
    """The swap makes them equal on average, and leaves all that they share: what remains is chance."""
    evidence = dict.fromkeys(("pr_auc", "roc_auc", "brier", "monitor cost", "verdicts"), 0)
    for found in comparisons(swap=True):
        for name in ("pr_auc", "roc_auc", "brier"):
            evidence[name] += found.difference(name).evidence
        evidence["monitor cost"] += found.difference("cost", "monitor").evidence
        evidence["verdicts"] += found.verdicts[0].evidence
    assert {name: count for name, count in evidence.items() if not 30 <= count <= 70} == {}, evidence
