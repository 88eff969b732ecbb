"""A home in one file, `*.tar.gz`, made while people work in it, and a home again.

The first member says what the file is, the last one lists all others with sizes and SHA-256. What may not leave the
home, and what is of no use elsewhere, is left out: who makes a `Backups` says what that is.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import secrets
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from core import formats
from core.errors import BadOptionError, FileProblemError, UnsafeFileError
from core.files import DIGEST, digest_file, replacing, told_when_full
from core.store import chained_log, database_file
from core.store.verify import verify

FORMAT: Final = 1
SUFFIX: Final = ".tar.gz"
ABOUT: Final = "trustdesk-backup.json"
MANIFEST: Final = "manifest.json"
#: The folders of a home.
ROOTS: Final = ("data", "models")
_DATABASE: Final = "data/state.db"
_CHAINED: Final = ("data/feedback/feedback.csv", "data/audit.csv")
#: Is in no backup that this program writes: one that has it was made by somebody else.
_SECRETS: Final = "data/secrets.toml"
_BLOCK: Final = 1 << 20
#: What is of a process, not of the home.
_PASSING: Final = (".lock", ".tmp", "-wal", "-shm")
_PASSING_NAMES: Final = frozenset({"log.txt", "alive", "start", "cancel"})
_UNREADABLE: Final = (
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    UnicodeError,
    ValueError,
    KeyError,
    TypeError,
)


@dataclass(frozen=True, slots=True)
class Done:
    """How many files there were, of how many bytes."""

    files: int
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Backups:
    """Backups of the home in the folder `home`: its `places`, its database, and files that are `chained`."""

    home: Path
    places: tuple[Path, ...]
    database: Path
    chained: tuple[Path, ...]
    runs: Path

    def write(self, target: Path, *, now: datetime) -> Done:
        """Write the home to `target`, as it is at one moment as far as anything in it refers to anything else.

        Raises BadOptionError where there is no home, StorageError.
        """
        if not any((self.home / root).is_dir() for root in ROOTS):
            raise BadOptionError("--home", f"there is no workspace in {self.home}.")
        with contextlib.ExitStack() as stack, told_when_full(target), tarfile.open(target, "w:gz") as archive:
            packed = _Packed(archive)
            packed.add_text(ABOUT, json.dumps({"format": FORMAT, "made": now.isoformat()}))
            for path in self.chained:  # always in this order, as whoever writes a verdict and then a note does
                stack.enter_context(chained_log.locked(path))
            last_run = self._add_database(packed, target)
            champion = self.home / "models" / "CHAMPION"
            if champion.is_file():  # before the versions, so that the one it names is among them
                self._add(packed, champion)
            for path in self.chained:
                for file in chained_log.files(path):
                    self._add(packed, file, whole_lines=True)
            stack.close()
            for path in self._files(last_run):
                if self._name(path) not in packed.listed:
                    with contextlib.suppress(FileNotFoundError):  # taken away meanwhile, as files of jobs are
                        self._add(packed, path)
            packed.add_text(MANIFEST, json.dumps(packed.listed, indent=1))
            listed = [facts for name, facts in packed.listed.items() if name != ABOUT]
        return Done(len(listed), sum(facts["size"] for facts in listed))

    def _add_database(self, packed: _Packed, target: Path) -> int | None:
        """Returns the last run that it knows, None when there is no database."""
        if not self.database.is_file():
            return None
        copy = target.with_name(f"{target.name}.db.tmp")
        try:
            database_file.copied(self.database, copy)
            with copy.open("rb") as stream:
                packed.add(_DATABASE, stream, copy.stat().st_size)
            with database_file.opened(copy, "rw") as opened:
                return database_file.last_number(opened.execute, "runs")
        finally:
            for path in (copy, *(copy.with_name(copy.name + end) for end in ("-wal", "-shm"))):
                path.unlink(missing_ok=True)

    def _files(self, last_run: int | None) -> Iterator[Path]:
        for place in self.places:
            for entry in sorted(place.iterdir()) if place.is_dir() else [place]:
                if place == self.runs and last_run is not None and _number(entry.name) > last_run:
                    continue  # begun since the database was copied, which would miss it
                found = sorted(entry.rglob("*")) if entry.is_dir() else [entry]
                files = (path for path in found if path.is_file() and not _passing(path))
                yield from (path for path in files if not path.name.endswith(DIGEST))  # each goes with its file

    def _add(self, packed: _Packed, path: Path, *, whole_lines: bool = False) -> None:
        digests = [_digest_beside(path)]
        with path.open("rb") as stream:
            size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            if whole_lines:
                text = stream.read()
                text = text[: text.rfind(b"\n") + 1]
                packed.add(self._name(path), io.BytesIO(text), len(text))
            else:
                packed.add(self._name(path), stream, size)
        # Of a file that was written anew meanwhile, the digest of what was packed; one that fits neither is damage.
        digests.append(_digest_beside(path))
        told = packed.listed[self._name(path)]["sha256"]
        if digest := next((each for each in digests if each.startswith(told)), digests[-1]):
            packed.add_text(self._name(digest_file(path)), digest)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.home).as_posix()


@dataclass(slots=True)
class _Packed:
    """An archive that grows, and what is in it so far."""

    archive: tarfile.TarFile
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add_text(self, name: str, text: str) -> None:
        self.add(name, io.BytesIO(text.encode()), len(text.encode()))

    def add(self, name: str, stream: IO[bytes], size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        reader = _Hashing(stream)
        self.archive.addfile(member, reader)  # type: ignore[arg-type]  # all that it does is read
        self.listed[name] = {"size": size, "sha256": reader.sha256.hexdigest()}


class _Hashing:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self.sha256 = stream, hashlib.sha256()

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self.sha256.update(content)
        return content


def _digest_beside(path: Path) -> str:
    try:
        return digest_file(path).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def is_backup(path: Path) -> bool:
    """Whether a file is what `Backups.write` writes, by its beginning."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            first = archive.next()
    except (*_UNREADABLE, OSError):
        return False
    return first is not None and first.name == ABOUT


