"""Stored runs scored again: the old ones stay, what is new is told, and who is newly flagged can be reviewed."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from core.errors import BadOptionError, NotAllowedError, RefusedError
from core.home import Home
from core.policy.bands import BANDS, POSITIVE
from core.policy.rules import Condition, Rule
from core.scoring.runs import Run
from tests import make
from tests.core.review import reviewing
from tests.make import NOW

PLANTED = Rule("Planted", "exactly", "human_review", (Condition("name", "=", ("the planted one",)),), "live", "planted")
UNDER = replace(make.policy(version="p0002"), rules=(PLANTED,))


def users(n: int = 300) -> pd.DataFrame:
    """Users of whom one has what the rule asks for, and no links."""
    frame = make.users(n, seed=3).drop(columns="spam")
    frame.loc[7, ["links", "verified", "ratio"]] = [0, 1, -2.0]
    frame.loc[7, "name"] = "the planted one"
    return frame


def scored(home: Home, frame: pd.DataFrame) -> Run:
    return reviewing.scored(home, frame, make.policy())


def test_a_planted_user_is_found_by_a_new_policy_and_queued(two: Home) -> None:
    before = scored(two, users())
    stored = two.runs.scores(before.id)
    found = two.rescans.rescan(before.id, two.registry.load("v0001"), UNDER, by="Lea", now=NOW, send=True)

    assert found.changes.newly_flagged["user"].tolist() == ["u3-7"]
    assert found.changes.no_longer_flagged.empty
    told = found.changes.newly_flagged.iloc[0]
    assert (told["band_before"], told["band_after"], told["decided_by_after"]) == (
        "allow",
        "human_review",
        "rule:Planted",
    )
    assert told["score_before"] == told["score_after"]
    assert found.queued
    assert found.queued.new == 1
    assert [(case.user, case.run) for case in reviewing.waiting(two)] == [("u3-7", found.changes.after.id)]
    # The run of before is what it was.
    assert two.runs.find(before.id) == before
    pd.testing.assert_frame_equal(two.runs.scores(before.id), stored)
    assert two.audit.read()["what"].tolist()[:2] == ["send to review", "rescan"]


def test_another_version_scores_again_and_everybody_who_changes_is_told(two: Home) -> None:
    before = scored(two, users())
    found = two.rescans.rescan(before.id, two.registry.load("v0002"), make.policy(), by="Lea", now=NOW).changes

    assert (found.after.model, found.after.name) == ("v0002", f"users.csv ({before.id} rescanned)")
    a, b = two.runs.scores(before.id), two.runs.scores(found.after.id)
    flagged = [pd.Series(BANDS)[scores["severity"]].isin(POSITIVE).to_numpy() for scores in (a, b)]
    changed = (a["severity"] != b["severity"]).to_numpy()
    assert changed.any(), "else this shows nothing"
    assert found.table["prediction_id"].tolist() == [f"{found.after.id}-{row}" for row in a.index[changed]]
    assert set(found.newly_flagged.index) == set(a.index[~flagged[0] & flagged[1]])
    assert set(found.no_longer_flagged.index) == set(a.index[flagged[0] & ~flagged[1]])
    assert found.users["score_after"].tolist() == b["probability"].tolist()
    assert two.runs.reasons(found.after.id) is not None


def test_runs_of_other_files_are_held_against_each_other_by_user(own: Home) -> None:
    first, second = users(), users().iloc[::-1].iloc[:200]
    a, b = scored(own, first), scored(own, pd.concat([second, make.users(5, seed=4).drop(columns="spam")]))
    found = own.rescans.between(a.id, b.id)

    assert (len(found.users), found.only_before, found.only_after) == (200, 100, 5)
    assert found.users["user"].tolist() == second["user"].tolist()
    assert found.users["score_before"].tolist() == found.users["score_after"].tolist()
    assert "100 users only in r-0001, 5 users only in r-0002" in found.sentence


def test_what_cannot_be_rescanned_is_said_before_anything_is_scored(own: Home) -> None:
    run, model = scored(own, users()), own.registry.load()
    with pytest.raises(BadOptionError, match="was scored by v0001 under p0001"):
        own.rescans.rescan(run.id, model, make.policy(), by="Lea", now=NOW)
    other = scored(own, make.users(20, seed=8).drop(columns="spam"))
    with pytest.raises(RefusedError, match="no user in common"):
        own.rescans.between(run.id, other.id)
    own.accounts.create("root", "admin", "long enough to be one", now=NOW)
    with pytest.raises(NotAllowedError):
        own.rescans.rescan(run.id, model, UNDER, by="Nobody", now=NOW)
    assert [each.id for each in own.runs.recent()] == [other.id, run.id]
