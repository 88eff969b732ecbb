"""Logistic regression on sparse rows by coordinate descent on its dual, several targets at once: the loops themselves.

After Yu, Huang and Lin, "Dual coordinate descent methods for logistic regression and maximum entropy models", Machine
Learning 85 (2011), algorithm 5, as LIBLINEAR has it. Weights of four targets lie beside each other, so that one look
at memory, which is what takes the time, serves them all. Places in arrays are unsigned: numba looks at the sign of
others each time. Sums are taken in one order everywhere, so that processors do not differ in the last bit.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.compiled import compiled
from core.text.kernels.grams import CHARACTERS
from core.text.kernels.known import Known, place

Array = npt.NDArray[Any]
#: Targets beside each other.
LANES: Final = 4
#: The bias is the weight of a number that all rows have; the larger, the less it is held to 0.
BIAS: Final = 1.0
_MOST_STEPS: Final = 100
_EXACT: Final = 1e-9
#: A dual that would move by less of its range than this stays.
_STILL: Final = 1e-4
_U = np.uintp


@compiled
def texts_with(bucket: Array, first: Array, chosen: Array, seen: Array) -> None:
    """Add to `seen` (BUCKETS,) how many of the rows have each bucket."""
    for row in chosen:
        for at in range(first[row], first[row + 1]):
            seen[_U(bucket[_U(at)])] += 1


@compiled
def weigh(
    bucket: Array, counts: Array, first: Array, chosen: Array, known: Known, idf: Array, step: int, frequency: Array,
    slot: Array, value: Array, ends: Array,
) -> int:  # fmt: skip
    """Write the known n-grams of rows: their slot, and log frequency times idf, with norm 1 for those of characters and
    those of words each. ends: (n,) set to where each row ends. known: the buckets that have a slot;
    `frequency` (256,) what a count is worth; idf: (m * step,), every so many numbers one.
    """
    used = 0
    for i in range(chosen.size):
        begin = used
        characters = words = 0.0
        for at in range(first[chosen[i]], first[chosen[i] + 1]):
            each = bucket[_U(at)]
            row = place(known, each)
            if row < 0:
                continue
            number = frequency[_U(counts[_U(at)])] * idf[_U(row) * _U(step)]
            if each < CHARACTERS:
                characters += number * number
                value[_U(used)] = number
            else:
                words += number * number
                value[_U(used)] = -number  # until the norm is known
            slot[_U(used)] = row
            used += 1
        by_characters = 1.0 / np.sqrt(characters) if characters > 0 else 0.0
        by_words = -1.0 / np.sqrt(words) if words > 0 else 0.0
        for at in range(begin, used):
            value[_U(at)] *= by_characters if value[_U(at)] > 0 else by_words
        ends[i] = used
    return used


@compiled
def _sums(slot: Array, value: Array, begin: int, end: int, weights: Array, step: int, offset: int) -> Any:
    """The sums of LANES weights times the values of a row; those of a slot begin at `offset` of its `step` numbers."""
    a = b = c = d = np.float32(0)
    for at in range(begin, end):
        v, row = value[_U(at)], _U(slot[_U(at)]) * _U(step) + _U(offset)
        a += weights[row] * v
        b += weights[row + _U(1)] * v
        c += weights[row + _U(2)] * v
        d += weights[row + _U(3)] * v
    return a, b, c, d


@compiled
def _push(slot: Array, value: Array, begin: int, end: int, weights: Array, push: Array) -> None:
    """Add LANES pushes times the values of a row to its weights."""
    a, b, c, d = push[0], push[1], push[2], push[3]
    for at in range(begin, end):
        v, row = value[_U(at)], _U(slot[_U(at)]) * _U(LANES)
        weights[row] += a * v
        weights[row + _U(1)] += b * v
        weights[row + _U(2)] += c * v
        weights[row + _U(3)] += d * v


@compiled
def descend(
    order: Array, ends: Array, slot: Array, value: Array, sign: Array, most: Array, alpha: Array, rest: Array,
    weights: Array, bias: Array,
) -> float:  # fmt: skip
    """One round over the rows in this order, for up to LANES targets. How far the duals moved, as a share of how far
    they may, on average.

    sign: (n, targets) of 1 and -1; most: (n,) the weight of each row; alpha, rest: (n, targets), duals and
    `most - alpha`; weights: (m * LANES,) and bias (LANES,) of the margins, which the duals give.
    """
    targets = sign.shape[1]
    margin, push = np.zeros(LANES), np.zeros(LANES, np.float32)
    total = 0.0
    for i in order:
        limit = most[i]
        if limit <= 0:
            continue
        begin = ends[i - 1] if i else 0
        margin[0], margin[1], margin[2], margin[3] = _sums(slot, value, begin, ends[i], weights, LANES, 0)
        square = BIAS * BIAS
        for at in range(begin, ends[i]):
            square += value[_U(at)] * value[_U(at)]
        moved = False
        for t in range(targets):
            push[t] = 0
            slope = sign[i, t] * (margin[t] + bias[t] * BIAS)
            direction = 1.0
            old, other = alpha[i, t], rest[i, t]
            if 0.5 * square * (other - old) + slope < 0:
                old, other, direction = other, old, -1.0
            z = old
            if limit - z < 0.5 * limit:
                z *= 0.1
            gradient = square * (z - old) + direction * slope + np.log(z / (limit - z))
            for _ in range(_MOST_STEPS):
                if abs(gradient) < _EXACT:
                    break
                step = z - gradient / (square + limit / (limit - z) / z)
                z = step if step > 0 else 0.1 * z
                gradient = square * (z - old) + direction * slope + np.log(z / (limit - z))
            total += abs(z - old) / limit
            if abs(z - old) < _STILL * limit:
                continue
            if direction > 0:
                alpha[i, t], rest[i, t] = z, limit - z
            else:
                alpha[i, t], rest[i, t] = limit - z, z
            change = direction * (z - old) * sign[i, t]
            push[t] = change
            bias[t] += change * BIAS
            moved = True
        if moved:
            _push(slot, value, begin, ends[i], weights, push)
    return float(total / max(order.size * targets, 1))


@compiled
def margins(
    bucket: Array, counts: Array, first: Array, chosen: Array, known: Known, table: Array, frequency: Array,
    bias: Array, out: Array,
) -> None:  # fmt: skip
    """Set the margins (n, k) of rows. table: as `tabled` has it; bias: (k,)."""
    longest = 0
    for row in chosen:
        longest = max(longest, first[row + 1] - first[row])
    slot, value, ends = np.empty(longest, np.int32), np.empty(longest, np.float32), np.empty(1, np.int64)
    sums, step = np.empty(LANES), width(bias.size)
    for i in range(chosen.size):
        n = weigh(bucket, counts, first, chosen[i : i + 1], known, table, step, frequency, slot, value, ends)
        for begin in range(0, bias.size, LANES):
            sums[0], sums[1], sums[2], sums[3] = _sums(slot, value, 0, n, table, step, 1 + begin)
            for t in range(begin, min(begin + LANES, bias.size)):
                out[i, t] = bias[t] + sums[t - begin]


@compiled
def width(targets: int) -> int:
    """How many numbers the table of `tabled` has for each slot: its idf, its weights, and what makes LANES full."""
    return (targets // LANES + 1) * LANES


def tabled(idf: Array, weights: Array) -> Array:
    """Of each slot its idf and its weights (m, k) beside each other, so that one look at memory finds all of them.

    Float32 (m * width + LANES,): the sums of LANES targets may read beyond those of a slot.
    """
    m, k = weights.shape
    found = np.zeros(m * width(k) + LANES, np.float32)
    rows = found[: m * width(k)].reshape(m, width(k))
    rows[:, 0], rows[:, 1 : k + 1] = idf, weights
    return found
