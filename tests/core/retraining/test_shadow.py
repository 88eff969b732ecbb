"""The challenger in the shadow: it scores what the champion scores, changes nothing, and verdicts tell who is right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import NotAllowedError, RefusedError, UnknownVersionError
from core.home import Home
from core.policy.decide import decide
from core.retraining.shadow import Standing
from core.scoring.scorer import Scorer
from tests import make, make_messages, screen
from tests.core.feedback.verdicts import verdict
from tests.core.review import reviewing
from tests.make import NOW

USERS = make.users(300, seed=31)


def standing(home: Home) -> Standing:
    found = home.shadow.challenger()
    assert found is not None
    return home.shadow.standing(found)


def test_runs_since_it_was_appointed_are_scored_by_it_too_and_nothing_else_changes(two: Home) -> None:
    two.shadow.appoint("v0002", by="Ada", now=NOW + timedelta(seconds=1))
    reviewing.scored(two, USERS)  # at NOW, before
    assert two.shadow.catch_up() == ()

    two.shadow.appoint("v0002", by="Ada", now=NOW)
    run = reviewing.scored(two, USERS)
    before = two.runs.scores(run.id)
    assert two.shadow.catch_up() == ("r-0002", "r-0001")
    assert two.shadow.catch_up() == ()
    assert two.runs.scores(run.id).equals(before)
    assert two.registry.champion() == "v0001"

    found = standing(two)
    theirs = Scorer(two.registry.load("v0002")).score(USERS).probability
    changed = decide(run.policy, theirs).bands != decide(run.policy, before["probability"]).bands
    assert (found.runs, found.flips.n, len(found.flips.rows)) == (2, 600, 2 * int(changed.sum()))
    assert found.sentence.endswith("No verdict says yet which is right.")


def test_verdicts_tell_which_of_the_two_is_right(two: Home) -> None:
    two.shadow.appoint("v0002", by="Ada", now=NOW)
    run = reviewing.scored(two, USERS, make.policy(0.1, 0.3, 0.8))
    two.shadow.catch_up()
    ours = two.runs.scores(run.id)["probability"].to_numpy() > 0.3
    theirs = Scorer(two.registry.load("v0002")).score(USERS).probability > 0.3
    # Whoever they disagree about is what the challenger says, and of the others one is what neither says.
    apart = [row for row in range(300) if ours[row] != theirs[row]]
    alike = next(row for row in range(300) if ours[row] == theirs[row])
    said = {row: bool(theirs[row]) for row in apart} | {alike: not ours[alike]}
    two.feedback.record([
        verdict(row, prediction=f"{run.id}-{row + 1}", verdict="spammer" if spam else "legitimate")
        for row, spam in said.items()
    ])  # fmt: skip
    two.feedback.record([verdict("elsewhere", prediction="r-9999-1"), verdict("odd", prediction="imported")])

    found = standing(two)
    assert (found.judged, found.only_champion, found.only_challenger) == (len(said), 0, len(apart))
    assert f"{len(apart)} only v0002" in found.sentence
    many = replace(found, only_challenger=20)
    assert "v0002 is right more often" in many.sentence
    assert "the champion is right more often" in replace(many, only_champion=60).sentence


def test_who_is_in_charge_or_gone_or_unknown_is_no_challenger(two: Home) -> None:
    assert two.shadow.challenger() is None
    with pytest.raises(RefusedError):
        two.shadow.appoint("v0001", by="Ada", now=NOW)
    with pytest.raises(UnknownVersionError):
        two.shadow.appoint("v0009", by="Ada", now=NOW)
    two.shadow.appoint("v0002", by="Ada", now=NOW)
    assert two.audit.read().iloc[0][["who", "what", "about"]].tolist() == ["Ada", "shadow", "v0002"]
    make.promoted(two, "v0002")
    assert two.shadow.challenger() is None

    make.promoted(two, "v0001")
    two.shadow.appoint(None, by="Ada", now=NOW)
    assert two.shadow.challenger() is None
    assert two.shadow.catch_up() == ()


def test_who_may_not_retrain_appoints_nobody(two: Home) -> None:

    two.accounts.create("Ada", "admin", "long enough to be one", now=NOW)
    with pytest.raises(NotAllowedError):
        two.shadow.appoint("v0002", by="Eve", now=NOW)


def test_a_job_catches_up_when_somebody_is_in_the_shadow(two: Home) -> None:
    reviewing.scored(two, USERS)
    two.shadow.soon()
    assert two.jobs.listed() == ()
    two.shadow.appoint("v0002", by="Ada", now=NOW)
    two.shadow.soon()
    assert screen.over(two, "shadow").status == "done"
    assert standing(two).runs == 1


def test_a_challenger_says_of_how_many_whom_both_flag_it_says_the_same_category(
    kinds_twice: Home, tmp_path: Path
) -> None:
    home = make.copied(kinds_twice, tmp_path)
    home.shadow.appoint("v0002", by="Ada", now=NOW)
    sent = make_messages.of_kinds(make_messages.messages(120, seed=8)).drop(columns="removed")
    run = home.file_scoring.score_file(
        "new.csv", make.csv(sent), make_messages.KINDS, home.registry.load(), make.policy(), now=NOW
    ).run
    home.shadow.catch_up()
    ours, theirs = home.runs.scores(run.id), Scorer(home.registry.load("v0002")).score(home.datasets.frame(run.dataset))
    both = (ours["probability"] > 0.7).to_numpy() & (theirs.probability > 0.7)
    assert theirs.categories is not None
    alike = both & (theirs.categories.category == ours["category"].to_numpy(object))

    found = standing(home)
    assert (found.both_flag, found.same_category) == (both.sum(), alike.sum())
    assert f"Of {both.sum()} users whom both flag, they say the same category of" in found.sentence
