"""The feedback file in memory, for whoever asks often: each row is read once, the file anew only when it was replaced.

One ledger is shared by all threads of a process. It holds what was in the files at the last `refresh`; asking does
not refresh by itself, so that answers to several questions belong together.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from core.errors import FileProblemError, NewerFormatError, listed
from core.feedback import standing as standings
from core.feedback.standing import Line, Standing
from core.feedback.table import FIELDS, FIRST, Table
from core.feedback.verdict import Judgement, Verdict
from core.formats import shown
from core.schema.schema import RESERVED
from core.store import chained_log

_INDEXED: Final = ("user", "case", "reviewer", "prediction")


class Said(NamedTuple):
    """The short form of a stored verdict: what was said of a prediction, when and by whom."""

    time: datetime
    id: str
    prediction: str
    reviewer: str
    verdict: str
    notes: str
    case: str
    supersedes: str

    @classmethod
    def of(cls, verdict: Verdict) -> Said:
        return cls(*(getattr(verdict, name) for name in cls._fields))


@dataclass(frozen=True, slots=True)
class _Done:
    """How much of a file was read: up to `offset`, where a line with this chain ends."""

    file: Path
    inode: int
    offset: int
    chain: bytes

    def goes_on(self) -> bool:
        """Whether all that was read still stands there; more may follow."""
        if not self.file.is_file() or self.file.stat().st_ino != self.inode:
            return False
        with self.file.open("rb") as stream:
            stream.seek(max(self.offset - len(self.chain) - 1, 0))
            return stream.read(len(self.chain) + 1) == self.chain + b"\n"


class Ledger:
    """All verdicts of the file `path` and of those that go on from it, in the order they were stored."""

    _frame: pd.DataFrame | None
    _valid: pd.DataFrame | None
    _effective: pd.DataFrame | None

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._seen: object = ()
        self._clear(())

    def __len__(self) -> int:
        return len(self._table)

    @property
    def features(self) -> tuple[str, ...]:
        """All features of the rows read."""
        return self._table.features

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the files read."""
        return self._table.fields

    @property
    def position(self) -> str:
        """Where the rows read end; kept as text by who wants to go on from here with `since`."""
        return str(self._rows)

    def refresh(self) -> None:
        """Read what was appended since the last time; all of it is on disk.

        Raises FileProblemError when a line was damaged, StorageError when the lock beside the file cannot be made.
        """
        if self._seen == _signature(self.path):
            return
        # The lock first, always: who writes holds it and then asks here. It also keeps out what is not on disk yet.
        with chained_log.locked(self.path), self._guard:
            present = chained_log.files(self.path)
            features = tuple(dict.fromkeys(name for file in present for name in _columns(file)[1]))
            if not self._goes_on(present) or not set(features) <= set(self.features):
                self._clear(features)
            for number, file in enumerate(present):
                self._read(number, file)
            self._seen = _signature(self.path)

    def frame(self) -> pd.DataFrame:
        """All rows that were not forgotten, as `Table.frame`; kept until there are more. Not to be changed."""
        with self._guard:
            self._frame = self._table.frame() if self._frame is None else self._frame
            return self._frame

    def valid(self) -> pd.DataFrame:
        """The rows that were neither superseded nor withdrawn, of a user perhaps several. Not to be changed."""
        with self._guard:
            if self._valid is None:
                valid = np.ones(len(self._table), bool)
                valid[self._fallen] = False
                self._valid = self.frame().iloc[np.flatnonzero(valid)]
            return self._valid

    def effective(self) -> pd.DataFrame:
        """The row that stands of each user (`core.feedback.standing`), in the order they were stored.

        Where it was given on somebody who was not drawn for it, as an appeal is, `stratum` and `inclusion` are those of
        the user's last draw: what the label stands for does not change with it. Not to be changed.
        """
        with self._guard:
            if self._effective is None:
                self._effective = _effective(self.valid())
            return self._effective

    def standing(self, verdict: Verdict) -> Standing | None:
        """What stood of the user of a stored verdict once that was stored; None where nothing did."""
        with self._guard:
            end = self._row[verdict.id]
            rows = [row for row in self._by["user"].get(verdict.user, ()) if row < end]
            return self._standing(rows, [verdict])

    def standing_with(self, fresh: Sequence[Verdict]) -> Standing | None:
        """What stands of a user once these verdicts on him are stored, after all that was read; None if nothing."""
        with self._guard:
            return self._standing(self._by["user"].get(fresh[0].user, ()), fresh)

    def _standing(self, rows: Sequence[int], last: Sequence[Verdict]) -> Standing | None:
        """What stands of the verdicts on one user in these rows of the table and of those that come last."""
        given = [*self._said(rows), *map(Said.of, last)] if rows else [Said.of(verdict) for verdict in last]
        replaced = {each.supersedes for each in given}
        return standings.standing(
            Line(each.time, position, cast(Judgement, each.verdict), each.case, each.prediction)
            for position, each in enumerate(given)
            if each.verdict != "withdrawn" and each.id not in replaced
        )

    def said(self, predictions: Collection[str]) -> dict[str, list[Said]]:
        """All that was said of these predictions, withdrawn and superseded verdicts included, in the order stored."""
        with self._guard:
            rows = [row for each in predictions for row in self._by["prediction"].get(each, ())]
            found: dict[str, list[Said]] = {}
            for each in self._said(rows):
                found.setdefault(each.prediction, []).append(each)
            return found

    def of_user(self, user: str) -> pd.DataFrame:
        """All rows about a user, superseded ones included."""
        return self._rows_of("user", user)

    def of_case(self, case: str) -> pd.DataFrame:
        """All rows of a case, superseded ones included."""
        return self._rows_of("case", case)

    def of_reviewer(self, name: str, since: datetime) -> pd.DataFrame:
        """All rows of a reviewer from `since` on."""
        rows = self._rows_of("reviewer", name)
        return rows[rows["time"] >= since]

    def verdict(self, identity: str) -> Verdict | None:
        """The verdict with this id."""
        with self._guard:
            row = self._row.get(identity)
            return None if row is None else self._table.verdicts([row])[0]

    def successor(self, identity: str) -> str | None:
        """The id of the verdict that supersedes this one, if any does."""
        with self._guard:
            return self._successor.get(identity)

    def since(self, position: str) -> tuple[Verdict, ...]:
        """The verdicts after a position, in the order they were stored; after "", all of them."""
        return self.news(position)[0]

    @staticmethod
    def further(position: str, rows: int) -> str:
        """The position so many stored verdicts after another one."""
        return str(int(position) + rows)

    def news(self, position: str) -> tuple[tuple[Verdict, ...], str]:
        """`since`, and the position after the last of these: nothing another thread reads meanwhile is passed over."""
        with self._guard:
            first = self._table.since(int(position or 0))
            return self._table.verdicts(range(first, len(self._table))), self.position

    def _clear(self, features: Sequence[str]) -> None:
        self._table = Table(features)
        self._done: list[_Done] = []
        self._rows = 0
        self._row: dict[str, int] = {}
        self._by: dict[str, defaultdict[str, list[int]]] = {name: defaultdict(list) for name in _INDEXED}
        self._successor: dict[str, str] = {}
        self._fallen: list[int] = []
        self._drop_frames()

    def _drop_frames(self) -> None:
        self._frame = self._valid = self._effective = None

    def _goes_on(self, present: Sequence[Path]) -> bool:
        """Whether all that was read is still there, so that reading on is enough."""
        same = [done.file for done in self._done] == list(present[: len(self._done)])
        ended = all(done.file.stat().st_size == done.offset for done in self._done[:-1]) if same else False
        return same and ended and all(done.goes_on() for done in self._done)

    def _read(self, number: int, file: Path) -> None:
        offset = self._done[number].offset if number < len(self._done) else 0
        fields, features = _columns(file)
        types = [*(FIELDS[name] for name in fields), *[pa.float64()] * len(features)]
        for part, end in chained_log.tables(file, types, offset):
            first = len(self._table)
            self._table.add(part, fields, features, self._rows)
            self._rows += part.num_rows
            self._index(first)
            done = _Done(file, file.stat().st_ino, end, part[part.num_columns - 1][-1].as_py().encode())
            self._done[number:] = [done]

    def _index(self, first: int) -> None:
        self._drop_frames()
        text = {name: self._table.text(name, first) for name in ("id", "verdict", "supersedes", *_INDEXED)}
        self._row |= {identity: row for row, identity in enumerate(text["id"], first)}
        for name, rows in self._by.items():
            for row, key in enumerate(text[name], first):
                rows[key].append(row)
        for row, (identity, judgement, before) in enumerate(
            zip(text["id"], text["verdict"], text["supersedes"], strict=True), first
        ):
            if judgement == "withdrawn":
                self._fallen.append(row)
            if before in self._row:
                self._fallen.append(self._row[before])
                self._successor[before] = identity

    def _said(self, rows: Sequence[int]) -> Iterator[Said]:
        """The short form of these rows of the table."""
        columns = [self._table.text_of(name, rows) for name in Said._fields[1:]]
        return map(Said, self._table.times(rows), *columns)

    def _rows_of(self, name: str, key: str) -> pd.DataFrame:
        with self._guard:
            return self.frame().iloc[self._by[name].get(key, [])]


