"""The checks of the gate that look at every segment of the judges: is the candidate worse in one, do labels disagree?

`label`, `a`, `b`, `weight` are (n,): what judges are, the scores of champion and candidate, how many users each judge
stands for. `groups`: column -> name and members (n,) of each of its segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from scipy.stats import norm

from core.evaluation.paired import holm
from core.retraining.gate_checks import LEVEL, Bools, Check, Floats, State
from core.wording import count, percent

#: Judges, and spammers among them, below which a segment is not tested, and by how much of the champion's Brier score
#: it must be worse: among many judges, differences that nobody would notice are beyond chance too.
FEWEST: Final = 100
FEWEST_SPAMMERS: Final = 10
WORSE: Final = 0.02
#: Judges of either source in a segment, from which verdicts and history are held against each other, and the share of
#: its users about whom they must differ to matter.
FEWEST_OF_A_SOURCE: Final = 30
CONTRADICTED: Final = 0.05


def segments(
    label: Floats, a: Floats, b: Floats, weight: Floats, groups: Mapping[str, Iterable[tuple[str, Bools]]]
) -> Check:  # fmt: skip
    """Whether the candidate b is worse than a in any segment of the judges, beyond noise and beyond WORSE.

    Held against each other are the squared errors of the same users, whose weighted mean is the Brier score, one-sided
    by its normal approximation; with Holm's correction for having looked at all segments.
    """
    change = (b - label) ** 2 - (a - label) ** 2
    tested = [
        (column, name, *worse(change[inside], weight[inside], (a[inside] - label[inside]) ** 2))
        for column, parts in groups.items()
        for name, inside in parts
        if not inside.all() and inside.sum() >= FEWEST and label[inside].sum() >= FEWEST_SPAMMERS
    ]
    if not tested:
        return Check("segments", None, LEVEL, "open", f"No segment has {FEWEST} judges: none can be tested.")
    corrected = holm([p for *_, p, _ in tested])
    worst = int(np.argmin(corrected))
    column, name, _, share = tested[worst]
    bad = [k for k, each in enumerate(tested) if corrected[k] < LEVEL and each[3] > WORSE]
    if not bad:
        said = f"In none of {count(len(tested), 'segment')} it is worse beyond noise."
        return Check("segments", float(corrected[worst]), LEVEL, "passed", said)
    column, name, _, share = tested[bad[int(np.argmin(corrected[bad]))]]
    said = f"It is worse where {column} is {name}: its squared error is {percent(share)} larger there"
    also = f", and in {len(bad) - 1} more of {len(tested)} segments" if len(bad) > 1 else ""
    return Check("segments", float(corrected[bad].min()), LEVEL, "failed", f"{said}{also}.")


def old_labels(
    label: Floats, a: Floats, weight: Floats, old: Bools, groups: Mapping[str, Iterable[tuple[str, Bools]]]
) -> Check:  # fmt: skip
    """Whether verdicts and history agree, in every segment, on how many spammers there are at the champion's scores a.

    old (n,): judges whose label is the history's. Compared are the means of label - a, two-sided by their normal
    approximation, with Holm's correction. Where they differ, it may be a new pattern, or reviewers who are mistaken or
    bought. Verdicts cannot tell which: they judge the candidate that has learnt from them. So a person has to.
    """
    gap = label - a
    tested = [
        (column, name, *apart(gap, weight, inside & ~old, inside & old))
        for column, parts in groups.items()
        for name, inside in parts
        if min((inside & old).sum(), (inside & ~old).sum()) >= FEWEST_OF_A_SOURCE
    ]
    if not tested:
        state: State = "passed" if old.all() else "open"
        return Check(
            "old labels", None, LEVEL, state, "There are too few verdicts among the judges, or too few others."
        )
    corrected = holm([p for *_, p, _ in tested])
    bad = [k for k, each in enumerate(tested) if corrected[k] < LEVEL and abs(each[3]) > CONTRADICTED]
    if not bad:
        said = f"In none of {count(len(tested), 'segment')} verdicts contradict the history beyond noise."
        return Check("old labels", float(corrected.min()), LEVEL, "passed", said)
    column, name, _, differ = tested[bad[int(np.argmin(corrected[bad]))]]
    said = f"Where {column} is {name}, verdicts call {percent(abs(differ))} of the users"
    said += (
        f" {'spammers' if differ > 0 else 'legitimate'} whom history would not: a new pattern, or mistaken reviewers."
    )
    return Check("old labels", float(corrected[bad].min()), LEVEL, "open", said)


def apart(values: Floats, weight: Floats, one: Bools, other: Bools) -> tuple[float, float]:
    """Two-sided p-value that two groups have the same weighted mean, and the difference of the means."""
    (first, error), (second, error_too) = (_mean(values[group], weight[group]) for group in (one, other))
    spread = float(np.hypot(error, error_too))
    return (float(2 * norm.sf(abs(first - second) / spread)) if spread > 0 else 1.0), first - second


def _mean(values: Floats, weight: Floats) -> tuple[float, float]:
    """A weighted mean and its standard error (Särndal and others, 1992, equation 5.7.5)."""
    share = weight / weight.sum()
    mean = float(share @ values)
    return mean, float(np.sqrt((share**2 @ (values - mean) ** 2) * len(share) / max(len(share) - 1, 1)))


def worse(change: Floats, weight: Floats, before: Floats) -> tuple[float, float]:
    """One-sided p-value that a weighted mean is above 0 by chance, and the mean as a share of that of `before`.

    change, weight, before: (k,).
    """
    mean, error = _mean(change, weight)
    p = float(norm.sf(mean / error)) if error > 0 else 1.0
    return p, mean / max(_mean(before, weight)[0], np.finfo(float).tiny)
