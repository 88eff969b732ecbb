"""Texts at their end: erased wherever they lie, while verdicts, their chain, scores and ids stay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from app.cli import app
from core.access.message_options import Keeping
from core.catalog.retention import Due
from core.errors import BadOptionError, TextsErasedError
from core.home import Home
from core.retraining.retrain import Request
from core.review import evidence
from core.review.verdicts import Given
from core.schema import glossary
from core.schema.levels import written
from core.scoring.runs import Run
from core.scoring.scorer import Scorer
from core.store import tables
from tests import make, make_messages
from tests.make import NOW

LATER = NOW + timedelta(days=31)
STATED = '[messages]\npurpose = "To find spam in our chat"\nretention_days = 30\n'


@pytest.fixture
def home(kinds: Home, tmp_path: Path) -> Home:
    """A home that keeps messages for 30 days, in which two of a scored file are cases, and one of them is judged."""
    own = make.copied(kinds, tmp_path)
    own.settings.options_file.write_text(STATED)
    run = scored(own, seed=4, now=NOW)
    risky = own.runs.scores(run.id)["probability"].nlargest(2).index
    own.sending.send(run.id, [int(row) for row in risky], by="Ann", now=NOW)
    case = own.queue.claim("Ann", now=NOW, session="s")
    assert case is not None
    own.verdicts.judge(case.id, Given("v1", "spammer", category="crypto"), by="Ann", session="s", now=NOW)
    return own


def scored(home: Home, *, seed: int, now: pd.Timestamp | object) -> Run:
    sent = make_messages.of_kinds(make_messages.messages(60, seed=seed, prefix="n")).drop(columns="removed")
    return home.file_scoring.score_file(
        f"new{seed}.csv", make.csv(sent), make_messages.KINDS, home.registry.load(), make.policy(), now=now  # type: ignore[arg-type]
    ).run  # fmt: skip


def due(home: Home) -> Due:
    found = home.retention.due(now=LATER)
    assert found is not None
    return found


def texts(home: Home) -> Iterator[str]:
    """All that the home says of what people wrote."""
    for each in home.datasets.stored():
        yield from map(str, home.datasets.frame(each.id).get(written("body"), pd.Series(dtype=str)).dropna())
    for run in home.runs.recent():
        told = home.runs.reasons(run.id)
        yield from [] if told is None else map(str, told.stack())
    with home.database.connect() as connection:
        yield from map(str, connection.execute(select(tables.cases.c.context)).scalars())
        yield from connection.execute(select(tables.judged_texts.c.text)).scalars()


def test_texts_at_their_end_are_said_first_then_erased_and_everything_else_stays(home: Home) -> None:
    run = home.runs.find("r-0001")
    before, scores = home.datasets.frame(run.dataset), home.runs.scores(run.id)
    assert not home.retention.due(now=NOW + timedelta(days=29))
    found = due(home)
    assert (len(found.datasets), len(found.runs), len(found.cases), found.open, len(found.judged)) == (2, 1, 2, 1, 1)
    assert "2 cases, 1 of them waiting for review" in found.sentence
    assert any("telegram" in each for each in texts(home))

    home.retention.erase(found, by="Lea", now=LATER)

    assert not [each for each in texts(home) if any(word in each for word in ("telegram", "crypto today", "followers"))]
    pd.testing.assert_frame_equal(home.datasets.frame(run.dataset), before.drop(columns=written("body")))
    pd.testing.assert_frame_equal(home.runs.scores(run.id), scores)
    assert home.feedback.verify().whole
    assert home.consistency.check().contradictions == ()
    judged = home.feedback.read()["case"].iloc[0]
    assert home.cases.find(judged).judgement == "spammer"
    for file in home.settings.data.glob("state.db*"):
        assert b"telegram" not in file.read_bytes()
    assert due(home).sentence.startswith("No text from before")
    assert home.audit.read()["what"].tolist()[0] == "erase texts"


def test_what_is_younger_stays(home: Home) -> None:
    late = scored(home, seed=5, now=LATER - timedelta(days=3))
    home.retention.erase(due(home), by="Lea", now=LATER)
    assert written("body") in home.datasets.frame(late.dataset)
    told = home.runs.reasons(late.id)
    assert told is not None
    assert told["reason_1"].str.contains('body: "').any()


def test_what_needs_a_text_says_that_it_was_erased_until_the_file_is_given_again(home: Home) -> None:
    model, run = home.registry.load(), home.runs.find("r-0001")
    home.retention.erase(due(home), by="Lea", now=LATER)

    with pytest.raises(TextsErasedError, match="The texts of body were erased at their end"):
        Scorer(model).score(home.datasets.frame(run.dataset))
    with pytest.raises(TextsErasedError):
        home.datasets.frame(run.dataset, ["sent_7d", written("body")])
    with pytest.raises(TextsErasedError):
        home.retraining.retrain(Request(make.policy().thresholds, "full", "Ann"), now=LATER)
    case = next(each for each in map(home.cases.find, ("c-000001", "c-000002")) if each.status == "open")
    assert evidence.erased(case, model)
    assert evidence.reasons(case, model, glossary.Glossary({})) == ()

    again = scored(home, seed=4, now=LATER)
    assert again.dataset == run.dataset
    assert written("body") in home.datasets.frame(run.dataset)


def test_the_command_erases_nothing_without_yes_and_watch_does_by_itself(home: Home) -> None:
    words = ["--home", str(home.settings.home), "data", "erase-texts"]
    told = CliRunner().invoke(app, words)  # by the clock, more than 30 days after what the tests call now
    assert told.exit_code == 4
    assert "2 cases, 1 of them waiting for review" in told.stderr
    assert "Nothing was erased: give --yes." in told.stderr
    assert any("telegram" in each for each in texts(home))
    said = due(home).sentence
    assert home.retention.news(now=LATER) == (f"Erased. {said}",)
    assert home.retention.news(now=LATER) == ()
    assert CliRunner().invoke(app, [*words, "--yes"]).exit_code == 0


def test_a_home_that_states_no_time_is_asked_to_and_erases_nothing(home: Home) -> None:
    home.settings.options_file.write_text('[messages]\npurpose = "To find spam"\n')
    assert home.retention.due(now=LATER) is None
    told = CliRunner().invoke(app, ["--home", str(home.settings.home), "data", "erase-texts", "--yes"])
    assert told.exit_code == 4
    assert "State retention_days" in told.stderr
    assert home.retention.news(now=LATER) == ()
    assert any("telegram" in each for each in texts(home))


@pytest.mark.parametrize("raw", [{"purpose": "a\nb"}, {"retention_days": 0}, {"retention_days": 1.5}, {"purpose": 3}])
def test_what_cannot_be_stated_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(BadOptionError):
        Keeping(**raw)  # type: ignore[arg-type]


def test_what_is_stated_stands_in_the_card(home: Home) -> None:
    assert Keeping().unstated.startswith("State purpose")
    assert Keeping("To find spam", 30).sentence == "Kept for: To find spam. Erased after 30 days."
    told = CliRunner().invoke(app, ["--home", str(home.settings.home), "registry", "show", "v0001", "--card"])
    assert "## Messages\n\nKept for: To find spam in our chat. Erased after 30 days." in told.stdout
