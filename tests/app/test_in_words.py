"""What is known of a user in words: what moved the score either way, how it was decided, what people said."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import plotly.graph_objects as go
import pytest

from app.components.score_user.user_result import scored
from app.reports import in_words
from app.reports.in_words import Known
from app.words import probability, signed
from core.home import Home
from core.review.predictions_of_user import Sighting
from core.scoring.runs import Run
from tests import make
from tests.make import SCHEMA
from tests.reading import Read

HOSTILE = "<script>alert(1)</script>"
NOBODY = pd.DataFrame({name: [] for name in ("time", "reviewer", "verdict", "reason", "notes")})


@pytest.fixture
def known(own: Home) -> Known:
    frame = make.users(200, seed=7).drop(columns="spam")
    frame.loc[0, "user"] = HOSTILE
    policy = make.policy(0.2, 0.5, 0.8)
    model = own.registry.load()
    run: Run = own.file_scoring.score_file("u.csv", make.csv(frame), SCHEMA, model, policy, now=make.NOW).run
    found = own.predictions_of_user.of_user(HOSTILE)
    values = own.datasets.one(run.dataset, found[0].row).reindex(list(model.metadata.names)).astype(float)
    return Known(HOSTILE, found[0], scored(model, values).reasons, found, NOBODY)


def test_both_ways_are_told_and_where_the_score_comes_from(known: Known) -> None:
    said = in_words.explanation(known)

    strongest = max(known.reasons, key=lambda each: each.contribution)
    first = said.splitlines()[0]
    assert f"score {probability(known.last.probability)}" in first
    assert all(part in first for part in (known.last.run.id, known.last.run.model, known.last.run.policy.version))
    assert f"{strongest.feature} = {strongest.said}" in next(line for line in said.splitlines() if "Raises" in line)
    assert signed(strongest.contribution) in said
    assert "Lowers the score most" in said
    assert "decided by" not in said


def test_what_decided_instead_of_the_score_and_the_category_are_said(known: Known) -> None:
    last: Sighting = replace(known.last, decided_by="rule:Many links")

    said = in_words.explanation(replace(known, last=last, category=("threat", 0.81)))

    assert "decided by rule Many links" in said
    assert "if a violation, threat (81" in said


@pytest.mark.parametrize(
    ("armed", "told"), [(False, "auto-remove, not armed: human review (by "), (True, "auto-remove (by ")]
)
def test_what_is_done_is_said_where_it_is_milder_than_the_band(known: Known, armed: bool, told: str) -> None:
    run = replace(known.last.run, policy=replace(known.last.run.policy, armed=armed))

    said = in_words.explanation(replace(known, last=replace(known.last, run=run, band="auto_remove")))

    assert told in said.splitlines()[0]


def test_the_report_is_one_page_that_runs_nothing_of_the_users(known: Known) -> None:
    figure = go.Figure().update_layout(meta={"title": "Why this score", "sub": "log-odds", "alt": "Contributions"})
    text = in_words.report(known, figure)

    assert HOSTILE not in text
    read = Read(text)
    assert read.title == f"User {HOSTILE}"
    assert "Nobody has judged this user." in text
