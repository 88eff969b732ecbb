"""Long work in a process of its own: it survives a page reload, tells how far it is, and can be cancelled.

`data/jobs/<id>/` holds `request.json` (what to call, with what), `state.json` (how far it is), `result.json` where the
work has told what it came to and, once somebody asks for it, `cancel`. The worker holds a lock on `alive` while it
lives, so that a job whose process died is told from one that runs. A home has two lanes, and in each one job runs at a
time while the others wait: `short` work, for whose end somebody sits there, and `long` work, which leaves the processor
to all else.

A job is a function `f(settings, report, **arguments)` named as "core.module:function"; it calls `report`
often, which is also where a cancellation reaches it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from filelock import FileLock, Timeout

from core.errors import CancelledError, TrustdeskError, UnknownItemError
from core.files import within, write_text
from core.settings import ROOT, Settings, child_environment

Status = Literal["waiting", "running", "done", "failed", "cancelled"]
Lane = Literal["short", "long"]
#: How far long work stands back (POSIX niceness): the dashboard and short work come first, an idle machine is all its.
STANDS_BACK: Final = 10
#: Seconds between two writes of the state: often enough for a bar, rarely enough to cost nothing.
TELL_EVERY: Final = 0.2
#: Seconds a new process may take until it holds its lock; before that it is not taken for dead.
START_WITHIN: Final = 20.0
#: Bytes of a log that are shown: the details of a bug are at its end.
MOST_LOG: Final = 20_000
_RESULT: Final = "result.json"
_children: Final[list[subprocess.Popen[bytes]]] = []


@dataclass(frozen=True, slots=True)
class Job:
    """`done` of `of` steps; `message` is a sentence for the person waiting; times are Unix seconds."""

    id: str
    title: str
    status: Status = "waiting"
    done: int = 0
    of: int = 0
    message: str = ""
    asked: float = 0.0
    told: float = 0.0

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
        self._job = Job(**{**asdict(self._job), **changes, "status": status, "told": time.time()})
        write_text(self._folder / "state.json", json.dumps(asdict(self._job)))


def start(
    settings: Settings, target: str, arguments: Mapping[str, Any], *, title: str, identity: str, lane: Lane = "short"
) -> Job:  # fmt: skip
    """Begin `target` ("core.module:function") with JSON-able arguments, and return at once.

    A job of this identity that is not over yet is returned instead; one that is over is done again.
    """
    folder = _folder(settings, identity)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "start"):
        before = look(settings, identity)
        if before is not None and not before.over:
            return before
        request = {"target": target, "arguments": dict(arguments), "lane": lane}
        return _launched(settings, request, Job(id=identity, title=title, asked=time.time(), told=time.time()))


def _launched(settings: Settings, request: Mapping[str, Any], job: Job) -> Job:
    folder = _folder(settings, job.id)
    for name in ("cancel", _RESULT):
        (folder / name).unlink(missing_ok=True)
    write_text(folder / "request.json", json.dumps(request))
    write_text(folder / "state.json", json.dumps(asdict(job)))
    _children[:] = [child for child in _children if child.poll() is None]
    with (folder / "log.txt").open("wb") as log:
        _children.append(
            subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "core.jobs", str(settings.home), job.id],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=child_environment(settings),
                start_new_session=True,
            )
        )
    return job


def find(settings: Settings, identity: str) -> Job:
    """The state of a job; one whose process died is `failed`. Raises UnknownItemError."""
    folder = _folder(settings, identity)
    job = _told(folder, identity)
    starting = job.status == "waiting" and time.time() - job.told <= START_WITHIN
    if job.over or starting or _alive(folder):
        return job
    again = _told(folder, identity)
    if again != job:  # it ended, or was started anew, between the two looks
        return again
    return Job(**{**asdict(job), "status": "failed", "message": f"{job.title} ended early. Start it again."})


def _told(folder: Path, identity: str) -> Job:
    try:
        return Job(**json.loads((folder / "state.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        raise UnknownItemError("job", identity) from None


def look(settings: Settings, identity: str) -> Job | None:
    """The state of a job, or None when none of this identity was ever started."""
    return find(settings, identity) if (_folder(settings, identity) / "state.json").is_file() else None


def listed(settings: Settings, prefix: str = "") -> tuple[Job, ...]:
    """The jobs whose id begins with `prefix`, over or not, the one asked for last first."""
    if not settings.jobs.is_dir():
        return ()
    names = [entry.name for entry in settings.jobs.iterdir() if entry.name.startswith(prefix)]
    found = [job for job in (look(settings, name) for name in names) if job is not None]
    return tuple(sorted(found, key=lambda job: (job.asked, job.id), reverse=True))


def log(settings: Settings, identity: str) -> str:
    """The end of what a job's process wrote of its own accord: warnings, and the details of a bug. "" when nothing."""
    path = _folder(settings, identity) / "log.txt"
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - MOST_LOG, 0))
        return file.read().decode("utf-8", "replace")


def result(settings: Settings, identity: str) -> dict[str, Any] | None:
    """What a job has come to; None where it has not told of anything, or is unknown."""
    path = _folder(settings, identity) / _RESULT
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def cancel(settings: Settings, identity: str) -> None:
    """Ask a job to stop; it does so at its next report. Cancelling one that is over changes nothing."""
    folder = _folder(settings, identity)
    if folder.is_dir():
        (folder / "cancel").touch()


def _alive(folder: Path) -> bool:
    lock = FileLock(folder / "alive")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _folder(settings: Settings, identity: str) -> Path:
    return within(settings.jobs, identity)


def _work(settings: Settings, identity: str) -> None:
    """The worker process: wait for the turn, do the work, write down how it ended."""
    folder = _folder(settings, identity)
    with FileLock(folder / "alive"):
        report = Report(folder, find(settings, identity))
        # What is raised beside our own errors is a bug: it goes on to log.txt, and this is what stays told.
        status: Status = "failed"
        message = "This failed because of a bug; the details are in the job's log.txt."
        try:
            request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
            target = _target(request["target"])
            with _turn(settings, report, request["lane"]):
                target(settings, report, **request["arguments"])
            status, message = "done", ""
        except CancelledError as error:
            status, message = "cancelled", str(error)
        except TrustdeskError as error:
            message = str(error)
        finally:
            report.tell(status, message=message)


def _target(name: str) -> Callable[..., object]:
    module, _, function = name.partition(":")
    if not module.startswith("core."):
        raise ValueError(f"{module} is not part of core")
    target: Callable[..., object] = getattr(importlib.import_module(module), function)
    return target


@contextlib.contextmanager
def _turn(settings: Settings, report: Report, lane: Lane) -> Iterator[None]:
    if lane == "long" and hasattr(os, "nice"):
        os.nice(STANDS_BACK)
    lock = FileLock(settings.jobs / f"{lane}.lock")
    report(0, 0)
    while True:
        try:
            lock.acquire(timeout=TELL_EVERY)
        except Timeout:
            report(0, 0, "Waiting for another job to end")
        else:
            break
    try:
        yield
    finally:
        lock.release()


if __name__ == "__main__":
    logging.captureWarnings(True)
    _work(Settings.of(sys.argv[1]), sys.argv[2])
