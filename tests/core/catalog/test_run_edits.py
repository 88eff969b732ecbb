"""What people say of runs; and that a run goes alone, where nothing rests on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from core.errors import BadOptionError, NotAllowedError, RefusedError, UnknownItemError
from core.home import Home
from core.scoring.runs import Run
from tests import make
from tests.core.review import reviewing
from tests.make import NOW


def scored(home: Home, seed: int = 3, **policy: Any) -> Run:
    frame = make.users(60, seed=seed).drop(columns="spam")
    return reviewing.scored(home, frame, make.policy(0.2, 0.5, 0.8, **policy))


def test_a_run_is_named_noted_and_marked_and_the_audit_log_has_what_was_before(own: Home) -> None:
    run = scored(own)
    assert (run.name, run.note, run.test) == ("users.csv", "", False)
    changed = own.run_edits.change(run.id, name=" Market\n  users ", note="Wrong export", test=True, by="Lea", now=NOW)
    assert (changed.name, changed.note, changed.test) == ("Market users", "Wrong export", True)
    assert own.datasets.find(run.dataset).name == "users.csv"

    own.run_edits.change(run.id, note="", by="Lea", now=NOW)
    own.run_edits.change(run.id, test=True, by="Lea", now=NOW)
    notes = own.audit.read()
    assert notes["what"].tolist() == ["change run"] * 2, "what changes nothing is not written down"
    assert notes["details"].tolist() == [
        '{"note": "changed"}', '{"name": ["users.csv", "Market users"], "test": [false, true], "note": "changed"}',
    ]  # fmt: skip
    assert own.runs.find(run.id).note == ""


@pytest.mark.parametrize(
    ("said", "told"),
    [({"name": " "}, "write one"), ({"name": "x" * 201}, "at most 200"), ({"note": "x" * 1_001}, "at most 1,000")],
)
def test_what_cannot_be_said_of_a_run_is_refused(own: Home, said: Mapping[str, Any], told: str) -> None:
    run = scored(own)
    with pytest.raises(BadOptionError, match=told):
        own.run_edits.change(run.id, **said, by="Lea", now=NOW)
    with pytest.raises(UnknownItemError):
        own.run_edits.change("r-0009", test=True, by="Lea", now=NOW)
    assert own.runs.find(run.id) == run


def test_tests_are_left_out_of_what_is_held_against_training(own: Home) -> None:
    first, second = scored(own), scored(own, seed=4)
    assert [each.id for each in own.drift.window(second)] == [second.id, first.id]
    own.run_edits.change(first.id, test=True, by="Lea", now=NOW)
    assert own.runs.recent(tests=False) == (second,)
    assert own.drift.window(second) == (second,)
    own.run_edits.change(second.id, test=True, by="Lea", now=NOW)
    assert own.drift.latest() is None
    assert len(own.runs.recent()) == 2


def test_a_run_goes_alone_and_its_dataset_stays(own: Home) -> None:
    first, second = scored(own), scored(own)
    found = own.holdings.of_run(first, now=NOW)
    assert found.sentence.startswith(
        "r-0001 of users.csv can be deleted: the scores, decisions and reasons of 60 users"
    )
    assert found.sentence.endswith("The dataset that it scored stays.")
    own.holdings.delete_run(first.id, by="Lea", now=NOW)
    with pytest.raises(UnknownItemError):
        own.runs.find(first.id)
    assert len(own.datasets.frame(first.dataset)) == 60
    assert own.runs.scores(second.id) is not None
    assert own.lost_runs.look() is None, "what was deleted is not lost"
    assert own.audit.read()["what"].tolist() == ["delete run"]
    with pytest.raises(UnknownItemError):
        own.holdings.delete_run(first.id, by="Lea", now=NOW)


def test_a_run_on_which_something_rests_stays(own: Home) -> None:
    run, removing = scored(own), scored(own, seed=4, armed=True)
    assert removing.counts["auto_remove"], "else this shows nothing"
    own.sending.send(run.id, [int(own.runs.scores(run.id).index[0])], by="Lea", now=NOW)
    for each, why in ((run, "has cases"), (removing, "has removed users")):
        with pytest.raises(RefusedError, match=f"{each.id} stays: it {why}"):
            own.holdings.delete_run(each.id, by="Lea", now=NOW)
        assert own.runs.find(each.id) == each
    own.accounts.create("root", "admin", "long enough to be one", now=NOW)
    own.accounts.create("Ann", "analyst", "long enough to be one", now=NOW)
    with pytest.raises(NotAllowedError):
        own.holdings.delete_run(scored(own, seed=5).id, by="Ann", now=NOW)
