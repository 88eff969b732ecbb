"""Learning from large sets in half the time: most legitimate users are easy, and few of them say enough.

A quick model sorts the legitimate users by how much they look like spammers. The hardest fifth is kept, and of the
others a third, drawn by chance, each of whom then counts three times, so that no sum over users is biased. This is the
one-side sampling of Ke et al., "LightGBM", NIPS 2017, section 3, done once instead of each round.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from core.model.learner import Rows
from core.model.trees import trained
from core.settings import TRAINING_THREADS

#: From so many users on. Over three cuts of the whole simulated set, PR-AUC of the cross-fitted users is .7138 so and
#: .7145 from all of them, that of the held-out users .7232 and .7230.
LARGE: Final = 150_000
HARDEST: Final = 0.2
ONE_IN: Final = 3
#: Legitimate users whom the quick model learns from.
SAMPLE: Final = 60_000
ROUNDS: Final = 40

NOTE: Final = (
    "It learnt from all spammers, the fifth of the legitimate users hardest to tell from them, and every third of "
    "the others, who counts three times."
)


def lighter(rows: Rows, seed: int) -> Rows:
    """The users worth learning from, in their order, with what each counts; all of them where they are not too many."""
    if len(rows.y) < LARGE:
        return rows
    others = np.flatnonzero(rows.y == 0)
    score = _quick(rows, others, seed)
    order = others[np.argsort(-score, kind="stable")]
    hard, easy = np.split(order, [int(HARDEST * len(order))])
    values = np.random.default_rng(seed).permutation(easy)[: len(easy) // ONE_IN]
    counts = np.ones(len(rows.y)) if rows.weight is None else rows.weight.copy()
    counts[values] *= len(easy) / len(values)
    chosen = np.sort(np.concatenate([np.flatnonzero(rows.y == 1), hard, values]))
    return rows.weighing(counts).only(chosen)


def _quick(rows: Rows, others: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.float32]:
    """How much each of these users looks like a spammer, (k,): trees that took a second to grow."""
    sample = np.random.default_rng(seed).permutation(others)[:SAMPLE]
    seen = np.sort(np.concatenate([np.flatnonzero(rows.y == 1), sample]))
    parameters = {"objective": "binary:logistic", "tree_method": "hist", "max_depth": 4, "eta": 0.3, "seed": seed,
                  "nthread": TRAINING_THREADS}  # fmt: skip
    return trained(rows.weighing(None).only(seen), parameters, ROUNDS).margin(rows.x[others])
