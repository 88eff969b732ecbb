"""A version that has learnt from words: what it knows, what it does with others, and what it tells."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

from core.data import intake
from core.errors import BadOptionError, DamagedModelError
from core.home import Home
from core.registry import sums
from core.registry.metadata import Metadata
from core.registry.registry import METADATA
from core.schema import levels
from core.scoring.export import kept
from core.scoring.scorer import Scorer
from tests import make, make_words


@pytest.fixture(scope="module")
def worded(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_words.home_of(Home.open(tmp_path_factory.mktemp("worded")))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """New users, one of them from where nobody was, one from where few were, one from nowhere."""
    people = make_words.users(60, seed=5)
    people.loc[[0, 1, 2], "country"] = ["MOON", "LI", None]
    return intake.read("new.csv", make.csv(people), make_words.SCHEMA).frame


def test_levels_belong_to_the_version(worded: Home) -> None:
    metadata = worded.registry.load().metadata
    country, paid, *_ = metadata.features
    assert country.levels is not None
    assert {*country.levels.words} == {*make_words.COUNTRIES}
    assert country.levels.words[0] == "DE"
    assert (country.levels.rare, country.levels.other) == (("LI",), True)
    assert (paid.words, paid.levels) == (("N", "J"), None)
    assert metadata.names == ("country", "paid", "signed (age in days)", "signed (weekday)", "links")
    raw = json.loads(json.dumps(metadata.as_json()))
    assert raw["format"] == 2
    assert Metadata.from_json(raw) == metadata


def test_words_tell_what_numbers_alone_do_not(worded: Home) -> None:
    assert (worded.registry.load().metadata.figures.overall["roc_auc"].value or 0) > 0.75


def test_margins_are_those_of_xgboost_and_contributions_add_up_to_them(worded: Home, frame: pd.DataFrame) -> None:
    model = worded.registry.load()
    scorer = Scorer(model)
    scored, matrix = scorer.score(frame, top=3), scorer.matrix(frame)
    kinds = ["c", "q", "q", "q", "q"]
    data = xgb.DMatrix(matrix, feature_types=kinds, enable_categorical=True)
    booster = model.predictor.booster  # type: ignore[attr-defined]
    assert (booster.predict(data, output_margin=True) == scored.margin).all()
    pushes = model.explainer.contributions(matrix)
    assert np.abs(pushes - booster.predict(data, pred_contribs=True)[:, :-1]).max() < 1e-4
    assert np.abs(pushes.sum(axis=1) + model.metadata.bias - scored.margin).max() < 1e-4


def test_an_unseen_word_is_scored_like_rare_ones_and_told_a_rare_one_is_nothing_new(
    worded: Home, frame: pd.DataFrame
) -> None:
    scorer = Scorer(worded.registry.load())
    scored = scorer.score(frame)
    matrix = scorer.matrix(frame)
    assert matrix[0, 0] == matrix[1, 0] == 6
    assert np.isnan(matrix[2, 0])
    assert [scored.novel[at] for at in range(3)] == ["country", "", ""]
    assert scored.missing[:3].tolist() == [0, 0, 1]
    names = list(scorer.model.metadata.names)
    few = scorer.score_values(frame[names].to_numpy(np.float64))
    assert (few.margin == scored.margin).all()
    assert few.novel.tolist() == scored.novel.tolist()
    assert few.missing.tolist() == scored.missing.tolist()


def test_files_tell_reasons_and_features_in_words(worded: Home) -> None:
    people = make_words.users(80, seed=6)
    done = worded.file_scoring.score_file(
        "new.csv", make.csv(people), make_words.SCHEMA, worded.registry.load(), make.policy(), now=make.NOW
    )
    told = {*done.reasons.to_numpy().ravel()}
    assert any(text.startswith(("country=PH (+", "country=NG (+")) for text in told)
    assert any(text.startswith("paid=N (+") for text in told)
    assert any(text.startswith("signed (age in days)=") for text in told)
    assert not any(levels.WRITTEN in text or "=45" in text for text in told)
    given = kept(done.frame, make_words.SCHEMA, keep_features=True)
    assert given["country"].fillna("").tolist() == people["country"].fillna("").tolist()
    assert not [name for name in given.columns if name.startswith(levels.WRITTEN)]
    assert done.dataset.context == ("signed", "seen", "spam") or "signed" in done.dataset.context


def test_one_user_is_scored_by_words_as_in_a_file(worded: Home) -> None:
    people = make_words.users(1, seed=9)
    row = people.iloc[0]
    serving = make.serving(worded)
    features = {"country": "PH", "paid": False, "signed": "2026-03-01", "seen": "2026-03-05", "links": 4}
    one = serving.score([serving.asked(features, user="a")], now=make.NOW)[0]
    people.loc[0, ["country", "paid", "signed", "seen", "links"]] = ["PH", "N", "2026-03-01", "2026-03-05", 4]
    whole = intake.read("one.csv", make.csv(people), make_words.SCHEMA).frame
    assert one.probability == Scorer(worded.registry.load()).score(whole).probability[0]
    assert any(reason.text.startswith("country=PH (+") for reason in one.reasons)
    moon = serving.score([serving.asked({**features, "country": "MOON"}, top=9)], now=make.NOW)[0]
    assert moon.novel == ("country",)
    with pytest.raises(BadOptionError, match="paid: this is neither yes nor no"):
        serving.asked({**features, "paid": "maybe"})
    with pytest.raises(BadOptionError, match="names that begin with trustdesk:"):
        serving.asked(features, context={levels.written("country"): "US"})
    run = serving.ended(now=make.NOW, everything=True)[0]
    closed = worded.closing.close(run, make_words.SCHEMA, now=make.NOW)
    assert closed is not None
    dataset = worded.datasets.find(closed.dataset)
    assert dataset.context == ()
    words = worded.datasets.frame(dataset.id)[levels.written("country")]
    assert words.tolist() == ["PH", "MOON"]
    assert row is not None


def test_metadata_that_say_other_words_than_the_trees_have_are_refused(worded: Home, tmp_path: object) -> None:
    home = make.copied(worded, tmp_path)  # type: ignore[arg-type]
    folder = home.settings.models / "v0001"
    raw = json.loads((folder / METADATA).read_text())
    for change in ({"levels": {"words": ["DE"], "rare": [], "other": False}}, {"levels": None}):
        changed = json.loads(json.dumps(raw))
        changed["features"][0] |= change
        (folder / METADATA).write_text(json.dumps(changed))
        sums.write(folder, tuple(sums.read(folder)))
        with pytest.raises(DamagedModelError, match="country"):
            home.registry.load("v0001")
