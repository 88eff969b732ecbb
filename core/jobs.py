"""Long work in a process of its own: it survives a page reload, tells how far it is, and can be cancelled.

`data/jobs/<id>/` holds `request.json` (what to call, with what), `state.json` (how far it is), `result.json` where the
work has told what it came to and, once somebody asks for it, `cancel`. The worker holds a lock on `alive` while it
lives, so that a job whose process died is told from one that runs. A home has three lanes, and in each one job runs at
a time while the others wait: `scoring`, before whose end nobody sees anything of a file, other `short` work, for whose
end somebody sits there, and `long` work, which leaves the processor to all else.

A job has a name, and a function `f(report, **arguments)` that does it; it calls `report` often, which is also where a
cancellation reaches it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from core import files, formats, locks
from core.errors import CancelledError, TrustdeskError, UnknownItemError
from core.files import within, write_text
from core.workers import Workers

Status = Literal["waiting", "running", "done", "failed", "cancelled"]
Lane = Literal["scoring", "short", "long", "sending"]
#: How far long work stands back (POSIX niceness): the dashboard and short work come first, an idle machine is all its.
STANDS_BACK: Final = 10
#: Seconds between two writes of the state: often enough for a bar, rarely enough to cost nothing.
TELL_EVERY: Final = 0.2
#: Seconds a new process may take until it holds its lock; before that it is not taken for dead.
START_WITHIN: Final = 20.0
#: Bytes of a log that are shown: the details of a bug are at its end.
MOST_LOG: Final = 20_000
FORMAT: Final = 1
_RESULT: Final = "result.json"


@dataclass(frozen=True, slots=True)
class Job:
    """`done` of `of` steps; `message` is a sentence for the person waiting; times are Unix seconds.

    `interrupted`: it failed because its process died, and nothing else is known against it.
    """

    id: str
    title: str
    status: Status = "waiting"
    done: int = 0
    of: int = 0
    message: str = ""
    asked: float = 0.0
    told: float = 0.0
    interrupted: bool = False

    @property
    def over(self) -> bool:
        return self.status in {"done", "failed", "cancelled"}

    @property
    def share(self) -> float:
        return min(self.done / self.of, 1.0) if self.of else 0.0


class Report:
    """Given to the work: call it with how much is done. Raises CancelledError once somebody cancelled."""

    def __init__(self, folder: Path, job: Job) -> None:
        self._folder, self._job, self._last = folder, job, 0.0

    @property
    def identity(self) -> str:
        """The id of the job, beside whose state the work may keep notes of its own."""
        return self._job.id

    def __call__(self, done: int, of: int, message: str = "") -> None:
        if (self._folder / "cancel").exists():
            raise CancelledError(self._job.title)
        if time.monotonic() - self._last >= TELL_EVERY:
            self._last = time.monotonic()
            self.tell("running", done=done, of=of, message=message)

    def keep(self, result: Mapping[str, Any]) -> None:
        """Store what the work has come to, for who asks for the `result` of the job."""
        write_text(self._folder / _RESULT, json.dumps(dict(result)))

    def tell(self, status: Status, **changes: Any) -> None:
        self._job = replace(self._job, **changes, status=status, told=time.time())
        _store(self._folder, self._job)


@dataclass(frozen=True, slots=True, eq=False)
class Jobs:
    """The jobs of a home, kept in `folder`. `function`: the one that does a job of a name."""

    workers: Workers
    folder: Path
    function: Callable[[str], Callable[..., object]]

    def start(
        self, target: str, arguments: Mapping[str, Any], *, title: str, identity: str, lane: Lane = "short"
    ) -> Job:  # fmt: skip
        """Begin a job of this name with JSON-able arguments, and return at once.

        A job of this identity that is not over yet is returned instead; one that is over is done again.
        """
        job, fresh = self.ask(target, arguments, title=title, identity=identity, lane=lane)
        if fresh:
            self._launch(job.id)
        return job

    def start_ready(
        self, target: str, arguments: Mapping[str, Any], *, title: str, identity: str, lane: Lane = "short"
    ) -> Job:  # fmt: skip
        """As `start`, in the process that `workers.keep_ready` has waiting, where there is one: work begins at once."""
        job, fresh = self.ask(target, arguments, title=title, identity=identity, lane=lane)
        if not fresh:
            return job
        if not self.workers.give(job.id):
            self._launch(job.id)
        return job

    def again(self, identity: str, **changes: Any) -> Job:
        """Do a job that is over once more, as it was asked for but for some arguments. Raises UnknownItemError."""
        job = self.find(identity)
        request = formats.load(self._folder(identity) / "request.json", known=FORMAT)
        arguments = request["arguments"] | changes
        return self.start_ready(
            request["target"], arguments, title=job.title, identity=identity, lane=request["lane"]
        )  # fmt: skip

    def ask(
        self, target: str, arguments: Mapping[str, Any], *, title: str, identity: str, lane: Lane = "short"
    ) -> tuple[Job, bool]:  # fmt: skip
        """The job of this identity, and whether it is new and waits for a process."""
        folder = self._folder(identity)
        folder.mkdir(parents=True, exist_ok=True)
        with locks.held(folder / "start"):
            before = self.look(identity)
            if before is not None and not before.over:
                return before, False
            for name in ("cancel", _RESULT):
                (folder / name).unlink(missing_ok=True)
            request = {"target": target, "arguments": dict(arguments), "lane": lane}
            write_text(folder / "request.json", json.dumps({"format": FORMAT, **request}))
            job = Job(id=identity, title=title, asked=time.time(), told=time.time())
            _store(folder, job)
            return job, True

    def _launch(self, identity: str) -> None:
        with (self._folder(identity) / "log.txt").open("wb") as log:
            self.workers.begin(identity, log=log)

    def forget(self, identity: str) -> bool:
        """Take away all that is kept of a job that is over; False, and nothing is, where it is not."""
        folder = self._folder(identity)
        if not folder.is_dir():
            return True
        with locks.held(folder / "start"):
            job = self.look(identity)
            if job is not None and not job.over:
                return False
            for path in folder.iterdir():
                if path.name != "start":
                    path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # somebody uses it anew
            (folder / "start").unlink(missing_ok=True)
            folder.rmdir()
        return True

    def find(self, identity: str) -> Job:
        """The state of a job; one whose process died is `failed`. Raises UnknownItemError."""
        folder = self._folder(identity)
        job = _told(folder, identity)
        starting = job.status == "waiting" and time.time() - job.told <= START_WITHIN
        if job.over or starting or locks.is_held(folder / "alive"):
            return job
        again = _told(folder, identity)
        if again != job:  # it ended, or was started anew, between the two looks
            return again
        early = f"{job.title} ended early. Start it again."
        return replace(job, status="failed", message=early, interrupted=True)

    def look(self, identity: str) -> Job | None:
        """The state of a job, or None when none of this identity was ever started."""
        return self.find(identity) if (self._folder(identity) / "state.json").is_file() else None

    def listed(self, prefix: str = "") -> tuple[Job, ...]:
        """The jobs whose id begins with `prefix`, over or not, the one asked for last first."""
        if not self.folder.is_dir():
            return ()
        names = [entry.name for entry in self.folder.iterdir() if entry.name.startswith(prefix)]
        jobs = [job for job in (self.look(name) for name in names) if job is not None]
        return tuple(sorted(jobs, key=lambda job: (job.asked, job.id), reverse=True))

    def log(self, identity: str) -> str:
        """The end of what a job's process wrote of its own accord: warnings, the details of a bug. "" when nothing."""
        path = self._folder(identity) / "log.txt"
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - MOST_LOG, 0))
            return file.read().decode("utf-8", "replace")

    def result(self, identity: str) -> dict[str, Any] | None:
        """What a job has come to; None where it has not told of anything, or is unknown."""
        path = self._folder(identity) / _RESULT
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def cancel(self, identity: str) -> None:
        """Ask a job to stop; it does so at its next report. Cancelling one that is over changes nothing."""
        folder = self._folder(identity)
        if folder.is_dir():
            (folder / "cancel").touch()

    def _folder(self, identity: str) -> Path:
        return within(self.folder, identity)

    def work(self, identity: str) -> None:
        """The worker process: wait for the turn, do the work, write down how it ended."""
        folder = self._folder(identity)
        with locks.held(folder / "alive"):
            report = Report(folder, self.find(identity))
            # What is raised beside our own errors is a bug: it goes on to log.txt, and this is what stays told.
            status: Status = "failed"
            message = "This failed because of a bug; the details are in the job's log.txt."
            try:
                request = formats.load(folder / "request.json", known=FORMAT)
                function = self.function(request["target"])
                with self._turn(report, request["lane"]):
                    function(report, **request["arguments"])
                status, message = "done", ""
            except CancelledError as error:
                status, message = "cancelled", str(error)
            except TrustdeskError as error:
                message = str(error)
            except OSError as error:
                if (failure := files.failure(error, self.folder.parent.parent)) is None:
                    raise
                message = str(failure)
            finally:
                report.tell(status, message=message)

    def _into_log(self, identity: str) -> None:
        """Have what this process writes of its own accord stand in the log of a job."""
        with (self._folder(identity) / "log.txt").open("wb") as log:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
                os.dup2(log.fileno(), stream.fileno())

    def wait(self, modules: Sequence[str]) -> None:
        """What the process does that `workers.keep_ready` has waiting."""
        for module in map(importlib.import_module, modules):
            getattr(module, "warm_up", lambda: None)()
        if identity := sys.stdin.readline().strip():
            self._into_log(identity)
            self.work(identity)

    @contextlib.contextmanager
    def _turn(self, report: Report, lane: Lane) -> Iterator[None]:
        if lane == "long" and hasattr(os, "nice"):
            os.nice(STANDS_BACK)
        report(0, 0)
        while (lock := locks.taken(self.folder / f"{lane}.lock", wait=TELL_EVERY)) is None:
            report(0, 0, "Waiting for another job to end")
        try:
            yield
        finally:
            lock.release()


def _store(folder: Path, job: Job) -> None:
    told = asdict(job)
    del told["interrupted"]  # seen, not told
    write_text(folder / "state.json", json.dumps({"format": FORMAT, **told}))


def _told(folder: Path, identity: str) -> Job:
    try:
        return Job(**formats.load(folder / "state.json", known=FORMAT))
    except (FileNotFoundError, NotADirectoryError):
        raise UnknownItemError("job", identity) from None
