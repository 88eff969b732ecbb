"""Trees are looked at as arrays before XGBoost sees them: what could end the process is a damaged model instead."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from core.errors import DamagedModelError
from core.home import Home
from core.model import tree_check, ubj
from core.model.trees import loaded
from core.scoring.scorer import Scorer
from core.settings import ROOT, child_environment
from tests import make
from tests.core.registry import crafted
from tests.core.registry.crafted import Change, chain, encoded, opened, trees

Content = Callable[[bytes], bytes]
UNREADABLE = r"Model v0001 was not loaded: a file cannot be read \(model\.ubj: "


@pytest.fixture(scope="session")
def twelve(trained: Home) -> bytes:
    """A booster of twelve trees, as it is stored."""
    model, users = trained.registry.load(), make.users(400)
    rows = xgb.DMatrix(Scorer(model).matrix(users), label=users["spam"])
    return bytes(xgb.train(dict(model.metadata.parameters), rows, 12).save_raw("ubj"))


def cell(name: str, node: int, value: float, tree: int = 3) -> Change:
    """Another number for one node of one tree."""

    def change(raw: dict[str, Any]) -> None:
        values = np.array(trees(raw)[tree][name])
        values[node] = value
        trees(raw)[tree][name] = values

    return change


def parameter(*path: str | int, value: object) -> Change:
    """Another value at a place inside the learner."""

    def change(raw: dict[str, Any]) -> None:
        place: Any = raw["learner"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def of_tree(**values: object) -> Change:
    return lambda raw: trees(raw)[3].update(values)


def deep(depth: int) -> Change:
    return lambda raw: chain(trees(raw)[3], depth)


def leaf(value: float) -> Change:
    """Another value for the first leaf of a tree."""

    def change(raw: dict[str, Any]) -> None:
        cell("split_conditions", int(np.flatnonzero(trees(raw)[3]["left_children"] == -1)[0]), value)(raw)

    return change


def cut_off(raw: dict[str, Any]) -> None:
    """Two nodes that are each other's child and parent, and that nobody reaches."""
    tree = trees(raw)[3]
    for name in ("left_children", "right_children", "parents", "split_indices", "split_conditions"):
        tree[name] = np.concatenate([tree[name], np.zeros(3, tree[name].dtype)])
    size = len(tree["parents"])
    a, b, c = size - 3, size - 2, size - 1
    tree["left_children"][[a, b, c]] = [b, a, -1]
    tree["right_children"][[a, b, c]] = [c, c, -1]
    tree["parents"][[a, b, c]] = [b, a, a]
    for name in ("base_weights", "loss_changes", "sum_hessian", "default_left", "split_type"):
        tree[name] = np.concatenate([tree[name], tree[name][:3]])
    tree["tree_param"]["num_nodes"] = str(size)


def huge(raw: dict[str, Any]) -> None:
    for tree in trees(raw):
        tree["split_conditions"] = np.full(len(tree["parents"]), 3e38, "f4")


def one_tree_twice(raw: dict[str, Any]) -> None:
    trees(raw)[3]["id"] = 2