def restore(source: Path, home: Path) -> Done:
    """Make the home in the folder `home` of a backup, once all of it is found to be what was written.

    Raises BadOptionError where there is a home already, FileProblemError for what is no backup or a damaged one,
    UnsafeFileError for one that would write elsewhere, NewerFormatError and StorageError. Nothing is written then.
    """
    if home.exists() and (not home.is_dir() or any((home / root).exists() for root in ROOTS)):
        raise BadOptionError("--home", f"{home} is a workspace already, or no folder. Restore into an empty folder.")
    if not source.is_file():
        raise FileProblemError(source.name, "missing", "there is no such file.")
    whole = home / f".restored-{secrets.token_hex(4)}"
    with _told(source), replacing(whole) as staging:
        staging.mkdir()
        done = _unpack(source, staging)
        for chained in filter(Path.is_file, (staging / name for name in _CHAINED)):
            if (broken := verify(chained).broken) is not None:
                raise _damaged(source, str(broken))
        _check_database(source, staging / _DATABASE)
    with told_when_full(home):
        for root in ROOTS:
            if (whole / root).is_dir():
                (whole / root).replace(home / root)
        whole.rmdir()
    return done


def _unpack(source: Path, staging: Path) -> Done:
    found: dict[str, dict[str, Any]] = {}
    told: dict[str, bytes] = {}
    with tarfile.open(source, "r:gz") as archive:
        for member in archive:
            name, content = member.name, archive.extractfile(member) if member.isreg() else None
            if name in found:
                raise _damaged(source, f"{name} is in it twice")
            if not found and name != ABOUT:
                raise _damaged(source, f"it does not begin with {ABOUT}")
            if content is None or not _inside(name):
                raise UnsafeFileError(source.name, name, "is no file of a workspace")
            write, close = _writer(staging, name, told)
            with contextlib.closing(content), close:
                found[name] = _taken(content, write)
            if name == ABOUT:
                formats.read(json.loads(told[name]), source.name, known=FORMAT)
    listed = json.loads(told.get(MANIFEST, b"null"))
    found.pop(MANIFEST, None)
    if not isinstance(listed, dict):
        raise _damaged(source, "it ends early")
    if wrong := sorted(name for name in found.keys() | listed.keys() if found.get(name) != listed.get(name)):
        raise _damaged(source, f"{wrong[0]} is not what was written")
    return Done(len(found) - 1, sum(facts["size"] for name, facts in found.items() if name != ABOUT))


def _writer(
    staging: Path, name: str, told: dict[str, bytes]
) -> tuple[Callable[[bytes], object], contextlib.AbstractContextManager[object]]:
    if name in {ABOUT, MANIFEST}:
        text = io.BytesIO()
        stack = contextlib.ExitStack()
        stack.callback(lambda: told.update({name: text.getvalue()}))
        return text.write, stack
    path = staging / name
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = path.open("xb")
    return stream.write, stream


def _taken(content: IO[bytes], write: Callable[[bytes], object]) -> dict[str, Any]:
    sha256, size = hashlib.sha256(), 0
    while block := content.read(_BLOCK):
        write(block)
        sha256.update(block)
        size += len(block)
    return {"size": size, "sha256": sha256.hexdigest()}


def _inside(name: str) -> bool:
    """Whether this is the name of a file of a home, as a backup writes it, or of what a backup says of itself."""
    path = PurePosixPath(name)
    plain = path.as_posix() == name and not path.is_absolute() and not {"..", "."} & set(path.parts)
    own = name in {ABOUT, MANIFEST} or (len(path.parts) > 1 and path.parts[0] in ROOTS)
    return plain and own and name != _SECRETS and not set("\\:\0") & set(name)


def _check_database(source: Path, database: Path) -> None:
    if not database.is_file():
        return
    try:
        with database_file.opened(database, "rw") as opened:
            said = next(database_file.damage(opened.execute, whole=False), None)
    except database_file.Failure as error:
        said = str(error)
    if said is not None:
        raise _damaged(source, f"{_DATABASE}: {said}")


@contextlib.contextmanager
def _told(source: Path) -> Iterator[None]:
    """What reading a file that is none of ours ends in, also one whose members are in each other's way."""
    try:
        yield
    except (*_UNREADABLE, FileExistsError, NotADirectoryError) as error:
        raise _damaged(source, str(error)) from error


def _damaged(source: Path, why: str) -> FileProblemError:
    return FileProblemError(source.name, "damaged", f"this is no backup that is whole ({why}). Nothing was restored.")


def _passing(path: Path) -> bool:
    return path.name.endswith(_PASSING) or path.name in _PASSING_NAMES


def _number(name: str) -> int:
    digits = name.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0
