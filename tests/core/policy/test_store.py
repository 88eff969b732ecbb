"""The policy in force is asked of the home, and everybody who decides goes by it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from app.cli import app
from core.errors import BadOptionError, RefusedError
from core.home import Home
from tests import make
from tests.app.api.server import serving, spammer
from tests.make import NOW


def test_a_new_home_has_the_first_policy(home: Home) -> None:
    assert home.policies.in_force() == make.policy(0.3, 0.7, 0.9, "p0001", armed=False)


def test_a_saved_policy_is_in_force_under_the_next_version_and_survives_the_process(home: Home) -> None:
    saved = home.policies.save(replace(home.policies.in_force(), review=0.6), by="Lea", now=NOW)

    assert saved == make.policy(0.3, 0.6, 0.9, "p0002")
    assert Home.open(home.settings.home).policies.in_force() == saved
    home.policies.save(replace(saved, armed=True), by="Lea", now=NOW)
    assert home.policies.in_force() == make.policy(0.3, 0.6, 0.9, "p0003", armed=True)


def test_of_two_who_change_the_same_policy_the_second_is_refused(home: Home) -> None:
    before = home.policies.in_force()
    home.policies.save(replace(before, review=0.6), by="Lea", now=NOW)

    with pytest.raises(RefusedError, match="p0002 is in force by now"):
        home.policies.save(replace(before, review=0.8), by="Ada", now=NOW)
    assert home.policies.in_force().review == 0.6


def test_a_policy_that_cannot_be_is_not_saved(home: Home) -> None:
    with pytest.raises(BadOptionError):
        home.policies.save(replace(home.policies.in_force(), review=0.95), by="Lea", now=NOW)
    assert home.policies.in_force().version == "p0001"


def test_a_file_a_request_and_a_job_are_decided_by_the_policy_in_force_and_old_runs_by_their_own(
    own: Home, tmp_path
) -> None:
    users = tmp_path / "users.csv"
    users.write_bytes(make.csv(make.users(100, seed=4).drop(columns="spam")))
    score = ["--home", str(own.settings.home), "score", str(users), "-o", str(tmp_path / "scores.csv"), "--overwrite"]
    assert CliRunner().invoke(app, score).exit_code == 0
    own.policies.save(replace(own.policies.in_force(), monitor=0.0001, review=0.0002, remove=0.99), by="Lea", now=NOW)
    assert CliRunner().invoke(app, score).exit_code == 0

    with serving(own) as api:
        answer = api.post("/predict", spammer()).json
    job = own.score_jobs.start_from_page("users.csv", users, now=NOW).id
    own.workers.begun[-1].wait(120)

    before, after = own.runs.find("r-0001"), own.runs.find("r-0002")
    assert (before.policy.version, after.policy.version) == ("p0001", "p0002")
    assert before.counts["allow"] > 50
    assert after.counts["allow"] == 0
    assert (answer["policy_version"], answer["band"]) == ("p0002", "human_review")
    assert own.score_jobs.result(job).policy == own.policies.in_force()
