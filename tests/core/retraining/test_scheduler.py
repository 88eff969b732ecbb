"""The scheduler: one a home, no retraining twice, every decision written down, and a restart that goes on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import RefusedError
from core.home import Home
from core.jobs import Job
from core.planning import plans
from core.retraining import scheduler
from core.retraining.scheduler import Decision
from core.settings import ROOT, child_environment
from core.store import database
from tests import make, screen
from tests.broken_storage import busy_database
from tests.core.retraining import feeding
from tests.core.review import reviewing
from tests.make import NOW

THRESHOLDS = make.policy().thresholds


class _EnoughError(Exception):
    """Ends the endless."""


def settled(home: Home, text: str = "min_samples = 5\nretrain_interval = 0\n") -> Home:
    home.settings.data.mkdir(parents=True, exist_ok=True)
    home.settings.options_file.write_text(f"[learning]\n{text}", encoding="utf-8")
    return home


def logged(home: Home) -> list[dict[str, Any]]:
    return [json.loads(line) for line in home.settings.watch_log.read_text(encoding="utf-8").splitlines()]


def test_it_looks_again_and_again_and_writes_each_decision_down(home: Home) -> None:
    told: list[Decision] = []

    def wait(seconds: float) -> None:
        assert seconds == 7
        if len(told) == 3:
            raise _EnoughError

    with pytest.raises(_EnoughError):
        settled(home).scheduler.watch(THRESHOLDS, every=7, now=lambda: NOW, told=told.append, wait=wait)
    assert [line["decision"] for line in logged(home)] == [each.sentence for each in told]
    assert told[0].sentence == "Not yet: 0 of 5 new verdicts have come in."
    with home.scheduler.alone():  # the lock is free again
        pass


def test_settings_that_somebody_breaks_are_told_and_looked_at_again(home: Home) -> None:
    settled(home, "min_sample = 5\n")
    assert "min_sample;" in home.scheduler.decide(THRESHOLDS, now=NOW).sentence
    settled(home)
    assert home.scheduler.decide(THRESHOLDS, now=NOW).sentence.startswith("Not yet")


def test_the_places_of_a_day_are_filled_by_itself_once_somebody_has_begun(own: Home) -> None:
    settled(own)
    reviewing.scored(own, make.users(900, seed=1))
    filled = "Today's places in the queue are filled."
    assert filled not in own.scheduler.decide(THRESHOLDS, now=NOW).sentence
    own.plans.fill(by="Lea", now=NOW - timedelta(days=400))
    looks = [own.scheduler.decide(THRESHOLDS, now=NOW).sentence for _ in range(2)]
    assert [filled in each for each in looks] == [True, False]
    job = screen.over(own, "fill-2026-03-01")
    assert job.status == "done", job.message
    assert own.audit.read().iloc[0]["who"] == plans.WHO


def test_where_the_database_is_locked_that_is_told_and_the_next_round_goes_on(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY", 0.1)
    own.plans.fill(by="Lea", now=NOW - timedelta(days=1))
    settled(own)
    told: list[Decision] = []
    with contextlib.ExitStack() as locked:
        locked.enter_context(busy_database(own))

        def wait(_seconds: float) -> None:
            locked.close()
            if len(told) == 2:
                raise _EnoughError

        with pytest.raises(_EnoughError):
            own.scheduler.watch(THRESHOLDS, every=1, now=lambda: NOW, told=told.append, wait=wait)
    busy, after = (each.sentence for each in told)
    assert "state.db is in use by something else" in busy
    assert "in use" not in after
    assert "Today's places in the queue are filled." in after
    assert [line["decision"] for line in logged(own)] == [busy, after]
    screen.over(own, f"fill-{NOW:%Y-%m-%d}")


def test_a_second_one_is_refused(home: Home) -> None:
    with home.scheduler.alone(), pytest.raises(RefusedError, match="Another watch"):
        home.scheduler.watch(THRESHOLDS, every=1, now=lambda: NOW, told=lambda _: None)


def test_when_it_is_time_one_retraining_starts_and_no_second_beside_it(own: Home) -> None:
    feeding.judged(settled(own), make.users(200, seed=8))
    now = datetime.now(UTC)
    first = own.scheduler.decide(THRESHOLDS, now=now)
    second = own.scheduler.decide(THRESHOLDS, now=now)

    assert first.job == "retrain-0001"
    assert second.job == ""
    assert "retrain-0001 is under way" in second.sentence
    job = screen.over(own, first.job, within=120)
    assert (job.status, job.message) == ("done", "")
    assert own.registry.versions() == ("v0001", "v0002")
    assert own.schedule.last().version == "v0002"
    assert own.scheduler.decide(THRESHOLDS, now=now).sentence.startswith("Not yet: 0 of 5")
    assert [bool(line["job"]) for line in logged(own)] == [True, False, False]


@pytest.mark.slow
def test_after_a_retraining_that_died_the_next_waits_for_the_interval(own: Home) -> None:
    feeding.judged(settled(own, "min_samples = 5\nretrain_interval = 600\n"), make.users(20, seed=8))
    now = datetime.now(UTC)
    died = Job("retrain-0001", "Retraining", "failed", message="It ended early.", told=now.timestamp())
    (own.settings.jobs / died.id).mkdir(parents=True)
    (own.settings.jobs / died.id / "state.json").write_text(json.dumps(asdict(died)), encoding="utf-8")

    found = own.scheduler.decide(THRESHOLDS, now=now + timedelta(seconds=599))
    assert (found.job, "It ended early." in found.sentence) == ("", True)
    later = own.scheduler.decide(THRESHOLDS, now=now + timedelta(seconds=600))
    assert later.job == "retrain-0002"
    screen.over(own, later.job, within=120)


def test_a_killed_one_leaves_no_lock_and_the_next_goes_on(home: Home) -> None:
    settled(home)
    command = [sys.executable, "-m", "app", "watch", "--every", "1", "--home", str(home.settings.home)]
    environment = child_environment(home.settings.home) | {"TRUSTDESK_NO_VENV": "1"}
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 200
    while not home.settings.watch_log.is_file() and time.monotonic() < until:
        time.sleep(0.1)
    with pytest.raises(RefusedError), home.scheduler.alone():
        pass
    os.kill(child.pid, signal.SIGKILL) if os.name != "nt" else child.kill()
    child.wait()

    with home.scheduler.alone():
        assert home.scheduler.decide(THRESHOLDS, now=NOW).sentence.startswith("Not yet")
    assert len(logged(home)) >= 2


def test_a_long_log_is_put_aside(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "MOST_LOG", 100)
    for _ in range(3):
        settled(home).scheduler.decide(THRESHOLDS, now=NOW)
    assert Path(f"{home.settings.watch_log}.1").is_file()
    assert len(logged(home)) == 1
