"""Score a user: where values start from, what a change does, and that the figures add up."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput

from app import words
from app.components.score_user import user_form, user_result
from core.home import Home
from core.registry import registry
from core.scoring.scorer import Scorer
from tests import make, screen
from tests.core.registry.crafted import one_bad_leaf, without_score
from tests.screen import Scored, Visit


@pytest.fixture
def user(visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame) -> AppTest:
    """User u3-2 of r-0001, whose ratio is missing."""
    frame = to_score.copy()
    frame.loc[2, "ratio"] = np.nan
    scored(own, frame)
    return visit(own, "score_user", run="r-0001", row="3")


def field(at: AppTest, label: str) -> object:
    return next(number for number in at.number_input if number.label == label)


def changed(at: AppTest, label: str, value: float | None) -> AppTest:
    field(at, label).set_value(value)  # type: ignore[attr-defined]
    return at.run()


def headline(at: AppTest) -> str:
    return next(text.value for text in at.markdown if text.value.startswith("score **"))


def figures(at: AppTest) -> list[str]:
    """The keys of the figures that the page shows."""
    return [chart.proto.id.rpartition("-light")[0].rpartition("-")[2] for chart in at.get("plotly_chart")]


def reset(at: AppTest) -> AppTest:
    return next(button for button in at.button if button.label == "Reset").click().run()


def test_the_form_starts_from_the_training_medians(visit: Visit, own: Home) -> None:
    at = visit(own, "score_user")

    assert not at.exception
    features = own.registry.load().metadata.features
    assert {number.label: number.value for number in at.number_input} == {
        feature.name: feature.median for feature in features
    }
    assert "5 assumed" in screen.sentences(at)
    assert "given" not in screen.sentences(at)
    assert figures(at) == ["place", "pushes"]


def test_a_changed_value_is_given_the_others_stay_assumed(visit: Visit, own: Home) -> None:
    at = changed(visit(own, "score_user"), "links", 9)

    assert not at.exception
    assert "1 given · 4 assumed" in screen.sentences(at)


def test_a_user_of_a_run_has_the_score_of_the_run(user: AppTest, own: Home) -> None:
    assert not user.exception
    score = own.runs.scores("r-0001").loc[3, "probability"]
    assert f"score **{words.probability(score)}**" in headline(user)
    assert "users.csv · row 3 · name 2" in screen.sentences(user)
    assert "4 given · 1 missing" in screen.sentences(user)


def test_a_missing_value_is_an_empty_field_and_never_0(user: AppTest) -> None:
    assert field(user, "ratio").value is None  # type: ignore[attr-defined]


def test_a_change_moves_the_score_and_shows_before_and_after(user: AppTest, own: Home) -> None:
    changed(user, "links", 12)

    values = own.datasets.one(own.runs.find("r-0001").dataset, 3)
    frame = pd.DataFrame([values[list(own.registry.load().metadata.names)].astype(float)]).assign(links=12.0)
    after = float(Scorer(own.registry.load()).score(frame).probability[0])
    assert not user.exception
    assert f"score **{words.probability(after)}**" in headline(user)
    assert figures(user) == ["what_if", "pushes"]


def test_clearing_a_value_makes_it_missing_and_not_0(user: AppTest) -> None:
    at_0 = headline(changed(user, "links", 0))

    changed(user, "links", None)

    assert field(user, "links").value is None  # type: ignore[attr-defined]
    assert "3 given · 2 missing" in screen.sentences(user)
    assert headline(user) != at_0


@pytest.mark.parametrize("page", [{}, {"run": "r-0001", "row": "3"}])
def test_every_field_can_be_cleared_in_the_browser(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame, page: dict[str, str]
) -> None:
    """A field with a default springs back to it, so none may have one."""
    scored(own, to_score)

    at = visit(own, "score_user", **page)

    assert not [number.label for number in at.number_input if number.proto.HasField("default")]


def test_reset_puts_every_value_back(user: AppTest) -> None:
    before, values = headline(user), [number.value for number in user.number_input]
    changed(changed(user, "links", 12), "ratio", 1.5)
    assert headline(user) != before

    reset(user)

    assert headline(user) == before
    assert [number.value for number in user.number_input] == values
    assert "Reset" not in [button.label for button in user.button]


def test_the_pushes_lead_from_the_average_user_to_the_margin(user: AppTest, own: Home) -> None:
    spec = json.loads(next(chart for chart in user.get("plotly_chart") if "pushes" in chart.proto.id).proto.spec)
    told = spec["layout"]["meta"]["alt"]
    start, end = (float(text.replace("−", "-")) for text in re.findall(r"user at (\S+)", told))

    assert start == pytest.approx(own.registry.load().metadata.bias, abs=0.005)
    assert end == pytest.approx(own.runs.scores("r-0001").loc[3, "margin"], abs=0.005)
    everything = user.dataframe[-1].value
    pushes = [float(text.replace("−", "-")) for text in everything["Contribution"]]
    assert sum(pushes) == pytest.approx(end - start, abs=0.005 * len(pushes) + 0.01)
    assert everything["Value"][everything["Feature"] == "ratio"].tolist() == ["missing"]
    assert everything["Status"][everything["Feature"] == "ratio"].tolist() == ["missing"]


def finder(at: AppTest) -> TextInput:
    return next(field for field in at.text_input if field.label == "User id")


def test_a_user_is_found_by_id(user: AppTest) -> None:
    finder(user).set_value(" u3-41 ").run()

    assert not user.exception
    assert "#### User u3-41" in screen.sentences(user)
    assert user.query_params["row"] == "42"


def test_an_id_that_is_not_there_is_told_in_a_sentence(user: AppTest) -> None:
    finder(user).set_value("*nobody*").run()

    assert not user.exception
    assert "users.csv has no accepted user &#42;nobody&#42;." in screen.sentences(user)
    assert "#### User u3-2" in screen.sentences(user)


def test_a_dataset_can_be_chosen_and_left(visit: Visit, own: Home) -> None:
    at = visit(own, "score_user")
    stored = next(found for found in own.datasets.stored() if found.name == "train.csv")

    at.selectbox[0].set_value(stored.id).run()
    assert at.query_params == {"dataset": stored.id}
    at.text_input[0].set_value("u0-7").run()
    assert "#### User u0-7" in screen.sentences(at)

    at.selectbox[0].set_value("").run()
    assert at.query_params == {}
    assert "#### Training medians" in screen.sentences(at)


def test_the_labelled_demo_is_there_to_look_at(visit: Visit, with_demo: Home) -> None:
    at = visit(with_demo, "score_user")

    assert "labelled.csv.gz · 400 users" in at.selectbox[0].options


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ({"run": "r-0099"}, "This workspace has no run r-0099."),
        ({"run": "r-0001", "row": "0"}, "This workspace has no accepted row 0."),
        ({"run": "r-0001", "row": "201"}, "This workspace has no accepted row 201."),
        ({"dataset": "nowhere"}, "This workspace has no dataset nowhere."),
    ],
)
def test_an_address_that_leads_nowhere_is_told_in_a_sentence(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame, where: dict[str, str], sentence: str
) -> None:
    scored(own, to_score)

    at = visit(own, "score_user", **where)

    assert not at.exception
    assert screen.errors(at) == [sentence]


@pytest.mark.parametrize("row", ["", "x", "-1", "1.5", "9" * 40, "9" * 5000, "٣"])
def test_a_row_that_is_no_number_leaves_the_medians(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame, row: str
) -> None:
    scored(own, to_score)

    at = visit(own, "score_user", run="r-0001", row=row)

    assert not at.exception
    assert "#### Training medians" in screen.sentences(at)


@pytest.mark.parametrize("value", ["-4", "2.5", "1e17", "3e38", "9007199254740993"])
def test_an_odd_value_can_be_looked_at(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame, value: str
) -> None:
    frame = to_score.astype({"links": object})
    frame.loc[0, "links"] = value
    scored(own, frame)

    at = visit(own, "score_user", run="r-0001", row="1")

    assert not at.exception
    assert field(at, "links").value == pytest.approx(float(value))  # type: ignore[attr-defined]


def test_a_value_outside_the_training_range_is_named(user: AppTest) -> None:
    changed(user, "links", 500)

    assert "outside the training range: links" in screen.sentences(user)


def test_meanings_and_categories_of_the_glossary_are_shown_and_marked(visit: Visit, own: Home) -> None:
    own.settings.glossary_file.write_text(
        "feature,name,description,category,status\nlinks,Links,Count of [links](http://x.example),*Habits*,assumed\n",
        encoding="utf-8",
    )

    at = visit(own, "score_user")

    assert {"&#42;Habits&#42; · 1", "Features · 4"} < {box.label for box in at.expander}
    assert field(at, "links").help.startswith("assumed&#58;")  # type: ignore[attr-defined]
    assert "Meanings marked assumed are guesses" in screen.sentences(at)
    assert not [text for text in screen.markdown(at) if "](http" in text]


def test_a_model_of_other_features_can_still_score_a_user(visit: Visit, own: Home) -> None:
    schema = own.settings.schema_file.read_text(encoding="utf-8")
    own.settings.schema_file.write_text(schema.replace("ratio =", "other ="), encoding="utf-8")

    assert not visit(own, "score_user").exception


def test_a_user_without_a_score_is_told_so_and_has_no_band(
    visit: Visit, own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = one_bad_leaf(own)
    users = make.users(40, seed=9)
    values = users[without_score(bad, users)].iloc[0]
    monkeypatch.setattr(registry.Registry, "load", lambda *_: bad)
    at = visit(own, "score_user")
    for name in ("links", "verified", "tier", "ratio"):
        at = changed(at, name, float(values[name]))
    assert not at.exception
    assert "v0001 gives this user no score" in at.error[0].value
    assert not any(text.value.startswith("score **") for text in at.markdown)


@pytest.fixture
def wide(visit: Visit, own: Home, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page of a model with more features than are drawn at once."""
    monkeypatch.setattr(user_form, "MOST", 2)
    return visit(own, "score_user")


