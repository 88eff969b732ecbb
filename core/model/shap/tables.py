"""Tables from which the margin and the exact path-dependent SHAP values of trees are read.

Whether a row goes left at each split of a path is a pattern of a few bits. What the leaves below a path add to the
margin and to the contribution of each of its features depends on this pattern alone, so it is computed once for every
pattern (Lundberg et al., "From local explanations to global understanding with explainable AI for trees", 2020:
path-dependent SHAP, whose weights over the features of a path are those of Shapley). To explain a row is then to find
its patterns and to add up entries (`core.model.shap.kernel`).

A *step* turns the pattern of the split above into that of a split. A *unit* is a part of a tree, and its pattern that
of its last step: all splits from one down, where their number and that of the splits above it fit into `MERGED` bits;
otherwise one split and the leaves that hang on it.
"""

from __future__ import annotations

from math import factorial
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from core.compiled import compiled
from core.model.forest import Forest
from core.model.shap.lookup import BEYOND

#: Splits above a leaf, at most: a pattern is a byte.
MOST_BITS: Final = 8
#: Bits of a pattern of several splits, at most: the tables of a tree stay in the nearest cache with 64 entries each.
MERGED: Final = 6

#: Bins that a byte cannot hold: the last one is for missing values.
_BYTE: Final = 255

Array = npt.NDArray[Any]


class Tables(NamedTuple):
    """What the loops read; `first_*` tell where the part of each feature, tree or unit begins.

    `thresholds`: of each feature, ascending; a value's bin is how many of them it reaches. `levels`: of a split on
    categories, whether each bin goes left; there a bin is the category and one more, and 0 for missing. A *push* is the
    table of one feature in one unit: 2 ** bits entries, as in `values` for each unit; both go on for BEYOND entries.
    `unit_step` counts within a tree, and is -1 for a tree that is a leaf.
    """

    thresholds: Array
    first_threshold: Array
    categories: Array
    step_feature: Array
    step_cut: Array
    step_levels: Array
    step_default: Array
    step_before: Array
    step_bit: Array
    first_step: Array
    levels: Array
    unit_step: Array
    unit_bits: Array
    first_unit: Array
    first_push: Array
    push_feature: Array
    unit_at: Array
    push_at: Array
    values: Array
    pushes: Array


def sizes(forest: Forest) -> npt.NDArray[np.int64]:
    """Most bytes of the tables of each tree, (t,). Raises ValueError as `tables_of` does."""
    deepest, *_, unit_bits, first_unit, _, _ = _layout(forest.first, forest.left, forest.right, MERGED)
    _check_depth(deepest)
    bits = unit_bits.astype(np.int64)
    until = np.concatenate([[0], np.cumsum((1 << bits) * (1 + bits) * np.dtype(np.float32).itemsize)])
    return np.asarray(np.diff(until[first_unit]), np.int64)


def tables_of(forest: Forest) -> Tables:
    """The tables of a forest. Raises ValueError where a tree has more than MOST_BITS splits above a leaf."""
    deepest, node, before, bit, first_step, unit_step, unit_bits, first_unit, node_bit, leaf_unit = _layout(
        forest.first, forest.left, forest.right, MERGED
    )
    _check_depth(deepest)
    thresholds, first_threshold, cut = _cuts(forest)
    levels, first_level, categories = _levels(forest)
    return Tables(
        thresholds, first_threshold, categories, forest.feature[node].astype(np.int32),
        cut[node].astype(np.uint8 if max(cut.max(), categories.max() + 1) < _BYTE else np.uint16),
        first_level[node], forest.default_left[node].astype(np.uint8), before, bit, first_step, levels, unit_step,
        unit_bits, first_unit,
        *_fill(
            forest.left, forest.parent, forest.feature, forest.value, forest.cover.astype(np.float64), node_bit,
            leaf_unit, unit_bits, _shapley_weights(),
        ),
    )  # fmt: skip


def _check_depth(deepest: int) -> None:
    if deepest > MOST_BITS:
        raise ValueError(f"has {deepest} splits above a leaf, and tables are made for {MOST_BITS} at most")


def _cuts(forest: Forest) -> tuple[Array, Array, Array]:
    """The thresholds of each feature, where they begin, and of each node the bins that go left: those below its cut."""
    thresholds, cut = [np.empty(0, np.float32)], np.zeros(len(forest.left), np.int64)
    numeric = ~forest.leaf
    numeric[list(forest.right_levels)] = False
    for feature in range(forest.features):
        nodes = np.flatnonzero(numeric & (forest.feature == feature))
        distinct, place = np.unique(forest.value[nodes], return_inverse=True)
        thresholds.append(distinct)
        cut[nodes] = place + 1
    sizes = [len(each) for each in thresholds]
    return np.concatenate(thresholds), np.cumsum(sizes).astype(np.int32), cut


