"""Writing files so that a reader sees the old one or the new one, never half of either."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from core.errors import GoneError, StorageError, UnknownItemError

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")

#: What the name of an entry of a store looks like; no system takes one for a path or a device.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,149}")
#: Seconds after which a folder with a temporary name is what a killed process has left: none takes so long to write.
_LEFT: Final = 3600.0
#: The digest of a file lies beside it under its name and this, in a line as `sha256sum` writes it.
DIGEST: Final = ".sha256"
#: Letters of a name that its temporary one shows.
_SHOWN: Final = 40

#: What the disk says when it is full or may not be used: nothing a bug could cause.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CLOSED: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_NO_ROOM: Final = _FULL | _CLOSED
_BROKEN: Final = frozenset({errno.EIO, errno.ENODEV, errno.ESTALE, errno.ENXIO})
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
#: A path in the words of an error.
_QUOTED: Final = re.compile(r"'(/[^']+)'")

#: Is given the renaming of a file that is whole and on disk; does it now, after a last check, or not at all.
Settle = Callable[[Callable[[], None]], None]


def within(store: Path, name: str) -> Path:
    """The entry `name` of a store. Names come from addresses: one that could lead out of it leads to nothing.

    >>> within(Path("runs"), "r-0001").name, within(Path("runs"), "../salt.txt").name
    ('r-0001', 'none')
    """
    return store / (name if _NAME.fullmatch(name) else "none")


def at_once(rename: Callable[[], None]) -> None:
    rename()


@contextlib.contextmanager
def replacing(target: Path, settle: Settle = at_once) -> Iterator[Path]:
    """Give a temporary name beside `target`; on success it becomes `target`, on failure it is gone.

    Works for files and for folders that do not exist yet. What is written is on disk before the rename, and the rename
    is when it has returned. `settle` has the last word; without the rename `target` stays as it is. A folder also takes
    away such folders beside it as others were killed over.
    Raises StorageError when the disk is full or may not be written to.
    """

    def rename() -> None:
        temporary.replace(target)
        _flush(target.parent)

    # A name may be as long as the file system lets it, and the temporary one is no longer.
    temporary = target.with_name(f".{target.name[:_SHOWN]}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with told_when_full(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            _sync(temporary)
            settle(rename)
        if target.is_dir():
            _sweep(target)
    finally:
        _discard(temporary)


@contextlib.contextmanager
def told_when_full(target: Path) -> Iterator[None]:
    """Make of a full disk, or a place that may not be written to, a StorageError that names `target`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise StorageError(str(target), error.strerror or type(error).__name__) from error


def failure(error: OSError, home: Path) -> StorageError | None:
    """What to say of an error of the system, if storage is to blame and not the program; None where it may be.

    home: the folder whose files and folders should all be there.
    """
    quoted = _QUOTED.search(str(error))  # Arrow names the file in its words alone
    named = error.filename2 or error.filename or (quoted and quoted[1])
    path = Path(os.fsdecode(named)) if isinstance(named, str | bytes) else home
    if path.suffix in {".lock", ".tmp"}:  # nobody but the program knows these
        path = path.parent
    reason = error.strerror or type(error).__name__
    found: StorageError | None = None
    if error.errno in _FULL:
        found = StorageError(str(path), reason)
    elif error.errno in _CLOSED:
        advice = "Give whoever runs this the right to read and write there, or choose another place, then try again."
        found = StorageError(str(path), reason, f"{path} cannot be used: {reason}. {advice}")
    elif error.errno in _BROKEN:
        advice = "The disk is broken or was taken away; the system's log says more."
        found = StorageError(str(path), reason, f"{path} cannot be used: {reason}. {advice}")
    elif error.errno in _GONE and (path == home or home in path.parents):
        # The folder that is missing says more than the file in it.
        missing = next((folder for folder in (home, home / "data") if not folder.is_dir()), path)
        found = GoneError(str(missing))
    if found is not None:
        for note in getattr(error, "__notes__", ()):
            found.add_note(note)
    return found


def unknown_when_gone(
    kind: str,
) -> Callable[[Callable[Concatenate[S, str, P], T]], Callable[Concatenate[S, str, P], T]]:
    """Have a method, whose first argument is the id of what a store keeps, raise UnknownItemError where a file of it is
    not there, or no longer: somebody may delete it while it is read.
    """

    def of(method: Callable[Concatenate[S, str, P], T]) -> Callable[Concatenate[S, str, P], T]:
        @functools.wraps(method)
        def asked(self: S, identity: str, /, *given: P.args, **named: P.kwargs) -> T:
            try:
                return method(self, identity, *given, **named)
            except (FileNotFoundError, NotADirectoryError):
                raise UnknownItemError(kind, identity) from None

        return asked

    return of


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder; 0 where it is not there."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def removed(folder: Path) -> None:
    """Delete a folder of a store, if it is there: under its name it is there whole or not at all."""
    going = folder.with_name(f".{folder.name[:_SHOWN]}.{secrets.token_hex(4)}.tmp")
    with contextlib.suppress(FileNotFoundError):
        folder.replace(going)
        _flush(folder.parent)
        shutil.rmtree(going)


def write_text(target: Path, text: str) -> None:
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


@contextlib.contextmanager
def with_digest(target: Path) -> Iterator[Path]:
    """As `replacing`, of a file, whose digest lies beside it from then on.

    Cut off in between, the file has no digest rather than that of another.
    """

    def settle(rename: Callable[[], None]) -> None:
        told, inode = digest_of(temporary), temporary.stat().st_ino
        digest_file(target).unlink(missing_ok=True)
        rename()
        write_text(digest_file(target), f"{told}  {target.name}\n")
        if not target.is_file() or target.stat().st_ino != inode:  # another process has put its own there
            digest_file(target).unlink(missing_ok=True)

    with replacing(target, settle) as temporary:
        yield temporary


def write_kept(target: Path, text: str) -> None:
    """As `write_text`, with the digest beside it: nobody but the program changes this file."""
    with with_digest(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def add_digests(folder: Path) -> None:
    """Lay its digest beside each file of a folder that is being made."""
    for path in sorted(path for path in folder.iterdir() if path.suffix != DIGEST):
        digest_file(path).write_text(f"{digest_of(path)}  {path.name}\n", encoding="utf-8", newline="\n")


def digest_file(path: Path) -> Path:
    """Where the digest of a file lies."""
    return path.with_name(path.name + DIGEST)


def digest_of(path: Path) -> str:
    """SHA-256 of a file as it is, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_as_digested(path: Path) -> bool | None:
    """Whether a file is what its digest says; None where it has none, as what was stored before there were any."""
    if not digest_file(path).is_file():
        return None
    return digest_file(path).read_bytes() == f"{digest_of(path)}  {path.name}\n".encode()


def _sync(path: Path) -> None:
    for inner in path.rglob("*") if path.is_dir() else ():
        _flush(inner)
    _flush(path)


def _flush(path: Path) -> None:
    if os.name == "nt" and path.is_dir():  # a folder cannot be opened for syncing there
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(target: Path) -> None:
    """Remove temporary folders beside a new one that are older by more than _LEFT; the disk's own clock tells."""
    for left in target.parent.glob(".*.tmp"):
        with contextlib.suppress(OSError):  # what is new is there: what cannot be removed now is left to the next one
            if left.is_dir() and target.stat().st_mtime - left.stat().st_mtime > _LEFT:
                shutil.rmtree(left)


def _discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
