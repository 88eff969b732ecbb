"""Columns that break careless arithmetic, ordinary random ones, and the small real sets, for the tests of Explore."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.schema.schema import Column


def ordinary(n: int = 800, seed: int = 0) -> pd.DataFrame:
    """Counts, flags, codes and real numbers, with ties, zeros, missing values and a near-copy."""
    random = np.random.default_rng(seed)
    links = random.poisson(2, n)
    real = random.normal(size=n)
    return pd.DataFrame(
        {
            "links": links,
            "verified": random.integers(0, 2, n),
            "tier": random.integers(-5, 90, n),
            "zeros": np.where(random.random(n) < 0.7, 0, random.geometric(0.02, n)),
            "real": real,
            "copy": links + random.integers(0, 2, n),
            "gaps": np.where(random.random(n) < 0.2, np.nan, real + random.normal(size=n)),
            "holes": np.where(random.random(n) < 0.3, np.nan, random.integers(0, 9, n)),
            "long": np.exp(3 * random.normal(size=n)),
        }
    )


def label(n: int = 800, seed: int = 0, *, unknown: float = 0.0) -> np.ndarray:
    """1 and 0, about one in four a spammer; a share of them not known."""
    random = np.random.default_rng(seed + 1000)
    known = (random.random(n) < 0.25).astype(float)
    return np.where(random.random(n) < unknown, np.nan, known)


def hostile(n: int = 200) -> pd.DataFrame:
    """Every kind of column that a page must survive, n of 0 or more rows."""
    random = np.random.default_rng(7)
    codes = random.integers(-9, 0, n)
    huge = np.full(n, 3.0)
    tail = random.poisson(1, n).astype(float)
    huge[:1] = tail[:1] = 1e12
    return pd.DataFrame(
        {
            "missing": np.full(n, np.nan),
            "constant": np.full(n, 7),
            "almost missing": np.where(np.arange(n) == 1, 0.1, np.nan),
            "distinct": random.permutation(n),
            "distinct, real": random.permutation(n) / 7,
            "outlier": huge,
            "tail": tail,
            "negative": codes,
            "<b>x</b>": random.integers(0, 2, n),
            "one, two": np.where(random.random(n) < 0.5, np.nan, -0.0),
            "largest": random.choice([-3.4e38, 3.4e38], n),
            "smallest": random.random(n) * 1e-300,
            "tenths": np.full(n, 0.1),
            "wide": random.integers(-(2**62), 2**62, n),
        }
    )


LABELS = {
    "both classes": lambda n: np.arange(n) % 2.0,
    "spammers only": np.ones,
    "legitimate only": np.zeros,
    "unknown": lambda n: np.full(n, np.nan),
    "no label": lambda _n: None,
}


def columns(frame: pd.DataFrame) -> list[Column]:
    return [Column(str(name)) for name in frame]


def real(shared: Path, name: str) -> tuple[pd.DataFrame, np.ndarray]:
    """The features of a real set and its label, its last column."""
    path = shared / "data" / "real" / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip(f"there is no {path.name}")
    frame = pd.read_csv(path)
    return frame.iloc[:, :-1], frame.iloc[:, -1].to_numpy(float)


REAL = ("spambase", "twitter_spammers")
