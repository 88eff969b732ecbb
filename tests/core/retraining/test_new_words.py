"""A word that history did not have and that judged users have is learnt by a full retraining, and by no warm start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.data import intake
from core.home import Home
from core.model.encoding import RARE, Levels
from core.retraining import new_words
from core.retraining.retrain import Request
from core.retraining.training_set import Labelled
from core.schema import schema as schemas
from core.schema.levels import number
from core.schema.schema import Column, Label, Schema
from core.scoring.scorer import Scorer
from tests import make
from tests.core.feedback.verdicts import verdict
from tests.make import NOW

#: No two users share `spread`, so that none is a copy of another.
FEATURES = (Column("spread"), Column("country", "category"))
SCHEMA = Schema(FEATURES, id="user", label=Label("spam"))
ASKED = Request(make.policy().thresholds, by="Ada")


def users(n: int, seed: int, *, words: tuple[str, ...] = ("DE", "FR", "PH"), name: str = "h") -> pd.DataFrame:
    """Users of whom those of XX are spammers and others mostly not, whatever else is known of them."""
    random = np.random.default_rng(seed)
    country = random.choice(words, n)
    odds = np.where(country == "XX", 2.5, -2.0) + 0.1 * random.normal(size=n)
    return pd.DataFrame({
        "user": [f"{name}{row}" for row in range(n)], "spread": random.normal(size=n), "country": country,
        "spam": (random.random(n) < 1 / (1 + np.exp(-odds))).astype(int),
    })  # fmt: skip


def stored(home: Home, frame: pd.DataFrame) -> str:
    checked = intake.read("users.csv", make.csv(frame), SCHEMA)
    return home.datasets.put(checked, SCHEMA, now=NOW).id


@pytest.fixture
def judged(home: Home) -> tuple[Home, str]:
    """A home whose version knows three words, and 300 verdicts on users with a fourth; the dataset of these users."""
    home.settings.data.mkdir(parents=True, exist_ok=True)
    schemas.save(SCHEMA, home.settings.schema_file)
    history = home.datasets.find(stored(home, users(1_500, 1)))
    version = home.training.learn(history, SCHEMA, make.policy().thresholds, now=NOW)
    home.registry.promote(version, by="Ada", why="The first one.", now=NOW)
    fresh = users(300, 2, words=("DE", "XX"), name="n")
    dataset = stored(home, fresh)
    home.feedback.record([
        verdict(
            f"f-{row.user}", user=row.user, verdict="spammer" if row.spam else "legitimate",
            features={"spread": float(row.spread), "country": number(row.country)}, stratum="certain", inclusion=1.0,
        )
        for row in fresh.itertuples()
    ])  # fmt: skip
    return home, dataset


def test_a_word_that_enough_judged_users_have_gets_a_level_of_its_own(judged: tuple[Home, str]) -> None:
    home, _ = judged
    before = home.registry.load("v0001")
    assert set(before.metadata.levels["country"].words) == {"DE", "FR", "PH"}
    found = home.retraining.retrain(ASKED, now=NOW)
    after = home.registry.load(found.version)
    assert after.metadata.levels["country"].words == (*before.metadata.levels["country"].words, "XX")
    frame = intake.read("x.csv", make.csv(users(400, 3, words=("DE", "XX"))), SCHEMA).frame
    scored, is_new = Scorer(after).score(frame), frame["trustdesk:words:country"].to_numpy(object) == "XX"
    # Who is learnt from is drawn by the salt of the home, so that a single user may score anyhow.
    assert np.median(scored.probability[is_new]) > 0.6
    assert np.median(scored.probability[~is_new]) < 0.4
    assert "country" not in "".join(scored.novel)
    assert "country" in Scorer(before).score(frame).novel[is_new][0]
    run = home.training_runs.listed()[0]
    assert "Words that are new to it: country XX." in run.notes


def test_a_word_whose_dataset_is_gone_stays_another_one(judged: tuple[Home, str]) -> None:
    home, dataset = judged
    home.datasets.remove(dataset)
    found = home.retraining.retrain(ASKED, now=NOW)
    levels = home.registry.describe(found.version).levels
    assert levels == home.registry.describe("v0001").levels


def test_a_warm_start_keeps_the_words_that_its_trees_know(judged: tuple[Home, str]) -> None:
    home, _ = judged
    found = home.retraining.retrain(replace(ASKED, how="warm"), now=NOW)
    assert home.registry.describe(found.version).levels == home.registry.describe("v0001").levels


def learnt(words: list[str]) -> Labelled:
    frame = pd.DataFrame({"country": [number(word) if word else np.nan for word in words]})
    keys = np.arange(len(frame), dtype=np.uint64)
    return Labelled(frame, np.zeros(len(frame)), np.ones(len(frame)), keys, np.zeros(len(frame), bool))


@pytest.mark.parametrize(
    ("most", "words", "rare", "other"),
    [(0, ("DE", "FR", "XX", "YY"), ("LI",), True), (3, ("DE", "FR", "XX"), ("LI", "YY"), True),
     (1, ("DE", "FR"), ("LI",), True)],
)  # fmt: skip
def test_new_words_come_after_the_known_ones_as_far_as_the_schema_lets_them(
    home: Home, most: int, words: tuple[str, ...], rare: tuple[str, ...], other: bool
) -> None:
    schema = replace(SCHEMA, features=(SCHEMA.features[0], Column("country", "category", levels=most)))
    said = ["DE"] * 30 + ["XX"] * (RARE + 2) + ["YY"] * RARE + ["LI"] * 3 + [""] * 50
    stored(home, pd.DataFrame({"user": range(4), "spread": 1, "country": ["XX", "YY", "LI", "DE"], "spam": 0}))
    before = {"country": Levels(("DE", "FR"), ("LI",), other=True)}
    found = new_words.extended(before, learnt(said), schema, home.datasets)
    assert found == {"country": Levels(words, rare, other)}
    assert new_words.extended(before, learnt(["DE", "LI", ""] * 5), schema, home.datasets) == before


def test_a_rare_word_that_is_frequent_by_now_needs_no_dataset(home: Home) -> None:
    before = {"country": Levels(("DE",), ("LI",), other=True)}
    found = new_words.extended(before, learnt(["DE"] * 20 + ["LI"] * RARE), SCHEMA, home.datasets)
    assert found == {"country": Levels(("DE", "LI"), (), other=True)}
