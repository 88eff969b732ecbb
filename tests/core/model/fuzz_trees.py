"""Made to be run as a process: whatever mutant passes the check is given to XGBoost, which must bear it.

`python -m tests.core.model.fuzz_trees BOOSTER FIRST LAST`: mutants of these seeds; prints how many passed of all.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import numpy as np
import xgboost as xgb

from core.model import tree_check
from core.model.trees import Trees, loaded
from tests.core.registry import crafted


def tried(changed: bytes) -> bool:
    """Whether a booster passes; XGBoost then loads it and its scores and reasons are finite."""
    try:
        forest = tree_check.forest(changed)
    except ValueError:
        return False
    booster = xgb.Booster()
    booster.load_model(bytearray(changed))
    booster.set_param({"nthread": 1})
    trees = Trees(booster)
    some = forest.value[:200]
    weird = np.array([np.nan, 0, 3e38, -3e38, *some, *np.nextafter(some, np.float32(np.inf))], np.float32)
    rows = np.random.default_rng(zlib.crc32(changed)).choice(weird, (100, forest.features))
    assert booster.num_features() == forest.features
    assert np.isfinite(trees.margin(rows)).all()
    assert np.isfinite(trees.contributions(rows)).all()
    assert (loaded(changed).margin(rows) == trees.margin(rows)).all()
    assert len(booster.get_score(importance_type="gain")) <= forest.features
    assert booster.copy().save_raw("ubj")
    return True


def _try(content: bytes, seed: int) -> bool:
    sys.stdout.write(f"{seed}\n")  # the last line of a process that dies names what killed it
    sys.stdout.flush()
    return tried(crafted.mutant(content, np.random.default_rng(seed)))


if __name__ == "__main__":
    content = Path(sys.argv[1]).read_bytes()
    seeds = range(int(sys.argv[2]), int(sys.argv[3]))
    passed = sum(_try(content, seed) for seed in seeds)
    sys.stdout.write(f"{passed} of {len(seeds)} passed\n")
