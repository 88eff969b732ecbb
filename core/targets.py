"""Where a command may write: never over what it reads or the home keeps, over a file of somebody else's when told to.

A command asks before it does any work, and again right before a file takes its name: meanwhile, somebody may have put
another one there.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.errors import BadOptionError, RefusedError
from core.files import Settle, at_once, replacing

#: Says whether a file is what this command writes; a file that cannot be read is not.
Mark = Callable[[Path], bool]
_RENAME: Final = "Give the output another name."


@dataclass(frozen=True, slots=True)
class Kept:
    """What the home in the folder `home` keeps: `places`, and files that go on from `audit`."""

    home: Path
    places: tuple[Path, ...]
    audit: Path

    def holds(self, place: Path, status: os.stat_result | None) -> bool:
        """Whether a place is one of the home's own, by its path or as another name of a file that is."""
        roots = [Path(os.path.realpath(path)) for path in self.places]
        roots += [Path(os.path.realpath(entry)) for root in roots for entry in _entries(root) if entry.is_symlink()]
        if any(place == root or root in place.parents for root in roots):
            return True
        audit = self.audit
        if place.parent == Path(os.path.realpath(audit.parent)) and place.match(f"{audit.stem}*{audit.suffix}*"):
            return True
        if status is None or status.st_nlink <= 1:
            return False
        return any(os.path.samestat(status, each) for each in _files(roots))


@dataclass(frozen=True, slots=True)
class Target:
    """A file to write, or to take away, that is neither read by the command nor kept by the home.

    A link is followed: what it leads to is replaced, the link stays. Raises BadOptionError for any other place.
    """

    path: Path
    mark: Mark
    kept: Kept
    reads: tuple[Path, ...] = ()
    overwrite: bool = False
    suffixes: tuple[str, ...] = ()
    #: What to do where the place is not free.
    advice: str = _RENAME
    place: Path = field(init=False)
    _sources: tuple[tuple[Path, os.stat_result], ...] = field(init=False)
    _found: os.stat_result | None = field(init=False)

    def __post_init__(self) -> None:
        _check_place(self.path, self.suffixes)
        put = object.__setattr__
        with _told_when_impossible(self.path):
            put(self, "place", Path(os.path.realpath(self.path)))
        put(self, "_sources", tuple(_present(self.reads)))
        put(self, "_found", self._look())

    @property
    def is_free(self) -> bool:
        """Whether nothing is there, or a file without a byte."""
        status = self._look()
        return status is None or not status.st_size

    @property
    def is_foreign(self) -> bool:
        """Whether there is something that this command has not written."""
        return not (self.is_free or self.mark(self.place))

    def claim(self) -> None:
        """Raises BadOptionError unless writing here takes nothing from anybody, or that was asked for."""
        foreign = self.is_foreign  # what is not to be written over at all is told with `overwrite` too
        if foreign and not self.overwrite:
            there = "this file is there already, and is not one that this command wrote."
            raise BadOptionError(str(self.path), f"{there} {self.advice} Or add --overwrite to replace it.")

    def claim_unchanged(self) -> None:
        """As `claim`; and raises RefusedError when what is there has come, or has changed, since the command began."""
        self.claim()
        if _version(self._look()) != _version(self._found):
            raise RefusedError(f"{self.path} was written by somebody else meanwhile and is left as it is. Try again.")

    @contextlib.contextmanager
    def replacing(self, settle: Settle = at_once) -> Iterator[Path]:
        """As `files.replacing`, after a last `claim`."""

        def claimed(rename: Callable[[], None]) -> None:
            def last() -> None:
                self.claim()
                rename()

            settle(last)

        with replacing(self.place, claimed) as temporary:
            yield temporary

    def write_text(self, text: str) -> None:
        with self.replacing() as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")

    def clear(self) -> None:
        """Take away what this command wrote here earlier, if it is that: of a link, the link."""
        if self._look() is not None and self.mark(self.place):
            self.path.unlink(missing_ok=True)

    def _look(self) -> os.stat_result | None:
        """What is there now, None when nothing is; raises BadOptionError for what is not to be written over."""
        status = _stat(self.path, self.place)
        if status is not None and stat.S_ISDIR(status.st_mode):
            raise BadOptionError(str(self.path), "this is a folder: give the name of a file to write.")
        if status is not None and not stat.S_ISREG(status.st_mode):
            raise BadOptionError(str(self.path), "this is a pipe or a device: give the name of a file to write.")
        for source, known in self._sources:
            if (status is not None and os.path.samestat(status, known)) or self.place == Path(os.path.realpath(source)):
                what = "this file" if source == self.path else f"this is the same file as {source}, which"
                read = f"{what} is read by this command and would be replaced."
                raise BadOptionError(str(self.path), f"{read} {self.advice}")
        if self.kept.holds(self.place, status):
            raise BadOptionError(
                str(self.path), f"the workspace {self.kept.home} keeps its own files there. {self.advice}"
            )
        return status


def new_folder(path: Path, kept: Kept) -> Path:
    """The place of a folder to make; raises BadOptionError when anything is there, or when the home keeps it."""
    if os.path.lexists(path):
        raise BadOptionError("--output", f"{path} is there already: name a folder that is not.")
    if kept.holds(Path(os.path.realpath(path)), None):
        raise BadOptionError(
            "--output", f"the workspace {kept.home} keeps its own files in {path}. Name another place."
        )
    return path


def _check_place(path: Path, suffixes: tuple[str, ...]) -> None:
    if suffixes and path.suffix.lower() not in suffixes:
        raise BadOptionError(str(path), f"the file to write must end in {' or '.join(suffixes)}.")
    with _told_when_impossible(path):
        parent = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
        there = parent.is_dir()
    if not there:
        raise BadOptionError(str(path), f"there is no folder {parent}.")


def _present(paths: Iterable[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    """Those that are there, each with what it is; whoever reads it says what is wrong with another."""
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            yield path, path.stat()


def _stat(path: Path, place: Path) -> os.stat_result | None:
    with _told_when_impossible(path), contextlib.suppress(FileNotFoundError):
        return place.stat()
    return None


@contextlib.contextmanager
def _told_when_impossible(path: Path) -> Iterator[None]:
    """A name that is too long, links that lead in a circle, a folder that may not be looked into."""
    try:
        yield
    except ValueError as error:  # a zero byte, or half of a character
        raise BadOptionError(repr(str(path)), "no file can have this name.") from error
    except OSError as error:
        raise BadOptionError(str(path), f"no file can be written there: {error.strerror or error}.") from error


def _version(status: os.stat_result | None) -> tuple[int, ...] | None:
    return status and (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _entries(root: Path) -> tuple[Path, ...]:
    """What lies in a folder; nothing of what is none, or may not be looked into."""
    with contextlib.suppress(OSError):
        return tuple(root.iterdir())
    return ()


def _files(roots: Iterable[Path]) -> Iterator[os.stat_result]:
    for root in roots:
        within = (path for path in root.rglob("*") if path.is_file()) if root.is_dir() else (root,)
        yield from (found for _, found in _present(within))
