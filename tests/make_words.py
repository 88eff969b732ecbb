"""A small home whose users have words, yes and no, and dates, for tests of what is done with them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data import intake
from core.home import Home
from core.schema import schema as schemas
from core.schema.schema import Column, Label, Schema
from tests import make

COUNTRIES = ("DE", "PH", "US", "FR", "NG", "IT")
SCHEMA = Schema(
    (
        Column("country", "category"),
        Column("paid", "flag", yes=("J",), no=("N",)),
        Column("signed", "date", parts=("age", "weekday"), at="seen"),
        Column("seen", "date"),
        Column("links", "count", 0),
    ),
    id="user_id",
    label=Label("spam"),
)


def users(n: int = 900, seed: int = 0) -> pd.DataFrame:
    """As a file has them: spam comes from PH and NG, has not paid, or signed up a few days ago. LI is rare."""
    random = np.random.default_rng(seed)
    country = random.choice(COUNTRIES, n, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.1]).astype(object)
    paid, age, links = random.random(n) < 0.5, random.integers(0, 300, n), random.poisson(3, n)
    risky = np.isin(country, ["PH", "NG"])
    spam = random.random(n) < 1 / (1 + np.exp(3 - 3 * risky - 2 * (age < 40) + 1.5 * paid))
    country[:3], country[3:40] = "LI", None
    seen = np.datetime64("2026-03-01") + random.integers(0, 60, n)
    return pd.DataFrame(
        {
            "user_id": [f"w{seed}-{at}" for at in range(n)], "spam": spam.astype(int), "country": country,
            "paid": np.where(paid, "J", "N"), "signed": np.datetime_as_string(seen - age),
            "seen": np.datetime_as_string(seen), "links": links,
        }
    )  # fmt: skip


def home_of(home: Home) -> Home:
    """A home with a live version that has learnt from such users."""
    make.once(home, lambda: _taught(home), "words")
    return home


def _taught(home: Home) -> None:
    home.settings.data.mkdir(parents=True)
    home.settings.salt_file.write_text("0" * 32 + "\n")  # the same users in the test part each time
    schemas.save(SCHEMA, home.settings.schema_file)
    checked = intake.read("users.csv", make.csv(users()), SCHEMA, need_label=True)
    dataset = home.datasets.put(checked, SCHEMA, now=make.NOW, need_label=True)
    version = home.training.learn(dataset, SCHEMA, make.policy().thresholds, now=make.NOW)
    make.promoted(home, version)
