"""Which records are turned away: the first thing wrong with each, and how much more.

All are counted; of the first `KEPT` of a file it is kept what they say.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pandas as pd

from core.data import problems
from core.data.cells import Wrong
from core.data.lines import Ints
from core.data.problems import Fault, Finding, Problem, clause
from core.data.records import BAD_QUOTE, BLANK, KEPT, RAGGED, Bools, Records, Small
from core.wording import count

#: Bytes of the records that are kept of one file.
MOST_BYTES: Final = 1 << 23
_CODES: Final = {BLANK: "blank", RAGGED: "ragged", BAD_QUOTE: "bad_quote"}


@dataclass(frozen=True, slots=True)
class Met:
    """Of ids (n,): the `first` line on which each stood before them, 0 for none; whether one of them stands `again`."""

    first: Ints
    again: bool


class Known(Protocol):
    """The ids of all accepted records so far."""

    def lines(self, ids: pd.Series[str], line: Small) -> Met:
        """What is known of these ids (n,) on these lines, which are known from now on."""


class Rejects:
    """Collects what is wrong with the records of a file; columns must be added in the order of the file.

    `at` in what follows is a position among the good records, from 0; `good` is where each stands among all.
    """

    def __init__(self, records: Records, good: Ints) -> None:
        self._records, self._good = records, good
        self._wrong_columns = np.zeros(len(good), np.int32)
        self._cells: dict[int, tuple[str, str, str]] = {}
        self._first: dict[tuple[str, str], int] = {}
        self._rows: dict[tuple[str, str], int] = {}

    def add(self, column: str, wrong: Wrong, *, allowed: str = "") -> None:
        """Note the wrong cells of a column; `allowed` is what clause() says that a label may be."""
        fresh = self._wrong_columns[wrong.at] == 0
        self._wrong_columns[wrong.at] += 1
        places = np.flatnonzero(fresh)
        for kind, code in enumerate(wrong.kinds):
            mine = places[wrong.which[places] == kind]
            if mine.size:
                told = [(place, clause(code, wrong.texts[place].as_py(), allowed=allowed)) for place in mine[:KEPT]]
                self._note(column, code, len(mine), [(int(wrong.at[place]), words) for place, words in told])

    def add_duplicates(self, column: str, ids: pd.Series[str], line: Small, known: Known | None = None) -> None:
        """Note the ids that an earlier record, itself accepted, has already; `known`: those of records before these."""
        at = np.flatnonzero(self.accepted)
        taken = ids if len(at) == len(ids) else ids.iloc[at]
        before = None if known is None else known.lines(taken, line[at])
        again = taken.duplicated().to_numpy() if before is None or before.again else np.zeros(len(at), np.bool_)
        there = np.zeros(len(at), np.int64) if before is None else before.first
        again = again | (there > 0)
        if not again.any():
            return
        # Codes are given in the order in which ids come for the first time.
        codes = pd.factorize(taken)[0]
        firsts = np.flatnonzero(~pd.Series(codes).duplicated().to_numpy())
        told = [
            (int(at[place]), problems.duplicate(
                taken.iloc[place], int(there[place] or line[at[firsts[codes[place]]]]), self._records.positions.place
            ))
            for place in np.flatnonzero(again)[:KEPT]
        ]  # fmt: skip
        self._note(column, "duplicate_id", int(np.count_nonzero(again)), told)
        self._wrong_columns[at[again]] = 1

    def _note(self, column: str, code: str, rows: int, told: list[tuple[int, str]]) -> None:
        """`rows` more with this code in this column; `told`: the first of them, with what to say."""
        group = column, code
        self._rows[group] = self._rows.get(group, 0) + rows
        self._first[group] = min(told[0][0], self._first.get(group, told[0][0]))
        self._cells |= {at: (column, code, words) for at, words in told}
        if len(self._cells) > 2 * KEPT:
            keep = {*heapq.nsmallest(KEPT, self._cells), *self._first.values()}
            self._cells = {at: found for at, found in self._cells.items() if at in keep}

    @property
    def _codes(self) -> dict[int, str]:
        """What is wrong with a record of each state that is none of a table."""
        return _CODES | ({RAGGED: "bad_record"} if self._records.positions.noun == "record" else {})

    @property
    def accepted(self) -> Bools:
        values: Bools = self._wrong_columns == 0
        return values

    def _faults(self) -> Iterator[Fault]:
        for at, (column, code, words) in self._cells.items():
            yield Fault(int(self._good[at]), column, code, words, int(self._wrong_columns[at]) - 1)
        for record in np.flatnonzero(self._records.state).tolist():
            code = self._codes[int(self._records.state[record])]
            fields, expected = int(self._records.fields[record]), len(self._records.header)
            words = problems.ragged(fields, expected) if code == "ragged" else clause(code)
            yield Fault(record, None, code, words)

    def table(self) -> pd.DataFrame:
        """The rejected records that are kept, in their order: line, row, column, code, sentence and the record as it
        stands in the file.
        """
        faults = heapq.nsmallest(KEPT, self._faults(), key=lambda fault: fault.record)
        at = np.array([fault.record for fault in faults], np.int64)
        size = np.cumsum(self._records.end[at] - self._records.start[at], dtype=np.int64)
        at = at[: max(1, int(np.searchsorted(size, MOST_BYTES, "right")))]
        faults, line = faults[: len(at)], self._records.line[at].astype(np.int64)
        noun = self._records.positions.noun
        return pd.DataFrame(
            {
                "line": line,
                "row": self._records.row[at].astype(np.int64),
                "column": pd.array([fault.column for fault in faults], dtype="str"),
                "code": pd.array([fault.code for fault in faults], dtype="str"),
                "sentence": pd.array(
                    [fault.sentence(number, noun) for fault, number in zip(faults, line.tolist(), strict=True)],
                    dtype="str",
                ),
                "record": pd.array([self._records.text(fault.record) for fault in faults], dtype="str"),
            }
        )

    def findings(self) -> Iterator[Finding]:
        """One for each code and column, all rows counted; it tells of the first, by row, where that is kept."""
        rows: dict[tuple[str | None, str], int] = {(column, code): rows for (column, code), rows in self._rows.items()}
        rows |= {(None, code): found for state, code in self._codes.items() if (found := self._records.found[state])}
        first: dict[tuple[str | None, str], Fault] = {}
        for fault in sorted(self._faults(), key=lambda fault: fault.record):
            first.setdefault((fault.column, fault.code), fault)
        for (column, code), total in rows.items():
            if (column, code) not in first:
                yield Finding(code, column, total, 0)
                continue
            fault = first[column, code]
            line, row = (int(each[fault.record]) for each in (self._records.line, self._records.row))
            yield Finding(code, column, total, row, (fault.sentence(line, self._records.positions.noun),))


def problem(found: Finding) -> Problem:
    """What is said of a finding of rejected rows."""
    (words,) = found.told
    verb = "was" if found.rows == 1 else "were"
    text = words if found.rows == 1 else f"The first: {words[0].lower()}{words[1:]}"
    sentence = f"{count(found.rows, 'row')} {verb} rejected. {text}."
    return Problem(found.kind, found.column, found.rows, rejected=True, sentence=sentence)
