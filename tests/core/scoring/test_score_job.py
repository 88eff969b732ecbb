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
from pathlib import Path

import pytest
from filelock import FileLock

from core import jobs, workers
from core.errors import RefusedError, StorageError, UnknownItemError
from core.jobs import Job, Report
from core.scoring import runs, score_file, score_job
from core.scoring.score_job import Order
from core.settings import ROOT, Settings
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
from core import workers
from core.settings import Settings
workers.keep_ready(Settings.of(sys.argv[1]), "core.scoring.score_job")
sys.stdout.write(f"{next(iter(workers._ready.values())).pid}\\n")
sys.stdout.flush()
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _nothing_is_left_running(own: Settings) -> Iterator[None]:
    yield
    workers.let_go(own)
    for process in jobs._children:
        process.kill()
        process.wait(PATIENCE)


def until(home: Settings, job: str, wanted: Callable[[Job], bool] = lambda job: job.over) -> Job:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = jobs.find(home, job)
        if wanted(found):
            return found
        time.sleep(0.02)
    raise AssertionError(f"{found} did not get there")


def begin(home: Settings, payload: bytes = FILE) -> str:
    return score_job.start_from_page(home, "november.csv", payload, now=NOW).id


def killed(home: Settings) -> str:
    """A job whose process was killed while it waited for its turn."""
    home.jobs.mkdir(parents=True, exist_ok=True)
    with FileLock(home.jobs / "scoring.lock"):
        job = begin(home)
        until(home, job, lambda found: found.message == "Waiting for another job to end")
        jobs._children[-1].kill()
        jobs._children[-1].wait(PATIENCE)
    return job


def uploads(home: Settings) -> list[str]:
    return [path.parent.name for path in home.jobs.glob("*/upload-*")]


def test_a_file_comes_to_a_run_and_its_reasons_and_the_stored_file_goes(own: Settings) -> None:
    job = begin(own)
    assert uploads(own) == [job]
    assert until(own, job).status == "done"
    run = runs.find(own, str(score_job.run_of(own, job)))

    assert (run.name, run.users) == ("november.csv", 60)
    assert until(own, f"reasons-{run.id}").status == "done"
    assert runs.reasons(own, run.id) is not None
    assert uploads(own) == []
    assert score_job.left(own) == ()


@needs_signals
def test_an_interrupted_job_says_so_and_is_done_again_from_the_stored_file(own: Settings) -> None:
    job = killed(own)
    found = jobs.find(own, job)
    assert (found.status, found.interrupted) == ("failed", True)
    assert [each.id for each in score_job.left(own)] == [job]
    assert uploads(own) == [job]

    score_job.again(own, job)
    assert until(own, job).status == "done"
    assert [run.name for run in runs.recent(own)] == ["november.csv"]
    assert score_job.left(own) == ()


