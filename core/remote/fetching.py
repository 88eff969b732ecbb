"""An address as a file of this machine, for as long as it is worked on: the one place where files are fetched."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core import locks
from core.files import told_when_full
from core.remote import addresses, postgres_query
from core.remote.addresses import Object

#: Begins the name of a file that was fetched, which has the ending that its key has.
FETCHED: Final = "fetched"


@dataclass(frozen=True, slots=True)
class Local:
    """A file to read, and what it is called."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Fetching:
    """Fetches into folders of their own in `folder`, where those of processes that were killed are taken away."""

    folder: Path

    @contextlib.contextmanager
    def local(self, text: str, told: Callable[[str], None] = lambda _: None) -> Iterator[Local]:
        """The file of a path as it is, that of an address fetched and gone at the end.

        Raises BadOptionError for what is no address, RemoteError, RefusedError and FileProblemError.
        """
        if not addresses.is_address(text):
            yield Local(Path(text), Path(text).name)
            return
        address = addresses.parsed(text)
        told(f"Fetching {address.name}")
        with self._own() as folder:
            if isinstance(address, Object):
                from core.remote.s3 import Buckets  # noqa: PLC0415 - takes a package that few need

                path = folder / (FETCHED + "".join(Path(address.file_name).suffixes[-2:]))
                Buckets().fetch(address, path)
            else:
                path = folder / f"{FETCHED}.parquet"
                postgres_query.fetch(address, path)
            yield Local(path, address.name)

    @contextlib.contextmanager
    def _own(self) -> Iterator[Path]:
        with told_when_full(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        name = secrets.token_hex(16)
        with locks.held_now(self.folder / f"{name}.lock"):
            folder = self.folder / name
            try:
                with told_when_full(folder):
                    folder.mkdir(mode=0o700)
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        (self.folder / f"{name}.lock").unlink(missing_ok=True)

    def _sweep(self) -> None:
        for path in self.folder.glob(f"*/{FETCHED}.*"):
            lock = path.parent.with_name(f"{path.parent.name}.lock")
            with locks.held_now(lock) as ours:
                if ours:
                    shutil.rmtree(path.parent, ignore_errors=True)
            if ours:
                lock.unlink(missing_ok=True)
