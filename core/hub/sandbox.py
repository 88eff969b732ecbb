"""A version from elsewhere, loaded and tried on many users in a process of its own: what ends it, ends no other.

The process has limits of memory and time, and neither tokens nor a home. `python -m core.hub.sandbox FOLDER` says in
one line of JSON which file does not go with the others, and how.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from core.errors import DamagedModelError
from core.model import tree_check
from core.model.encoding import Levels
from core.model.forest import Forest
from core.registry import registry
from core.registry.baseline import Baseline
from core.registry.population import Population
from core.registry.registry import BASELINE, CALIBRATION, TREES, Model
from core.registry.version_files import TEXTS
from core.schema.levels import FIRST, number
from core.scoring.scorer import Scorer
from core.settings import ROOT, trial_environment
from core.store import strict_json
from core.store.strict_json import legible

#: Memory of the process in bytes, and seconds of the processor: ten times what the largest file taken needs.
MOST_MEMORY: Final = 8 * 2**30
MOST_SECONDS: Final = 180
#: Seconds it is waited for, on a machine that does other things too.
PATIENCE: Final = 600.0
#: Texts of all kinds, and none.
_SAID: Final = (
    None, "a", "Hello, is this still available?", "\u043f\u0440\u0438\u0432\u0435\u0442",
    "\0\u202e 100 % http://x.y", "!" * 500,
)  # fmt: skip
#: Users drawn at random, and of those trained on, that are scored; and how many of all are explained.
MANY: Final = 2_000
EXPLAINED: Final = 200
#: Thresholds of one feature that users are put just below and just above.
_THRESHOLDS: Final = 50
_LARGEST: Final = float(np.finfo(np.float32).max)
#: The file at fault, and a clause that goes on after its name.
Fault = tuple[str, str]
_UNKNOWN: Final = "a file"
Values = npt.NDArray[np.float64]


def fault(folder: Path) -> Fault | None:
    """What is wrong with the version in this folder; None where it is whole and scores everybody."""
    command = [sys.executable, "-m", "core.hub.sandbox", str(folder)]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT, env=trial_environment(), check=False,
            timeout=PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return _UNKNOWN, f"is damaged: the version was not loaded and tried within {PATIENCE:.0f} seconds"
    if done.returncode:
        return _UNKNOWN, f"is damaged: it ended the process that tried the version ({_ending(done.returncode)})"
    told = strict_json.parsed(done.stdout)
    return (str(told[0]), str(told[1])) if told else None


def _ending(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"


def _limit() -> None:
    """Bound what this process may take; where the system has no such limits, who waits for it ends it in time."""
    with contextlib.suppress(ImportError):  # Windows
        resource = importlib.import_module("resource")
        for kind, most in (("RLIMIT_AS", MOST_MEMORY), ("RLIMIT_CPU", MOST_SECONDS), ("RLIMIT_CORE", 0)):
            with contextlib.suppress(OSError, ValueError):  # not on this system, or a lower one is set already
                resource.setrlimit(getattr(resource, kind), (most, most))


def _tried(folder: Path) -> Fault | None:
    try:
        return _fault(registry.opened(folder))
    except DamagedModelError as error:
        return error.file, legible(error.sentence, 200)
    except MemoryError:
        return _UNKNOWN, f"needs more than {MOST_MEMORY // 2**30} GB of memory"
    # Well-formed JSON or Parquet of somebody else may hold anything in any place; here that is no bug.
    except (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError) as error:
        return _UNKNOWN, f"cannot be read ({legible(str(error), 200)})"


def _fault(model: Model) -> Fault | None:
    names, baseline = model.metadata.names, model.baseline()
    columns = baseline.sample.columns
    known = baseline.features.keys() == set(names)
    if not known or tuple(columns[: len(names)]) != names or len(columns) != len(names) + 2:
        return BASELINE, f"has other columns than {registry.METADATA} names"
    model.users()
    Population.of_baseline(baseline, model.metadata.features)
    values = _users(model, baseline, tree_check.forest((model.folder / TREES).read_bytes()))
    said = [_SAID[at % len(_SAID)] for at in range(len(values))]
    coded = Scorer(model).coded(values, dict.fromkeys(model.texts, said))
    for name in model.texts:
        own = coded.x[:, names.index(name)]
        if not np.isfinite(own[~coded.missing[name]]).all():
            return TEXTS[1], f"makes of a text in {name} what is no number"
        own[:] = values[:, names.index(name)]
    margin = model.predictor.margin(coded.x)
    if not (np.isfinite(margin) & np.isfinite(model.calibration.probability(margin))).all():
        return TREES, f"gives scores that are no numbers with {CALIBRATION}"
    explained = coded.x[:: max(len(values) // EXPLAINED, 1)]
    # The bias is that of XGBoost, which thereby reads the file too, as it will when somebody learns on from it.
    pushes = model.explainer.contributions(explained) + np.float32(model.predictor.bias(len(names)))
    if not np.isfinite(pushes).all():
        return TREES, "gives reasons that are no numbers"
    return None


def _users(model: Model, baseline: Baseline, forest: Forest) -> Values:
    """Users of all kinds, (n, f): like those trained on, at and beyond every edge, and with any values missing."""
    random, features = np.random.default_rng(0), model.metadata.features
    medians = np.array([np.nan if each.median is None else each.median for each in features])
    pools = [
        _words(each.levels) if each.levels else _values(forest, at, each.low, each.high, medians[at], random)
        for at, each in enumerate(features)
    ]
    drawn = np.stack([random.choice(pool, MANY) for pool in pools], axis=1)
    edges = []
    for at, pool in enumerate(pools):
        one_off = np.tile(medians, (len(pool), 1))
        one_off[:, at] = pool
        edges.append(one_off)
    seen = baseline.sample.iloc[:MANY, : len(features)].to_numpy(np.float64, copy=True)
    for at, each in enumerate(features):
        if each.levels:
            seen[:, at] = _words(each.levels)[np.where(np.isnan(seen[:, at]), -1, seen[:, at]).astype(np.int64)]
    nobody = np.full((1, len(features)), np.nan)
    return np.concatenate([medians[None, :], nobody, *edges, drawn, seen])


def _words(levels: Levels) -> Values:
    """A word of each level, one that nobody knows, and none."""
    return np.array([*map(number, levels.words), FIRST, np.nan])


def _values(
    forest: Forest, feature: int, low: float | None, high: float | None, median: float, random: np.random.Generator
) -> Values:
    """Values of one feature at which something may change, and those far from all."""
    values = np.unique(forest.value[~forest.leaf & (forest.feature == feature)])
    some = random.permutation(values)[:_THRESHOLDS]
    beside = [np.nextafter(some, np.float32(way)) for way in (-np.inf, np.inf)]
    ends = [each for each in (low, high) if each is not None and abs(each) <= _LARGEST]
    all_of_them = np.concatenate([[np.nan, 0.0, -_LARGEST, _LARGEST, median, *ends], some, *beside]).astype(np.float64)
    return all_of_them[~np.isinf(all_of_them)]


if __name__ == "__main__":
    _limit()
    sys.stdout.write(json.dumps(_tried(Path(sys.argv[1]))))
