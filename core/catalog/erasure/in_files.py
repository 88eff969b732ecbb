"""What jobs, unfinished work, logs and copies of the database hold of a user."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from core import locks
from core.catalog.erasure.who import Part, Who
from core.data.streaming.source import source_of
from core.errors import RefusedError, TrustdeskError
from core.files import write_text
from core.formats import shown
from core.jobs import Jobs
from core.remote.fetching import FETCHED
from core.store import database_file

_UPLOAD: Final = "upload-"
#: What a job keeps of itself, as JSON.
_TOLD: Final = ("state.json", "request.json", "result.json", "order.json", "trials.json")


@dataclass(frozen=True, slots=True, eq=False)
class InFiles:
    """Files of a home that are neither tables nor the database. `logs`: their folder; `schedule`: what ran by it."""

    jobs: Jobs
    unfinished: Path
    logs: Path
    database: Path
    schedule: Path

    def parts(self, who: Who, *, erase: bool) -> Iterator[Part]:
        """What there is of a user, erased as it is told of where that is asked for.

        Raises RefusedError while a file that has the user is being scored: it would bring the user back.
        """
        yield from self._unfinished(who, erase=erase)
        for job in self.jobs.listed():
            yield from self._job(job.id, who, over=job.over, erase=erase)
        yield from _json(self.schedule, who, erase=erase)
        for path in sorted(self.logs.glob("*.log*")):
            yield from _log(path, who, erase=erase)
        for path in sorted(self.database.parent.glob(f"{self.database.name}.before-*")):
            if not path.name.endswith(("-wal", "-shm")) and database_file.has_text(path, who.user):
                yield Part(shown(path), "the copy of the database from before an update, deleted")
                if erase:
                    path.unlink()

    def _unfinished(self, who: Who, *, erase: bool) -> Iterator[Part]:
        for folder in sorted(self.unfinished.iterdir()) if self.unfinished.is_dir() else ():
            named = any(_arrow_names(path, who) for path in folder.glob("*.arrow"))
            if not folder.is_dir() or not (
                named or any(_upload_names(path, who) for path in folder.glob(f"{FETCHED}.*"))
            ):
                continue
            with locks.held_now(folder.with_name(f"{folder.name.partition('-')[0]}.lock")) as ours:
                if not ours and erase:
                    continue  # begun since: it is a file that came after the user was forgotten
                if not ours:
                    raise _busy(f"data/unfinished/{folder.name[:12]}")
                what = "what was done of a file, to be begun anew" if named else "a file that was fetched, deleted"
                yield Part(f"data/unfinished/{folder.name[:12]}", what)
                if erase:
                    shutil.rmtree(folder)

    def _job(self, job: str, who: Who, *, over: bool, erase: bool) -> Iterator[Part]:
        folder = self.jobs.folder / job
        for path in sorted(folder.glob(f"{_UPLOAD}*")):
            if _upload_names(path, who):
                if not over and erase:
                    continue
                if not over:
                    raise _busy(f"job {job}")
                yield Part(shown(folder), "the file that was to be scored, deleted")
                if erase:
                    path.unlink(missing_ok=True)
        for path in (folder / name for name in _TOLD):
            yield from _json(path, who, erase=erase)
        yield from _log(folder / "log.txt", who, erase=erase)


def _busy(what: str) -> RefusedError:
    return RefusedError(
        f"{what} is at work on a file with this user, who would come back with it. Wait until it is over, or cancel "
        "it; then forget the user again. Nothing was erased."
    )


def _json(path: Path, who: Who, *, erase: bool) -> Iterator[Part]:
    if path.is_file() and who.named_within(raw := json.loads(path.read_text(encoding="utf-8"))):
        yield Part(shown(path), "the id")
        if erase:
            write_text(path, json.dumps(who.struck_within(raw)))


def _log(path: Path, who: Who, *, erase: bool) -> Iterator[Part]:
    """A log is written over in place: whoever writes to it has it open."""
    if not path.is_file():
        return
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    struck = "".join(map(who.struck, text.splitlines(keepends=True)))
    if struck != text:
        yield Part(shown(path), "the id")
        if erase:
            with path.open("r+b") as stream:
                stream.write(struck.encode("utf-8", "surrogateescape"))
                stream.truncate()


def _arrow_names(path: Path, who: Who) -> bool:
    with pa.OSFile(str(path), "rb") as source:
        table = pa.ipc.open_file(source).read_all()
    texts = (
        column for column in table.columns if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    )
    return any(who.named_in(text) for column in texts for text in column.to_pylist() if text)


def _upload_names(path: Path, who: Who) -> bool:
    """Whether a file of any format names the user; one that cannot be read is taken for one that does."""
    try:
        source = source_of(path.name, path)
        rest = ""
        for piece in source.pieces(0):
            text = rest + piece.decode("utf-8", "replace")
            if who.user in text:
                return True
            rest = text[-len(who.user) :]
    except TrustdeskError:
        return True
    return False
