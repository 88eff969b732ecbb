"""Overview: what it says in a home that is empty, fresh or at work."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from app import words
from core.home import Home
from core.monitoring.incidents import Finding
from core.registry import registry
from tests import make, screen
from tests.core.review import reviewing
from tests.screen import Scored, Visit


@pytest.mark.parametrize("page", ["overview", "score_file", "score_user", "registry"])
def test_a_home_with_nothing_in_it_says_what_to_do_first(visit: Visit, home: Home, page: str) -> None:
    at = visit(home, page)

    assert not at.exception
    assert not at.error
    assert "This workspace has no live model" in screen.sentences(at)
    assert [code.value for code in at.code] == ["python3 -m app train users.csv --promote"]


def test_a_home_with_a_schema_but_no_model_is_no_different(visit: Visit, own: Home) -> None:
    (own.settings.models / registry.CHAMPION).unlink()

    at = visit(own)

    assert not at.exception
    assert "This workspace has no live model" in screen.sentences(at)


def test_a_champion_that_is_not_there_is_told_in_a_sentence(visit: Visit, own: Home) -> None:
    (own.settings.models / registry.CHAMPION).write_text("v0009\n", encoding="ascii")

    at = visit(own)

    assert not at.exception
    assert "There is no model v0009" in screen.errors(at)[0]


def test_a_damaged_model_is_told_in_a_sentence(visit: Visit, own: Home) -> None:
    (own.settings.models / "v0001" / registry.TREES).write_bytes(b"no trees")

    at = visit(own)

    assert not at.exception
    assert "was not loaded" in screen.errors(at)[0]


def test_a_fresh_home_offers_the_first_steps_and_the_models_figures(visit: Visit, own: Home) -> None:
    at = visit(own)

    figures = own.registry.load().metadata.figures
    assert not at.exception
    assert "v0001 is live and ready to score" in screen.sentences(at)
    assert at.table[0].value["Value"].tolist() == [figure.value for figure in figures.overall.values()]
    assert f"{figures.n:,} held-out users" in screen.sentences(at)
    assert "Nothing waits for you." in screen.sentences(at)


@pytest.mark.parametrize("page", ["score_file", "score_user", "registry"])
def test_each_first_step_leads_to_its_page(visit: Visit, own: Home, page: str) -> None:
    at = visit(own).button(key=f"first-{page}").click().run()

    assert not at.exception
    assert (
        at.title[0].value == {"score_file": "Score a file", "score_user": "Score a user", "registry": "Registry"}[page]
    )


def test_a_home_at_work_shows_the_last_run_against_the_one_before(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    for rows in (50, 100, 200):
        last = scored(own, to_score.head(rows))

    at = visit(own)

    assert not at.exception
    assert "The last run, r-0003, scored 200 users of users.csv." in screen.sentences(at)
    metrics = {metric.label: metric for metric in at.metric}
    scored_now = metrics["Users scored"]
    assert (scored_now.value, scored_now.delta[:6]) == ("200", "+100.0")
    assert scored_now.proto.delta_description.startswith(f"{last.flagged / 2:.2f}")
    assert metrics[":red[■] Auto-remove"].delta == "not armed"
    assert (metrics[":orange[▲] To review"].value, metrics["Right when flagged"].value) == ("0", "–")
    assert at.dataframe[0].value["Run"].tolist() == ["r-0003", "r-0002", "r-0001"]


def test_bars_of_runs_say_how_many_they_are_and_how_tall(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    for rows in (30, 45, 60):
        scored(own, to_score.head(rows))

    told = screen.sentences(visit(own))

    assert "Bars: 3 runs of about this size" in told
    assert "a bar each from 0; the tallest is 60 users" in told


def test_choosing_a_run_opens_it(visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame) -> None:
    scored(own, to_score)
    at = visit(own)

    at.session_state["runs-Last runs"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()

    assert at.title[0].value == "Score a file"
    assert at.query_params["run"] == "r-0001"


def test_a_click_on_a_band_of_a_run_lists_its_users(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    for rows in (100, 200):
        scored(own, to_score.head(rows))
    at = visit(own)
    points = json.loads(at.get("plotly_chart")[0].proto.spec)["data"][0]["customdata"]

    at.session_state["band_shares-light"] = {"selection": {"points": [{"customdata": points[-1]}]}}
    at.run()

    assert points[-1] == ["r-0002", "monitor"]
    assert at.title[0].value == "Score a file"
    assert (at.query_params["run"], at.query_params["group"]) == ("r-0002", "monitor")


def test_the_notice_the_rejected_rows_and_an_outdated_score_all_wait_for_a_person(
    visit: Visit, noticed: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    scored(noticed, pd.concat([to_score, to_score.head(3)]))
    make.trained_home(noticed, n=400)

    at = visit(noticed)

    assert not at.exception
    said = screen.sentences(at)
    assert "**3 rows** of users.csv were rejected" in said
    assert "r-0001 was scored by v0001; v0002 is live now" in said


def test_open_incidents_wait_and_lead_to_the_monitor(visit: Visit, own: Home) -> None:
    found = Finding("queue", "late", "3 users waited too long.", "review")
    own.incidents.keep([found, replace(found, cause="x")], looked_at=["queue"], now=make.NOW)
    own.incidents.keep([found], looked_at=["queue"], now=make.NOW)

    at = visit(own)

    assert "**1 incident** open" in screen.sentences(at)
    opened = at.button(key="go-Monitor").click().run()
    assert not opened.exception
    assert opened.title[0].value == "Monitor"


def test_a_rule_that_needs_attention_is_named_once_and_leads_to_the_policy(visit: Visit, own: Home) -> None:
    found = Finding("rule", "Many links", "The rule Many *links* needs attention: decided nobody in 30 days.", "policy")
    own.incidents.keep([found], looked_at=["rule"], now=make.NOW)
    at = visit(own)
    assert words.plain(found.sentence) in screen.sentences(at)
    assert "incident" not in screen.sentences(at)
    opened = at.button(key="go-Rules").click().run()
    assert opened.title[0].value == "Policy"

    own.incidents.keep([found, replace(found, cause="x")], looked_at=["rule"], now=make.NOW)
    assert "**2 rules** of the policy need attention." in screen.sentences(visit(own))
    own.incidents.keep([], looked_at=["rule"], now=make.NOW)
    assert "need attention." not in screen.sentences(visit(own))


def test_the_notice_of_the_model_is_shown_as_it_was_written(visit: Visit, noticed: Home) -> None:
    assert "**v0001** is trained on &#42;simulated&#42; users" in screen.sentences(visit(noticed))


def test_a_run_without_a_single_user_breaks_nothing(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    scored(own, to_score)
    make.run_of_nobody(own, to_score)

    at = visit(own)

    assert not at.exception
    assert "scored 0 users of users.csv" in screen.sentences(at)


def test_a_demo_home_leads_through_five_steps_with_what_came_of_each(visit: Visit, with_demo: Home) -> None:
    at = visit(with_demo)
    assert not at.exception
    assert "0 of 5 steps on the demo data" in screen.sentences(at)
    assert [at.button(key=f"tour-{number}").disabled for number in range(1, 6)] == [False, False, True, False, True]

    at = at.button(key="tour-2").click().run()
    assert not at.exception
    assert at.title[0].value == "Score a file"
    (run,) = with_demo.runs.recent()
    assert (run.name, at.query_params["run"]) == ("users.csv.gz", run.id)

    with_demo.plans.queue_run(run.id, by="Lea", now=make.NOW)
    reviewing.judge(with_demo, reviewing.waiting(with_demo)[0])
    at = visit(with_demo)
    said = screen.sentences(at)
    assert f"{run.id}: {run.users:,} users, {run.flagged:,} flagged for a look." in said
    assert f"1 verdict, {len(reviewing.waiting(with_demo)):,} users waiting." in said
    assert "1 verdict to learn from." in said
    assert at.button(key="tour-5").click().run().title[0].value == "Train"


def test_the_steps_end_with_the_last_one_or_with_a_file_of_ones_own(
    visit: Visit, with_demo: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    visit(with_demo, "explore")
    run = scored(with_demo, to_score, name="users.csv.gz", reasons=False)
    with_demo.plans.queue_run(run.id, by="Lea", now=make.NOW)
    reviewing.judge(with_demo, reviewing.waiting(with_demo)[0])
    shutil.copytree(with_demo.settings.models / "v0001", with_demo.settings.models / "v0002")
    assert "4 of 5 steps" in screen.sentences(visit(with_demo))
    with_demo.schedule.note_done("v0002", "1", now=make.NOW)
    assert "The first hour" not in screen.sentences(visit(with_demo))

    with_demo.settings.retrained_file.unlink()
    scored(with_demo, to_score, name="march.csv", reasons=False)
    assert "The first hour" not in screen.sentences(visit(with_demo))


def test_a_lost_database_is_told_first_until_somebody_acknowledges_it(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    scored(own, to_score)
    assert not visit(own).error
    for file in own.settings.data.glob("state.db*"):
        file.unlink()

    at = visit(own)
    assert "data/runs holds r-0001, which data/state.db does not know" in screen.errors(at)[0]
    assert "New runs go on from r-0002" in screen.errors(at)[0]
    at.button(key="acknowledge_loss").click().run()

    assert not at.exception
    assert not at.error
    assert own.audit.read()["what"].tolist() == ["acknowledge loss"]


def test_only_an_admin_may_acknowledge_a_loss(visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame) -> None:
    scored(own, to_score)
    for file in own.settings.data.glob("state.db*"):
        file.unlink()
    own.accounts.create("Root", "admin", "the lead of all admins", now=make.NOW)
    at = visit(own)
    at.session_state["_account"] = own.accounts.create("Ana", "analyst", "an analyst, for now", now=make.NOW).name
    at.run()

    assert "which data/state.db does not know" in screen.errors(at)[0]
    assert "acknowledge_loss" not in [button.key for button in at.button]


def test_an_api_that_ended_by_itself_is_told_until_it_serves_or_somebody_says_it_was_meant(
    visit: Visit, own: Home
) -> None:  # fmt: skip
    def ended() -> None:
        """As a process leaves it that was killed."""
        with own.api_service.serving(now=make.NOW):
            left = own.settings.served("api").with_suffix(".since")
            since = left.read_text(encoding="utf-8")
        left.write_text(since, encoding="utf-8")

    ended()
    assert "has ended without being told to" in screen.errors(visit(own))[0]
    with own.api_service.serving(now=make.NOW):
        assert not visit(own).error
    ended()
    at = visit(own)
    at.button(key="api_meant").click().run()
    assert not at.exception
    assert not at.error
    assert own.audit.read()["what"].tolist() == ["API ended"]
