"""Features that give the label away: better than a fact about users that is known before the verdict should be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.explore import bins as binning
from core.explore import value_counts
from core.explore.interval import wilson
from core.explore.value_counts import Ints, ValueCounts
from core.wording import percent

#: A feature that ranks users this well by itself is more likely made from the label than that good.
AUC: Final = 0.98
#: Values leak when they hold at least half of a class and, with 95 % confidence, hardly anyone else.
COVERAGE: Final = 0.5
#: From this share of a class on it is hardly a good feature any more, but the label by another name.
DECISIVE: Final = 0.9
PURITY: Final = 0.95
#: A larger class is guessed right without knowing anything: values that hold it are no leak.
LARGEST: Final = 0.6
#: Labelled users of either class below which nothing is said.
FEW: Final = 10
BINS: Final = 64
_CHECK: Final = "check that it is known before the label is."


@dataclass(frozen=True, slots=True)
class Leak:
    """A feature, why it is suspected, and how strongly: `figure` is the ROC-AUC, or the share of the class it holds."""

    feature: str
    sentence: str
    figure: float

    @property
    def decisive(self) -> bool:
        """Whether it nearly is the label; otherwise a good feature may look like that."""
        return not 1 - AUC <= self.figure < DECISIVE


def leaks(feature: str, tally: ValueCounts) -> Iterator[Leak]:
    """The suspicion against a feature, if there is one: its ranking of users, else values that nearly decide.

    Nothing where fewer than 10 spammers or legitimate users are labelled.
    """
    area = value_counts.auc(tally)
    few = min(tally.spammers.sum(), tally.legitimate.sum()) < FEW
    if not few and (area > AUC or area < 1 - AUC):
        side = "above" if area > 0.5 else "below"
        who = f" of the {tally.n:,} users who have it" if tally.missing[0] else ""
        fact = f"{feature} alone puts nearly every spammer{who} {side} nearly every legitimate user"
        yield Leak(feature, f"{fact} (ROC-AUC {area:.3f}): {_CHECK}", area)
        return
    leak = _deciding(feature, tally)
    if leak is not None:
        yield leak


def _deciding(feature: str, tally: ValueCounts) -> Leak | None:
    """The values that hold most of a class and hardly anyone else."""
    names, spammers, legitimate = _ranges(feature, tally)
    totals = int(tally.spammers.sum()) + tally.missing[1], int(tally.legitimate.sum()) + tally.missing[2]
    if min(totals) < FEW:
        return None
    best: Leak | None = None
    for whom, held, total in (("spammers", spammers, totals[0]), ("legitimate users", legitimate, totals[1])):
        surely, _ = wilson(held, spammers + legitimate)
        coverage = np.where(surely > PURITY, held / total, 0.0)
        at = int(coverage.argmax())
        if total <= LARGEST * sum(totals) and coverage[at] >= max(COVERAGE, best.figure if best else 0.0):
            share, purity = float(coverage[at]), float(held[at] / (spammers[at] + legitimate[at]))
            fact = f"{percent(share)} of the {whom} {names[at]}, and {percent(purity)} of the users who do are {whom}"
            best = Leak(feature, f"{fact}: {_CHECK}", share)
    return best


def _ranges(feature: str, tally: ValueCounts) -> tuple[list[str], Ints, Ints]:
    """Every bin, all up to its end, all from its start, and the missing: what users do, spammers, legitimate."""
    bins = binning.of(tally, most=BINS, scale="quantile")
    _, spammers, legitimate = bins.counted(tally)
    ends = [label.partition(" to ")[::2] for label in bins.labels]
    names = [f"have {feature} from {low} to {high}" if high else f"have {feature} at {low}" for low, high in ends]
    names += [f"have {feature} up to {high or low}" for low, high in ends]
    names += [f"have {feature} from {low} on" for low, _ in ends]
    names.append(f"have no {feature}")
    return names, _spread(spammers, tally.missing[1]), _spread(legitimate, tally.missing[2])


def _spread(counts: Ints, missing: int) -> Ints:
    return np.concatenate([counts, np.cumsum(counts), np.cumsum(counts[::-1])[::-1], [missing]])
