"""Data: datasets with what depends on them, and runs that are scored again and held against each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from app.components.data.picking import table_key
from core.home import Home
from core.policy.rules import Condition, Rule
from core.scoring.runs import Run
from tests import make, screen
from tests.core.review import reviewing
from tests.screen import Visit

FAKE = Rule("Fake", "exactly", "human_review", (Condition("country", "=", ("KE",)),), "live", "fake")


@pytest.fixture
def run(two: Home) -> Run:
    frame = make.users(80, seed=3).drop(columns="spam")
    return reviewing.scored(two, frame, two.policies.in_force())


def select(home: Home, at: AppTest, table: str, *ids: str) -> None:
    """A browser says at each run which rows are selected."""
    datasets = [each.id for each in home.holdings.listed(now=make.NOW)]
    rows = {"datasets": datasets, "runs": [each.id for each in home.runs.recent()]}[table]
    chosen = {"rows": [rows.index(each) for each in ids], "columns": [], "cells": []}
    at.session_state[table_key(table, rows)] = {"selection": chosen}


def selected(home: Home, at: AppTest, table: str, *ids: str) -> AppTest:
    select(home, at, table, *ids)
    return at.run()


def test_a_dataset_is_noted_and_deleted_and_what_is_learnt_from_stays(two: Home, run: Run, visit: Visit) -> None:
    short, training = run.dataset[:12], make.learnt_from(two).id[:12]
    at = selected(two, visit(two, "data", **{"as": "Lea"}), "datasets", short)
    assert "Used by run r-0001." in screen.sentences(at)
    assert "brought by: not known" in screen.sentences(at)
    select(two, at, "datasets", short)
    next(field for field in at.text_input if field.label == "Note").set_value("From the market")
    next(button for button in at.button if button.label == "Save").click().run()
    assert two.holdings.find(run.dataset, now=make.NOW).note == "From the market"

    kept = selected(two, at, "datasets", training)
    assert "learnt from it" in screen.sentences(kept)
    assert not [button for button in kept.button if button.label == "Delete it for good"]

    at = selected(two, kept, "datasets", short)
    select(two, at, "datasets", short)
    at.button(key=f"delete-{short}").click().run()
    assert not at.exception
    assert two.runs.recent() == ()


def test_a_run_is_scored_again_and_who_is_newly_flagged_is_shown(two: Home, run: Run, visit: Visit) -> None:
    two.policies.save(replace(two.policies.in_force(), rules=(FAKE,)), by="Lea", now=make.NOW)
    at = selected(two, visit(two, "data", **{"as": "Lea"}), "runs", "r-0001")
    select(two, at, "runs", run.id)
    at.button(key=f"rescan-{run.id}-v0001-p0002").click().run()
    assert not at.exception
    asked = {"run": run.id, "model": "v0001", "policy": "p0002", "by": "Lea"}
    two.jobs.work(two.jobs.ask("rescan", asked, title="", identity=f"rescan-{run.id}-v0001-p0002")[0].id)
    at.run()
    found = two.rescans.between("r-0001", "r-0002")
    assert len(found.newly_flagged) > 0, "else this shows nothing"
    assert {each.label: each.value for each in at.metric}["Newly flagged"] == str(len(found.newly_flagged))
    assert at.dataframe[-1].value["User"].tolist()[: len(found.newly_flagged)] == found.newly_flagged["user"].tolist()

    both = selected(two, at, "runs", "r-0001", "r-0002")
    assert f"{len(found.newly_flagged)} newly flagged, 0 no longer" in screen.sentences(both)
    same = selected(two, both, "runs", "r-0002")
    assert same.button(key="rescan-r-0002-v0001-p0002").disabled


def test_a_home_without_a_file_says_so(home: Home, visit: Visit) -> None:
    at = visit(home, "data")
    assert not at.exception
    assert "No file was read here yet" in screen.sentences(at)


def test_a_run_is_named_marked_as_a_test_and_deleted(two: Home, run: Run, visit: Visit) -> None:
    at = selected(two, visit(two, "data", **{"as": "Lea"}), "runs", run.id)
    select(two, at, "runs", run.id)
    next(field for field in at.text_input if field.label == "Name").set_value("Market")
    next(box for box in at.checkbox if box.label == "A test").check()
    next(button for button in at.button if button.label == "Save").click().run()
    assert not at.exception
    assert (two.runs.find(run.id).name, two.runs.find(run.id).test) == ("Market", True)
    assert two.runs.recent(tests=False) == ()
    overview = visit(two, "overview")
    assert not overview.exception
    assert "The last run" not in screen.sentences(overview)
    assert overview.dataframe[0].value["Test"].tolist() == ["test"]
    monitor = visit(two, "monitor")
    assert not monitor.exception
    assert "Every run so far was a test." in screen.sentences(monitor)

    at = selected(two, at, "runs", run.id)
    assert "The dataset that it scored stays." in screen.sentences(at)
    select(two, at, "runs", run.id)
    at.button(key=f"delete-{run.id}").click().run()
    assert not at.exception
    assert two.runs.recent() == ()