MODEL = ("gradient_booster", "model")
CHANGES: dict[str, Change] = {
    "a node is its own child": cell("left_children", 0, 0),
    "a child is its grandparent": cell("right_children", 1, 0),
    "two nodes have one child": cell("left_children", 1, 2),
    "a child beyond the end": cell("left_children", 0, 10_000),
    "a child far beyond the end": cell("right_children", 0, 2**31 - 1),
    "a child before the beginning": cell("left_children", 0, -2),
    "one child only": cell("right_children", 0, -1),
    "a leaf in place of a branch": cell("left_children", 0, -1),
    "two nodes cut off that go round": cut_off,
    "a parent beyond the end": cell("parents", 1, 10_000),
    "a parent that is itself": cell("parents", 1, 1),
    "no parent": cell("parents", 1, 2**31 - 1),
    "a parent before the beginning": cell("parents", 0, -1, tree=0),
    "a root with a parent": cell("parents", 0, 1),
    "a feature beyond the last": cell("split_indices", 0, 5),
    "a feature far beyond the last": cell("split_indices", 0, 2**31 - 1),
    "a feature before the first": cell("split_indices", 0, -1),
    "a leaf that is no number": leaf(np.nan),
    "an infinite leaf": leaf(np.inf),
    "leaves whose sum is infinite": huge,
    "a threshold that is no number": cell("split_conditions", 0, np.nan),
    "an infinite threshold": cell("split_conditions", 0, -np.inf),
    "a weight that is no number": cell("base_weights", 0, np.nan),
    "a gain that is no number": cell("loss_changes", 0, np.inf),
    "nobody in a node": cell("sum_hessian", 1, 0),
    "fewer than nobody in a node": cell("sum_hessian", 1, -3),
    "more in a child than in its parent": cell("sum_hessian", 1, 1e30),
    "a split on categories": cell("split_type", 0, 1),
    "categories": of_tree(categories=np.array([1], "i4"), categories_nodes=np.array([0], "i4"),
                          categories_segments=np.array([0], "i8"), categories_sizes=np.array([2**40], "i8")),
    "a third way for missing values": cell("default_left", 0, 2),
    "33 levels": deep(33),
    "a million levels": deep(1_000_000),
    "another tree's number": one_tree_twice,
    "a tree's number that is none": of_tree(id=10**9),
    "shorter thresholds": of_tree(split_conditions=np.zeros(1, "f4")),
    "longer children": of_tree(left_children=np.full(1_000, -1, "i4")),
    "thresholds as whole numbers": of_tree(split_conditions=np.zeros(1, "i4")),
    "children as a list": of_tree(left_children=[1, -1, -1]),
    "no nodes": of_tree(tree_param={"num_nodes": "0", "num_feature": "5", "size_leaf_vector": "1", "num_deleted": "0"}),
    "a tree that is none": parameter(*MODEL, "trees", 3, value=[]),
    "another class for a tree": parameter(*MODEL, "tree_info", 3, value=7),
    "a class before the first": parameter(*MODEL, "tree_info", 0, value=-1),
    "no classes": parameter(*MODEL, "tree_info", value=[]),
    "classes as text": parameter(*MODEL, "tree_info", value="0" * 12),
    "rounds beyond the trees": parameter(*MODEL, "iteration_indptr", 12, value=10_000),
    "rounds that fall": parameter(*MODEL, "iteration_indptr", 5, value=-1),
    "no rounds": parameter(*MODEL, "iteration_indptr", value=[]),
    "no trees": parameter(*MODEL, "trees", value=[]),
    "more trees than it says": parameter(*MODEL, "gbtree_model_param", "num_trees", value="11"),
    "fewer trees than it says": parameter(*MODEL, "gbtree_model_param", "num_trees", value="999999999"),
    "a count that is none": parameter(*MODEL, "gbtree_model_param", "num_trees", value="12 trees"),
    "trees in parallel": parameter(*MODEL, "gbtree_model_param", "num_parallel_tree", value="1000000"),
    "more features than trees know": parameter("learner_model_param", "num_feature", value="2000000000"),
    "several classes": parameter("learner_model_param", "num_class", value="3"),
    "several targets": parameter("learner_model_param", "num_target", value="1000000000"),
    "a start that is no number": parameter("learner_model_param", "base_score", value="nan"),
    "a start beyond probabilities": parameter("learner_model_param", "base_score", value="[1E0]"),
    "a start below 32 bits": parameter("learner_model_param", "base_score", value="[1E-300]"),
    "a start nested without end": parameter("learner_model_param", "base_score", value="[" * 9_999),
    "a weight beyond 32 bits": parameter("objective", "reg_loss_param", "scale_pos_weight", value="1e999"),
    "several starts": parameter("learner_model_param", "base_score", value="[5E-1,5E-1]"),
    "another objective": parameter("objective", "name", value="multi:softprob"),
    "another kind of booster": parameter("gradient_booster", "name", value="dart"),
    "names of features": parameter("feature_names", value=["a"] * 5),
    "attributes": parameter("attributes", value={"best_iteration": "a"}),
    "a part that nobody knows": parameter("config", value={}),
    "no version": lambda raw: raw.update(version=[3]),
    "a list in place of the learner": lambda raw: raw.update(learner=[]),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_crafted_tree_is_a_damaged_model(own: Home, twelve: bytes, change: Change) -> None:
    raw = opened(twelve)
    change(raw)
    crafted.put(own.settings.models / "v0001", encoded(raw))
    for ask in (own.registry.load, partial(make.promoted, own)):
        with pytest.raises(DamagedModelError, match=UNREADABLE):
            ask("v0001")


def worded() -> xgb.Booster:
    """A booster with splits on categories, all of its features being such."""
    random = np.random.default_rng(0)
    x = random.integers(0, 30, (600, 2)).astype(np.float32)
    data = xgb.QuantileDMatrix(x, x[:, 0] % 7 < 3, feature_types=["c", "c"], enable_categorical=True)
    return xgb.train({"objective": "binary:logistic", "tree_method": "hist", "max_depth": 3, "nthread": 1}, data, 5)


def of_words(name: str, place: int | slice, value: object) -> Change:
    def change(raw: dict[str, Any]) -> None:
        values = np.array(trees(raw)[3][name])
        values[place] = value
        trees(raw)[3][name] = values

    return change


WORDS: dict[str, Change] = {
    "a category beyond all": of_words("categories", 0, 10**6),
    "a category before the first": of_words("categories", 0, -1),
    "a category twice": of_words("categories", slice(0, 2), 1),
    "a part of negative length": of_words("categories_sizes", 0, -1),
    "a part of a length that goes round": of_words("categories_sizes", 0, 2**62),
    "a part that begins elsewhere": of_words("categories_segments", 0, 1),
    "a part of a node that is none": of_words("categories_nodes", 0, 10_000),
    "a threshold where categories are": of_words("split_type", 0, 0),
    "a third type of split": of_words("split_type", 0, 2),
    "fewer categories": lambda raw: trees(raw)[3].update(categories=np.zeros(1, "i4")),
    "fewer parts": lambda raw: trees(raw)[3].update(categories_sizes=np.ones(1, "i8")),
    "numbers where categories are": parameter("feature_types", value=["q", "c"]),
    "types of features that nobody knows": parameter("feature_types", value=["c", "text"]),
    "types of other features": parameter("feature_types", value=["c"]),
    "no types": parameter("feature_types", value=[]),
}


@pytest.mark.parametrize("change", WORDS.values(), ids=WORDS.keys())
def test_crafted_splits_on_categories_are_refused(change: Change) -> None:
    content = bytes(worded().save_raw("ubj"))
    assert tree_check.categories(content)[0] > 0
    raw = opened(content)
    assert encoded(raw) == content
    change(raw)
    with pytest.raises(ValueError, match=r"categor|feature_types|in tree 3"):
        tree_check.forest(encoded(raw))


def without_end(content: bytes) -> bytes:
    return b"{" + b"L\0\0\0\0\0\0\0\1a{" * 100_000


BYTES: dict[str, Content] = {
    "nesting without end": without_end,
    "lists without end": lambda _: b"{L\0\0\0\0\0\0\0\1a" + (b"[#L" + struct.pack(">q", 1)) * 100_000,
    "more values than bytes": lambda _: b"{L\0\0\0\0\0\0\0\1a[$d#L" + struct.pack(">q", 2**61) + b"}",
    "fewer values than none": lambda _: b"{L\0\0\0\0\0\0\0\1a[$d#L" + struct.pack(">q", -1) + b"}",
    "a name longer than the file": lambda _: b"{L" + struct.pack(">q", 2**62),
    "an unknown type": lambda _: b"{L\0\0\0\0\0\0\0\1a[$Q#L" + struct.pack(">q", 0) + b"}",
    "a value of no kind": lambda _: b"{L\0\0\0\0\0\0\0\1aN}",
    "a name twice": lambda _: b"{" + b"L\0\0\0\0\0\0\0\1ai\0" * 2 + b"}",
    "a name that is no text": lambda _: b"{i\0i\0}",
    "a name that is no UTF-8": lambda _: b"{L\0\0\0\0\0\0\0\1\xffi\0}",
    "something after the end": lambda content: content + b"}",
    "nothing after half": lambda content: content[: len(content) // 2],
    "its last byte gone": lambda content: content[:-1],
    "JSON": lambda content: bytes(xgb.Booster(model_file=bytearray(content)).save_raw("json")),
    "a text": lambda _: b"S" + struct.pack(">q", 1) + b"a",
    "one byte": lambda _: b"{",
}  # fmt: skip


@pytest.mark.parametrize("change", BYTES.values(), ids=BYTES.keys())
def test_bytes_that_are_no_booster_are_a_damaged_model(own: Home, twelve: bytes, change: Content) -> None:
    crafted.put(own.settings.models / "v0001", change(twelve))
    with pytest.raises(DamagedModelError, match=UNREADABLE):
        own.registry.load()


def test_a_file_has_no_more_values_than_are_read(twelve: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ubj, "MOST_VALUES", 100)
    with pytest.raises(ValueError, match="has more than 100 values"):
        tree_check.forest(twelve)


def test_more_trees_or_bytes_than_are_taken_are_refused(twelve: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_check, "MOST_TREES", 11)
    with pytest.raises(ValueError, match="has no list of 1 to 11 trees"):
        tree_check.forest(twelve)
    monkeypatch.setattr(tree_check, "MOST_BYTES", len(twelve) - 1)
    with pytest.raises(ValueError, match="bytes, and no more than"):
        tree_check.forest(twelve)


@pytest.mark.parametrize("name", ["five", "bundled"])
def test_what_the_encoder_writes_is_what_xgboost_writes(trained: Home, name: str) -> None:
    home = trained if name == "five" else Home.open(ROOT)
    content = (home.settings.models / "v0001" / "model.ubj").read_bytes()
    assert encoded(opened(content)) == content


def test_the_trees_read_are_those_that_xgboost_scores_with(trained: Home, twelve: bytes) -> None:
    forest, model = tree_check.forest(twelve), trained.registry.load()
    rows = Scorer(model).matrix(make.users(50))
    margin = np.full(len(rows), forest.base)
    missing = np.concatenate([tree["default_left"] for tree in trees(opened(twelve))]).astype(bool)
    for start in forest.first:
        node = np.full(len(rows), start)
        while not forest.leaf[node].all():
            value = rows[np.arange(len(rows)), forest.feature[node]]
            goes_left = np.where(np.isnan(value), missing[node], value < forest.value[node])
            node = np.where(forest.leaf[node], node, np.where(goes_left, forest.left[node], forest.right[node]))
        margin += forest.value[node]
    booster = xgb.Booster()
    booster.load_model(bytearray(twelve))
    found = booster.inplace_predict(rows, predict_type="margin", missing=np.nan)
    assert np.abs(margin - found).max() < 1e-5


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_depth": 1}, {"max_depth": 12, "min_child_weight": 0.1, "lambda": 0},
        {"grow_policy": "lossguide", "max_leaves": 64, "max_depth": 0}, {"gamma": 3}, {"tree_method": "approx"},
        {"max_depth": 8, "eta": 0.2, "min_child_weight": 30, "lambda": 30, "base_score": 0.01},
        {"max_depth": 0, "gamma": 1e9},
    ],
    ids=str,
)  # fmt: skip
def test_whatever_xgboost_grows_passes(trained: Home, parameters: dict[str, Any]) -> None:
    users = make.users(800)
    matrix = xgb.DMatrix(Scorer(trained.registry.load()).matrix(users), users["spam"])
    grown = xgb.train({"objective": "binary:logistic", "tree_method": "hist", **parameters}, matrix, 20)
    more = xgb.train({"objective": "binary:logistic", **parameters}, matrix, 5, xgb_model=grown)
    for booster in (grown, more):
        content = bytes(booster.save_raw("ubj"))
        assert tree_check.features(content) == 5
        assert bytes(loaded(content).booster.save_raw("ubj")) == content