def _levels(forest: Forest) -> tuple[Array, Array, Array]:
    """Which bins go left at each split on categories, where its part begins (-1: none), and categories a feature."""
    categories = np.zeros(forest.features, np.int32)
    for node, right in forest.right_levels.items():
        feature = forest.feature[node]
        categories[feature] = max(categories[feature], 1 + right.max(initial=-1))
    first = np.full(len(forest.left), -1, np.int32)
    parts, total = [np.empty(0, np.uint8)], 0
    for node, right in forest.right_levels.items():
        # The first bin is for missing values, the last for whatever no split names.
        goes_left = np.ones(categories[forest.feature[node]] + 2, np.uint8)
        goes_left[0] = forest.default_left[node]
        goes_left[1 + right] = 0
        first[node], total = total, total + len(goes_left)
        parts.append(goes_left)
    return np.concatenate(parts), first, categories


def _shapley_weights() -> Array:
    """Of a coalition of s of the other k - 1 features, at [k, s]: s! (k - s - 1)! / k!."""
    weights = np.zeros((MOST_BITS + 1, MOST_BITS + 1))
    for k in range(1, MOST_BITS + 1):
        for s in range(k):
            weights[k, s] = factorial(s) * factorial(k - s - 1) / factorial(k)
    return weights


@compiled
def _splits(root: int, left: Array, right: Array, splits: Array, stack: Array, order: Array) -> int:
    """Set how many splits there are from each node of a tree down; how many from its root."""
    count, top = 0, 1
    stack[0] = root
    while top:
        top -= 1
        node = stack[top]
        if left[node] >= 0:
            order[count] = node
            count += 1
            stack[top], stack[top + 1] = right[node], left[node]
            top += 2
    for at in range(count - 1, -1, -1):
        node = order[at]
        splits[node] = 1 + splits[left[node]] + splits[right[node]]
    return count


@compiled
def _layout(first: Array, left: Array, right: Array, merged: int) -> tuple[Any, ...]:
    """Steps and units of trees: the most bits, of each step its node, the step before and its bit, where the steps of a
    tree begin, of each unit its last step and bits, where the units of a tree begin, of each node its bit, and of each
    leaf its unit.
    """
    nodes, trees = len(left), len(first)
    step_node, before, bit = np.empty(nodes, np.int64), np.empty(nodes, np.int32), np.empty(nodes, np.uint8)
    unit_step, unit_bits = np.empty(nodes, np.int32), np.empty(nodes, np.uint8)
    first_step, first_unit = np.zeros(trees + 1, np.int32), np.zeros(trees + 1, np.int32)
    node_bit, leaf_unit = np.zeros(nodes, np.uint8), np.full(nodes, -1, np.int32)
    splits, inside, order = np.zeros(nodes, np.int64), np.empty(nodes + 1, np.int64), np.empty(nodes, np.int64)
    stack, bits_above, step_above = np.empty(nodes + 1, np.int64), np.empty(nodes + 1, np.int64), inside.copy()
    steps, units, deepest = 0, 0, 0
    for tree in range(trees):
        begin, stack[0], bits_above[0], step_above[0], top = steps, first[tree], 0, -1, 1
        if not _splits(first[tree], left, right, splits, inside, order):
            leaf_unit[first[tree]], unit_step[units], unit_bits[units], top = units, -1, 0, 0
            units += 1
        while top:
            top -= 1
            node, bits, above = stack[top], bits_above[top], step_above[top]
            whole = bits + splits[node] <= merged
            has_leaves = whole or left[left[node]] < 0 or left[right[node]] < 0
            inside[0], within = node, 1
            while within:
                within -= 1
                split = inside[within]
                step_node[steps], before[steps], bit[steps], node_bit[split] = split, above, bits, bits
                above, steps, bits = steps - begin, steps + 1, bits + 1
                for child in (right[split], left[split]):
                    if left[child] < 0:
                        leaf_unit[child] = units
                    elif whole:
                        inside[within] = child
                        within += 1
                    else:
                        stack[top], bits_above[top], step_above[top] = child, bits, above
                        top += 1
            if has_leaves:
                unit_step[units], unit_bits[units], units = above, bits, units + 1
            deepest = max(deepest, bits)
        first_step[tree + 1], first_unit[tree + 1] = steps, units
    return (
        deepest, step_node[:steps].copy(), before[:steps].copy(), bit[:steps].copy(), first_step,
        unit_step[:units].copy(), unit_bits[:units].copy(), first_unit, node_bit, leaf_unit,
    )  # fmt: skip