def _effective(valid: pd.DataFrame) -> pd.DataFrame:
    user, _ = pd.factorize(valid["user"])
    stands, draw = standings.last(user, valid)
    borrowed = ~standings.sampled(valid)[stands] & (draw >= 0) & (valid["stratum"] != "golden").to_numpy()[stands]
    order = np.argsort(stands)
    drawn = valid[["stratum", "inclusion"]].iloc[np.where(borrowed, draw, stands)[order]]
    return valid.iloc[stands[order]].assign(stratum=drawn["stratum"].array, inclusion=drawn["inclusion"].array)


def _signature(path: Path) -> object:
    """Changes whenever a file is appended to, replaced, begun or gone."""
    stats = ((file.name, file.stat()) for file in chained_log.files(path))
    return tuple((name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def _columns(file: Path) -> tuple[list[str], list[str]]:
    """The fields of a file and its features.

    Raises FileProblemError when its columns are not those of feedback, NewerFormatError when it does not know
    some of them.
    """
    names = chained_log.columns(file)
    later = [name for name in names if name.startswith(RESERVED)]
    if unknown := [name for name in later if name not in FIELDS]:
        raise NewerFormatError(shown(file), f"column {listed(unknown)}")
    if names[:FIRST] != list(FIELDS)[:FIRST]:
        sentence = "its first line does not name the columns of feedback. Restore it from a backup."
        raise FileProblemError(file.name, "damaged", sentence)
    return names[:FIRST] + later, [name for name in names[FIRST:] if name not in later]