def labels(at: AppTest) -> set[str]:
    return {number.label for number in at.number_input}


def found(at: AppTest, word: str) -> AppTest:
    next(text for text in at.text_input if text.label == "Find a feature").set_value(word)
    return at.run()


def test_of_many_features_those_that_push_most_have_a_field(wide: AppTest, own: Home) -> None:
    model = own.registry.load()
    medians = pd.Series({each.name: each.median for each in model.metadata.features}, dtype=float)
    strongest = user_result.scored(model, medians).strongest
    assert not wide.exception
    assert labels(wide) == set(strongest[:2])
    assert "2 of 5 features, those that contribute most to this score" in screen.sentences(wide)
    assert "5 assumed" in screen.sentences(wide)


def test_the_others_are_found_by_name_and_what_was_changed_stays(wide: AppTest) -> None:
    at = changed(found(wide, "TIE"), "tier", 7)
    assert labels(at) == {"tier"}
    assert "1 given · 4 assumed" in screen.sentences(at)
    score = headline(at)
    at = found(at, "ratio")
    assert labels(at) == {"tier", "ratio"}
    at = found(at, "")
    assert "tier" in labels(at)
    assert "1 given · 4 assumed" in screen.sentences(at)
    assert headline(at) == score
    assert "5 assumed" in screen.sentences(reset(at))
    assert not at.exception
