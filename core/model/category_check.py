"""Splits on categories in a model file, looked at before XGBoost sees them (`core.model.tree_check`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from core.model.forest import Bools, Ints
from core.schema.column import MOST_LEVELS

#: Categories of a feature, at most: the levels of a version, and one for all other words.
MOST_CATEGORIES: Final = MOST_LEVELS + 1
#: Types of features that XGBoost writes: categories, and two ways to say numbers.
_KINDS: Final = {"c": True, "q": False, "float": False}
#: Of a tree: the categories that go right at each of its splits on them, one after the other, and where which are.
_PARTS: Final = ("categories", "categories_nodes", "categories_segments", "categories_sizes")


def kinds(raw: object, features: int) -> Bools:
    """Which features are categories (f,): none where the file does not say."""
    if isinstance(raw, list | np.ndarray) and not len(raw):
        return np.zeros(features, np.bool_)
    if not isinstance(raw, list) or len(raw) != features or not all(isinstance(each, str) for each in raw):
        raise ValueError(f"does not say of each of the {features} features what it is (feature_types)")
    if unknown := [each for each in raw if each not in _KINDS]:
        raise ValueError(f"has {repr(unknown[0])[:40]} among feature_types, which no version has")
    return np.array([_KINDS[each] for each in raw], np.bool_)


def check(tree: Mapping[str, Any], where: str) -> None:
    """Each split on categories has its own part of them, in order: distinct ones, of the few that there may be."""
    values, nodes, starts, sizes = (tree[name] for name in _PARTS)
    splits = np.flatnonzero(tree["split_type"])
    if (
        (tree["split_type"] > 1).any()
        or not np.array_equal(nodes, splits)
        or not len(nodes) == len(starts) == len(sizes)
    ):
        raise ValueError(f"does not say of each split on categories which go right: {where}")
    if (tree["left_children"][splits] == -1).any():
        raise ValueError(f"has a leaf that splits on categories: {where}")
    ends = np.cumsum(sizes, dtype=np.int64)
    # Bounded one by one first: no sum of them may go round.
    if ((sizes < 1) | (sizes > MOST_CATEGORIES)).any() or not np.array_equal(starts, ends - sizes):
        raise ValueError(f"has categories out of their place: {where}")
    if len(values) != (ends[-1] if len(ends) else 0) or ((values < 0) | (values >= MOST_CATEGORIES)).any():
        raise ValueError(f"has categories beyond the {MOST_CATEGORIES} that there may be: {where}")
    rises = np.diff(values) > 0
    rises[(ends - 1)[:-1]] = True  # where the next split begins
    if not rises.all():
        raise ValueError(f"has categories twice, or in disorder: {where}")


def right_levels(trees: Sequence[Mapping[str, Any]], first: Ints) -> dict[int, Ints]:
    """As of `Forest`, of trees that were checked and begin at `first`."""
    return {
        int(begin + node): tree["categories"][start : start + size].astype(np.int64)
        for tree, begin in zip(trees, first.tolist(), strict=True) if len(tree["categories"])
        for node, start, size in zip(*(tree[name].tolist() for name in _PARTS[1:]), strict=True)
    }  # fmt: skip
