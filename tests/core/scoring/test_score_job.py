"""Scoring a file as a job: whatever becomes of its process, a stored file comes to one run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from filelock import FileLock

from core.errors import RefusedError, StorageError, UnknownItemError
from core.home import Home
from core.jobs import Job, Report
from core.scoring import score_job
from core.scoring.runs import Runs
from core.scoring.score_job import Order
from core.settings import ROOT
from tests import make
from tests.core.scoring.test_runs import record

#: Seconds within which anything here happens, also on a busy machine.
PATIENCE = 120.0
NOW = datetime.now(UTC)
FILE = make.csv(make.users(60, seed=2))
needs_signals = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
#: A process that keeps another one ready and says which, and is then killed.
KEEPER = """
import sys, time
from core.home import Home
workers = Home.open(sys.argv[1]).workers
workers.keep_ready("core.scoring.score_job")
sys.stdout.write(f"{workers._ready.pid}\\n")
sys.stdout.flush()
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _nothing_is_left_running(own: Home) -> Iterator[None]:
    yield
    own.workers.let_go()
    for process in own.workers.begun:
        process.kill()
        process.wait(PATIENCE)


def until(home: Home, job: str, wanted: Callable[[Job], bool] = lambda job: job.over) -> Job:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = home.jobs.find(job)
        if wanted(found):
            return found
        time.sleep(0.02)
    raise AssertionError(f"{found} did not get there")


def begin(home: Home, payload: bytes = FILE) -> str:
    return home.score_jobs.start_from_page("november.csv", payload, now=NOW).id


def killed(home: Home) -> str:
    """A job whose process was killed while it waited for its turn."""
    home.settings.jobs.mkdir(parents=True, exist_ok=True)
    with FileLock(home.settings.jobs / "scoring.lock"):
        job = begin(home)
        until(home, job, lambda found: found.message == "Waiting for another job to end")
        home.workers.begun[-1].kill()
        home.workers.begun[-1].wait(PATIENCE)
    return job


def uploads(home: Home) -> list[str]:
    return [path.parent.name for path in home.settings.jobs.glob("*/upload-*")]


def test_a_file_comes_to_a_run_and_its_reasons_and_the_stored_file_goes(own: Home) -> None:
    job = begin(own)
    assert uploads(own) == [job]
    assert until(own, job).status == "done"
    run = own.runs.find(str(own.score_jobs.run_of(job)))

    assert (run.name, run.users) == ("november.csv", 60)
    reasons = own.runs.reasons(run.id)
    assert reasons is not None
    assert len(reasons) == 60
    assert uploads(own) == []
    assert own.score_jobs.left() == ()


@needs_signals
def test_an_interrupted_job_says_so_and_is_done_again_from_the_stored_file(own: Home) -> None:
    job = killed(own)
    found = own.jobs.find(job)
    assert (found.status, found.interrupted) == ("failed", True)
    assert [each.id for each in own.score_jobs.left()] == [job]
    assert uploads(own) == [job]

    own.score_jobs.again(job)
    assert until(own, job).status == "done"
    assert [run.name for run in own.runs.recent()] == ["november.csv"]
    assert own.score_jobs.left() == ()


