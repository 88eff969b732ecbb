"""The scheduler of a home: looks whether it is time to retrain, starts the job if so, and writes each decision down.

It tops up the queue at the first look of a day.

One at a time, by a lock that a killed one does not leave behind. What it knows is on disk, so that a new one goes on
where the last one was; the retraining is a job of its own and outlives it.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from core import locks
from core.errors import BusyError, RefusedError, TrustdeskError, listed
from core.evaluation.metrics import Thresholds
from core.files import told_when_full
from core.jobs import Job, Jobs
from core.planning.plans import Plans
from core.retraining.schedule import Schedule
from core.retraining.settings import LearningOptions
from core.retraining.shadow import Shadow

JOB: Final = "retrain"
#: Ids of the jobs that retrain begin with this.
PREFIX: Final = "retrain-"
#: Ids of the jobs that fill the places of a day begin with this.
FILLING: Final = "fill-"
#: Bytes after which the log of decisions is put aside, as `watch.log.1`: a year of a decision a minute is 50 MB.
MOST_LOG: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided and why; `job`: the id of the retraining started, "" when none was."""

    at: datetime
    sentence: str
    job: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Scheduler:
    """Starts retrainings when it is time."""

    jobs: Jobs
    learning: LearningOptions
    plans: Plans
    schedule: Schedule
    shadow: Shadow
    data: Path
    watch_log: Path

    def watch(
        self, thresholds: Thresholds, *, every: float, now: Callable[[], datetime],
        told: Callable[[Decision], None], wait: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        """Decide every so many seconds, for ever. Raises RefusedError when another one watches this home."""
        with self.alone():
            while True:
                decision = self.decide(thresholds, now=now())
                told(decision)
                wait(every)

    def decide(self, thresholds: Thresholds, *, now: datetime) -> Decision:
        """One look: start a retraining when it is time and none goes on; noted in `data/logs/watch.log`.

        The challenger, if there is one, catches up with what the champion has scored; where the places of a day were
        filled before, those of today are.
        """
        decision = self._decided(thresholds, now)
        try:
            caught_up = self.shadow.catch_up()
        except TrustdeskError as error:
            decision = replace(decision, sentence=f"{decision.sentence} The challenger cannot score: {error}")
        else:
            also = f" The challenger has scored {listed(caught_up)} too." if caught_up else ""
            decision = replace(decision, sentence=decision.sentence + also)
        if filling := self._filled(now):
            decision = replace(decision, sentence=f"{decision.sentence} {filling}")
        self._note(decision)
        return decision

    def start(self, thresholds: Thresholds, *, how: str = "full", by: str | None = None) -> Job:
        """Start a retraining as a job, or give back the one that goes on."""
        job = self.under_way()
        if job is not None:
            return job
        arguments = {"thresholds": dict(thresholds), "how": how, "by": by}
        identity = f"{PREFIX}{len(self.jobs.listed(PREFIX)) + 1:04d}"
        return self.jobs.start(JOB, arguments, title="Retraining", identity=identity, lane="long")

    def under_way(self) -> Job | None:
        """The retraining that goes on or waits, if any does."""
        return next((job for job in self.jobs.listed(PREFIX) if not job.over), None)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock of this home's scheduler. Raises RefusedError when another one holds it."""
        self.data.mkdir(parents=True, exist_ok=True)
        with locks.held_now(self.data / "watch.lock") as ours:
            if not ours:
                raise RefusedError("Another watch looks after this workspace already. One is enough.")
            yield

    def _decided(self, thresholds: Thresholds, now: datetime) -> Decision:
        if found := self.under_way():
            return Decision(now, f"{found.id} is under way: {found.message or found.status}.")
        try:
            found_due = self.schedule.due(now=now)
        except TrustdeskError as error:  # a file that somebody edits just now: it is told, and looked at again
            return Decision(now, str(error))
        if not found_due.is_due:
            return Decision(now, found_due.sentence)
        if rest := self._rest(now):
            return Decision(now, f"Not yet: {rest}")
        job = self.start(thresholds)
        return Decision(now, f"{found_due.sentence} {job.id} has started.", job.id)

    def _filled(self, now: datetime) -> str:
        """Have today's places in the queue filled, once a day; what was done, or why it was not."""
        identity = f"{FILLING}{now:%Y-%m-%d}"
        try:
            due = self.plans.due(now=now)
        except BusyError as error:  # whatever holds the database: the next round looks again
            return f"Today's places cannot be filled: {error}"
        if not due or self.jobs.look(identity) is not None:
            return ""
        self.jobs.start("top_up", {}, title="Filling today's places", identity=identity)
        return "Today's places in the queue are filled."

    def _rest(self, now: datetime) -> str:
        """Why to wait after a job that failed in a way it could not note itself: a bug, a process that was killed."""
        newest = next(iter(self.jobs.listed(PREFIX)), None)
        interval = self.learning.load().retrain_interval
        if newest is None or newest.status != "failed" or now.timestamp() - newest.told >= interval:
            return ""
        return f"{newest.id} has failed, and the next attempt waits for the interval. {newest.message}"

    def _note(self, decision: Decision) -> None:
        path = self.watch_log
        line = {"time": decision.at.isoformat(timespec="seconds"), "job": decision.job, "decision": decision.sentence}
        with told_when_full(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_file() and path.stat().st_size > MOST_LOG:
                path.replace(path.with_name(f"{path.name}.1"))
            with path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
