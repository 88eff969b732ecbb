"""How well the category of a violation is told: each category against all others, and the mean over them.

A user belongs to one class: no violation, or one category. The class that is said is the likeliest one, where p is the
probability of any violation: none with 1 - p, a category with p times its share among violations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.evaluation.estimate import Estimate
from core.explore.interval import wilson

REPLICATES: Final = 1_000
EACH: Final = ("precision", "recall", "f1")
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CategoryFigures:
    """`confusion[i][j]`: users who are of class i and are said to be of class j, in the order of `names`, of which the
    first is no violation. Macro-F1 is the mean of F1 over the classes that there are; intervals are of 95 %.
    """

    names: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    macro_f1: Estimate
    accuracy: Estimate
    each: Mapping[str, Mapping[str, Estimate]]

    def as_json(self) -> dict[str, Any]:
        n = dict(zip(self.names, map(sum, self.confusion), strict=True))
        return {
            "macro_f1": self.macro_f1.as_json(), "accuracy": self.accuracy.as_json(),
            "categories": {
                name: {figure: value.as_json() for figure, value in figures.items()} | {"n": n[name]}
                for name, figures in self.each.items()
            },
            "confusion": [list(row) for row in self.confusion],
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> CategoryFigures | None:
        """None where the JSON has none."""
        if "categories" not in raw:
            return None
        each = {
            name: {figure: Estimate.from_json(figures[figure]) for figure in EACH}
            for name, figures in raw["categories"].items()
        }
        return cls(
            tuple(each), tuple(tuple(map(int, row)) for row in raw["confusion"]), Estimate.from_json(raw["macro_f1"]),
            Estimate.from_json(raw["accuracy"]), each,
        )  # fmt: skip


def said(
    violation: npt.NDArray[np.float64], category: npt.NDArray[Any], share: npt.NDArray[np.float32]
) -> Ints:  # fmt: skip
    """The class of each user, (n,): 0 for none, else 1 + the category. violation (n,): probability of any; category,
    share (n,): the likeliest one and how likely a violation is of it.
    """
    return np.where(violation * share > 1 - violation, category + 1, 0).astype(np.int64)


def judge(truth: Ints, said: Ints, names: Sequence[str], *, seed: int = 0) -> CategoryFigures:
    """Figures of classes that are true and said, (n,) each, by their positions in `names`.

    Shares of counts have Wilson intervals; F1 and its mean those of confusion matrices drawn anew, as many users as
    there are (percentile bootstrap).
    """
    k, n = len(names), len(truth)
    confusion = np.bincount(truth * k + said, minlength=k * k).reshape(k, k)
    drawn = np.random.default_rng(seed).multinomial(n, confusion.ravel() / max(n, 1), REPLICATES).reshape(-1, k, k)
    there = confusion.sum(axis=1) > 0
    f1, f1_drawn = _f1(confusion[None])[0], _f1(drawn)
    right, of, called = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    each = {
        name: {
            "precision": _share(int(right[at]), int(called[at])), "recall": _share(int(right[at]), int(of[at])),
            "f1": _estimate(f1[at], f1_drawn[:, at]),
        }
        for at, name in enumerate(names)
    }  # fmt: skip
    macro = _estimate(f1[there].mean() if n else np.nan, f1_drawn[:, there].mean(axis=1) if n else f1_drawn[:, 0])
    return CategoryFigures(
        tuple(names), tuple(tuple(row) for row in confusion.tolist()), macro, _share(int(right.sum()), n), each
    )


def drawn_differences(truth: Ints, a: Ints, b: Ints, k: int, *, seed: int = 0) -> npt.NDArray[np.float64]:
    """Macro-F1 of b minus that of a on users drawn anew, the same for both, (REPLICATES,). Classes of users (n,) that
    are true, and said by each, are positions below k.
    """
    cells, number = np.unique((truth * k + a) * k + b, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(truth), number / max(len(truth), 1), REPLICATES)
    of, by_a, by_b = cells // (k * k), cells // k % k, cells % k
    there = np.bincount(truth, minlength=k) > 0
    of_a, of_b = (_f1(_confusions(drawn, of * k + by, k))[:, there].mean(axis=1) for by in (by_a, by_b))
    return np.asarray(of_b - of_a, np.float64)


def _confusions(drawn: Ints, at: Ints, k: int) -> Ints:
    """Confusion matrices (m, k, k) of counts (m, c) whose users belong to places (c,) of one."""
    found = np.zeros((len(drawn), k * k), np.int64)
    for place in np.unique(at):
        found[:, place] = drawn[:, at == place].sum(axis=1)
    return found.reshape(-1, k, k)


def _f1(confusion: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """F1 of each class (m, k) of confusion matrices (m, k, k); 0 where a class neither is nor is said."""
    right = np.diagonal(confusion, axis1=1, axis2=2)
    both = confusion.sum(axis=1) + confusion.sum(axis=2)
    return np.asarray(np.divide(2 * right, both, out=np.zeros(both.shape), where=both > 0), np.float64)


def _share(events: int, of: int) -> Estimate:
    if not of:
        return Estimate(None, None, None)
    low, high = wilson(events, of)
    return Estimate(events / of, float(low), float(high))


def _estimate(value: float, drawn: npt.NDArray[np.float64]) -> Estimate:
    if np.isnan(value):
        return Estimate(None, None, None)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Estimate(float(value), float(low), float(high))