@compiled
def _pushes(parent: Array, feature: Array, leaf_unit: Array, unit_bits: Array) -> tuple[Any, ...]:
    """Where the pushes of each unit begin, the feature of each, and where the entries of each unit and push begin."""
    units = len(unit_bits)
    of_unit, count = np.empty((units, MOST_BITS), np.int32), np.zeros(units, np.int32)
    for leaf in range(len(leaf_unit)):
        unit = leaf_unit[leaf]
        node = parent[leaf] if unit >= 0 else -1
        while node >= 0:
            if not (of_unit[unit, : count[unit]] == feature[node]).any():
                of_unit[unit, count[unit]] = feature[node]
                count[unit] += 1
            node = parent[node]
    first_push, unit_at = np.zeros(units + 1, np.int32), np.zeros(units + 1, np.int64)
    for unit in range(units):
        first_push[unit + 1] = first_push[unit] + count[unit]
        unit_at[unit + 1] = unit_at[unit] + (1 << unit_bits[unit])
    push_feature, push_at = np.empty(first_push[-1], np.int32), np.zeros(first_push[-1] + 1, np.int64)
    for unit in range(units):
        for at in range(count[unit]):
            push = first_push[unit] + at
            push_feature[push], push_at[push + 1] = of_unit[unit, at], push_at[push] + (1 << unit_bits[unit])
    return first_push, push_feature, unit_at, push_at


@compiled
def _of_sets(share: Array, k: int, weights: Array, power: Array, known: Array, unknown: Array) -> None:
    """Set, of each set of k features, the product of the others' shares of users (`unknown`), and the weighted sum of
    the coefficients of the product of (share + z) over the set (`known`); z counts the features known.
    """
    power[0, 0], power[0, 1:] = 1.0, 0.0
    for chosen in range(1 << k):
        if chosen:
            low, rest = 0, chosen & (chosen - 1)
            while not chosen >> low & 1:
                low += 1
            power[chosen, 0] = power[rest, 0] * share[low]
            for s in range(1, k + 1):
                power[chosen, s] = power[rest, s] * share[low] + power[rest, s - 1]
        known[chosen], unknown[chosen] = 0.0, 1.0
        for s in range(k):
            known[chosen] += power[chosen, s] * weights[k, s]
            if not chosen >> s & 1:
                unknown[chosen] *= share[s]


@compiled
def _fill(
    left: Array, parent: Array, feature: Array, value: Array, cover: Array, node_bit: Array, leaf_unit: Array,
    unit_bits: Array, weights: Array,
) -> tuple[Any, ...]:  # fmt: skip
    """As `_pushes`, and the entries of both, to which each leaf adds its part."""
    first_push, push_feature, unit_at, push_at = _pushes(parent, feature, leaf_unit, unit_bits)
    values = np.zeros(unit_at[-1] + BEYOND, np.float32)
    pushes = np.zeros(push_at[-1] + BEYOND, np.float64)
    bit, went, which = np.empty(MOST_BITS, np.int64), np.empty(MOST_BITS, np.int64), np.empty(MOST_BITS, np.int64)
    features, place, share = np.empty(MOST_BITS, np.int64), np.empty(MOST_BITS, np.int64), np.empty(MOST_BITS)
    power = np.empty((1 << MOST_BITS, MOST_BITS + 1))
    unknown, known = np.empty(1 << MOST_BITS), np.empty(1 << MOST_BITS)
    for leaf in range(len(left)):
        unit = leaf_unit[leaf]
        if unit < 0:
            continue
        # The features of the path, each with the share of users that goes on where nothing is known of it.
        depth, k, below, node = 0, 0, leaf, parent[leaf]
        while node >= 0:
            at = 0
            while at < k and features[at] != feature[node]:
                at += 1
            if at == k:
                features[k], share[k], k = feature[node], 1.0, k + 1
                for push in range(first_push[unit], first_push[unit + 1]):
                    if push_feature[push] == feature[node]:
                        place[at] = push_at[push]
            share[at] *= cover[below] / cover[node]
            bit[depth], went[depth], which[depth] = node_bit[node], 1 if left[node] == below else 0, at
            depth, below, node = depth + 1, node, parent[node]
        _of_sets(share, k, weights, power, known, unknown)
        everything = (1 << k) - 1
        for pattern in range(1 << unit_bits[unit]):
            chosen = everything  # the features by which a row with this pattern comes to the leaf
            for q in range(depth):
                if pattern >> bit[q] & 1 != went[q]:
                    chosen &= ~(1 << which[q])
            if chosen == everything:
                values[unit_at[unit] + pattern] = value[leaf]
            for at in range(k):
                if chosen >> at & 1:
                    push = (1.0 - share[at]) * unknown[chosen] * known[chosen & ~(1 << at)]
                else:
                    push = -unknown[chosen] * known[chosen]
                pushes[place[at] + pattern] += value[leaf] * push
    return first_push, push_feature, unit_at, push_at, values, pushes.astype(np.float32)
