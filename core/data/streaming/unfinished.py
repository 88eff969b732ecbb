"""Work on a file that goes on where it was interrupted: what is done lies in parts on disk until all of it is.

`data/unfinished/<key>/`: of each part its tables (`<number>.<name>.arrow`) and the entries of its ids (`.npy`), and
`state.json`, written when they are whole: how many parts there are and what is known after them. A process that is
killed leaves it there for whoever asks for the same work again, and so does a cluster, a database or a bucket that is
gone; after another error nobody goes on, and it is taken away.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from core import formats, locks
from core.data.streaming.id_index import Entries
from core.errors import ClusterError, RemoteError
from core.files import told_when_full

FORMAT: Final = 1
#: How long work is kept that nobody comes back to.
KEPT: Final = timedelta(days=7)
_STATE: Final = "state.json"
_TOKEN_BYTES: Final = 8


@dataclass(slots=True)
class Work:
    """What is done of some work, in its own folder. `state`: what was known after the last part, None before the
    first; `token`: names this work and no other, also of the same key.
    """

    folder: Path
    token: str
    parts: int = 0
    state: dict[str, Any] | None = None

    def add(self, tables: Mapping[str, pa.Table], ids: Entries, state: dict[str, Any]) -> None:
        """Store a part, and what is known after it."""
        with told_when_full(self.folder):
            np.save(self.folder / f"{self.parts}.npy", ids)
            for name, table in tables.items():
                _write(table, self._path(self.parts, name))
            self.parts, self.state = self.parts + 1, state
            self._note()

    def table(self, part: int, name: str, *, without: Collection[str] = ()) -> pa.Table | None:
        """The table of this name of a part, without some columns; None where it has none."""
        path = self._path(part, name)
        return _read(path, without) if path.is_file() else None

    def tables(self, name: str) -> Iterator[pa.Table]:
        """Those of all parts that have one."""
        found = (self.table(part, name) for part in range(self.parts))
        return (table for table in found if table is not None)

    def ids(self) -> Iterator[Entries]:
        return (np.load(self.folder / f"{part}.npy") for part in range(self.parts))

    def _path(self, part: int, name: str) -> Path:
        return self.folder / f"{part}.{name}.arrow"

    def _note(self) -> None:
        raw = {"format": FORMAT, "token": self.token, "parts": self.parts, "state": self.state}
        temporary = self.folder / f".{_STATE}.tmp"
        temporary.write_text(json.dumps(raw), encoding="utf-8")
        temporary.replace(self.folder / _STATE)

    @classmethod
    def found(cls, folder: Path) -> Work:
        """That which lies in a folder; new work where there is none that one can go on with."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            raw = formats.load(folder / _STATE, known=FORMAT)
            found = cls(folder, raw["token"], raw["parts"], raw["state"])
            if found._is_whole():
                return found
        shutil.rmtree(folder, ignore_errors=True)
        with told_when_full(folder):
            folder.mkdir(parents=True)
        return cls(folder, secrets.token_hex(_TOKEN_BYTES))

    def _is_whole(self) -> bool:
        """Whether the last part can be read: where the machine went down, it may never have reached the disk.

        Raises OSError, ValueError where it cannot.
        """
        for path in self.folder.glob(f"{self.parts - 1}.*.arrow"):
            _read(path)
        return all((self.folder / f"{part}.npy").is_file() for part in range(self.parts))


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The unfinished work of a home, in `folder`."""

    folder: Path

    @contextlib.contextmanager
    def work(self, key: str, *, now: datetime, restart: bool = False) -> Iterator[Work]:
        """Go on with the work of a key, of letters and digits, or begin it; `restart`: in any case.

        It is gone at the end, and when it fails; it stays for the next one where the process is killed or stopped by a
        person, or where a cluster, a database or a bucket fails. Where another process has the same work in hand, this
        one does its own.
        """
        with told_when_full(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        self._sweep(now)
        with contextlib.ExitStack() as stack:
            if not stack.enter_context(locks.held_now(self.folder / f"{key}.lock")):
                key = f"{key}-{secrets.token_hex(_TOKEN_BYTES)}"
            folder = self.folder / key
            if restart:
                shutil.rmtree(folder, ignore_errors=True)
            work = Work.found(folder)

            def leave(kind: type[BaseException] | None, *_: object) -> None:
                # A person's interruption is no Exception.
                if kind is None or (issubclass(kind, Exception) and not issubclass(kind, ClusterError | RemoteError)):
                    shutil.rmtree(folder, ignore_errors=True)

            stack.push(leave)
            yield work

    def _sweep(self, now: datetime) -> None:
        before = (now - KEPT).timestamp()
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):  # it goes on, or was taken away, just now
                if path.stat().st_mtime < before:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _write(table: pa.Table, path: Path) -> None:
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)


def _read(path: Path, without: Collection[str] = ()) -> pa.Table:
    with pa.OSFile(str(path), "rb") as source:
        names = pa.ipc.open_file(source).schema.names
        chosen = [at for at, name in enumerate(names) if name not in without]
        return pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(included_fields=chosen)).read_all()
