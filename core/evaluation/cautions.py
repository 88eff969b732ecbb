"""Warnings about the method, in words: reasons not to believe a figure as it stands. None where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.stats import chi2, norm

from core.evaluation.difference import short
from core.evaluation.metrics import Estimate
from core.evaluation.thresholds import Confusion
from core.settings import TEST_SHARE
from core.wording import count, percent

#: How far PR-AUC on the users learnt from may lie above that on others before it is said.
FAR: Final = 0.1
#: A prevalence this many times higher or lower moves precision and calibration visibly.
CHANGED: Final = 1.25
LEVEL: Final = 0.001


def overfitted(name: str, train_pr_auc: float, test: Estimate) -> str | None:
    """Training far above test: more than .1 above the upper end of the interval on users not learnt from.

    NaN: not known.
    """
    high = test.high if test.high is not None else test.value
    if high is None or np.isnan(train_pr_auc) or train_pr_auc - high <= FAR:
        return None
    return (
        f"{name} has a PR-AUC of {short(train_pr_auc)} on the users it learnt from and {short(test.value or 0)} on "
        "others: only the latter says how it will do."
    )


def unstable(name: str, folds: Sequence[float], test: Estimate) -> str | None:
    """PR-AUCs of folds that spread beyond what chance explains.

    How far chance moves them is read off the interval of the test part, which holds 15 % of the users; a fold is of
    another size. Their squared deviations are then as of chi-squared with one degree of freedom less than folds.
    """
    if len(folds) < 2 or test.low is None or test.high is None or test.high <= test.low:
        return None
    of_test = (test.high - test.low) / (2 * norm.ppf(0.975))
    variance = of_test**2 * TEST_SHARE * len(folds) / (1 - TEST_SHARE)
    spread = float(np.sum((np.asarray(folds) - np.mean(folds)) ** 2) / variance)
    if chi2.sf(spread, len(folds) - 1) >= LEVEL:
        return None
    return (
        f"The folds of {name} have PR-AUCs from {short(min(folds))} to {short(max(folds))}, farther apart than chance "
        "makes them: what it learns depends on which users it sees."
    )


def other_prevalence(name: str, trained: tuple[int, int], now: tuple[int, int]) -> str | None:
    """Another share of spammers than in training, beyond chance; each pair is (spammers, users)."""
    (events, of), (events_now, of_now) = trained, now
    before, after, pooled = events / of, events_now / of_now, (events + events_now) / (of + of_now)
    error = np.sqrt(pooled * (1 - pooled) * (1 / of + 1 / of_now))
    near = max(before, after) <= CHANGED * min(before, after)
    if near or 2 * norm.sf(abs(after - before) / error) >= LEVEL:
        return None
    return (
        f"{percent(after)} of these users are spammers, {percent(before)} were when {name} learnt: "
        "its probabilities and its precision do not carry over as they are."
    )


def leaking(features: Sequence[str]) -> str | None:
    """Features that give the label away (see `core.explore.leakage`)."""
    if not features:
        return None
    these = "it is" if len(features) == 1 else "they are"
    return (
        f"{count(len(features), 'feature')} may give the label away ({', '.join(features[:8])}): "
        f"check that {these} known before the label is. Until then no figure here means anything."
    )


def below_trivial(name: str, found: Confusion) -> str | None:
    """Fewer right verdicts than by calling everyone legitimate."""
    right, trivial = found.caught + found.left_alone, found.false_alarms + found.left_alone
    if right >= trivial:
        return None
    return (
        f"Above {found.threshold:g}, {name} is right about {percent(right / found.n)} of the users; "
        f"calling everyone legitimate is right about {percent(trivial / found.n)}."
    )
