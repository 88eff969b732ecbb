"""Booster files that somebody made by hand: written by our own encoder from values changed at will, or byte by byte."""

from __future__ import annotations

import contextlib
import copy
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xgboost as xgb

from core.home import Home
from core.model import ubj
from core.model.trees import Trees
from core.registry import registry, sums
from core.registry.registry import Model
from core.scoring.scorer import Scorer

Change = Callable[[dict[str, Any]], None]
_MARKERS: Final = {"u1": b"U", "i4": b"l", "i8": b"L", "f4": b"d"}
_WHOLE: Final = ((7, b"i", ">b"), (15, b"I", ">h"), (31, b"l", ">i"), (63, b"L", ">q"))
_WEIRD: Final = {
    "i": (-1, 0, 1, 2, -2, 127, 2**31 - 1, -(2**31)),
    "u": (0, 1, 2, 255),
    "f": (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, 3e38, -3e38, 1e29, 1e-45, -1.0),
}
_TEXTS: Final = ("", "-1", "0", "1", "2", "999999999", "1e999", "nan", "[0.5]", "[nan]", "[[[[", "[0.5,0.5]", "x" * 50)


def encoded(value: Any) -> bytes:
    """A value as XGBoost writes it."""
    if isinstance(value, dict):
        return b"{" + b"".join(encoded(name)[1:] + encoded(each) for name, each in value.items()) + b"}"
    if isinstance(value, list):
        return b"[#" + _length(len(value)) + b"".join(map(encoded, value))
    if isinstance(value, np.ndarray):
        kind = value.dtype.newbyteorder("=").str[1:]
        return b"[$" + _MARKERS[kind] + b"#" + _length(len(value)) + value.astype(f">{kind}").tobytes()
    if isinstance(value, str):
        return b"S" + _length(len(value.encode())) + value.encode()
    if isinstance(value, float | np.floating):
        return b"d" + struct.pack(">f", value)
    return next(marker + struct.pack(code, value) for bits, marker, code in _WHOLE if abs(value) < 2**bits - 1)


def _length(size: int) -> bytes:
    return b"L" + struct.pack(">q", size)


def opened(content: bytes) -> dict[str, Any]:
    """What a booster file holds, to be changed."""
    return copy.deepcopy(ubj.read(content))  # type: ignore[return-value]


def model_of(raw: dict[str, Any]) -> dict[str, Any]:
    """The part with the trees."""
    found: dict[str, Any] = raw["learner"]["gradient_booster"]["model"]
    return found


