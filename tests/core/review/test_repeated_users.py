"""A user whom the API was asked about more than once stands in one run more than once, and counts once everywhere."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import app
from core.feedback.short_form import Row
from core.home import Home
from core.planning.day import Places
from core.scoring.runs import Run
from tests import make
from tests.core.review.reviewing import POLICY, fresh, judge_all, truth_of, waiting
from tests.make import NOW

USERS = make.users(60, seed=5)
TRUTH = truth_of(USERS)
#: Asked about again with the values of the user that follows, some of them twice.
AGAIN = (3, 7, 7, 21)


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands change what happens on a bug for the rest of their process; here it goes on after them."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


@pytest.fixture
def run(own: Home) -> Run:
    """A closed run of the API, sent to review."""
    serving = make.serving(own, POLICY)
    names = list(make.SCHEMA.names)
    asked = [
        serving.asked(dict(zip(names, row, strict=True)), user=user, allow_missing=True)
        for row, user in zip(USERS[names].to_numpy(float).tolist(), USERS["user"], strict=True)
    ]
    twice = [asked[at]._replace(values=asked[at + 1 + number].values) for number, at in enumerate(AGAIN)]
    serving.score([*asked, *twice], now=NOW)
    (ended,) = serving.ended(now=NOW, everything=True)
    own.closing.close(ended, make.SCHEMA, now=NOW)
    own.plans.choose(Places(8, 3, 0.4 * len(USERS)), by="Ada", now=NOW)
    return own.runs.find(ended)


def rows_of(user: int) -> list[int]:
    return [user + 1, *(len(USERS) + 1 + number for number, at in enumerate(AGAIN) if at == user)]


def test_the_plan_has_each_user_once_by_the_latest_row(own: Home, run: Run) -> None:
    plan = own.runs.plan(run.id)
    assert plan is not None
    assert len(plan) == len(USERS)
    assert set(plan.index) == {rows_of(user)[-1] for user in range(len(USERS))}
    assert {case.row for case in waiting(own)} == set(plan.index[plan["chosen"]])


def test_figures_count_each_user_once(own: Home, run: Run) -> None:
    before = own.live_figures.figures(run, fresh(own).valid())
    assert before is not None
    judge_all(own, TRUTH)
    found = own.live_figures.figures(run, fresh(own).valid())
    rows = own.live_figures.labelled(run, fresh(own).valid())
    assert found is not None
    assert rows is not None
    chosen = sum(band.pending for band in before.bands)
    assert sum(band.judged for band in found.bands) == len(rows) == chosen > 0
    assert sum(band.pending for band in found.bands) == 0


def test_a_plan_of_before_that_chose_an_earlier_row_counts_nobody_twice(own: Home, run: Run) -> None:
    """Such plans hold a line for every row, and may have chosen both rows of a user."""
    plan, scores = own.runs.plan(run.id), own.runs.scores(run.id)
    assert plan is not None
    old = plan.reindex(scores.index)
    old["stratum"], old["blind"] = old["stratum"].fillna("random"), old["blind"].fillna(value=True).astype(bool)
    old["chosen"], old["inclusion"] = old["chosen"].fillna(value=True).astype(bool), old["inclusion"].fillna(0.5)
    own.runs.save_plan(run.id, old)
    judge_all(own, TRUTH)
    found = own.live_figures.figures(run, fresh(own).valid())
    assert found is not None
    assert sum(band.judged + band.pending for band in found.bands) == plan["chosen"].sum()


@pytest.mark.parametrize("which", [0, -1])
def test_feedback_on_any_of_the_rows_is_on_the_user(own: Home, run: Run, which: int) -> None:
    row = rows_of(7)[which]
    done = own.feedback_import.record(
        [Row.of(1, {"prediction_id": f"{run.id}-{row}", "actual_label": 1})], by="Ada", now=NOW
    )  # fmt: skip
    assert done.new == 1
    verdict = own.feedback.read().iloc[0]
    assert (verdict["user"], verdict["prediction"]) == (USERS["user"][7], f"{run.id}-{row}")
    assert own.outbox.of_user(USERS["user"][7])["decision"].tolist() == ["remove"]
    assert own.live_figures.figures(run, fresh(own).valid()) is not None


def test_each_of_the_rows_can_be_sent_to_review(own: Home, run: Run) -> None:
    for user in (3, 7):
        own.sending.send(run.id, rows_of(user), by="Ada", now=NOW)
        assert len([case for case in own.cases.of_user(USERS["user"][user]) if case.status == "open"]) == 1
    assert own.live_figures.figures(run, fresh(own).valid()) is not None


def test_monitoring_reads_the_run(own: Home, run: Run) -> None:
    judge_all(own, TRUTH)
    assert "trustdesk_precision" in own.exposition.text(now=NOW)
    assert np.isfinite(len(own.inspection.look(now=NOW).found))


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        (("feedback", "stats", "--json"), {0}), (("report", "r-0001", "-o", "{}/r.html"), {0}), (("metrics",), {0}),
        (("drift", "--alert"), {0, 4}), (("feedback", "export"), {0}), (("queue", "add", "r-0001"), {0}),
    ],
)  # fmt: skip
def test_every_command_that_reads_the_run_works(
    own: Home, run: Run, tmp_path: Path, command: tuple[str, ...], codes: set[int]
) -> None:
    judge_all(own, TRUTH)
    done = CliRunner().invoke(app, ["--home", str(own.settings.home), *(each.format(tmp_path) for each in command)])
    assert done.exit_code in codes, done.stderr
    if "--json" in command:
        assert json.loads(done.stdout)["run"]["users"] == len(USERS)
