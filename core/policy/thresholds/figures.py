"""What a pair of thresholds comes to: work, removals, mistakes and cost, from six numbers of users."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from core.policy.thresholds.cheapest import Curves, Pairs
from core.policy.thresholds.demand import Demand

Floats = npt.NDArray[np.float64]
#: A day: users whom people see, users whom automation removes, spammers at or below `review`, cost. Shares: of spammers
#: among users above `remove`, of spammers that are above `review`. Legitimate users of a thousand above `review`.
FIGURES: Final = ("volume", "removed", "precision", "recall", "missed", "cost", "legitimate_per_1000_flags")
#: What the shares are parts of; the others are counts and sums.
WHOLE: Final = {"precision": 1.0, "recall": 1.0, "legitimate_per_1000_flags": 1000.0}


def cells(curves: Curves, pairs: Pairs) -> Floats:
    """Users by kind and threshold, (r, 6): spammers at or below `review`, up to `remove`, above it; others alike.

    curves: of r samples, or of one that all r pairs are looked up in.
    """
    row = np.arange(len(pairs.review)) if len(curves.users) > 1 else np.zeros(len(pairs.review), np.int64)
    parts = []
    for above, everybody in ((curves.spam, curves.spammers), (curves.legitimate, curves.users - curves.spammers)):
        flagged, removed = above[row, pairs.review], above[row, pairs.remove]
        parts += [everybody[row] - flagged, flagged - removed, removed]
    return np.maximum(np.stack(parts, axis=-1), 0)  # differences of sums may come out a hair below 0


def shifted(cell: Floats, prevalence: float | None) -> Floats:
    """Six numbers of users (r, 6) with another share of spammers among as many users, unless it is None."""
    if prevalence is None:
        return cell
    spam, legitimate = cell[:, :3].sum(axis=1, keepdims=True), cell[:, 3:].sum(axis=1, keepdims=True)
    users = spam + legitimate
    parts = [cell[:, :3] * (prevalence * users / spam), cell[:, 3:] * ((1 - prevalence) * users / legitimate)]
    return np.concatenate(parts, axis=1)


def figures(cell: Floats, demand: Demand, days: npt.ArrayLike) -> dict[str, Floats]:
    """The `FIGURES` of each of r six numbers of users (r, 6) of so many days; NaN for a share of nobody."""
    missed, found, caught, _, bothered, harmed = cell.T
    per_day = 1 / np.asarray(days)
    removed = (caught + harmed) * demand.armed
    volume = found + caught + bothered + harmed - removed
    cost = demand.cost_removal * harmed * demand.armed + demand.cost_review * volume + demand.cost_miss * missed
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = caught / (caught + harmed)
        recall = (found + caught) / (missed + found + caught)
        legitimate = 1000 * (bothered + harmed) / (found + caught + bothered + harmed)
    values = (volume * per_day, removed * per_day, precision, recall, missed * per_day, cost * per_day, legitimate)
    return dict(zip(FIGURES, values, strict=True))


def events(cell: Floats, demand: Demand) -> dict[str, float]:
    """How many users stand behind each of `FIGURES`, from six numbers (6,): of a share, the rarer of both kinds.

    Of the cost, which adds users of unequal weight: as many of equal weight as would vary like them.
    """
    missed, found, caught, _, bothered, harmed = (float(each) for each in cell)
    flagged, everybody = found + caught + bothered + harmed, float(cell.sum())
    removed = (caught + harmed) * demand.armed
    prices = np.array([demand.cost_removal * demand.armed, demand.cost_review, demand.cost_miss])
    counts = np.array([harmed, flagged - removed, missed])
    square = float((prices**2 * counts).sum())
    values = (
        min(flagged - removed, everybody - flagged + removed),
        min(removed, everybody - removed),
        min(caught, harmed),
        min(missed, found + caught),
        min(missed, everybody - missed),
        float((prices * counts).sum()) ** 2 / square if square else 0.0,
        min(found + caught, bothered + harmed),
    )
    return dict(zip(FIGURES, values, strict=True))
