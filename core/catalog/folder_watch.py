"""A folder whose files are scored as they arrive: each once, under the model and the policy in force then.

`data/watched/<key>.json` says which files were dealt with, by size, time of change and SHA-256, so that a restart goes
on. What failed is tried again once it changes or is touched.
The folder that is watched is only read: nothing in it is moved, changed or taken away.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core import formats, locks
from core.data import payload
from core.errors import BadOptionError, RefusedError, StorageError, TrustdeskError, stored
from core.files import told_when_full, write_text
from core.ports import PolicyStore
from core.registry.registry import Registry
from core.schema import schema as schemas
from core.scoring import export, table_marks
from core.scoring.export import Exports
from core.scoring.runs import Run
from core.scoring.score_file import FileScoring, Pieces, Scoring
from core.scoring.streaming import delivery
from core.targets import Target

FORMAT: Final = 1
#: Seconds for which a file has to be left alone: whoever still writes it is not done.
SETTLED: Final = 5.0
#: Beginnings and endings of names that programs give files they have not finished.
_BEGUN: Final = (".", "~$")
_UNFINISHED: Final = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".swp", "~")
#: First line of what is written of a file that could not be scored.
_FAILED: Final = "Trustdesk could not score this file."
_KEY: Final = 32
#: What the name of a file begins with that named a user who was forgotten.
_ERASED: Final = "erased/"


@dataclass(frozen=True, slots=True)
class Seen:
    """A file that was dealt with. `changed`: in nanoseconds; `run`: what it came to, "" where it failed."""

    size: int
    changed: int
    sha256: str
    run: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file. `run`: None where it failed; `sentence`: how many users, or what is wrong with it."""

    name: str
    run: Run | None
    sentence: str


@dataclass(slots=True)
class Watched:
    """A folder that is watched, by this process alone. `seen`: files dealt with, by name."""

    folder: Path
    out: Path
    state: Path
    seen: dict[str, Seen] = field(default_factory=dict)

    def note(self, name: str, seen: Seen) -> None:
        """Remember a file; on disk when this returns."""
        with _written_alone(self.state):
            self.seen = _known(self.state) | {name: seen}
            files = {each: asdict(found) for each, found in sorted(self.seen.items())}
            raw = {"format": FORMAT, "folder": str(self.folder), "out": str(self.out), "files": files}
            _write(self.state, raw)

    def of(self, name: str, about: os.stat_result) -> Seen | None:
        """What is known of a file; of one whose name was erased, by its size and time."""
        gone = (each for known, each in self.seen.items() if known.startswith(_ERASED))
        same = (each for each in gone if (each.size, each.changed) == (about.st_size, about.st_mtime_ns))
        return self.seen.get(name) or next(same, None)