@needs_signals
def test_a_job_killed_after_its_run_was_recorded_makes_no_second_one(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = killed(own)
    recorded = score_file.runs.record

    class KilledError(BaseException):
        pass

    def then_dead(*arguments: object, **options: object) -> None:
        recorded(*arguments, **options)  # type: ignore[arg-type]
        raise KilledError

    asked = json.loads((own.jobs / job / "request.json").read_text(encoding="utf-8"))["arguments"]
    with monkeypatch.context() as patched:
        patched.setattr(score_file.runs, "record", then_dead)
        with pytest.raises(KilledError):
            score_job.score(own, Report(own.jobs / job, jobs.find(own, job)), **asked)
    assert uploads(own) == [job]
    assert jobs.result(own, job) is None
    assert score_job.run_of(own, job) == "r-0001"
    assert score_job.left(own) == ()

    jobs.again(own, job)
    assert until(own, job).status == "done"
    assert jobs.result(own, job) == {"run": "r-0001"}
    assert [run.id for run in runs.recent(own)] == ["r-0001"]
    assert uploads(own) == []


def test_two_processes_of_one_job_record_one_run(own: Settings) -> None:
    one = record(own, job="score-ab")[0]
    assert record(own, job="score-ab")[0] == one
    assert record(own, job="score-cd")[0] != one
    assert len(runs.recent(own)) == 2


@needs_signals
def test_of_two_who_resume_at_once_one_does(own: Settings) -> None:
    job = killed(own)
    with FileLock(own.jobs / "scoring.lock"):
        first, second = score_job.again(own, job), score_job.again(own, job)
        assert first.asked == second.asked
    assert until(own, job).status == "done"
    assert len(runs.recent(own)) == 1


@needs_signals
def test_what_is_discarded_leaves_nothing_and_cannot_be_resumed(own: Settings) -> None:
    job = killed(own)
    assert jobs.forget(own, job)
    assert not (own.jobs / job).exists()
    with pytest.raises(UnknownItemError):
        score_job.again(own, job)


def test_a_job_under_way_is_not_discarded(own: Settings) -> None:
    own.jobs.mkdir(parents=True)
    with FileLock(own.jobs / "scoring.lock"):
        job = begin(own)
        assert not jobs.forget(own, job)
        jobs.cancel(own, job)
        assert until(own, job).status == "cancelled"
    assert score_job.left(own) == ()
    score_job.sweep(own, now=NOW)
    assert uploads(own) == []


def test_absent_columns_are_told_one_by_one_and_may_be_taken_as_missing(own: Settings) -> None:
    job = begin(own, make.csv(make.users(30, seed=2).drop(columns=["ratio", "tier"])))
    assert until(own, job).status == "failed"
    assert set(score_job.missing(own, job)) == {"ratio", "tier"}
    assert score_job.can_again(own, jobs.find(own, job))

    score_job.again(own, job, allow_missing=True)
    assert until(own, job).status == "done"
    assert runs.recent(own)[0].users == 30


def test_what_is_no_table_is_not_tried_again_and_listed_until_somebody_has_seen_why(own: Settings) -> None:
    job = begin(own, b"\x89PNG\r\n\x1a\n\0\0")
    found = until(own, job)
    assert "this is a picture (PNG)" in found.message
    assert not score_job.can_again(own, found)
    assert [each.id for each in score_job.left(own)] == [job]
    score_job.seen(own, job)
    assert score_job.left(own) == ()


@needs_signals
def test_what_nobody_came_back_to_goes_after_a_week(own: Settings) -> None:
    job = killed(own)
    score_job.sweep(own, now=NOW + timedelta(days=6))
    assert uploads(own) == [job]
    score_job.sweep(own, now=NOW + timedelta(days=8))
    assert uploads(own) == []
    assert jobs.look(own, job) is None


@needs_signals
def test_a_client_that_asks_again_by_its_key_has_an_interrupted_job_done(own: Settings) -> None:
    def ask() -> Job:
        path = score_job.upload(own, "score-ab")
        path.write_bytes(FILE)
        return score_job.start(own, "score-ab", path, Order("november.csv", "0" * 64))

    own.jobs.mkdir(parents=True)
    with FileLock(own.jobs / "short.lock"):
        ask()
        until(own, "score-ab", lambda found: found.message == "Waiting for another job to end")
        jobs._children[-1].kill()
        jobs._children[-1].wait(PATIENCE)
    assert not ask().over
    assert until(own, "score-ab").status == "done"
    assert ask().status == "done"
    assert len(runs.recent(own)) == 1
    assert uploads(own) == []
    path = score_job.upload(own, "score-ab")
    path.write_bytes(FILE)
    with pytest.raises(RefusedError):
        score_job.start(own, "score-ab", path, Order("december.csv", "0" * 64))


def test_a_file_that_cannot_be_stored_leaves_nothing(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(score_job.os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        begin(own)
    assert list(own.jobs.iterdir()) == []


# A process that waits


def test_a_process_kept_ready_does_the_next_job_and_tells_into_its_log(own: Settings) -> None:
    workers.keep_ready(own, "core.scoring.score_job")
    process = workers._ready[own.home]
    workers.keep_ready(own, "core.scoring.score_job")
    assert workers._ready[own.home] is process

    job = begin(own)
    assert jobs._children[-1] is process
    assert until(own, job).status == "done"
    assert (own.jobs / job / "log.txt").read_bytes() == b""
    assert process.wait(PATIENCE) == 0


def test_one_process_waits_at_most_whatever_homes_are_opened(own: Settings, tmp_path: Path) -> None:
    other = Settings.of(tmp_path / "other")
    workers.keep_ready(own)
    (first,) = workers._ready.values()
    workers.keep_ready(other)
    (second,) = workers._ready.values()

    assert first.wait(PATIENCE) == 0
    assert second.poll() is None
    workers.let_go(own)
    assert list(workers._ready.values()) == [second]
    workers.let_go(other)
    assert second.wait(PATIENCE) == 0


def test_where_the_process_that_waited_has_died_another_one_is_begun(own: Settings) -> None:
    workers.keep_ready(own)
    process = workers._ready[own.home]
    process.kill()
    process.wait(PATIENCE)
    assert until(own, begin(own)).status == "done"
    assert process.stdin is not None
    assert process.stdin.closed


@needs_signals
def test_a_process_that_waits_ends_with_the_one_that_keeps_it(own: Settings) -> None:
    command = [sys.executable, "-c", KEEPER, str(own.home)]
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


def test_of_files_sent_under_one_key_at_once_one_is_scored(own: Settings) -> None:
    job, gate = score_job.identity("k"), threading.Barrier(4)

    def start(name: str) -> Job | None:
        path = score_job.upload(own, job)
        path.write_bytes(make.csv(make.users(5)))
        gate.wait(timeout=200)
        with contextlib.suppress(RefusedError):
            return score_job.start(own, job, path, Order(name, "0" * 64))
        return None

    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(start, ("a.csv", "a.csv", "b.csv", "c.csv")))
    while not jobs.find(own, job).over:
        time.sleep(0.05)

    title = jobs.find(own, job).title
    assert [each.title for each in started if each] == [title] * (2 if title == "Scoring a.csv" else 1)
    assert score_job.result(own, job).users == 5
    assert not list((own.jobs / job).glob("upload-*"))