@needs_signals
def test_a_job_killed_after_its_run_was_recorded_makes_no_second_one(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = killed(own)
    recorded = Runs.store

    class KilledError(BaseException):
        pass

    def then_dead(*arguments: object, **options: object) -> None:
        recorded(*arguments, **options)  # type: ignore[arg-type]
        raise KilledError

    asked = json.loads((own.settings.jobs / job / "request.json").read_text(encoding="utf-8"))["arguments"]
    with monkeypatch.context() as patched:
        patched.setattr(Runs, "store", then_dead)
        with pytest.raises(KilledError):
            own.score_jobs.score(Report(own.settings.jobs / job, own.jobs.find(job)), **asked)
    assert uploads(own) == [job]
    assert own.jobs.result(job) is None
    assert own.score_jobs.run_of(job) == "r-0001"
    assert own.score_jobs.left() == ()

    own.jobs.again(job)
    assert until(own, job).status == "done"
    assert own.jobs.result(job) == {"run": "r-0001"}
    assert [run.id for run in own.runs.recent()] == ["r-0001"]
    assert uploads(own) == []


def test_two_processes_of_one_job_record_one_run(own: Home) -> None:
    one = record(own, job="score-ab")[0]
    assert record(own, job="score-ab")[0] == one
    assert record(own, job="score-cd")[0] != one
    assert len(own.runs.recent()) == 2


@needs_signals
def test_of_two_who_resume_at_once_one_does(own: Home) -> None:
    job = killed(own)
    with FileLock(own.settings.jobs / "scoring.lock"):
        first, second = own.score_jobs.again(job), own.score_jobs.again(job)
        assert first.asked == second.asked
    assert until(own, job).status == "done"
    assert len(own.runs.recent()) == 1


@needs_signals
def test_what_is_discarded_leaves_nothing_and_cannot_be_resumed(own: Home) -> None:
    job = killed(own)
    assert own.jobs.forget(job)
    assert not (own.settings.jobs / job).exists()
    with pytest.raises(UnknownItemError):
        own.score_jobs.again(job)


def test_a_job_under_way_is_not_discarded(own: Home) -> None:
    own.settings.jobs.mkdir(parents=True)
    with FileLock(own.settings.jobs / "scoring.lock"):
        job = begin(own)
        assert not own.jobs.forget(job)
        own.jobs.cancel(job)
        assert until(own, job).status == "cancelled"
    assert own.score_jobs.left() == ()
    own.score_jobs.sweep(now=NOW)
    assert uploads(own) == []


def test_absent_columns_are_told_one_by_one_and_may_be_taken_as_missing(own: Home) -> None:
    job = begin(own, make.csv(make.users(30, seed=2).drop(columns=["ratio", "tier"])))
    assert until(own, job).status == "failed"
    assert set(own.score_jobs.missing(job)) == {"ratio", "tier"}
    assert own.score_jobs.can_again(own.jobs.find(job))

    own.score_jobs.again(job, allow_missing=True)
    assert until(own, job).status == "done"
    assert own.runs.recent()[0].users == 30


def test_what_is_no_table_is_not_tried_again_and_listed_until_somebody_has_seen_why(own: Home) -> None:
    job = begin(own, b"\x89PNG\r\n\x1a\n\0\0")
    found = until(own, job)
    assert "this is a picture (PNG)" in found.message
    assert not own.score_jobs.can_again(found)
    assert [each.id for each in own.score_jobs.left()] == [job]
    own.score_jobs.seen(job)
    assert own.score_jobs.left() == ()


@needs_signals
def test_what_nobody_came_back_to_goes_after_a_week(own: Home) -> None:
    job = killed(own)
    own.score_jobs.sweep(now=NOW + timedelta(days=6))
    assert uploads(own) == [job]
    own.score_jobs.sweep(now=NOW + timedelta(days=8))
    assert uploads(own) == []
    assert own.jobs.look(job) is None


@needs_signals
def test_a_client_that_asks_again_by_its_key_has_an_interrupted_job_done(own: Home) -> None:
    def ask() -> Job:
        path = own.score_jobs.upload("score-ab")
        path.write_bytes(FILE)
        return own.score_jobs.start("score-ab", path, Order("november.csv", "0" * 64))

    own.settings.jobs.mkdir(parents=True)
    with FileLock(own.settings.jobs / "short.lock"):
        ask()
        until(own, "score-ab", lambda found: found.message == "Waiting for another job to end")
        own.workers.begun[-1].kill()
        own.workers.begun[-1].wait(PATIENCE)
    assert not ask().over
    assert until(own, "score-ab").status == "done"
    assert ask().status == "done"
    assert len(own.runs.recent()) == 1
    assert uploads(own) == []
    path = own.score_jobs.upload("score-ab")
    path.write_bytes(FILE)
    with pytest.raises(RefusedError):
        own.score_jobs.start("score-ab", path, Order("december.csv", "0" * 64))


def test_a_file_that_cannot_be_stored_leaves_nothing(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(score_job.os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        begin(own)
    assert list(own.settings.jobs.iterdir()) == []


# A process that waits


def test_a_process_kept_ready_does_the_next_job_and_tells_into_its_log(own: Home) -> None:
    own.workers.keep_ready("core.scoring.score_job")
    process = own.workers._ready
    own.workers.keep_ready("core.scoring.score_job")
    assert own.workers._ready is process

    job = begin(own)
    assert own.workers.begun[-1] is process
    assert until(own, job).status == "done"
    assert (own.settings.jobs / job / "log.txt").read_bytes() == b""
    assert process.wait(PATIENCE) == 0


def test_where_the_process_that_waited_has_died_another_one_is_begun(own: Home) -> None:
    own.workers.keep_ready()
    process = own.workers._ready
    process.kill()
    process.wait(PATIENCE)
    assert until(own, begin(own)).status == "done"
    assert process.stdin is not None
    assert process.stdin.closed


@needs_signals
def test_a_process_that_waits_ends_with_the_one_that_keeps_it(own: Home) -> None:
    command = [sys.executable, "-c", KEEPER, str(own.settings.home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout
        waiting = int(keeper.stdout.readline())
        os.kill(waiting, 0)
        keeper.send_signal(signal.SIGKILL)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and _lives(waiting):
        time.sleep(0.05)
    assert not _lives(waiting)


def _lives(process: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked after yet does not."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], check=False, stdout=subprocess.PIPE, text=True)
    return shown.stdout.strip()[:1] not in {"", "Z"}


def test_of_files_sent_under_one_key_at_once_one_is_scored(own: Home) -> None:
    job, gate = score_job.identity("k"), threading.Barrier(4)

    def start(name: str) -> Job | None:
        path = own.score_jobs.upload(job)
        path.write_bytes(make.csv(make.users(5)))
        gate.wait(timeout=200)
        with contextlib.suppress(RefusedError):
            return own.score_jobs.start(job, path, Order(name, "0" * 64))
        return None

    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(start, ("a.csv", "a.csv", "b.csv", "c.csv")))
    while not own.jobs.find(job).over:
        time.sleep(0.05)

    title = own.jobs.find(job).title
    assert [each.title for each in started if each] == [title] * (2 if title == "Scoring a.csv" else 1)
    assert own.score_jobs.result(job).users == 5
    assert not list((own.settings.jobs / job).glob("upload-*"))
