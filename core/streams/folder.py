"""A folder: files of JSON Lines that arrive in it are read by name, and decisions are added to a file for each hour.

The folder that is read is only read: how far each file is settled, and by its SHA-256 which files are done, is kept in
the home. A file is read once nobody has written to it for some seconds; one that comes again with the same content is
not read again, whatever it is called.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from core.catalog.folder_watch import SETTLED, arrived
from core.errors import BadOptionError
from core.files import told_when_full
from core.streams.addresses import Address, Place
from core.streams.json_lines import letter_json
from core.streams.messages import MOST_BYTES, Answer, Letter, Message
from core.streams.patience import Patience
from core.streams.positions import Positions
from core.streams.stream import Lag

ENDINGS: Final = (".jsonl", ".ndjson")
#: Seconds between two looks at an empty folder.
LOOK_EVERY: Final = 0.5
#: Files that are remembered, the latest ones.
MOST_FILES: Final = 10_000
_BLOCK: Final = 1 << 20


class FolderSource:
    """The lines of the files of a folder, one file after the other; a message without an id is named by its content.

    clock: seconds, as files have them.
    """

    ended = False

    def __init__(
        self, folder: Path, positions: Positions, patience: Patience, clock: Callable[[], float] = time.time
    ) -> None:  # fmt: skip
        self._folder, self._positions, self._patience, self._clock = folder, positions, patience, clock
        #: By digest of a file, the bytes of it that are settled; all of them where it is done. Sizes are those then.
        self._settled: dict[str, int] = positions.load()
        #: Files that are done and were not touched since: name -> what `stat` said.
        self._done: dict[str, tuple[int, int]] = {}
        self._path: Path | None = None
        self._digest, self._size, self._at, self._number = "", 0, 0, 0

    def read(self, most: int) -> Sequence[Message]:
        if self._path is None and not self._next():
            self._patience.wait(LOOK_EVERY)
            return []
        return list(self._lines(most))

    def done(self, settled: Sequence[Message]) -> None:  # noqa: ARG002 - all that was read
        """All that was read of the file in hand is settled."""
        if self._path is None:
            return
        if self._settled.get(self._digest) != self._at:
            self._settled[self._digest] = self._at
            for digest in list(self._settled)[:-MOST_FILES]:
                del self._settled[digest]
            self._positions.keep(self._settled)
        if self._at >= self._size:
            self._path = None

    def lag(self) -> Lag:
        """The seconds since the oldest file that waits came; lines are not counted before they are read."""
        since = [about.st_mtime for _, about in self._waiting()]
        if self._path is not None and self._path.exists():
            since.append(self._path.stat().st_mtime)
        return Lag(seconds=max(self._clock() - min(since), 0.0) if since else 0.0)

    def _waiting(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in sorted(arrived(self._folder)):
            if path.suffix.lower() not in ENDINGS or path == self._path:
                continue
            try:
                about = path.stat()
            except FileNotFoundError:  # it was taken away just now
                continue
            if self._done.get(path.name) != (about.st_size, about.st_mtime_ns):
                yield path, about

    def _next(self) -> bool:
        """Take the next file in hand, if there is one."""
        for path, about in self._waiting():
            if self._clock() - about.st_mtime < SETTLED:
                continue
            try:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except FileNotFoundError:
                continue
            self._done[path.name] = (about.st_size, about.st_mtime_ns)
            if self._settled.get(digest, -1) >= about.st_size:
                continue
            self._path, self._digest, self._size = path, digest, about.st_size
            self._at, self._number = self._settled.get(digest, 0), 0
            return True
        return False

    def _lines(self, most: int) -> Iterator[Message]:
        """The next lines; none where the file was taken away meanwhile."""
        assert self._path is not None  # noqa: S101 - `read` looks first
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            self._done.pop(self._path.name, None)
            self._path = None
            return
        with file:
            file.seek(self._at)
            for _ in range(most):
                start = file.tell()
                text = file.readline(MOST_BYTES + 2)
                while text and not text.endswith(b"\n") and (rest := file.readline(_BLOCK)):
                    if rest.endswith(b"\n"):
                        break  # of a line that is too long, which its first bytes show
                self._at = file.tell()
                if not text or start >= self._size:
                    self._at = self._size
                    return
                if body := text.strip():
                    yield Message(f"{self._digest[:16]}-{start}", body)


class FolderSink:
    """Decisions of an hour in `decisions-<hour>.jsonl`, letters in `dead-<hour>.jsonl`; on disk when they return."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder, self._now = folder, now

    def write(self, answers: Sequence[Answer]) -> None:
        self._add("decisions", [each.body for each in answers])

    def bury(self, letters: Sequence[Letter]) -> None:
        self._add("dead", [letter_json(each) for each in letters])

    def _add(self, kind: str, lines: Sequence[bytes]) -> None:
        if not lines:
            return
        path = self._folder / f"{kind}-{self._now():%Y-%m-%dT%H}.jsonl"
        with told_when_full(path), path.open("ab+") as file:
            file.truncate(_whole(file))  # what a process that was killed has begun comes again
            file.write(b"".join(each + b"\n" for each in lines))
            file.flush()
            os.fsync(file.fileno())


def source(address: Address, place: Place) -> FolderSource:
    """What reads `folder:PATH`. Raises BadOptionError."""
    folder = _folder(address)
    if not folder.is_dir():
        raise BadOptionError("stream", f"there is no folder {folder}.")
    return FolderSource(folder, Positions.at(place, os.path.realpath(folder)), place.patience)


def sink(address: Address, _place: Place) -> FolderSink:
    """What writes to `folder:PATH`, which is made where it is absent. Raises BadOptionError."""
    folder = _folder(address)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadOptionError("stream", f"{folder} cannot be made: {error.strerror}.") from None
    return FolderSink(folder)


def _folder(address: Address) -> Path:
    if address.hosts or not address.path:
        raise BadOptionError("stream", "name a folder, as in folder:arrivals or folder:///srv/arrivals.")
    return Path(address.path).expanduser().absolute()


def _whole(file: Any) -> int:
    """The bytes of a file up to the end of its last whole line."""
    at = file.seek(0, os.SEEK_END)
    while at:
        begin = max(at - _BLOCK, 0)
        file.seek(begin)
        if (found := file.read(at - begin).rfind(b"\n")) >= 0:
            return int(begin + found + 1)
        at = begin
    return 0