@dataclass(frozen=True, slots=True, eq=False)
class FolderWatch:
    """Scores the files of folders. `states`: where it is kept what was dealt with."""

    exports: Exports
    file_scoring: FileScoring
    policies: PolicyStore
    registry: Registry
    schema_file: Path
    states: Path

    @contextlib.contextmanager
    def watching(self, folder: Path, out: Path) -> Iterator[Watched]:
        """Watch a folder, alone; results go to `out`, which is made where it is not there.

        Raises BadOptionError where one cannot be used, RefusedError while another process watches it,
        UnknownVersionError without a model.
        """
        folder, out = folder.absolute(), out.absolute()
        if not folder.is_dir():
            raise BadOptionError(str(folder), "there is no such folder.")
        if os.path.realpath(folder) == os.path.realpath(out):
            raise BadOptionError(str(out), "results would be scored in their turn: name another folder for them.")
        self.registry.load()
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadOptionError(str(out), f"it cannot be made: {error.strerror}.") from error
        self.states.mkdir(parents=True, exist_ok=True)
        names = "\n".join(os.path.realpath(each) for each in (folder, out))
        state = self.states / f"{hashlib.sha256(names.encode()).hexdigest()[:_KEY]}.json"
        with locks.held_now(state.with_suffix(".lock")) as ours:
            if not ours:
                raise RefusedError(f"{folder} is watched by another process already: end that one, or let it go on.")
            yield Watched(folder, out, state, _known(state))

    def look(self, watched: Watched, *, now: datetime) -> Iterator[Outcome]:
        """Score the files that have come, by name; those still being written wait for the next look.

        Raises StorageError where results cannot be stored: nothing is noted of that file, and it comes again.
        """
        watched.seen = _known(watched.state)  # a name in it may have been erased since
        for path in sorted(arrived(watched.folder)):
            with contextlib.suppress(FileNotFoundError):  # it was taken away just now
                about = path.stat()
                known = watched.of(path.name, about)
                if known and (known.size, known.changed) == (about.st_size, about.st_mtime_ns):
                    continue
                if now.timestamp() - about.st_mtime < SETTLED:
                    continue
                found = _digest(path)
                seen = Seen(about.st_size, about.st_mtime_ns, found, known.run if known else "")
                if known and known.run and known.sha256 == found:
                    watched.note(path.name, seen)
                    continue
                yield self._dealt_with(watched, path, seen, now)

    def _dealt_with(self, watched: Watched, path: Path, seen: Seen, now: datetime) -> Outcome:
        failures = watched.out / "failed"
        note = failures / f"{path.name}.txt"
        try:
            done = self._scored(watched, path, seen.sha256, now)
        except StorageError:
            raise
        except TrustdeskError as error:
            with told_when_full(failures):
                failures.mkdir(exist_ok=True)
            Target(note, _says_so, self.exports.kept).write_text(f"{_FAILED}\n{error}\n")
            watched.note(path.name, Seen(seen.size, seen.changed, seen.sha256, ""))
            return Outcome(path.name, None, str(error))
        if note.exists():
            Target(note, _says_so, self.exports.kept).clear()
        watched.note(path.name, Seen(seen.size, seen.changed, seen.sha256, done.id))
        said = f"{done.users:,} users scored, {done.rejected:,} rejected, {done.flagged:,} flagged: {done.id}"
        return Outcome(path.name, done, f"{said}, {_out(watched, path).name}.")

    def _scored(self, watched: Watched, path: Path, digest: str, now: datetime) -> Run:
        out = _out(watched, path)
        target = self.exports.target(out, table_marks.SCORES, reads=[path])
        rejected = self.exports.rejected_target(out, table_marks.REJECTED, reads=[path, out])
        schema = schemas.load(self.schema_file)

        def deliver(done: Scoring, pieces: Pieces) -> None:
            with stored(f"All scores are stored as run {done.run.id}."):
                parts = functools.partial(delivery.tables, done, pieces, schema, keep_features=False)
                export.write_parts(parts, target)
                export.write_rejected(self.exports.rejected_table(done.dataset.id), rejected)

        # Done again after it was killed, the same file comes to the same run.
        job = hashlib.sha256(f"{watched.state.stem}\n{path.name}\n{digest}".encode()).hexdigest()[:_KEY]
        return self.file_scoring.score_file(
            path.name, path, schema, self.registry.load(), self.policies.in_force(), now=now, job=f"folder-{job}",
            by="watch-folder", ready=rejected.claim, deliver=deliver,
        ).run  # fmt: skip


def renamed(state: Path, strike: Callable[[str], str], *, write: bool) -> int:
    """Take out of what was noted of a folder what `strike` takes out of each name; how many names that are.

    The files keep what is known of them, so that none is scored once more.
    """
    with _written_alone(state):
        raw: dict[str, Any] = formats.load(state, known=FORMAT)
        told = {
            name if strike(name) == name else f"{_ERASED}{each['sha256'][:_KEY]}": each
            for name, each in raw["files"].items()
        }
        places = {each: strike(raw[each]) for each in ("folder", "out")}
        changed: int = len({*raw["files"]} - {*told}) + sum(raw[each] != text for each, text in places.items())
        if changed and write:
            _write(state, raw | places | {"files": told})
        return changed


@contextlib.contextmanager
def _written_alone(state: Path) -> Iterator[None]:
    with locks.held(state.with_suffix(".writing")):
        yield


def _write(state: Path, raw: dict[str, Any]) -> None:
    write_text(state, json.dumps(raw, indent=1, ensure_ascii=False) + "\n")


def arrived(folder: Path) -> Iterator[Path]:
    """The files of a folder but those that programs name as unfinished, in no order. Raises BadOptionError."""
    try:
        for path in folder.iterdir():
            finished = not path.name.startswith(_BEGUN) and not path.name.lower().endswith(_UNFINISHED)
            if finished and stat.S_ISREG(path.stat().st_mode):
                yield path
    except OSError as error:
        raise BadOptionError(str(folder), f"it cannot be read: {error.strerror}.") from error


def _out(watched: Watched, path: Path) -> Path:
    return watched.out / f"{path.name}.scores.csv"


def _digest(path: Path) -> str:
    with payload.told_when_unreadable(path.name), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _says_so(path: Path) -> bool:
    with contextlib.suppress(OSError, UnicodeDecodeError), path.open(encoding="utf-8") as file:
        return file.readline().rstrip("\n") == _FAILED
    return False


def _known(state: Path) -> dict[str, Seen]:
    if not state.is_file():
        return {}
    raw: dict[str, Any] = formats.load(state, known=FORMAT)
    return {name: Seen(**each) for name, each in raw["files"].items()}
