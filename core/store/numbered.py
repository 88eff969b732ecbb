"""Numbers that never come twice, whatever is lost: those of runs, cases and decisions.

`state.db` counts them. When it is lost or comes back from an older copy, verdicts, notes of the audit log, folders and
jobs still name what it has forgotten: it counts on above all of these. How far the files were read is marked in the
database, so that each of their lines is looked at once. So is what was counted of runs that somebody deleted: the
metrics of a home only grow.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Table, delete, select

from core.jobs import Jobs
from core.store import chained_log, database, log_line, tables

#: Ids of a run, a prediction and a case. A number of more digits was made up: nobody counts that far.
_ID: Final = re.compile(r"(?P<runs>r-[0-9]{4,15})(?:-[0-9]+)?|(?P<cases>c-[0-9]{6,15})")
#: The run in the name of a folder, a file or a job: `r-0007`, `r-0007-v0002.parquet`, `reasons-r-0007`.
_IN_NAME: Final = re.compile(r"(?:^|-)(r-[0-9]{4,15})(?:$|[-.])")
#: A cell at the start of a line, quoted or not.
_CELL: Final = rb'(?:"(?:[^"]|"")*"|[^,"\n]*)'
_EXPORT: Final = "export decisions"
#: The note that says what was deleted at its end; it has the numbers given by then (`given`), which the lines that it
#: blanks may have been the last to name.
PRUNE: Final = "prune"
_MARK: Final = "numbers in"
_RAISED: Final = "numbers raised"
_DELETED: Final = "counted of deleted runs"

Numbers = dict[str, int]
_NUMBERED: Final = (tables.runs, tables.cases, tables.decisions)


@dataclass(frozen=True, slots=True, eq=False)
class Numbering:
    """What a home has numbered, in the database and in all that names it."""

    jobs: Jobs
    audit: Path
    feedback: Path
    runs: Path
    shadow: Path

    def settle(self, connection: Connection) -> None:
        """Have cases and decisions count on above all that verdicts and the audit log name, and runs, too.

        In `database.writing`, before a number is given.
        """
        _raise(connection, self._in_files(connection))

    def settle_runs(self, connection: Connection) -> None:
        """As `settle`, and have runs count on above all that folders and jobs name."""
        named = self._in_files(connection)
        for folder in (self.runs, self.shadow, self.jobs.folder):
            for entry in _entries(folder):
                if identity := _IN_NAME.search(entry.name):
                    _take(named, [identity[1]])
        _take(named, self._in_results(connection))
        _raise(connection, named)

    def in_folders(self, besides: Container[int]) -> frozenset[int]:
        """The numbers of the runs, but for these, that have a folder with anything in it."""
        found = ((entry, _ID.fullmatch(entry.name)) for entry in _entries(self.runs))
        named = (
            (entry, _number(each["runs"])) for entry, each in found if each is not None and each[0] == each["runs"]
        )
        return frozenset(number for entry, number in named if number not in besides and _holds_anything(entry))

    def _in_files(self, connection: Connection) -> Numbers:
        """The greatest numbers named since the last look."""
        named: Numbers = {}
        feedback = self.feedback / "feedback.csv"
        _read(connection, feedback, ("case", "prediction"), functools.partial(_take, named))
        given = functools.partial(_given, connection, feedback)

        def note(cells: Sequence[str]) -> None:
            what, about, details = cells
            _take(named, [about])
            if what == _EXPORT:
                named["decisions"] = max(named.get("decisions", 0), given(details))
            if what == PRUNE:
                _raise_to(named, _numbers_in(details))

        _read(connection, self.audit, ("what", "about", "details"), note)
        return named

    def _in_results(self, connection: Connection) -> list[str]:
        """The runs that jobs have made, of those jobs that have changed since the last look."""
        name = f"{_MARK} jobs"
        before = int(database.mark(connection, name) or 0)
        changed = {entry.name: _changed(entry) for entry in _entries(self.jobs.folder)}
        if (after := max(changed.values(), default=before)) > before:
            database.set_mark(connection, name, str(after))
        results = (self.jobs.result(identity) for identity, at in changed.items() if at >= before)
        return [str(result["run"]) for result in results if result and "run" in result]


def give_back(connection: Connection, table: Table, number: int) -> None:
    """Let a number be given again that nobody has seen, where none was given since."""
    database.set_last_number(connection, table, number - 1, where=number)


def delete_run(connection: Connection, number: int) -> None:
    """Delete the row of a run, and go on counting what it counted."""
    ours = tables.runs.c.number == number
    for row in connection.execute(select(tables.runs).where(ours)).all():
        counted = Counter(deleted_runs(connection)) + Counter({"runs": 1, "rejected": row.rejected, **row.counts})
        database.set_mark(connection, _DELETED, json.dumps(counted))
    connection.execute(delete(tables.runs).where(ours))


def deleted_runs(connection: Connection) -> dict[str, int]:
    """Of all runs that were deleted: how many `runs`, rows `rejected`, and users by band."""
    return dict[str, int](json.loads(database.mark(connection, _DELETED) or "{}"))


def mark_of(path: Path) -> str:
    """The mark that says how far a chained file was read."""
    return f"{_MARK} {path.name}"


def following(connection: Connection, table: Table) -> int:
    """The number that a table gives next, as far as the database knows."""
    return database.last_number(connection, table) + 1


def given(connection: Connection) -> Numbers:
    """The last numbers that were given, as far as the database knows: `settle_runs` first."""
    return {table.name: database.last_number(connection, table) for table in _NUMBERED}


def raised(connection: Connection) -> int:
    """The last run named elsewhere when the database was found to lie behind; 0 while it never was."""
    return int(database.mark(connection, _RAISED) or 0)


def _holds_anything(folder: os.DirEntry[str]) -> bool:
    try:
        return any(Path(folder).iterdir())
    except (FileNotFoundError, NotADirectoryError):  # no folder, or one that was given back meanwhile
        return False


def _raise(connection: Connection, named: Numbers) -> None:
    for table in _NUMBERED:
        number = named.get(table.name, 0)
        if number <= database.last_number(connection, table):
            continue
        database.set_last_number(connection, table, number)
        if table is tables.runs:
            database.set_mark(connection, _RAISED, str(number))


def _given(connection: Connection, feedback: Path, details: str) -> int:
    """The last decision that a consumer was given. Notes of old do not say: then as many as there are verdicts at most,
    of which a database that has decisions knows.
    """
    try:
        last = json.loads(details).get("last")
    except (ValueError, AttributeError):
        last = None
    if last is None:
        return (
            0
            if database.last_number(connection, tables.decisions)
            else sum(map(_lines_in, chained_log.files(feedback)))
        )
    return int(last)


def _numbers_in(details: str) -> Numbers:
    """What a note of `PRUNE` says was given by then; nothing where it is of before it said so."""
    try:
        found = json.loads(details).get("numbers", {})
    except (ValueError, AttributeError):
        return {}
    return {table.name: int(found.get(table.name, 0)) for table in _NUMBERED}


def _raise_to(named: Numbers, others: Numbers) -> None:
    for table, number in others.items():
        named[table] = max(named.get(table, 0), number)


def _lines_in(file: Path) -> int:
    with file.open("rb") as stream:
        return sum(1 for _ in stream)


def _take(named: Numbers, cells: Sequence[str]) -> None:
    for cell in cells:
        if (found := _ID.fullmatch(cell)) and (table := found.lastgroup):
            named[table] = max(named.get(table, 0), _number(found[table]))


def _number(identity: str) -> int:
    return int(identity[2:])


def _read(
    connection: Connection, path: Path, columns: Sequence[str], take: Callable[[Sequence[str]], None]
) -> None:  # fmt: skip
    """Give these cells of each line since the last look.

    What was damaged from outside is passed over: it is said where verdicts are read, and keeps nobody from scoring.
    """
    name = mark_of(path)
    before = after = database.mark(connection, name)
    for file, offset in _since(chained_log.files(path), before):
        cells = _cells(chained_log.columns(file), columns)
        with file.open("rb") as stream:
            end = stream.seek(offset)
            for line in stream:
                if not line.endswith(b"\n"):  # somebody writes it just now
                    break
                end += len(line)
                if found := cells.match(line):
                    take([_text(found[each]) for each in columns])
        after = f"{end} {file.stat().st_ino} {file.name}"
    if after != before:
        database.set_mark(connection, name, after)


def _since(present: Sequence[Path], mark: str) -> Iterator[tuple[Path, int]]:
    """Where to read on in which files; from the start where the file that was read last was replaced."""
    offset, inode, name = mark.split(" ", 2) if mark else ("0", "", "")
    known = [file.name == name and f"{file.stat().st_ino}" == inode for file in present]
    first = known.index(True) if True in known else 0
    for at, file in enumerate(present[first:], first):
        yield file, int(offset) if known[at] and file.stat().st_size >= int(offset) else 0


def _cells(names: Sequence[str], columns: Sequence[str]) -> re.Pattern[bytes]:
    """Matches the start of a line up to the last of these columns, each a group; nothing where one is not there."""
    if not set(columns) <= set(names):
        return re.compile(rb"(?!)")
    last = max(map(names.index, columns))
    groups = (rb"(?P<%s>%s)" % (name.encode(), _CELL) if name in columns else _CELL for name in names[: last + 1])
    return re.compile(rb",".join(groups))


def _text(cell: bytes) -> str:
    quoted = cell.startswith(b'"')
    text = cell.decode("utf-8", "replace")
    return log_line.decode(text[1:-1].replace('""', '"') if quoted else text)


def _changed(job: os.DirEntry[str]) -> int:
    try:
        return job.stat().st_mtime_ns
    except FileNotFoundError:  # it was discarded meanwhile
        return 0


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            yield from entries
