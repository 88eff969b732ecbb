"""Logistic regression on rows of texts, one target against the rest; same rows, targets and seed, same model."""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.text.kernels import descent, grams
from core.text.kernels.known import Known, known
from core.text.rows import TextRows
from core.text.text_model import FREQUENCY, TextModel, idf

#: How much errors cost beside the size of the weights: C of LIBLINEAR and of scikit-learn.
STRENGTH: Final = 4.0
#: Those that `strength` tries, and on how many rows.
STRENGTHS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
MOST_TRIED: Final = 20_000
#: Texts that must have an n-gram for it to have a weight.
LEAST_TEXTS: Final = 2
MOST_ROUNDS: Final = 30
#: It ends when a round moves the duals by less of their range than this, on average.
STILL: Final = 4e-3
#: Where the duals begin: a share of their range, but no more than this.
_FIRST, _LEAST = 1e-3, 1e-8
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
    seen = np.zeros(grams.BUCKETS, np.int32)
    descent.texts_with(rows.bucket, rows.first, rows.chosen, seen)
    buckets = np.flatnonzero(seen >= min(LEAST_TEXTS, max(len(rows), 1))).astype(np.int32)
    seen = seen[buckets]
    slot, value, ends = _weighed(rows, known(buckets), idf(seen, len(rows)))
    weights, bias = _solved(slot, value, ends, np.where(label, 1.0, -1.0), strength * each, len(buckets), seed)
    with np.errstate(over="ignore"):
        half = np.clip(weights, -65504, 65504).astype(np.float16).astype(np.float32)
    return TextModel(buckets, seen, len(rows), half, tuple(bias.tolist()))


def strength(rows: TextRows, targets: npt.ArrayLike, weight: npt.ArrayLike | None = None, seed: int = 0) -> float:
    """The strength of `STRENGTHS` that says most of rows that were not learnt from: a fifth of these, by the seed.

    It is found as one goes up or down from STRENGTH as long as the log-loss falls, on MOST_TRIED rows at most.
    """
    label = np.asarray(targets, np.float64)
    each = np.ones(len(rows)) if weight is None else np.asarray(weight, np.float64)
    places = np.random.default_rng(seed).permutation(np.flatnonzero(~rows.absent))[:MOST_TRIED]
    held, learnt = np.split(places, [len(places) // 5])
    if not len(held) or not each[held].any():
        return STRENGTH

    @functools.cache
    def loss(of: float) -> float:
        model = fit(rows.only(learnt), label[learnt], each[learnt], seed, strength=of)
        wrong = np.logaddexp(0, np.where(label[held], -1, 1) * model.margins(rows.only(held)).astype(np.float64))
        return float(np.average(wrong.mean(1), weights=each[held]))

    at = STRENGTHS.index(STRENGTH)
    step = 1 if loss(STRENGTHS[at + 1]) < loss(STRENGTH) else -1
    while 0 <= at + step < len(STRENGTHS) and loss(STRENGTHS[at + step]) < loss(STRENGTHS[at]):
        at += step
    return STRENGTHS[at]


def _weighed(rows: TextRows, learnt: Known, by: Array) -> tuple[Array, Array, Array]:
    most = int((rows.first[rows.chosen + 1] - rows.first[rows.chosen]).sum())
    slot, value, ends = np.empty(most, np.int32), np.empty(most, np.float32), np.empty(len(rows), np.int64)
    used = descent.weigh(
        rows.bucket, rows.counts, rows.first, rows.chosen, learnt, by, 1, FREQUENCY, slot, value, ends
    )  # fmt: skip
    return slot[:used], value[:used], ends


def _solved(
    slot: Array, value: Array, ends: Array, sign: Array, most: Array, buckets: int, seed: int
) -> tuple[Array, Array]:
    """Weights (m, k) and bias (k,), for as many targets at a time as the loops take."""
    found = np.empty((buckets, sign.shape[1]), np.float32)
    biases = np.empty(sign.shape[1])
    for start in range(0, sign.shape[1], descent.LANES):
        some = np.ascontiguousarray(sign[:, start : start + descent.LANES])
        alpha = np.minimum(_FIRST * most, _LEAST)[:, None] * np.ones(some.shape[1])
        rest = most[:, None] - alpha
        weights, bias = np.zeros(buckets * descent.LANES, np.float32), np.zeros(descent.LANES)
        random = np.random.default_rng(seed)
        for _ in range(MOST_ROUNDS):
            order = random.permutation(len(ends))
            if descent.descend(order, ends, slot, value, some, most, alpha, rest, weights, bias) < STILL:
                break
        found[:, start : start + descent.LANES] = weights.reshape(-1, descent.LANES)[:, : some.shape[1]]
        biases[start : start + descent.LANES] = bias[: some.shape[1]] * descent.BIAS
    return found, biases


def warm_up() -> None:
    """Have the loops on texts compiled, or what was compiled before loaded, for one target and for several."""
    texts = ["free crypto now", "see you at nine", "Free CRYPTO now", "see you at ten"]
    rows, target = TextRows.of(texts), np.tile([[1.0], [0.0]], (2, 1))
    for targets in (target, np.hstack([target, 1 - target])):
        model = fit(rows, targets)
        model.margins(rows)
        model.unseen(rows)
        list(model.strongest(texts))


if __name__ == "__main__":
    warm_up()