def trees(raw: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = model_of(raw)["trees"]
    return found


def chain(tree: dict[str, Any], depth: int) -> None:
    """Make a tree one long branch: `depth` splits one below the other, sound but for its depth."""
    size = 2 * depth + 1
    inner = np.arange(0, size - 1, 2)
    left, parents = np.full(size, -1), np.full(size, 2**31 - 1)
    left[inner] = inner + 1
    parents[1::2] = parents[2::2] = inner
    cover = np.ones(size)
    cover[::2] = depth + 1.0 - np.arange(depth + 1)
    zeros = np.zeros(size)
    tree |= {
        "left_children": left.astype("i4"), "right_children": np.where(left < 0, -1, left + 1).astype("i4"),
        "parents": parents.astype("i4"), "sum_hessian": cover.astype("f4"),
    }  # fmt: skip
    tree |= {name: zeros.astype("f4") for name in ("split_conditions", "base_weights", "loss_changes")}
    tree |= {"split_indices": zeros.astype("i4"), "default_left": zeros.astype("u1"), "split_type": zeros.astype("u1")}
    tree["tree_param"]["num_nodes"] = str(size)


def one_bad_leaf(home: Home, value: float = np.nan) -> Model:
    """The live model with one tree, and a leaf that gives some users no score; no checked version has one."""
    model = home.registry.load()
    raw = opened(bytes(model.predictor[:1].booster.save_raw("ubj")))
    (tree,) = trees(raw)
    values = np.array(tree["split_conditions"])
    values[np.flatnonzero(tree["left_children"] == -1)[-1]] = value
    tree["split_conditions"] = values
    return replace(model, predictor=Trees(xgb.Booster(model_file=bytearray(encoded(raw)))))


def without_score(model: Model, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which users such a model gives no score, asked of XGBoost itself."""
    margin = model.predictor.booster.inplace_predict(Scorer(model).matrix(frame), predict_type="margin", missing=np.nan)
    return ~np.isfinite(np.asarray(margin))


def put(folder: Path, content: bytes, name: str = registry.TREES) -> None:
    """Write a file of a version, and a right sum for it."""
    (folder / name).write_bytes(content)
    sums.write(folder, list(sums.read(folder)))


def mutant(content: bytes, random: np.random.Generator) -> bytes:
    """The file changed in one to three places: in its bytes, or in what it says."""
    if random.random() < 0.3:
        return _bytes_changed(content, random)
    raw = opened(content)
    for _ in range(random.integers(1, 4)):
        # What an earlier change took away cannot be changed again.
        with contextlib.suppress(AttributeError, IndexError, KeyError, TypeError, ValueError):
            _CHANGES[random.integers(len(_CHANGES))](raw, random)
    return encoded(raw)


def _bytes_changed(content: bytes, random: np.random.Generator) -> bytes:
    at, size, way = int(random.integers(len(content))), int(random.integers(1, 9)), random.integers(4)
    if way == 0:
        return content[:at]
    if way == 1:
        return content[:at] + content[at + size :]
    if way == 2:
        return content[:at] + random.bytes(size) + content[at:]
    flipped = bytearray(content)
    for place in random.integers(len(content), size=size):
        flipped[place] ^= 1 << int(random.integers(8))
    return bytes(flipped)


def _cell(raw: dict[str, Any], random: np.random.Generator) -> None:
    """One number of one tree: a weird one, or one of another node."""
    tree = _any(trees(raw), random)
    name = _any([name for name, value in tree.items() if isinstance(value, np.ndarray) and len(value)], random)
    values = tree[name] = np.array(tree[name]).astype(tree[name].dtype.newbyteorder("="))
    weird = [*_WEIRD[values.dtype.kind], len(values), values[random.integers(len(values))], random.normal()]
    with np.errstate(all="ignore"):
        values[random.integers(len(values))] = np.array(_any(weird, random)).astype(values.dtype)


def _array(raw: dict[str, Any], random: np.random.Generator) -> None:
    """An array longer, shorter, empty, reversed or of another type."""
    tree = _any(trees(raw), random)
    name = _any([name for name, value in tree.items() if isinstance(value, np.ndarray)], random)
    values = tree[name]
    tree[name] = _any(
        [values[:-1], values[:0], values[::-1], np.tile(values, 2), values.astype(">i4"), np.resize(values, 5),
         [1, 2], "", {}, 7],
        random,
    )  # fmt: skip


def _sound(raw: dict[str, Any], random: np.random.Generator) -> None:
    """Other leaves, thresholds, features and ways for missing values: still a model."""
    tree = _any(trees(raw), random)
    size = len(tree["parents"])
    tree["split_conditions"] = (np.array(tree["split_conditions"]) * random.normal()).astype("f4")
    tree["split_indices"] = random.permutation(np.array(tree["split_indices"])).astype("i4")
    tree["default_left"] = random.integers(0, 2, size).astype("u1")


def _text(raw: dict[str, Any], random: np.random.Generator) -> None:
    """A parameter of the booster or of a tree."""
    learner = raw["learner"]
    place = _any(
        [learner["learner_model_param"], learner["objective"], learner["objective"].get("reg_loss_param"),
         learner["gradient_booster"], model_of(raw)["gbtree_model_param"], _any(trees(raw), random)["tree_param"]],
        random,
    )  # fmt: skip
    if isinstance(place, dict):
        place[_any([*place, "size_leaf_vector", "nobody"], random)] = _any([*_TEXTS, 3, 2.0, [], {}], random)


def _listed(raw: dict[str, Any], random: np.random.Generator) -> None:
    """The lists beside the trees, or the trees themselves."""
    model = model_of(raw)
    name = _any(["tree_info", "iteration_indptr", "trees"], random)
    values = model[name]
    if name == "trees":
        model[name] = _any([values[:-1], values[::-1], [*values, values[0]], values[1:]], random)
        if random.random() < 0.5:  # consistently
            model["gbtree_model_param"]["num_trees"] = str(len(model[name]))
            model["tree_info"] = [0] * len(model[name])
            model["iteration_indptr"] = list(range(len(model[name]) + 1))
            model[name] = [{**tree, "id": number} for number, tree in enumerate(model[name])]
    elif values:
        values[random.integers(len(values))] = _any([-1, 1, 7, 2**40, 0.5, "", len(values)], random)


def _extra(raw: dict[str, Any], random: np.random.Generator) -> None:
    """Something where nothing is, or nothing where something is."""
    learner, model = raw["learner"], model_of(raw)
    place = _any([raw, learner, learner["attributes"], learner["gradient_booster"], model, trees(raw)[0]], random)
    name = _any([*place, "best_iteration", "weight_drop", "cats", "attributes"], random)
    if random.random() < 0.5:
        place[name] = _any([{"a": "b"}, [1], "7", 7, np.arange(3, dtype="i4")], random)
    elif name in place and name not in {"learner", "gradient_booster", "model", "trees"}:
        del place[name]


def _any(choices: Any, random: np.random.Generator) -> Any:
    return choices[random.integers(len(choices))]


_CHANGES: Final = (_cell, _cell, _cell, _sound, _sound, _array, _text, _listed, _extra)
