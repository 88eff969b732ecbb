"""Training runs and the champion, sent to an MLflow server; what it does not have yet waits for the next try.

What waits is never written down: it is what this home has and the server has not. `data/tracking/<key>.json`, of each
server and each name there: which training runs and versions it has, what its alias says, and why the last try failed.
Whoever trains writes nothing here and waits for nothing.
"""

from __future__ import annotations

import functools
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core import formats, locks
from core.access.endpoints import Tracking
from core.errors import BadOptionError, RefusedError, RemoteError
from core.files import write_text
from core.jobs import Jobs, Report
from core.registry.registry import Registry
from core.settings import TRACKING_VARIABLE
from core.tracking.waiting import Failure, Held, Waiting
from core.training.training_runs import TrainingRuns

if TYPE_CHECKING:
    from core.hub.push_pull import HubSync

FORMAT: Final = 1
JOB: Final = "mirror"
_KEY: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Mirror:
    """Sends the training runs of a home. `hub`: makes what packs the files of a version; `folder`: what is known of
    each server.
    """

    hub: Callable[[], HubSync]
    jobs: Jobs
    registry: Registry
    training_runs: TrainingRuns
    folder: Path

    def waiting(self) -> Waiting | None:
        """What waits; None where no server is set. Raises BadOptionError for an address with a secret."""
        tracking = Tracking.of()
        if tracking is None:
            return None
        held, champion = self._held(tracking), self.registry.champion() or ""
        runs = tuple(each for each in self.training_runs.identities() if each not in held.runs)
        return Waiting(tracking.place, runs, champion if champion != held.champion else "", held.failure)

    def begin(self, *, now: datetime, after: str = "") -> str:
        """Begin to send what waits, in a process of its own; what is to be said, "" where nothing waits.

        After a try that failed, only that and why is said until it is time for the next one. after: the job that has
        just ended, where it was one; that which sends begins no other.
        """
        try:
            waiting = self.waiting()
        except BadOptionError as error:
            return str(error)
        if not waiting or after == JOB:
            return ""
        if waiting.failure is not None and now < waiting.failure.next_try:
            return waiting.sentence
        self.jobs.start(JOB, {}, title="Sending to MLflow", identity=JOB, lane="sending")
        return f"{waiting.sentence} Sending now."

    def send_waiting(self, report: Report) -> None:
        """The job that sends what waits."""
        self.send(now=lambda: datetime.now(UTC), told=report)

    def send(
        self, *, now: Callable[[], datetime], told: Callable[[int, int, str], None], again: bool = False
    ) -> Waiting:
        """Send what waits, oldest first; what waited. What the server has taken when it fails is not sent again.

        again: for a server that has lost what it had.

        Raises BadOptionError where no server is set, RemoteError where it is away or refuses, and RefusedError while
        another process sends.
        """
        tracking = Tracking.of()
        if tracking is None:
            raise BadOptionError(TRACKING_VARIABLE, "it names no server: set it to the address of one.")
        self.folder.mkdir(parents=True, exist_ok=True)
        with locks.held_now(self.folder / "send.lock") as ours:
            if not ours:
                raise RefusedError("Another process sends the training runs of this workspace already. One is enough.")
            if again:
                self._keep(tracking, Held())
            waiting = self.waiting()
            assert waiting is not None  # noqa: S101 - a server is set
            try:
                self._sent(tracking, waiting, told)
            except (RemoteError, BadOptionError) as error:
                held = self._held(tracking)
                tries = held.failure.tries + 1 if held.failure else 1
                self._keep(tracking, replace(held, failure=Failure(now(), str(error), tries)))
                raise
            return waiting

    def _sent(self, tracking: Tracking, waiting: Waiting, told: Callable[[int, int, str], None]) -> None:
        from core.tracking.sending import Sending  # noqa: PLC0415 - takes what nobody else waits for

        keep = functools.partial(self._keep, tracking)
        sending = Sending(tracking, self.hub(), self.registry, self.training_runs, self._home(), keep)
        sending.send(waiting, self._held(tracking), told)

    def _home(self) -> str:
        """What tells the training runs of this home from those of others on the same server."""
        path = self.folder / "home.json"
        if not path.is_file():
            write_text(path, json.dumps({"format": FORMAT, "home": secrets.token_hex(_KEY // 2)}) + "\n")
        return str(formats.load(path, known=FORMAT)["home"])

    def _path(self, tracking: Tracking) -> Path:
        key = hashlib.sha256(f"{tracking.address}\n{tracking.name}".encode()).hexdigest()[:_KEY]
        return self.folder / f"{key}.json"

    def _held(self, tracking: Tracking) -> Held:
        path = self._path(tracking)
        if not path.is_file():
            return Held()
        raw: dict[str, Any] = formats.load(path, known=FORMAT)
        failure = raw["failure"] and Failure(**raw["failure"] | {"at": datetime.fromisoformat(raw["failure"]["at"])})
        return Held(raw["runs"], raw["versions"], raw["champion"], failure or None)

    def _keep(self, tracking: Tracking, held: Held) -> None:
        raw = {"format": FORMAT, "address": tracking.address, "name": tracking.name, **asdict(held)}
        if held.failure is not None:
            raw["failure"]["at"] = held.failure.at.isoformat()
        write_text(self._path(tracking), json.dumps(raw, indent=1) + "\n")
