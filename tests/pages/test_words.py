"""Pages of a home whose users have words: what is proposed, chosen, changed and shown is in words, never a number."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pandas as pd
import pytest

from core.data import intake
from core.home import Home
from core.monitoring import drift
from core.monitoring.drift import Drift
from core.policy.matching import holds
from core.policy.rules import Condition
from core.policy.users import Kinds
from core.schema import levels
from core.schema import schema as schemas
from core.scoring.runs import Run
from core.scoring.scorer import Scored
from core.training import run_cautions
from tests import make, make_words, screen
from tests.app.api.server import serving
from tests.screen import Visit

#: How the number of a word begins.
NUMBER = re.compile(r"(?<![\d.])(4[5-9]|[5-8]\d)\d{14}(?!\d)")


@pytest.fixture(scope="module")
def worded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Run]:
    """A home with a live version, and a run in which somebody comes from where nobody was."""
    home = make_words.home_of(Home.open(tmp_path_factory.mktemp("worded")))
    people = make_words.users(80, seed=6)
    people.loc[0, "country"] = "MOON"
    done = home.file_scoring.score_file(
        "new.csv", make.csv(people), make_words.SCHEMA, home.registry.load(), make.policy(), now=make.NOW
    )
    return home, done.run


@pytest.mark.parametrize("page", ["score_file", "score_user", "explore", "monitor", "registry"])
def test_no_page_shows_the_number_of_a_word(visit: Visit, worded: tuple[Home, Run], page: str) -> None:
    home, run = worded
    where = {
        "score_user": {"run": run.id, "row": "1"},
        "score_file": {"run": run.id},
        "explore": {"feature": "country"},
    }
    at = visit(home, page, **where.get(page, {}))
    assert not at.exception
    shown = screen.sentences(at) + "".join(str(frame.value.to_dict()) for frame in (*at.dataframe, *at.table))
    assert not NUMBER.search(shown)
    assert levels.WRITTEN not in shown


def test_a_word_is_chosen_or_written_and_the_score_follows(visit: Visit, worded: tuple[Home, Run]) -> None:
    home, run = worded
    at = visit(home, "score_user", run=run.id, row="1")
    country = next(box for box in at.selectbox if box.label == "country")
    assert country.value == "MOON"
    before = next(text.value for text in at.markdown if "score **" in text.value)
    country.set_value("DE").run()
    assert not at.exception
    assert next(text.value for text in at.markdown if "score **" in text.value) != before
    paid = next(box for box in at.selectbox if box.label == "paid")
    assert paid.options == ["N", "J"]


def test_the_columns_of_a_new_home_are_proposed_asked_about_and_used(visit: Visit, home: Home) -> None:
    home.settings.data.mkdir()
    people = make_words.users(120).assign(joined="01/02/2026")
    at = visit(home, "train")
    at.file_uploader(key="columns_file").upload("people.csv", make.csv(people)).run()
    at.selectbox(key="columns_id").set_value("user_id")
    at.selectbox(key="columns_label").set_value("spam").run()
    assert not at.exception
    (question,) = at.radio
    assert '"01/02/2026" can have the day or the month first. Which is it?' in question.label
    question.set_value("day first (23/11/2026)").run()
    assert "words, each of which is a level of its own" in screen.sentences(at)
    at.button(key="use_columns").click().run()
    assert not at.exception
    written = schemas.load(home.settings.schema_file)
    assert written.categories == ("country",)
    assert written.feature("joined (weekday)").said
    (stored,) = home.datasets.stored()
    assert stored.accepted == 120


def test_the_api_takes_words_and_answers_in_them(worded: tuple[Home, Run]) -> None:
    home, _ = worded
    today = datetime.now(UTC).date().isoformat()
    features = {"country": "PH", "paid": False, "signed": "2026-03-01", "seen": today, "links": 4}
    with serving(home) as api:
        told = api.post("/predict", {"features": features, "user_id": "a", "top": 9}).json
        country = next(each for each in told["risk_factors"] if each["feature"] == "country")
        assert country["value"] == "PH"
        assert country["reason"].startswith("country PH raises the score by")
        wrong = api.post("/predict", {"features": {**features, "paid": "maybe"}})
        assert wrong.status == 422
        assert "paid: this is neither yes nor no; write J for yes or N for no" in str(wrong.json)
        text = api.post("/predict", {"features": {**features, "links": "4"}})
        assert text.status == 422
        assert "is text: give a number without quotes" in str(text.json)


def test_rules_look_at_words(worded: tuple[Home, Run]) -> None:
    home, run = worded
    frame = home.datasets.frame(run.dataset)
    scored = home.runs.scores(run.id)
    users = home.deciding.users(frame, Scored.of(scored, run.model), make_words.SCHEMA)
    country, paid = frame[levels.written("country")], frame["paid"]
    assert holds(Condition("country", "in", ("ph", "MOON")), users).tolist() == country.isin(["PH", "MOON"]).tolist()
    assert holds(Condition("paid", "=", ("J",)), users).tolist() == (paid == 1).tolist()
    weekday = frame["signed (weekday)"] == 0
    assert holds(Condition("signed (weekday)", "=", ("Monday",)), users).tolist() == weekday.tolist()
    assert holds(Condition("signed (age in days)", "<", (40.0,)), users).any()
    assert holds(Condition("signed", "is not missing"), users).all()
    assert Kinds.of(make_words.SCHEMA).kinds["country"] == "text"


def test_drift_counts_words_by_their_places_and_new_ones_apart(worded: tuple[Home, Run]) -> None:
    home, _ = worded
    people = make_words.users(700, seed=8)
    assert next(each for each in _drift(home, people).features if each.name == "country").verdict != "drifted"
    moon = people.assign(country="MOON", user_id=[f"m{at}" for at in range(len(people))])
    found = _drift(home, moon)
    assert next(each for each in found.features if each.name == "country").verdict == "drifted"
    model = home.registry.load()
    run = home.runs.find(found.runs[0])
    values = home.drift.values(model, [run], "country")
    bins = drift.side_by_side(model.baseline().features["country"], values, model.metadata.levels["country"])
    assert bins.loc[bins["now"] > 0, "bin"].tolist() in (["LI"], ["other"], ["new words"])


def _drift(home: Home, people: pd.DataFrame) -> Drift:
    done = home.file_scoring.score_file(
        "later.csv", make.csv(people), make_words.SCHEMA, home.registry.load(), make.policy(), now=make.NOW
    )
    return home.drift.of_run(done.run.id)


def test_a_leak_in_words_is_found(home: Home) -> None:
    people = make_words.users(300)
    people["paid"] = "N"
    people["country"] = people["spam"].map({1: "removed", 0: "fine"})
    frame = intake.read("users.csv", make.csv(people), make_words.SCHEMA, need_label=True).frame
    found = run_cautions.suspects(frame, frame["spam"].to_numpy(float), make_words.SCHEMA)
    assert [leak.feature for leak in found] == ["country"]
