"""What the checks of a file say of its first rows: which are rejected and why, and what of each column is noticed.

Nothing is stored, and no rule is another one than when the file is read (`core.data.intake`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from core.data import flags, ids, intake, problems
from core.data.cells import Marks
from core.data.formats.header import Header
from core.data.intake import Part
from core.data.kinds import text
from core.data.layout import Layout, lay_out, wanted
from core.data.problems import REJECTING, Findings
from core.data.records import GOOD, Records
from core.data.streaming.source import Source
from core.errors import UnusableInputError
from core.schema.schema import Column, Schema, matched

Role = Literal["ID", "Label", "Feature", "Context"]
#: Columns looked at, and rejected rows shown: beyond these nobody reads on.
MOST_COLUMNS: Final = 400
MOST_REJECTED: Final = 100
#: What is said of cells that are kept: all but that they are missing, whose share stands beside.
_NOTICED: Final = frozenset({*flags.KINDS, *flags.LABEL_KINDS, *ids.KINDS, text.KIND} - {"missing"})


@dataclass(frozen=True, slots=True)
class ColumnSeen:
    """A column of a file: the name that it has there, the name that it is read by, and what the schema takes it for.

    `example`: its first cell that is not missing, as it stands; `missing`: the share of such cells, 0 to 1;
    `rejected`: rows that are rejected for it; `noticed`: sentences about cells that are kept; `words`: those of a
    category, each once.
    """

    theirs: str
    ours: str
    kind: str
    role: Role
    example: str
    missing: float
    rejected: int = 0
    noticed: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirstRows:
    """`columns` of a file, in its order. `accepted` and `turned_away`: how many rows looked at are, None where a column
    is missing without which no row can be told; `rejected`: the first of those, with number, column, cell and reason.
    """

    columns: tuple[ColumnSeen, ...]
    accepted: int | None
    turned_away: int
    rejected: pd.DataFrame

    @property
    def unused(self) -> int:
        """Columns that do not reach the model."""
        return sum(each.role == "Context" for each in self.columns)


def look(
    records: Records, header: Header, original: Sequence[str], schema: Schema, source: Source, *, need_label: bool
) -> FirstRows:  # fmt: skip
    """Check the first rows of a file. original: the names that its columns have there."""
    part, layout = _checked(records, header, schema, source, need_label=need_label)
    noticed, rejected = _noticed(part, layout, schema, source, header)
    columns = tuple(_columns(records, header.names, original, schema, noticed, rejected))
    if part is None:
        return FirstRows(columns, None, 0, _rejected(records, header.names, None, schema))
    turned_away = sum(each.rows for each in part.findings if each.kind in REJECTING)
    return FirstRows(columns, len(part.frame), turned_away, _rejected(records, header.names, part, schema))


def _checked(
    records: Records, header: Header, schema: Schema, source: Source, *, need_label: bool
) -> tuple[Part | None, Layout | None]:  # fmt: skip
    """What becomes of the rows; nothing where what is missing must be said first."""
    try:
        layout = lay_out(source.name, header.names, schema, allow_missing=True, need_label=need_label)
    except UnusableInputError:
        return None, None
    return intake.check(records, layout, schema, need_label=need_label, source=source), layout


def _noticed(
    part: Part | None, layout: Layout | None, schema: Schema, source: Source, header: Header
) -> tuple[dict[str, list[str]], dict[str, int]]:  # fmt: skip
    """By column of the schema what is said of cells that are kept, and how many rows are rejected for it."""
    noticed, rejected = dict[str, list[str]](), dict[str, int]()
    if part is None or layout is None:
        return noticed, rejected
    of = {each.name: column.name for column in schema.features for each in column.derived()}
    for problem in intake.told(
        Findings(part.findings), layout, schema, accepted=len(part.frame), source=source, header=header
    ):
        name = of.get(problem.column or "", problem.column or "")
        if problem.rejected:
            rejected[name] = rejected.get(name, 0) + problem.rows
        elif problem.code in _NOTICED:
            noticed.setdefault(name, []).append(problem.sentence.removeprefix(f"{name}: "))
    return noticed, rejected


def _columns(
    records: Records, names: Sequence[str], original: Sequence[str], schema: Schema, noticed: dict[str, list[str]],
    rejected: dict[str, int],
) -> Iterator[ColumnSeen]:  # fmt: skip
    taken = {at: name for name, at in matched(list(wanted(schema)), names).items()}
    shown = range(min(len(names), MOST_COLUMNS))
    for at, cells in records.columns(dict.fromkeys(shown, pa.large_string())).items():
        ours = taken.get(at, "")
        role, column = _meant(ours, schema)
        marks = Marks.of(schema.missing).and_of(column.missing if column else ())
        encoded = cells.combine_chunks().dictionary_encode()
        distinct = encoded.dictionary.to_pylist()
        gone = np.array([marks.missing(cell) for cell in distinct], np.bool_)
        said = [cell for cell, missing in zip(distinct, gone, strict=True) if not missing]
        share = float(gone[encoded.indices.to_numpy()].mean()) if len(encoded) else 0.0
        yield ColumnSeen(
            original[at] or f"column {at + 1}", ours, column.kind if column else "", role, next(iter(said), ""), share,
            rejected.get(ours, 0), tuple(noticed.get(ours, ())),
            tuple(said) if column and column.kind == "category" else (),
        )  # fmt: skip


def _meant(ours: str, schema: Schema) -> tuple[Role, Column | None]:
    """What a column of the schema is, and, where it is a feature, as the schema describes it."""
    if ours and ours == schema.id:
        return "ID", None
    if ours and schema.label is not None and ours == schema.label.column:
        return "Label", None
    column = next((each for each in schema.features if each.name == ours), None)
    return ("Context", None) if column is None else ("Feature", column)


def _rejected(records: Records, names: Sequence[str], part: Part | None, schema: Schema) -> pd.DataFrame:
    """The first rejected rows: the number by which each is found, the column, its cell as it stands, and why."""
    shown = pd.DataFrame() if part is None else part.rejected[:MOST_REJECTED]
    noun = records.positions.noun
    if shown.empty:
        return pd.DataFrame({noun: [], "column": [], "cell": [], "reason": []})
    places = matched(list(wanted(schema)), names)
    asked = {places[name] for name in shown["column"].dropna().unique() if name in places}
    cells = records.columns(dict.fromkeys(sorted(asked), pa.large_string()))
    row = records.row[records.state == GOOD]
    said = [
        cells[places[name]][int(np.searchsorted(row, number))].as_py() if name in places else ""
        for name, number in zip(shown["column"].fillna(""), shown["row"], strict=True)
    ]
    return pd.DataFrame(
        {
            noun: shown["line"].to_numpy(),
            "column": shown["column"].fillna("").to_numpy(object),
            "cell": said,
            "reason": [problems.brief(code) for code in shown["code"]],
        }
    )
