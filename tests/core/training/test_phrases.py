"""The owner's phrases as features: counted by the list that a version was trained with, and pointed at in the text."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.reports.run import report
from core.data import intake
from core.errors import BadOptionError, DamagedModelError
from core.home import Home
from core.hub import sandbox
from core.registry import sums
from core.registry.metadata import Metadata
from core.retraining.retrain import Request
from core.review.verdicts import Given
from core.schema import schema as schemas
from core.schema.glossary import Glossary
from core.schema.levels import written
from core.scoring.reasons import reasons, texts
from core.scoring.runs import Run
from core.scoring.scorer import Scorer
from tests import make, make_messages

LISTS = """format = 1
["off platform"]
phrases = ["telegram", "pay me outside"]   # where people are led away
[money]
patterns = ["free crypt[oa]", "double your .{1,10}"]
"""
MONEY, AWAY = "body (phrases: money)", "body (phrases: off platform)"


@pytest.fixture(scope="module")
def writing(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("writing")
    home = Home.open(folder)
    return make_messages.home_of(home, lists=LISTS)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    sent = make_messages.messages(60, seed=5)
    sent.loc[[1, 2], "body"] = ["Fr3e CRYPTO today", "write me on t e l e g r a m. Telegram!"]
    return intake.read("new.csv", make.csv(sent), make_messages.SCHEMA).frame


def test_a_version_counts_by_its_own_list_and_scores_as_before_when_the_file_changes(
    writing: Home, frame: pd.DataFrame
) -> None:  # fmt: skip
    model = writing.registry.load()
    assert model.metadata.counted == (AWAY, MONEY)
    assert model.metadata.format == 4
    assert Metadata.from_json(json.loads(json.dumps(model.metadata.as_json()))) == model.metadata
    assert (model.folder / "phrases.toml").read_text() == LISTS
    before = Scorer(model).score(frame, top=3)
    writing.settings.phrases_file.write_text("[money]\nphrases = ['hello']\n")
    try:
        again = Scorer(writing.registry.load()).score(frame, top=3)
    finally:
        writing.settings.phrases_file.write_text(LISTS)
    assert again.margin.tobytes() == before.margin.tobytes()
    x = Scorer(model).matrix(frame)
    at = [model.metadata.names.index(name) for name in (AWAY, MONEY)]
    assert x[1:3, at].tolist() == [[0, 1], [2, 0]]
    assert np.isnan(x[0, at]).all()
    pushes = model.explainer.contributions(x)
    assert np.abs(pushes.sum(axis=1) + model.metadata.bias - before.margin).max() < 1e-4


def test_reasons_say_how_many_phrases_there_are_and_where(writing: Home, frame: pd.DataFrame) -> None:
    model, text = writing.registry.load(), str(frame[written("body")].iloc[2])
    values = frame.iloc[2].reindex(list(model.metadata.names)).astype(float)
    pushes = np.linspace(1, 0.1, len(values), dtype=np.float32)
    told = {each.feature: each for each in reasons(values, pushes, model, Glossary({}), {"body": text})}
    away = told[AWAY]
    assert away.value == 2
    assert away.text.startswith("body (phrases: off platform)=2 (")
    assert [text[each.start : each.end] for each in away.places] == ["t e l e g r a m", "Telegram"]
    assert sum(each.part for each in away.places) == pytest.approx(away.contribution)
    assert told[MONEY].value == 0
    assert told[MONEY].places == ()
    scored = Scorer(model).score(frame, top=len(model.metadata.names))
    assert scored.strongest is not None
    said = texts(frame, model.metadata.features, scored.strongest, model.texts, model.phrases).to_numpy().ravel()
    assert any(each.startswith("body (phrases: ") for each in said)


def test_one_message_is_scored_as_in_a_file_with_lists(writing: Home, frame: pd.DataFrame) -> None:
    serving = make.serving(writing)
    body = str(frame[written("body")].iloc[2])
    one = serving.score([serving.asked({"body": body, "sent_7d": float(frame["sent_7d"].iloc[2])})], now=make.NOW)[0]
    assert one.probability == Scorer(writing.registry.load()).score(frame).probability[2]
    assert one.missing == ()


def test_the_command_shows_the_list_of_a_version(writing: Home) -> None:
    shown = CliRunner().invoke(app, ["phrases", "show", "--home", str(writing.settings.home)])
    assert shown.stdout == LISTS


def test_a_version_whose_list_was_changed_is_damaged(writing: Home, tmp_path: Path) -> None:
    home = make.copied(writing, tmp_path / "home")
    folder = home.settings.models / "v0001"
    (folder / "phrases.toml").write_text(LISTS.replace("[money]", "[cash]"))
    names = tuple(sums.read(folder))
    sums.write(folder, names)
    with pytest.raises(DamagedModelError, match="counts other phrases than those of"):
        home.registry.load("v0001")


def test_a_list_that_cannot_be_used_stops_the_training_and_nothing_is_stored(writing: Home, tmp_path: Path) -> None:
    home = make.copied(writing, tmp_path / "home")
    home.settings.phrases_file.write_text('[money]\nphrases = ["cash"]\npatterns = ["(.*)*"]\n')
    schema, dataset = schemas.load(home.settings.schema_file), home.datasets.stored()[0]
    with pytest.raises(BadOptionError, match=r"line 3, entry 1 in patterns of \[money\]: .*repeats without end"):
        home.training.learn(dataset, schema, make.policy().thresholds, now=make.NOW)
    assert home.registry.versions() == ("v0001",)


def scored(home: Home) -> Run:
    sent = make.csv(make_messages.messages(80, seed=6))
    return home.file_scoring.score_file(
        "new.csv", sent, make_messages.SCHEMA, home.registry.load(), make.policy(), now=make.NOW
    ).run


def test_drift_reports_and_the_hub_know_phrases(writing: Home, tmp_path: Path) -> None:
    home = make.copied(writing, tmp_path / "home")
    model, done = home.registry.load(), scored(home)
    drift = home.drift.of_run(done.id)
    assert {AWAY, MONEY} <= {each.name for each in drift.features if not np.isnan(each.psi)}
    assert [each.name for each in drift.texts] == ["body"]
    assert 0 < (drift.texts[0].new_before or 0) < (drift.texts[0].new_now or 0) + 0.2 < 0.7
    assert drift.as_json()["texts"][0]["texts"] == 79
    assert sandbox._fault(model) is None
    assert "phrases: money" in report(home, done, model, None)


@pytest.mark.slow
def test_what_is_learnt_and_studied_of_a_version_knows_phrases(writing: Home, tmp_path: Path) -> None:
    home = make.copied(writing, tmp_path / "home")
    model, done, thresholds = home.registry.load(), scored(home), make.policy().thresholds
    new = home.datasets.put(
        intake.read("more.csv", make.csv(make_messages.messages(300, seed=8)), make_messages.SCHEMA, need_label=True),
        make_messages.SCHEMA, now=make.NOW, need_label=True,
    )  # fmt: skip
    importance = home.importance.of_version(model, new, make_messages.SCHEMA)
    assert AWAY in {name for each in importance.features for name in each.features}
    home.robustness.of_version(model, new, make_messages.SCHEMA, thresholds, band="human_review")
    home.sending.send(done.id, [2], by="Ann", now=make.NOW)
    case = home.queue.claim("Ann", now=make.NOW, session="s")
    assert case is not None
    home.verdicts.judge(case.id, Given("v1", "spammer"), by="Ann", session="s", now=make.NOW)
    made = home.retraining.retrain(Request(thresholds, "full", "Ann"), now=make.NOW)
    again = home.registry.load(made.version)
    assert again.metadata.counted == model.metadata.counted
    assert (again.folder / "phrases.toml").read_text() == LISTS