def test_32_levels_pass_and_score(own: Home, twelve: bytes) -> None:
    raw = opened(twelve)
    deep(32)(raw)
    crafted.put(own.settings.models / "v0001", encoded(raw))
    assert np.isfinite(Scorer(own.registry.load()).score(make.users(50)).probability).all()


def test_trees_of_other_features_than_the_metadata_are_a_damaged_model(own: Home, twelve: bytes) -> None:
    raw = opened(twelve)
    raw["learner"]["learner_model_param"]["num_feature"] = "6"
    for tree in trees(raw):
        tree["tree_param"]["num_feature"] = "6"
    crafted.put(own.settings.models / "v0001", encoded(raw))
    with pytest.raises(DamagedModelError, match=r"metadata\.json names 5 features, and model\.ubj has 6"):
        own.registry.load()


def test_a_file_is_looked_at_once_and_every_other_file_again(twelve: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[bytes] = []
    forest = tree_check.forest
    tree_check.features.cache_clear()
    monkeypatch.setattr(tree_check, "forest", lambda content: looked.append(content) or forest(content))
    other = opened(twelve)
    leaf(0.25)(other)
    for content in (twelve, twelve, encoded(other), twelve, encoded(other)):
        loaded(content)
    assert looked == [twelve, encoded(other)]
    leaf(np.nan)(other)
    for _ in range(2):
        with pytest.raises(ValueError, match="a leaf that is no finite number"):
            loaded(encoded(other))


def test_a_file_that_is_exchanged_while_it_is_loaded_is_damage_or_not_read(
    own: Home, twelve: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What XGBoost is given are the bytes that were looked at, whatever the file holds by then."""
    path, raw, read, times = own.settings.models / "v0001" / "model.ubj", opened(twelve), Path.read_bytes, [0]
    before = path.read_bytes()
    cell("left_children", 0, 0)(raw)

    def exchanged(read_from: Path, after: int) -> bytes:
        content = read(read_from)
        if read_from == path:
            times[0] += 1
            if times[0] == after:
                path.write_bytes(encoded(raw))
        return content

    for after in (1, 2):
        path.write_bytes(before)
        times[0] = 0
        monkeypatch.setattr(Path, "read_bytes", lambda read_from, after=after: exchanged(read_from, after))
        if after == 1:  # between the look at all sums and the reading
            with pytest.raises(DamagedModelError, match=r"model\.ubj differs from SHA256SUMS"):
                own.registry.load()
        else:
            assert bytes(own.registry.load().predictor.booster.save_raw("ubj")) == before
        assert times[0] == 2
        assert read(path) == encoded(raw)


def fuzzed(content: bytes, folder: Path, first: int, last: int) -> str:
    """The last line of a process that tries these mutants; fails the test with the seed that killed it."""
    (folder / "booster.ubj").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.model.fuzz_trees", str(folder / "booster.ubj"), str(first), str(last)],
        cwd=ROOT, env=child_environment(Home.open(folder)), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-20:]} {done.stderr[-2_000:]}"
    return done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_no_mutant_that_passes_harms_xgboost(twelve: bytes, tmp_path: Path) -> None:
    passed, of = fuzzed(twelve, tmp_path, 0, 400).split(" passed")[0].split(" of ")
    assert 20 < int(passed) < int(of) == 400


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_mutant_of_many_that_passes_harms_xgboost(twelve: bytes, tmp_path: Path) -> None:
    passed, of = fuzzed(twelve, tmp_path, 1_000, 9_000).split(" passed")[0].split(" of ")
    assert 400 < int(passed) < int(of) == 8_000
