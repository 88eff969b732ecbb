"""The trees of a model file, looked at as arrays before XGBoost sees them.

XGBoost trusts its files: it follows a child, a feature or a parent wherever it points, and a cycle for ever, so that
a crafted file ends the process that loads or scores with it. What passes here is trees such as this program grows:
every node reached once from its root, splits on thresholds or on a few hundred categories of features there are, finite
numbers, and margins that cannot leave the finite 32-bit numbers. Whatever else XGBoost might read (vector leaves,
dropped trees, other objectives, attributes) no version has, and so it is refused.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence, Set
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache, cached

from core.model import category_check, ubj
from core.model.forest import Bools, Forest, Ints

#: Largest file, in bytes: a hundred times what a version of 450,000 users needs.
MOST_BYTES: Final = 500_000_000
#: Most trees: ten times what is grown at most (2,000) and added by five years of weekly retraining.
MOST_TREES: Final = 50_000
#: Splits above a leaf: four times the deepest that a search asks for (8). From about 40 on XGBoost's reasons, which are
#: reckoned in 32-bit numbers, are wrong in the first digit.
MOST_DEPTH: Final = 32
#: Largest margin either way, in log-odds: far beyond any that means something, and far from overflowing 32 bits.
MOST_MARGIN: Final = 1e30
#: Files known to be sound, by their digests; a process meets the versions of its home, again and again.
_MOST_KNOWN: Final = 1_000
#: How XGBoost marks the root in `parents`.
_NO_PARENT: Final = 2**31 - 1
#: How far the users of two children may be off those of their parent: 32-bit sums.
_ROUNDED: Final = 1e-3
#: Of each node. Their types are those that XGBoost insists on.
_NODES: Final[dict[str, str]] = {
    "left_children": "i4", "right_children": "i4", "parents": "i4", "split_indices": "i4", "split_conditions": "f4",
    "base_weights": "f4", "default_left": "u1", "split_type": "u1", "loss_changes": "f4", "sum_hessian": "f4",
}  # fmt: skip
#: Of the splits on categories of a tree: those that go right, one split after the other.
_CATEGORIES: Final[dict[str, str]] = {
    "categories": "i4", "categories_nodes": "i4", "categories_segments": "i8", "categories_sizes": "i8",
}  # fmt: skip
_TYPES: Final = {kind: np.dtype(kind).newbyteorder(">") for kind in ("u1", "i4", "i8", "f4")}
_LIMITS: Final = np.finfo(np.float32)
_WHOLE: Final = re.compile(r"[0-9]{1,9}")
_NUMBER: Final = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


@cached(LRUCache(maxsize=_MOST_KNOWN), key=_digest, lock=Lock())
def features(content: bytes) -> int:
    """How many features a model file has; looked at once in a process. Raises as `forest` does."""
    return forest(content).features


@cached(LRUCache(maxsize=_MOST_KNOWN), key=_digest, lock=Lock())
def categories(content: bytes) -> tuple[int, ...]:
    """Of each feature of a model file how many categories its splits name: 0 for numbers, -1 where there is no split.

    Raises as `forest` does.
    """
    found = forest(content)
    sizes = np.full(found.features, -1)
    sizes[found.feature[~found.leaf]] = 0
    for node, right in found.right_levels.items():
        at = found.feature[node]
        sizes[at] = max(sizes[at], 1 + int(right.max()))
    return tuple(sizes.tolist())


def forest(content: bytes) -> Forest:
    """The trees of a model file. Raises ValueError, with a clause that says what is wrong, unless they are sound."""
    if len(content) > MOST_BYTES:
        raise ValueError(f"has {len(content):,} bytes, and no more than {MOST_BYTES:,} are taken")
    raw = _object(ubj.read(content), "booster", {"learner", "version"})
    if len(_counts(raw["version"], "version")) != 3:
        raise ValueError("does not say which XGBoost wrote it (version)")
    found = _forest(raw["learner"])
    _check_shape(found)
    _check_numbers(found)
    return found


def _forest(raw: object) -> Forest:
    learner = _object(
        raw, "learner",
        {"attributes", "feature_names", "feature_types", "gradient_booster", "learner_model_param", "objective"},
    )  # fmt: skip
    for name in ("attributes", "feature_names"):
        _empty(learner[name], name)
    features, base = _learner(learner["learner_model_param"])
    kinds = category_check.kinds(learner["feature_types"], features)
    _objective(learner["objective"])
    grown = _object(learner["gradient_booster"], "gradient_booster", {"model", "name"})
    if grown["name"] != "gbtree":
        raise ValueError(f"has a booster of another kind than gbtree: {_shown(grown['name'])}")
    model = _object(
        grown["model"], "model", {"gbtree_model_param", "iteration_indptr", "tree_info", "trees"}, {"cats"}
    )  # fmt: skip
    if "cats" in model:
        for name, value in _object(model["cats"], "cats", {"enc", "feature_segments", "sorted_idx"}).items():
            _empty(value, name)
    return _joined(_trees(model, features), features, base, kinds)


def _learner(raw: object) -> tuple[int, np.float32]:
    """How many features there are, and the margin that trees add to."""
    about = _object(
        raw, "learner_model_param", {"base_score", "num_class", "num_feature", "num_target"}, {"boost_from_average"}
    )  # fmt: skip
    _only(about, {"num_class": ("0",), "num_target": ("1",), "boost_from_average": ("0", "1")})
    told = about["base_score"]
    base = np.float32(_number(told[1:-1] if isinstance(told, str) and told[:1] == "[" and told[-1:] == "]" else told))
    if not 0 < base < 1:
        raise ValueError(f"starts from a probability of {_shown(told)}, which is not between 0 and 1")
    # As XGBoost makes a margin of it, rounding included: -log(1 / p - 1).
    odds = np.float32(1) / base - np.float32(1)
    return _whole(about["num_feature"], "num_feature"), np.float32(-math.log(odds))


def _objective(raw: object) -> None:
    objective = _object(raw, "objective", {"name", "reg_loss_param"})
    if objective["name"] != "binary:logistic":
        raise ValueError(f"was trained for something else than binary:logistic: {_shown(objective['name'])}")
    _number(_object(objective["reg_loss_param"], "reg_loss_param", {"scale_pos_weight"})["scale_pos_weight"])


def _trees(model: Mapping[str, Any], features: int) -> list[dict[str, Any]]:
    """The trees, in order, each with as many values of everything as it has nodes."""
    about = _object(model["gbtree_model_param"], "gbtree_model_param", {"num_trees", "num_parallel_tree"})
    _only(about, {"num_parallel_tree": ("1",)})
    trees, count = model["trees"], _whole(about["num_trees"], "num_trees")
    if not isinstance(trees, list) or not 1 <= len(trees) <= MOST_TREES:
        raise ValueError(f"has no list of 1 to {MOST_TREES:,} trees")
    if len(trees) != count:
        raise ValueError(f"has {len(trees):,} trees where it says {count:,}")
    if _counts(model["tree_info"], "tree_info") != [0] * count:
        raise ValueError("does not say of each tree that it belongs to the one class there is (tree_info)")
    if _counts(model["iteration_indptr"], "iteration_indptr") != list(range(count + 1)):
        raise ValueError("does not have one tree a round (iteration_indptr)")
    return [_tree(tree, number, features) for number, tree in enumerate(trees)]


def _tree(raw: object, number: int, features: int) -> dict[str, Any]:
    where = f"tree {number}"
    tree = _object(raw, where, {*_NODES, *_CATEGORIES, "id", "tree_param"})
    if type(tree["id"]) is not int or tree["id"] != number:
        raise ValueError(f"has {where} under another number")
    about = _object(tree["tree_param"], where, {"num_nodes", "num_feature", "size_leaf_vector", "num_deleted"})
    _only(about, {"num_deleted": ("0",), "size_leaf_vector": ("0", "1"), "num_feature": (str(features),)})
    nodes = _whole(about["num_nodes"], f"{where}: num_nodes")
    if not nodes:
        raise ValueError(f"has no nodes in {where}")
    for name, kind in (_NODES | _CATEGORIES).items():
        values = tree[name]
        if not isinstance(values, np.ndarray) or values.dtype != _TYPES[kind]:
            raise ValueError(f"has {name} of another type in {where}")
        if name in _NODES and len(values) != nodes:
            raise ValueError(f"has {len(values):,} {name} in {where}, where {nodes:,} are expected")
    category_check.check(tree, where)
    return tree


def _joined(trees: Sequence[Mapping[str, Any]], features: int, base: np.float32, kinds: Bools) -> Forest:
    """All trees in one; where a node points is still what the file says, moved to where its tree begins."""
    sizes = np.array([len(tree["parents"]) for tree in trees], np.int64)
    first = np.cumsum(sizes) - sizes
    begin, own = np.repeat(first, sizes), np.repeat(sizes, sizes)

    def all_of(name: str, kind: npt.DTypeLike) -> npt.NDArray[Any]:
        return np.concatenate([tree[name] for tree in trees]).astype(kind)

    def pointing(name: str, nowhere: int) -> Ints:
        values = all_of(name, np.int64)
        _none((values != nowhere) & ((values < 0) | (values >= own)), first, f"points out of itself ({name})")
        return np.where(values == nowhere, -1, values + begin)

    left, right, parent = (
        pointing(name, nowhere)
        for name, nowhere in (("left_children", -1), ("right_children", -1), ("parents", _NO_PARENT))
    )
    _none(all_of("default_left", np.uint8) > 1, first, "says neither yes nor no where a missing value goes")
    for name in ("base_weights", "loss_changes"):
        _none(~np.isfinite(all_of(name, np.float32)), first, f"has a number that is not finite ({name})")
    feature = all_of("split_indices", np.int64)
    wrong = (left != -1) & ((feature < 0) | (feature >= features))
    _none(wrong, first, f"splits on a feature beyond the {features} there are")
    by_category = all_of("split_type", np.uint8) != 0
    _none(
        (left != -1) & (by_category != kinds[np.clip(feature, 0, features - 1)]),
        first,
        "splits on categories where there are numbers, or the other way round",
    )
    return Forest(
        features, base, first, left, right, parent, feature, all_of("split_conditions", np.float32),
        all_of("sum_hessian", np.float32), all_of("default_left", np.bool_), category_check.right_levels(trees, first),
    )  # fmt: skip


def _check_shape(forest: Forest) -> None:
    """Every node has both children or none, one parent that knows of it, and is reached from its root, not too deep."""
    first, leaf, size = forest.first, forest.leaf, len(forest.left)
    _none(leaf != (forest.right == -1), first, "has a node with one child")
    inner = np.flatnonzero(~leaf)
    for child in (forest.left[inner], forest.right[inner]):
        _none(_at(child[forest.parent[child] != inner], size), first, "has a node that is no child of its parent")
    children = np.bincount(np.concatenate([forest.left[inner], forest.right[inner]]), minlength=size)
    root = _at(first, size)
    _none(children != ~root, first, "has a node that is reached twice, or not at all")
    _none((forest.parent == -1) != root, first, "has a root in the wrong place")
    level, reached = first, len(first)
    for _ in range(MOST_DEPTH):
        level = level[~leaf[level]]
        level = np.concatenate([forest.left[level], forest.right[level]])
        reached += len(level)
    _none(_at(level[~leaf[level]], size), first, f"has more than {MOST_DEPTH} splits above a leaf")
    if reached != size:
        raise ValueError("has trees that go round in circles")


def _check_numbers(forest: Forest) -> None:
    """Splits on features there are; finite thresholds, leaves and covers; margins that stay finite."""
    first, leaf, inner = forest.first, forest.leaf, np.flatnonzero(~forest.leaf)
    wrong = (forest.feature < 0) | (forest.feature >= forest.features)
    _none(wrong, first, f"splits on a feature beyond the {forest.features} there are")
    _none(~np.isfinite(forest.value) & leaf, first, "has a leaf that is no finite number")
    _none(~np.isfinite(forest.value), first, "has a threshold that is no finite number")
    _none(~np.isfinite(forest.cover) | (forest.cover <= 0), first, "has a node that stands for no users (sum_hessian)")
    cover = forest.cover.astype(np.float64)
    both = cover[forest.left[inner]] + cover[forest.right[inner]]
    off = np.abs(both - cover[inner]) > _ROUNDED * cover[inner]
    _none(_at(inner[off], len(leaf)), first, "has children that stand for other users than their parent (sum_hessian)")
    largest = np.maximum.reduceat(np.where(leaf, np.abs(forest.value.astype(np.float64)), 0.0), first)
    if largest.sum() + abs(float(forest.base)) > MOST_MARGIN:
        raise ValueError(f"has leaves that add up to margins beyond {MOST_MARGIN:g}")


def _at(nodes: Ints, size: int) -> Bools:
    values = np.zeros(size, np.bool_)
    values[nodes] = True
    return values


def _none(bad: Bools, first: Ints, what: str) -> None:
    """Raises ValueError where a node is bad, with the tree that has it."""
    if bad.any():
        raise ValueError(f"{what}: tree {int(np.searchsorted(first, int(bad.argmax()), 'right')) - 1}")


def _object(raw: object, where: str, needed: Set[str], optional: Set[str] = frozenset()) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ValueError(f"has no {where}")  # noqa: TRY004 - the file is wrong, not the call
    if absent := sorted(needed - raw.keys()):
        raise ValueError(f"lacks {absent[0]} in {where}")
    if unknown := sorted(raw.keys() - needed - optional):
        raise ValueError(f"has {_shown(unknown[0])} in {where}, which no version has")
    return raw


def _only(about: Mapping[str, object], allowed: Mapping[str, tuple[str, ...]]) -> None:
    for name, values in allowed.items():
        if name in about and about[name] not in values:
            raise ValueError(f"has {_shown(about[name])} as {name}, where {' or '.join(values)} is expected")


def _empty(value: object, what: str) -> None:
    if not isinstance(value, dict | list | np.ndarray) or len(value):
        raise ValueError(f"has {what}, which no version has")


def _whole(raw: object, what: str) -> int:
    if not isinstance(raw, str) or not _WHOLE.fullmatch(raw):
        raise ValueError(f"has {_shown(raw)} as {what}, which is no count")
    return int(raw)


def _counts(raw: object, what: str) -> list[int]:
    if not isinstance(raw, list) or not all(type(each) is int and each >= 0 for each in raw):
        raise ValueError(f"has no list of counts as {what}")
    return raw


def _number(raw: object) -> float:
    if not isinstance(raw, str) or not _NUMBER.fullmatch(raw):
        raise ValueError(f"has {_shown(raw)} in place of a number")
    number = float(raw)
    if number and not _LIMITS.tiny <= number <= _LIMITS.max:
        raise ValueError(f"has {_shown(raw)}, which is beyond the numbers of 32 bits")
    return number


def _shown(raw: object) -> str:
    return repr(raw)[:40]
