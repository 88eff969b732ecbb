"""Jobs, each for real in a process of its own. The work is judging a model, which tells its progress often."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import pytest
from filelock import FileLock

from core import jobs
from core.data import intake
from core.errors import UnknownItemError
from core.home import Home
from core.jobs import Job
from core.settings import ROOT
from tests import make

JUDGE = "judge"
#: Seconds within which anything here happens, also on a busy machine.
PATIENCE = 180.0
NO_SIGNALS = os.name == "nt"
#: Starts a job as a page does, and ends.
STARTER = """
import json, sys
from core.home import Home
Home.open(sys.argv[1]).jobs.start("judge", json.loads(sys.argv[2]),
           title="Orphan", identity="orphan")
"""


def judging(home: Home, users: int, seed: int) -> dict[str, Any]:
    checked = intake.read("users.csv", make.csv(make.users(users, seed=seed)), make.SCHEMA, need_label=True)
    dataset = home.datasets.put(checked, make.SCHEMA, now=make.NOW, need_label=True)
    return {"model": "v0001", "dataset": dataset.id, "thresholds": {"monitor": 0.3}}


@pytest.fixture(scope="module")
def long(trained: Home) -> dict[str, Any]:
    """Arguments of a job that is long enough to be caught on its way, where `frozen` holds it."""
    return judging(trained, 200_000, seed=7)


@pytest.fixture(scope="module")
def short(trained: Home) -> dict[str, Any]:
    return judging(trained, 300, seed=8)


@pytest.fixture(autouse=True)
def _nothing_is_left_running(trained: Home) -> Iterator[None]:
    yield
    for folder in trained.settings.jobs.iterdir() if trained.settings.jobs.is_dir() else ():
        if folder.is_dir() and not ended(trained, folder.name):
            trained.jobs.cancel(folder.name)
            wait(trained, folder.name)
    for process in trained.workers.begun:
        process.wait(PATIENCE)


def begin(home: Home, identity: str, arguments: dict[str, Any], target: str = JUDGE, lane: jobs.Lane = "short") -> Job:
    return home.jobs.start(target, arguments, title=f"The work {identity}", identity=identity, lane=lane)


@contextmanager
def frozen(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hold a job where it is, so that what a test sees of it does not depend on how fast the machine is."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def ended(home: Home, identity: str) -> bool:
    job = home.jobs.look(identity)
    return job is None or job.over


def wait(home: Home, identity: str, until: Callable[[Job], bool] = lambda job: job.over) -> Job:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        job = home.jobs.find(identity)
        if until(job):
            return job
        time.sleep(0.02)
    raise AssertionError(f"{job} did not get there")


def log(home: Home, identity: str) -> str:
    return (home.settings.jobs / identity / "log.txt").read_text(encoding="utf-8")


def test_a_job_that_is_done_has_done_its_work(trained: Home, short: dict[str, Any]) -> None:
    asked = begin(trained, "short", short)
    assert (asked.status, asked.over, asked.share, asked.title) == ("waiting", False, 0.0, "The work short")
    told = wait(trained, "short")
    assert (told.status, told.message, log(trained, "short")) == ("done", "", "")
    assert trained.training.judged_before("v0001", short["dataset"]) is not None


@pytest.mark.skipif(NO_SIGNALS, reason="there is no SIGSTOP")
def test_a_running_job_tells_how_far_it_is_and_is_stopped_by_cancelling(trained: Home, long: dict[str, Any]) -> None:
    begin(trained, "long", long)
    first = wait(trained, "long", lambda job: job.done > 0)
    assert (first.status, first.message) == ("running", "Drawing samples for the intervals")
    later = wait(trained, "long", lambda job: job.done > first.done)
    with frozen(trained.workers.begun[-1]):
        assert 0 < first.share < later.share < 1
        trained.jobs.cancel("long")
    told = wait(trained, "long")
    assert (told.status, told.message) == ("cancelled", "The work long was cancelled. Nothing was changed.")
    assert trained.training.judged_before("v0001", long["dataset"]) is None
    assert log(trained, "long") == ""


def test_starting_a_job_that_runs_starts_no_second_one_but_one_that_is_over_is_done_again(
    trained: Home, short: dict[str, Any]
) -> None:
    with FileLock(trained.settings.jobs / "short.lock"):  # as another job would hold it
        first = begin(trained, "twice", short)
        assert begin(trained, "twice", short).asked == first.asked
        trained.jobs.cancel("twice")
        assert wait(trained, "twice").status == "cancelled"
    again = begin(trained, "twice", short)
    assert again.asked > first.asked
    assert wait(trained, "twice").status == "done"
    trained.jobs.cancel("twice")
    assert trained.jobs.find("twice").status == "done"


@pytest.mark.skipif(NO_SIGNALS, reason="there is no SIGSTOP")
def test_one_job_runs_at_a_time_and_the_next_one_waits(
    trained: Home, long: dict[str, Any], short: dict[str, Any]
) -> None:
    begin(trained, "first", long)
    wait(trained, "first", lambda job: job.done > 0)
    with frozen(trained.workers.begun[-1]):
        begin(trained, "second", short)
        waiting = wait(trained, "second", lambda job: job.message != "")
        assert (waiting.message, waiting.share) == ("Waiting for another job to end", 0.0)
        assert not trained.jobs.find("first").over
        trained.jobs.cancel("first")
    assert wait(trained, "second").status == "done"


@pytest.mark.slow
@pytest.mark.skipif(NO_SIGNALS, reason="there is no SIGSTOP")
def test_short_work_waits_for_no_long_work_which_stands_back(
    trained: Home, long: dict[str, Any], short: dict[str, Any]
) -> None:
    begin(trained, "training", long, lane="long")
    wait(trained, "training", lambda job: job.done > 0)
    process = trained.workers.begun[-1]
    with frozen(process):
        nice = os.getpriority(os.PRIO_PROCESS, process.pid) - os.getpriority(os.PRIO_PROCESS, 0)
        begin(trained, "reasons", short)
        assert wait(trained, "reasons").status == "done"
        assert not trained.jobs.find("training").over
        trained.jobs.cancel("training")
    assert nice == jobs.STANDS_BACK


def test_a_failure_of_ours_is_told_in_its_sentence(trained: Home, short: dict[str, Any]) -> None:
    begin(trained, "failing", short | {"model": "v0099"})
    told = wait(trained, "failing")
    assert (told.status, told.message) == ("failed", "There is no model v0099. This workspace has v0001.")
    assert log(trained, "failing") == ""


@pytest.mark.parametrize(
    ("target", "bug"),
    [
        (JUDGE, "TypeError"),
    ],
)
def test_a_bug_fails_the_job_and_its_details_are_in_the_log(trained: Home, target: str, bug: str) -> None:
    identity = f"bug-{bug[:5]}"
    begin(trained, identity, {"no_such_argument": 1}, target)
    told = wait(trained, identity)
    assert told.status == "failed"
    assert told.message == "This failed because of a bug; the details are in the job's log.txt."
    trained.workers.begun[-1].wait(PATIENCE)  # the traceback is the last thing it writes
    assert f"\n{bug}" in log(trained, identity)


def test_a_job_outlives_the_process_that_asked_for_it(trained: Home, short: dict[str, Any]) -> None:
    command = [sys.executable, "-c", STARTER, str(trained.settings.home), json.dumps(short)]
    subprocess.run(command, check=True, cwd=ROOT)
    assert wait(trained, "orphan").status == "done"


@pytest.mark.skipif(NO_SIGNALS, reason="there is no SIGKILL")
def test_a_job_whose_process_died_has_failed_and_can_be_started_again(
    trained: Home, long: dict[str, Any], short: dict[str, Any]
) -> None:
    begin(trained, "dying", long)
    wait(trained, "dying", lambda job: job.done > 0)
    kill(trained.workers.begun[-1])
    told = trained.jobs.find("dying")
    assert (told.status, told.message) == ("failed", "The work dying ended early. Start it again.")
    assert told.done > 0

    begin(trained, "dying", short)
    assert wait(trained, "dying").status == "done"


@pytest.mark.skipif(NO_SIGNALS, reason="there is no SIGKILL")
def test_a_process_is_given_time_to_start_before_it_is_taken_for_dead(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(home, "stillborn", {})
    kill(home.workers.begun[-1])
    assert home.jobs.find("stillborn").status == "waiting"
    monkeypatch.setattr(jobs, "START_WITHIN", 0.0)
    assert home.jobs.find("stillborn").status == "failed"


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_job_that_nobody_started_is_unknown(home: Home) -> None:
    assert home.jobs.look("nothing") is None
    home.jobs.cancel("nothing")
    with pytest.raises(UnknownItemError, match="This workspace has no job nothing"):
        home.jobs.find("nothing")
    assert not home.settings.jobs.exists()


@pytest.mark.parametrize("identity", ["..", "../..", "/", "", ".", "a\0b", "x" * 300, "C:\\x", "../jobs/here"])
def test_an_id_never_leads_out_of_the_store(home: Home, identity: str) -> None:
    (home.settings.jobs / "here").mkdir(parents=True)
    for folder in (home.settings.home, home.settings.data, home.settings.jobs, home.settings.jobs / "here"):
        (folder / "state.json").write_text("{}", encoding="utf-8")
    before = sorted(home.settings.home.rglob("*"))
    assert home.jobs.look(identity) is None
    home.jobs.cancel(identity)
    assert sorted(home.settings.home.rglob("*")) == before


def test_jobs_are_listed_by_how_their_id_begins_the_one_asked_for_last_first(home: Home) -> None:
    assert home.jobs.listed() == ()
    (home.settings.jobs / "train-none").mkdir(parents=True)  # a folder in which no job was ever started
    for identity, asked in (("train-0001", 5.0), ("judge", 7.0), ("train-0002", 6.0)):
        job = Job(identity, f"The work {identity}", status="done", asked=asked)
        (home.settings.jobs / identity).mkdir()
        (home.settings.jobs / identity / "state.json").write_text(json.dumps(asdict(job)), encoding="utf-8")
    (home.settings.jobs / "short.lock").touch()
    assert [job.id for job in home.jobs.listed("train-")] == ["train-0002", "train-0001"]
    assert [job.id for job in home.jobs.listed()] == ["judge", "train-0002", "train-0001"]


def test_what_a_job_has_come_to_is_kept_until_it_is_started_again(trained: Home, short: dict[str, Any]) -> None:
    begin(trained, "kept", short)
    wait(trained, "kept")
    assert trained.jobs.result("kept") is None
    jobs.Report(trained.settings.jobs / "kept", trained.jobs.find("kept")).keep({"run": "r-0001"})
    assert trained.jobs.result("kept") == {"run": "r-0001"}
    begin(trained, "kept", short)
    wait(trained, "kept")
    assert trained.jobs.result("kept") is None


def test_of_a_log_the_end_is_told(home: Home) -> None:
    assert home.jobs.log("wordy") == ""
    (home.settings.jobs / "wordy").mkdir(parents=True)
    text = "".join(f"line {number} of a long log\n" for number in range(10_000))
    (home.settings.jobs / "wordy" / "log.txt").write_text(text, encoding="utf-8")
    told = home.jobs.log("wordy")
    assert len(told) < len(text)
    assert text.endswith(told)
    assert told.endswith("line 9999 of a long log\n")
    assert home.jobs.log("../wordy") == ""
