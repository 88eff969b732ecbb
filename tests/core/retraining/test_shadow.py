"""The challenger in the shadow: it scores what the champion scores, changes nothing, and verdicts tell who is right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core import jobs
from core.access import audit
from core.errors import NotAllowedError, RefusedError, UnknownVersionError
from core.feedback import csv_store
from core.policy.policy import Policy
from core.registry import registry
from core.retraining import shadow
from core.retraining.shadow import Standing
from core.scoring import runs
from core.scoring.scorer import Scorer
from core.settings import Settings
from tests import make, screen
from tests.core.feedback.verdicts import verdict
from tests.core.review import reviewing
from tests.make import NOW

USERS = make.users(300, seed=31)


def standing(home: Settings) -> Standing:
    found = shadow.challenger(home)
    assert found is not None
    return shadow.standing(home, found)


def test_runs_since_it_was_appointed_are_scored_by_it_too_and_nothing_else_changes(two: Settings) -> None:
    shadow.appoint(two, "v0002", by="Ada", now=NOW + timedelta(seconds=1))
    reviewing.scored(two, USERS)  # at NOW, before
    assert shadow.catch_up(two) == ()

    shadow.appoint(two, "v0002", by="Ada", now=NOW)
    run = reviewing.scored(two, USERS)
    before = runs.scores(two, run.id)
    assert shadow.catch_up(two) == ("r-0002", "r-0001")
    assert shadow.catch_up(two) == ()
    assert runs.scores(two, run.id).equals(before)
    assert registry.champion(two) == "v0001"

    found = standing(two)
    theirs = Scorer(registry.load(two, "v0002")).score(USERS).probability
    changed = run.policy.bands(theirs) != run.policy.bands(before["probability"])
    assert (found.runs, found.flips.n, len(found.flips.rows)) == (2, 600, 2 * int(changed.sum()))
    assert found.sentence.endswith("No verdict says yet which is right.")


def test_verdicts_tell_which_of_the_two_is_right(two: Settings) -> None:
    shadow.appoint(two, "v0002", by="Ada", now=NOW)
    run = reviewing.scored(two, USERS, Policy(0.1, 0.3, 0.8))
    shadow.catch_up(two)
    ours = runs.scores(two, run.id)["probability"].to_numpy() > 0.3
    theirs = Scorer(registry.load(two, "v0002")).score(USERS).probability > 0.3
    # Whoever they disagree about is what the challenger says, and of the others one is what neither says.
    apart = [row for row in range(300) if ours[row] != theirs[row]]
    alike = next(row for row in range(300) if ours[row] == theirs[row])
    said = {row: bool(theirs[row]) for row in apart} | {alike: not ours[alike]}
    csv_store.of(two).record([
        verdict(row, prediction=f"{run.id}-{row + 1}", verdict="spammer" if spam else "legitimate")
        for row, spam in said.items()
    ])  # fmt: skip
    csv_store.of(two).record([verdict("elsewhere", prediction="r-9999-1"), verdict("odd", prediction="imported")])

    found = standing(two)
    assert (found.judged, found.only_champion, found.only_challenger) == (len(said), 0, len(apart))
    assert f"{len(apart)} only v0002" in found.sentence
    many = replace(found, only_challenger=20)
    assert "v0002 is right more often" in many.sentence
    assert "the champion is right more often" in replace(many, only_champion=60).sentence


def test_who_is_in_charge_or_gone_or_unknown_is_no_challenger(two: Settings) -> None:
    assert shadow.challenger(two) is None
    with pytest.raises(RefusedError):
        shadow.appoint(two, "v0001", by="Ada", now=NOW)
    with pytest.raises(UnknownVersionError):
        shadow.appoint(two, "v0009", by="Ada", now=NOW)
    shadow.appoint(two, "v0002", by="Ada", now=NOW)
    assert audit.read(two).iloc[0][["who", "what", "about"]].tolist() == ["Ada", "shadow", "v0002"]
    make.promoted(two, "v0002")
    assert shadow.challenger(two) is None

    make.promoted(two, "v0001")
    shadow.appoint(two, None, by="Ada", now=NOW)
    assert shadow.challenger(two) is None
    assert shadow.catch_up(two) == ()


def test_who_may_not_retrain_appoints_nobody(two: Settings) -> None:
    from core.access import accounts  # noqa: PLC0415 - of this test alone

    accounts.create(two, "Ada", "admin", "long enough to be one", now=NOW)
    with pytest.raises(NotAllowedError):
        shadow.appoint(two, "v0002", by="Eve", now=NOW)


def test_a_job_catches_up_when_somebody_is_in_the_shadow(two: Settings) -> None:
    reviewing.scored(two, USERS)
    shadow.soon(two)
    assert jobs.listed(two) == ()
    shadow.appoint(two, "v0002", by="Ada", now=NOW)
    shadow.soon(two)
    assert screen.over(two, "shadow").status == "done"
    assert standing(two).runs == 1
