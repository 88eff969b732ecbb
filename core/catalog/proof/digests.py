"""The files of a home against the digests beside them; what has none is read to its end instead."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pyarrow.parquet as pq

from core.catalog.proof.finding import Finding, telling
from core.files import DIGEST, digest_file, is_as_digested
from core.formats import shown

#: What is of a process, or still being written.
_PASSING: Final = (".lock", ".tmp", "-wal", "-shm", ".torn")


@dataclass(frozen=True, slots=True)
class Digested:
    """How many `files` were looked at, how many of them are `without` a digest, and what is wrong with them."""

    files: int
    without: int
    findings: tuple[Finding, ...]


def check(places: Iterable[Path]) -> Digested:
    """Look at every file in these places; the folders of a home in which each file stands for itself."""
    files = without = 0
    found: list[Finding] = []
    for path in (path for place in places for path in _files(place)):
        where = shown(path)
        if path.name.endswith(DIGEST):
            if path.is_file() and not path.with_name(path.name.removesuffix(DIGEST)).is_file():
                found.append(Finding(where.removesuffix(DIGEST), "is gone, its digest is there"))
            continue
        with telling(found, where):
            files += 1
            whole = is_as_digested(path)
            if whole is None:
                without += 1
                _READERS.get(path.suffix, _nothing)(path)
            elif not whole and is_as_digested(path) is False:  # looked at again: it may just have been written anew
                found.append(Finding(where, "is not what was written: its digest is another"))
    return Digested(files, without, tuple(found))


def _files(place: Path) -> Iterator[Path]:
    for path in sorted(place.rglob("*")) if place.is_dir() else [place, digest_file(place)]:
        if path.is_file() and not path.name.endswith(_PASSING) and not path.parent.name.endswith(_PASSING):
            yield path


def _parquet(path: Path) -> None:
    with pq.ParquetFile(path) as file:
        for _ in file.iter_batches():
            pass


def _nothing(path: Path) -> None:
    """Other files say for themselves what they are."""


_READERS: Final[Mapping[str, Callable[[Path], object]]] = MappingProxyType({
    ".parquet": _parquet,
    ".json": lambda path: json.loads(path.read_text(encoding="utf-8")),
    ".toml": lambda path: tomllib.loads(path.read_text(encoding="utf-8-sig")),
})  # fmt: skip
