"""Scores: the same bits for the same row, and what is missing or new about a user."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import WrongFeaturesError
from core.home import Home
from core.scoring import scorer as score
from core.scoring.scorer import Scored, Scorer
from tests import make

FRAME = make.users(3000, seed=11)


@pytest.fixture(scope="module")
def scorer(trained: Home) -> Scorer:
    return Scorer(trained.registry.load())


@pytest.fixture(scope="module")
def whole(scorer: Scorer) -> Scored:
    return scorer.score(FRAME)


@given(rows=st.lists(st.integers(0, 2999), min_size=1, max_size=60))
def test_a_row_gets_the_same_bits_in_any_batch_and_order(scorer: Scorer, whole: Scored, rows: list[int]) -> None:
    part = scorer.score(FRAME.iloc[rows])
    assert (part.margin == whole.margin[rows]).all()
    assert (part.probability == whole.probability[rows]).all()
    assert (part.missing == whole.missing[rows]).all()
    assert (part.novel == whole.novel[rows]).all()


def test_the_order_of_columns_and_further_ones_make_no_difference(scorer: Scorer) -> None:
    mixed = FRAME[FRAME.columns[::-1]].assign(other="=1+1")
    assert (scorer.score(mixed).probability == scorer.score(FRAME).probability).all()


def test_whole_numbers_score_as_the_same_reals(scorer: Scorer) -> None:
    reals = FRAME.astype({"links": float, "verified": float, "tier": float, "constant": float})
    assert (scorer.score(reals).probability == scorer.score(FRAME).probability).all()


def test_probabilities_are_probabilities_in_the_order_of_the_margins(scorer: Scorer) -> None:
    scored = scorer.score(FRAME)
    order = np.argsort(scored.margin, kind="stable")
    assert (np.diff(scored.probability[order]) >= 0).all()
    assert (scored.probability > 0).all()
    assert (scored.probability < 1).all()
    assert scored.version == "v0001"


def test_confidence_is_the_distance_from_undecided(scorer: Scorer) -> None:
    scored = scorer.score(FRAME)
    assert scored.confidence.tolist() == (np.abs(scored.probability - 0.5) * 2).tolist()


def test_missing_values_stay_missing_and_are_counted(scorer: Scorer) -> None:
    frame = pd.DataFrame(
        {"links": [1, np.nan, np.nan], "verified": [0, 0, np.nan], "tier": [1, 1, np.nan],
         "ratio": [0.0, 0.0, np.nan], "constant": [3, 3, np.nan]}
    )  # fmt: skip
    scored = scorer.score(frame)
    assert scored.missing.tolist() == [0, 1, 5]
    assert np.isnan(scorer.matrix(frame)[2]).all()
    assert scored.probability[1] != scorer.score(frame.fillna(0)).probability[1]
    assert scored.novel.tolist() == ["", "", ""]


def test_a_value_outside_the_training_range_is_named(scorer: Scorer) -> None:
    known = {feature.name: feature for feature in scorer.model.metadata.features}
    lowest = {name: feature.low for name, feature in known.items()}
    highest = {name: feature.high for name, feature in known.items()}
    above = highest | {"links": highest["links"] + 1, "constant": 4}
    below = lowest | {"ratio": np.nextafter(lowest["ratio"], -np.inf)}
    scored = scorer.score(pd.DataFrame([lowest, highest, above, below]))
    assert scored.novel.tolist() == ["", "", "links; constant", "ratio"]


def test_a_value_in_a_feature_that_was_always_missing_is_new(home: Home) -> None:
    from core.data import intake  # noqa: PLC0415

    users = make.users(800).assign(tier="")
    checked = intake.read("train.csv", make.csv(users), make.SCHEMA, need_label=True)
    dataset = home.datasets.put(checked, make.SCHEMA, now=make.NOW, need_label=True)
    version = home.training.learn(dataset, make.SCHEMA, {"monitor": 0.3}, now=make.NOW)
    model = home.registry.load(version)
    assert model.metadata.constants == ("tier", "constant")
    one = pd.DataFrame([{"links": 1, "verified": 0, "tier": tier, "ratio": 0.0, "constant": 3} for tier in (1, None)])
    assert Scorer(model).score(one).novel.tolist() == ["tier", ""]


def test_an_absent_feature_is_refused_by_name(scorer: Scorer) -> None:
    with pytest.raises(WrongFeaturesError, match="Model v0001 needs tier and ratio, which data/schema"):
        scorer.score(FRAME.drop(columns=["tier", "ratio"]))


def test_nobody_is_scored_without_trouble(scorer: Scorer) -> None:
    scored = scorer.score(FRAME.iloc[:0])
    for values in (scored.margin, scored.probability, scored.missing, scored.novel, scored.confidence):
        assert values.shape == (0,)


@pytest.mark.parametrize("users", [0, 1, 7, 30])
def test_block_by_block_gives_the_same_bits_and_tells_how_far_it_is(
    trained: Home, monkeypatch: pytest.MonkeyPatch, users: int
) -> None:
    monkeypatch.setattr(score, "BLOCK", 7)
    scorer, told = Scorer(trained.registry.load()), list[tuple[int, int]]()
    frame = make.users(30, seed=9).iloc[:users]

    whole, blocks = scorer.score(frame), scorer.score_in_blocks(frame, lambda done, of: told.append((done, of)))

    for name in ("margin", "probability", "missing", "novel"):
        assert getattr(blocks, name).dtype == getattr(whole, name).dtype
        assert getattr(blocks, name).tolist() == getattr(whole, name).tolist()
    assert told == [(done, users) for done in (*range(0, max(users, 1), 7), users)]
