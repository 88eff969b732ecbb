"""Which records are turned away: the first thing wrong with each, and how much more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from core.data import problems
from core.data.cells import Wrong
from core.data.lines import Ints
from core.data.problems import Fault, Problem, clause
from core.data.records import BAD_QUOTE, BLANK, RAGGED, Bools, Records
from core.wording import count


class Rejects:
    """Collects what is wrong with good records; columns must be added in the order of the file.

    `at` in what follows is a position among the good records, from 0.
    """

    def __init__(self, size: int) -> None:
        self._wrong_columns = np.zeros(size, np.int64)
        self._faults: dict[int, tuple[str, str, str]] = {}

    def add(self, column: str, wrong: Wrong, *, allowed: str = "") -> None:
        """Note the wrong cells of a column; `allowed` is what clause() says that a label may be."""
        fresh = self._wrong_columns[wrong.at] == 0
        self._wrong_columns[wrong.at] += 1
        texts = wrong.texts.filter(fresh).to_pylist()
        for at, code, text in zip(wrong.at[fresh].tolist(), wrong.codes[fresh].tolist(), texts, strict=True):
            self._faults[at] = (column, code, clause(code, text, allowed=allowed))

    def add_duplicates(self, column: str, ids: pd.Series[str], line: Ints) -> None:
        """Note the ids that an earlier record, itself accepted, has already."""
        at = np.flatnonzero(self.accepted)
        taken = ids if len(at) == len(ids) else ids.iloc[at]
        again = taken.duplicated().to_numpy()
        if not again.any():
            return
        firsts = ~again & taken.isin(taken[again].unique()).to_numpy()
        first = dict(zip(taken[firsts].tolist(), line[at[firsts]].tolist(), strict=True))
        for position, text in zip(at[again].tolist(), taken[again].tolist(), strict=True):
            self._faults[position] = (column, "duplicate_id", problems.duplicate(text, first[text]))
        self._wrong_columns[at[again]] = 1

    @property
    def accepted(self) -> Bools:
        values: Bools = self._wrong_columns == 0
        return values

    def faults(self, records: Records, good: Ints) -> list[Fault]:
        """All faults of the file in its order, those of its structure included; `good` is the number of each `at`."""
        cells = [
            Fault(int(good[at]), column, code, words, int(self._wrong_columns[at]) - 1)
            for at, (column, code, words) in self._faults.items()
        ]
        return sorted([*cells, *_structural(records)], key=lambda fault: fault.record)


def _structural(records: Records) -> Iterator[Fault]:
    codes = {BLANK: "blank", RAGGED: "ragged", BAD_QUOTE: "bad_quote"}
    for record in np.flatnonzero(records.state).tolist():
        code = codes[int(records.state[record])]
        fields = int(records.fields[record])
        words = problems.ragged(fields, len(records.header)) if code == "ragged" else clause(code)
        yield Fault(record, None, code, words)


def table(faults: list[Fault], records: Records) -> pd.DataFrame:
    """The rejected records: line, row, column, code, sentence and the record as it stands in the file."""
    at = np.array([fault.record for fault in faults], np.int64)
    line = records.line[at]
    return pd.DataFrame(
        {
            "line": line,
            "row": at + 1,
            "column": pd.array([fault.column for fault in faults], dtype="str"),
            "code": pd.array([fault.code for fault in faults], dtype="str"),
            "sentence": pd.array(
                [fault.sentence(number) for fault, number in zip(faults, line.tolist(), strict=True)], dtype="str"
            ),
            "record": pd.array([records.text(fault.record) for fault in faults], dtype="str"),
        }
    )


def summary(faults: Iterable[Fault], records: Records) -> Iterator[Problem]:
    """One problem for each code and column; its sentence tells of the first."""
    groups: dict[tuple[str, str | None], list[Fault]] = {}
    for fault in faults:
        groups.setdefault((fault.code, fault.column), []).append(fault)
    for (code, column), members in groups.items():
        first = members[0].sentence(int(records.line[members[0].record]))
        verb = "was" if len(members) == 1 else "were"
        text = first if len(members) == 1 else f"The first: {first[0].lower()}{first[1:]}"
        sentence = f"{count(len(members), 'row')} {verb} rejected. {text}."
        yield Problem(code, column, len(members), rejected=True, sentence=sentence)
