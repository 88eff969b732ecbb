"""Logistic regression on rows of texts, one target against the rest; same rows, targets and seed, same model."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.text.kernels import descent, grams
from core.text.rows import TextRows
from core.text.text_model import TextModel, idf, where

#: How much errors cost beside the size of the weights: C of LIBLINEAR and of scikit-learn.
STRENGTH: Final = 4.0
#: Texts that must have an n-gram for it to have a weight.
LEAST_TEXTS: Final = 2
MOST_ROUNDS: Final = 30
#: It ends when no dual is farther from flat than this.
FLAT: Final = 0.1
_FIRST: Final = 1e-3
Array = npt.NDArray[Any]


def fit(
    rows: TextRows, targets: npt.ArrayLike, weight: npt.ArrayLike | None = None, seed: int = 0, *,
    strength: float = STRENGTH,
) -> TextModel:  # fmt: skip
    """Learn each of the targets (n, k), 0 or 1, from the rows whose text is not missing. weight: (n,), 1 where None.

    Raises ValueError where targets or weights are not as many as the rows, or are something else.
    """
    label = np.asarray(targets, np.float64)
    each = np.ones(len(rows)) if weight is None else np.asarray(weight, np.float64)
    if label.ndim != 2 or len(label) != len(rows) or each.shape != (len(rows),):
        raise ValueError(f"{len(rows)} rows do not go with targets {label.shape} and weights {each.shape}")
    if not np.isin(label, (0, 1)).all() or not (np.isfinite(each) & (each >= 0)).all():
        raise ValueError("targets are 0 or 1, and weights finite and at least 0")
    there = ~rows.absent
    rows, label, each = rows.only(there), label[there], each[there]
    seen = np.bincount(_buckets(rows), minlength=grams.BUCKETS)
    buckets = np.flatnonzero(seen >= min(LEAST_TEXTS, max(len(rows), 1))).astype(np.int32)
    seen = seen[buckets].astype(np.int32)
    slot, value, ends = _weighed(rows, where(buckets), idf(seen, len(rows)))
    weights, bias = _solved(slot, value, ends, np.where(label, 1.0, -1.0), strength * each, len(buckets), seed)
    with np.errstate(over="ignore"):
        half = np.clip(weights, -65504, 65504).astype(np.float16).astype(np.float32)
    return TextModel(buckets, seen, len(rows), half, tuple(bias.tolist()))


def _buckets(rows: TextRows) -> Array:
    """The buckets of all n-grams of the rows, one after the other."""
    size = rows.first[rows.chosen + 1] - rows.first[rows.chosen]
    begin = np.repeat(rows.first[rows.chosen] - np.cumsum(size) + size, size)
    return rows.bucket[begin + np.arange(int(size.sum()))]


def _weighed(rows: TextRows, known: Array, by: Array) -> tuple[Array, Array, Array]:
    most = int((rows.first[rows.chosen + 1] - rows.first[rows.chosen]).sum())
    slot, value, ends = np.empty(most, np.int32), np.empty(most, np.float32), np.empty(len(rows), np.int64)
    used = descent.weigh(rows.bucket, rows.counts, rows.first, rows.chosen, known, by, slot, value, ends)
    return slot[:used], value[:used], ends


def _solved(
    slot: Array, value: Array, ends: Array, sign: Array, most: Array, buckets: int, seed: int
) -> tuple[Array, Array]:
    """Weights (m, k) and bias (k,)."""
    k = sign.shape[1]
    alpha = np.minimum(_FIRST * most, 1e-8)[:, None] * np.ones(k)
    rest = most[:, None] - alpha
    weights, bias = np.zeros((buckets, k), np.float32), np.zeros(k)
    random = np.random.default_rng(seed)
    for _ in range(MOST_ROUNDS):
        order = random.permutation(len(ends))
        if descent.descend(order, ends, slot, value, sign, most, alpha, rest, weights, bias) < FLAT:
            break
    return weights, bias * descent.BIAS
