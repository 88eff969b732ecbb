"""One version in a folder of a bucket; SHA256SUMS over its files is sent last, so that with it the version is whole."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.errors import RefusedError, RemoteError
from core.hub import file_checks
from core.hub.client import Snapshot
from core.registry.registry import SUMS
from core.remote import addresses
from core.remote.addresses import Object
from core.remote.s3 import Buckets

#: What the objects of a version say that they are.
_KIND: Final = "version"


@dataclass(frozen=True, slots=True)
class BucketClient:
    """Reads and writes the version in a folder. Every method raises RemoteError."""

    folder: Object
    _buckets: Buckets = field(repr=False)

    @classmethod
    def of(cls, address: str) -> BucketClient:
        """Raises BadOptionError."""
        return cls(addresses.bucket(address), Buckets())

    @property
    def place(self) -> str:
        """The bucket, as an address."""
        return f"{addresses.BUCKET}{self.folder.bucket}"

    @property
    def name(self) -> str:
        """The folder in it."""
        return self.folder.key.strip("/")

    def snapshot(self) -> Snapshot:
        """What is there, known by the digest of its SHA256SUMS."""
        sizes = self._buckets.listed(self.folder)
        if SUMS not in sizes:
            raise RemoteError(f"{self.folder.name}: no whole version is there ({SUMS} is absent). Check the address.")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / SUMS
            self._buckets.fetch(self.folder.within(SUMS), path, most=file_checks.most(SUMS))
            return Snapshot(hashlib.sha256(path.read_bytes()).hexdigest(), private=True, sizes=sizes)

    def fetch(self, name: str, target: Path, *, commit: str, most: int, got: Callable[[int], None]) -> None:
        """Write a file to a new one here; `got` is told of bytes as they come.

        Raises RefusedError for one of more bytes, and where it is of another version by now.
        """
        sha256 = self._buckets.fetch(self.folder.within(name), target, most=most, got=got)
        if name == SUMS and sha256 != commit:
            raise RefusedError(f"{self.folder.name} has another version by now. Nothing was taken; try again.")

    def send(self, files: Mapping[str, Path | bytes]) -> str:
        """Send the files of a version into a folder that has none, or part of the same; what it is known by.

        Raises RefusedError where another version is there, or anything that was not sent from here.
        """
        with tempfile.TemporaryDirectory() as name:
            paths = {each: _as_file(content, Path(name) / each) for each, content in files.items()}
            sums = paths[SUMS].read_bytes()
            there = self._buckets.check(self.folder.within(SUMS), _KIND)
            if there is not None and there.sha256 != hashlib.sha256(sums).hexdigest():
                raise RefusedError(f"{self.folder.name} has another version already: name another folder.")
            for each in sorted(paths, key=SUMS.__eq__):
                self._buckets.send(paths[each], self.folder.within(each), kind=_KIND)
            return hashlib.sha256(sums).hexdigest()


def _as_file(content: Path | bytes, path: Path) -> Path:
    if isinstance(content, Path):
        return content
    path.write_bytes(content)
    return path
