"""Logistic regression on sparse rows by coordinate descent on its dual, all targets at once: the loops themselves.

After Yu, Huang and Lin, "Dual coordinate descent methods for logistic regression and maximum entropy models", Machine
Learning 85 (2011), algorithm 5, as LIBLINEAR has it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.compiled import compiled
from core.text.kernels.grams import CHARACTERS

Array = npt.NDArray[Any]
#: The bias is the weight of a number that all rows have; the larger, the less it is held to 0.
BIAS: Final = 1.0
_MOST_STEPS: Final = 100
_EXACT: Final = 1e-9


@compiled
def weigh(
    bucket: Array, counts: Array, first: Array, chosen: Array, where: Array, idf: Array, slot: Array, value: Array,
    ends: Array,
) -> int:  # fmt: skip
    """Write the known n-grams of rows: their slot, and log frequency times idf, with norm 1 for those of characters and
    those of words each. ends: (n,) set to where each row ends. `where` says the slot of a bucket, -1 for none.
    """
    used = 0
    for i in range(chosen.size):
        begin = used
        characters = words = 0.0
        for at in range(first[chosen[i]], first[chosen[i] + 1]):
            known = where[bucket[at]]
            if known < 0:
                continue
            number = (1.0 + np.log(np.float64(counts[at]))) * idf[known]
            if bucket[at] < CHARACTERS:
                characters += number * number
            else:
                words += number * number
            slot[used] = known if bucket[at] < CHARACTERS else -1 - known
            value[used] = number
            used += 1
        by_characters = 1.0 / np.sqrt(characters) if characters > 0 else 0.0
        by_words = 1.0 / np.sqrt(words) if words > 0 else 0.0
        for at in range(begin, used):
            if slot[at] < 0:
                slot[at] = -1 - slot[at]
                value[at] *= by_words
            else:
                value[at] *= by_characters
        ends[i] = used
    return used


@compiled
def descend(
    order: Array, ends: Array, slot: Array, value: Array, sign: Array, most: Array, alpha: Array, rest: Array,
    weights: Array, bias: Array,
) -> float:  # fmt: skip
    """One round over the rows in this order. How far the steepest of the duals was from where it is flat.

    sign: (n, k) of 1 and -1; most: (n,) the weight of each row; alpha, rest: (n, k), duals and `most - alpha`;
    weights: (m, k) and bias (k,) of the margins, which the duals give.
    """
    targets = sign.shape[1]
    margin, push = np.empty(targets, np.float64), np.empty(targets, np.float32)
    steepest = 0.0
    for i in order:
        limit = most[i]
        if limit <= 0:
            continue
        begin = ends[i - 1] if i else 0
        margin[:] = bias * BIAS
        square = BIAS * BIAS
        for at in range(begin, ends[i]):
            v, row = value[at], slot[at]
            square += np.float64(v) * v
            for t in range(targets):
                margin[t] += weights[row, t] * v
        moved = False
        for t in range(targets):
            push[t] = 0
            slope = sign[i, t] * margin[t]
            direction = 1.0
            old, other = alpha[i, t], rest[i, t]
            if 0.5 * square * (other - old) + slope < 0:
                old, other, direction = other, old, -1.0
            z = old
            if limit - z < 0.5 * limit:
                z *= 0.1
            gradient = square * (z - old) + direction * slope + np.log(z / (limit - z))
            steepest = max(steepest, abs(gradient))
            for _ in range(_MOST_STEPS):
                if abs(gradient) < _EXACT:
                    break
                step = z - gradient / (square + limit / (limit - z) / z)
                z = step if step > 0 else 0.1 * z
                gradient = square * (z - old) + direction * slope + np.log(z / (limit - z))
            if direction > 0:
                alpha[i, t], rest[i, t] = z, limit - z
            else:
                alpha[i, t], rest[i, t] = limit - z, z
            change = direction * (z - old) * sign[i, t]
            push[t] = change
            bias[t] += change * BIAS
            moved = moved or change != 0
        if moved:
            for at in range(begin, ends[i]):
                v, row = value[at], slot[at]
                for t in range(targets):
                    weights[row, t] += push[t] * v
    return steepest


@compiled
def margins(
    bucket: Array, counts: Array, first: Array, chosen: Array, where: Array, idf: Array, weights: Array, bias: Array,
    out: Array,
) -> None:  # fmt: skip
    """Set the margins (n, k) of rows."""
    targets = weights.shape[1]
    of_characters, of_words = np.empty(targets, np.float64), np.empty(targets, np.float64)
    for i in range(chosen.size):
        characters = words = 0.0
        of_characters[:] = 0
        of_words[:] = 0
        for at in range(first[chosen[i]], first[chosen[i] + 1]):
            known = where[bucket[at]]
            if known < 0:
                continue
            number = (1.0 + np.log(np.float64(counts[at]))) * idf[known]
            if bucket[at] < CHARACTERS:
                characters += number * number
                for t in range(targets):
                    of_characters[t] += number * weights[known, t]
            else:
                words += number * number
                for t in range(targets):
                    of_words[t] += number * weights[known, t]
        by_characters = 1.0 / np.sqrt(characters) if characters > 0 else 0.0
        by_words = 1.0 / np.sqrt(words) if words > 0 else 0.0
        for t in range(targets):
            out[i, t] = bias[t] + of_characters[t] * by_characters + of_words[t] * by_words
