"""Tables made from known rules: what a model can find in them is known, because it was put there.

    .venv/bin/python -m benchmarks.made_sets words --rows 20000 --out users.csv

`words`: 24 columns of words, 3 of dates and 5 of numbers, of which the numbers alone tell little.
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
        levels = int(np.geomspace(2, 60, WORDS)[at])
        weights = 1 / np.arange(1, levels + 1)
        code = random.choice(levels, rows, p=weights / weights.sum())
        effect = np.random.default_rng([7, at]).normal(0, 0.9 if at % 2 else 0.15, levels)
        margin += effect[code]
        if at % 6 == 5:  # some pairs say what neither word does
            both = np.random.default_rng([11, at]).normal(0, 0.8, (levels, 2))
            margin += both[code, before % 2]
        columns[f"c{at + 1}"] = np.where(random.random(rows) < 0.05, None, _names(at, levels)[code])
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
    low, high = -40.0, 40.0
    while high - low > 1e-6:  # where so many are spammers
        middle = (low + high) / 2
        low, high = (middle, high) if expit(margin + middle).mean() < share else (low, middle)
    spam = (random.random(rows) < expit(margin + low)).astype(int)
    ids = [f"u{seed}-{row}" for row in range(rows)]
    return pd.DataFrame({"user_id": ids, "spam": spam, **columns})


def _names(at: int, levels: int) -> Any:
    """What the levels of a column are called: some columns hold codes, and the rest words."""
    if at % 5 == 4:
        return np.array([f"{100 + 7 * level}" for level in range(levels)], object)
    return np.array([f"{'abcdefghijklmnopqrstuvwx'[at]}{level:02d}" for level in range(levels)], object)


SETS = {"words": words}


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a table made from a known rule.")
    parser.add_argument("set", choices=[*SETS])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    made = SETS[chosen.set](chosen.rows, chosen.seed)
    made.to_csv(chosen.out, index=False)
    sys.stdout.write(f"{len(made):,} users, {int(made['spam'].sum()):,} spammers: {chosen.out}\n")


if __name__ == "__main__":
    main()
