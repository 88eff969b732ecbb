"""Tables made from known rules: what a model can find in them is known, because it was put there.

    .venv/bin/python -m benchmarks.made_sets words --out users.csv

`words`: 24 columns of words, 3 of dates and 5 of numbers, of which the numbers alone tell little.
`numbers`: 30 columns of numbers that say most in pairs, and 2 of words.
`levels`: 12 columns of words, up to 400 of them in one, that say most in pairs, and 4 of numbers.
`rare`: 2 % are spammers, of three narrow kinds; 20 columns of numbers and 6 of words.
`noise`: 6 columns of numbers and 2 of words that tell something, among 92 that tell nothing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

#: Columns of words, of dates, and of numbers of the set `words`.
WORDS, DATES, NUMBERS = 24, 3, 5
DAY = np.timedelta64(1, "D")


def words(rows: int, seed: int = 0, *, share: float = 0.12) -> pd.DataFrame:
    """Users (n rows) with `user_id`, `spam` (1 or 0), c1 ... c24, signed_up, first_order, seen_at, n1 ... n5.

    Spam depends on what some of the words are, on pairs of them, on how long before `seen_at` a user signed up, and a
    little on numbers. 5 % of all words, and 3 % of the dates and numbers, are missing; the levels of a column, 2 to 60,
    are as rare as words are in text.
    """
    random = np.random.default_rng(seed)
    margin, before, columns = np.zeros(rows), np.zeros(rows, int), dict[str, Any]()
    for at in range(WORDS):
        size = int(np.geomspace(2, 60, WORDS)[at])
        code = random.choice(size, rows, p=_rarer(size))
        effect = np.random.default_rng([7, at]).normal(0, 0.9 if at % 2 else 0.15, size)
        margin += effect[code]
        if at % 6 == 5:  # some pairs say what neither word does
            both = np.random.default_rng([11, at]).normal(0, 0.8, (size, 2))
            margin += both[code, before % 2]
        columns[f"c{at + 1}"] = np.where(random.random(rows) < 0.05, None, _names(at, size)[code])
        before = code
    seen = np.datetime64("2026-01-01") + random.integers(0, 120, rows) * DAY
    age, pause = random.exponential(200, rows).astype(int), random.exponential(30, rows).astype(int)
    signed = seen - age * DAY
    margin += 1.6 * (age < 20) - 0.8 * (age > 300) + 0.9 * (pause < 3) * (age < 60)
    for name, moments in (
        ("signed_up", signed),
        ("first_order", signed + np.minimum(pause, age) * DAY),
        ("seen_at", seen),
    ):
        texts = np.datetime_as_string(moments, unit="D").astype(object)
        columns[name] = texts if name == "seen_at" else np.where(random.random(rows) < 0.03, None, texts)
    for at in range(NUMBERS):
        value = random.gamma(2, 2, rows).round(2)
        margin += (0.25 if at < 2 else 0.0) * (value - 4)
        columns[f"n{at + 1}"] = np.where(random.random(rows) < 0.03, np.nan, value)
    return _labelled(columns, margin, share, random, seed)


def numbers(rows: int, seed: int = 0, *, share: float = 0.05) -> pd.DataFrame:
    """Users (n rows) with `user_id`, `spam` (1 or 0), n1 ... n30 and c1, c2.

    Spam depends on products of two numbers, on thresholds that count only together, on a word by which a number counts
    the other way round, and on whether n7 is there, which 20 % lack; of the others 3 % are missing.
    """
    random = np.random.default_rng(seed)
    normal = random.normal(size=(rows, 30))
    word, other = random.integers(0, 8, rows), random.choice(5, rows, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    margin = 0.9 * normal[:, 0] * normal[:, 1] + 0.8 * normal[:, 2] * np.where(word % 2, 1, -1)
    margin += 2.2 * ((normal[:, 3] > 0.8) & (normal[:, 4] < 0)) + 1.6 * ((normal[:, 5] > 1) & (other > 1))
    margin += 0.6 * np.abs(normal[:, 7]) - 0.5 * normal[:, 8] ** 2 * (normal[:, 9] > 0) + 0.4 * normal[:, 10:16].sum(1)
    gone = random.random((rows, 30)) < np.where(np.arange(30) == 6, 0.2, 0.03)
    margin += 1.2 * gone[:, 6] * (normal[:, 0] > 0)
    columns: dict[str, Any] = {}
    for at in range(30):  # as people hold them: some are counts, some amounts
        value = (normal[:, at], np.exp(normal[:, at]), np.floor(np.exp(1 + normal[:, at])))[at % 3]
        columns[f"n{at + 1}"] = np.where(gone[:, at], np.nan, value.round(3))
    columns["c1"], columns["c2"] = _names(0, 8)[word], _names(1, 5)[other]
    return _labelled(columns, margin, share, random, seed)


def levels(rows: int, seed: int = 0, *, share: float = 0.25) -> pd.DataFrame:
    """Users (n rows) with `user_id`, `spam` (1 or 0), c1 ... c12 of 5 to 400 words, and n1 ... n4.

    What a word says depends on a word of the next column; a number counts for some words only. 4 % of all are missing.
    """
    random = np.random.default_rng(seed)
    sizes = np.geomspace(5, 400, 12).astype(int)
    codes = [random.choice(size, rows, p=_rarer(size)) for size in sizes]
    values = random.gamma(2, 1.5, (rows, 4)).round(2)
    margin, columns = np.zeros(rows), dict[str, Any]()
    for at, (size, code) in enumerate(zip(sizes, codes, strict=True)):
        effect = np.random.default_rng([23, at]).normal(0, 0.5, (size, 3))
        margin += effect[code, codes[(at + 1) % 12] % 3]
        columns[f"c{at + 1}"] = np.where(random.random(rows) < 0.04, None, _names(at, size)[code])
    for at in range(4):
        margin += 0.35 * (values[:, at] - 3) * (codes[at] % 2)
        columns[f"n{at + 1}"] = np.where(random.random(rows) < 0.04, np.nan, values[:, at])
    return _labelled(columns, margin, share, random, seed)


def rare(rows: int, seed: int = 0, *, share: float = 0.02) -> pd.DataFrame:
    """Users (n rows) with `user_id`, `spam` (1 or 0), n1 ... n20 and c1 ... c6 of 3 to 80 words.

    Of spammers there are three kinds, each told by some numbers and words together; 2 % of all values are missing.
    """
    random = np.random.default_rng(seed)
    value = random.normal(size=(rows, 20))
    sizes = np.geomspace(3, 80, 6).astype(int)
    codes = [random.choice(size, rows, p=_rarer(size)) for size in sizes]
    kinds = (
        3.5 * (value[:, 0] > 0.7) * (value[:, 1] > 0.7) + 1.2 * (codes[4] % 3 == 1) + 0.5 * value[:, 2],
        4.0 * (value[:, 3] < -1) * (codes[1] == 1) + 0.8 * np.abs(value[:, 4]),
        3.0 * (codes[5] % 7 == 3) * (value[:, 5] > 0) + 0.7 * value[:, 6] * value[:, 7],
    )
    margin = 1.4 * np.logaddexp.reduce(np.stack(kinds), axis=0) + 0.3 * value[:, 8:12].sum(1)
    columns: dict[str, Any] = {}
    for at in range(20):
        shown = np.floor(np.exp(2 + value[:, at])) if at % 2 else value[:, at].round(3)
        columns[f"n{at + 1}"] = np.where(random.random(rows) < 0.02, np.nan, shown)
    for at, (size, code) in enumerate(zip(sizes, codes, strict=True)):
        columns[f"c{at + 1}"] = np.where(random.random(rows) < 0.02, None, _names(at, size)[code])
    return _labelled(columns, margin, share, random, seed)


def noise(rows: int, seed: int = 0, *, share: float = 0.15) -> pd.DataFrame:
    """Users (n rows) with `user_id`, `spam` (1 or 0), n1 ... n86 and c1 ... c14 of 2 to 40 words.

    Spam depends on n1 ... n6 and on c1 and c2, in part together; nothing else has to do with it.
    """
    random = np.random.default_rng(seed)
    value = random.normal(size=(rows, 86))
    sizes = np.resize([6, 12, 2, 40, 20, 4], 14)
    codes = [random.choice(size, rows, p=_rarer(size)) for size in sizes]
    margin = 1.0 * value[:, 0] + 0.8 * np.abs(value[:, 1]) - 0.7 * value[:, 2] * (value[:, 3] > 0)
    margin += 0.6 * np.maximum(value[:, 4], value[:, 5])
    for at in range(2):
        margin += np.random.default_rng([31, at]).normal(0, 0.8, sizes[at])[codes[at]]
    columns: dict[str, Any] = {f"n{at + 1}": value[:, at].round(3) for at in range(86)}
    columns |= {f"c{at + 1}": _names(at, size)[code] for at, (size, code) in enumerate(zip(sizes, codes, strict=True))}
    return _labelled(columns, margin, share, random, seed)


def _labelled(columns: dict[str, Any], margin: Any, share: float, random: Any, seed: int) -> pd.DataFrame:
    """The users with ids and labels: a margin (n,) in log-odds, raised so far that so many are spammers."""
    low, high = -40.0, 40.0
    while high - low > 1e-6:  # where so many are spammers
        middle = (low + high) / 2
        low, high = (middle, high) if expit(margin + middle).mean() < share else (low, middle)
    spam = (random.random(len(margin)) < expit(margin + low)).astype(int)
    ids = [f"u{seed}-{row}" for row in range(len(margin))]
    return pd.DataFrame({"user_id": ids, "spam": spam, **columns})


def _rarer(levels: int) -> Any:
    """The share of each level: as rare as words are in text."""
    weights = 1 / np.arange(1, levels + 1)
    return weights / weights.sum()


def _names(at: int, levels: int) -> Any:
    """What the levels of a column are called: some columns hold codes, and the rest words."""
    if at % 5 == 4:
        return np.array([f"{100 + 7 * level}" for level in range(levels)], object)
    return np.array([f"{'abcdefghijklmnopqrstuvwx'[at]}{level:02d}" for level in range(levels)], object)


#: Each set, and with how many users training is measured on it.
SETS = {"words": (words, 20_000), "numbers": (numbers, 30_000), "levels": (levels, 10_000), "rare": (rare, 50_000),
        "noise": (noise, 5_000)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a table made from a known rule.")
    parser.add_argument("set", choices=[*SETS])
    parser.add_argument("--rows", type=int, help="by default as many as benchmarks/compare_training.py learns from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    make, rows = SETS[chosen.set]
    made = make(chosen.rows or rows, chosen.seed)
    made.to_csv(chosen.out, index=False)
    sys.stdout.write(f"{len(made):,} users, {int(made['spam'].sum()):,} spammers: {chosen.out}\n")


if __name__ == "__main__":
    main()
