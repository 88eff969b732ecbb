"""Bytes -> Checked: every row of an upload is accepted or rejected, and everything odd is said.

Nothing is coerced silently: a missing value never becomes 0, a number that cannot be read rejects its row,
and every row received is accepted or rejected. The parts: payload (bytes -> text), lines and records (text ->
records), layout (header -> which column is which), cells, ids and texts (cells -> numbers, ids, labels), rejects and
flags (what is wrong, what is odd).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from core.data import cells, flags, ids, rejects, texts
from core.data.cells import Marks, Numbers, Wrong
from core.data.formats.about import ADVICE, COMMA, about_columns, about_commas, about_reading, commas
from core.data.formats.header import Header, read_header
from core.data.formats.limits import in_memory
from core.data.formats.numerals import Numerals
from core.data.formats.options import NOTHING, Given
from core.data.formats.totals import is_totals
from core.data.ids import Habits, Ids
from core.data.kinds import moment, reading, text
from core.data.kinds.reading import Read
from core.data.layout import ROW_NUMBER, Layout, about_layout, lay_out, wanted
from core.data.lines import Ints
from core.data.problems import REJECTING, Finding, Findings, Problem, ordered
from core.data.records import GOOD, Bools, Records, Small
from core.data.records import found as found_records
from core.data.rejects import Known, Rejects
from core.data.streaming.source import Source, source_of, understood, whole
from core.errors import FileProblemError, listed
from core.schema import levels
from core.schema.schema import Column, Label, Schema
from core.wording import count

__all__ = ["Checked", "Problem", "read"]

#: Problems that are told of a file without an accepted row.
_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a file.

    `frame` holds the accepted rows, indexed by `row` (the number of the record in the file, from 1, rejected
    ones counted): id, label if present (1.0, 0.0, NaN), every feature of the schema in its order, context.
    `rejected` has the columns line (from 1, the header counted), row, column, code, sentence and record; of very many
    only the first (see `rejects`), while `problems` and `received` count them all. `problems` come rejecting ones
    first, then by rows. `sha256` is of the bytes as unpacked.
    """

    name: str
    sha256: str
    frame: pd.DataFrame
    rejected: pd.DataFrame
    problems: tuple[Problem, ...]
    received: int
    context: tuple[str, ...]
    absent: tuple[str, ...]

    @property
    def turned_away(self) -> int:
        """How many rows were rejected."""
        return self.received - len(self.frame)


def refuse_unusable(name: str, received: int, accepted: int, problems: Sequence[Problem]) -> None:
    """Raises FileProblemError where not one row was accepted: there is nothing to go on with."""
    if not accepted:
        first = " ".join(problem.sentence for problem in problems[:_TOLD] if problem.rejected)
        first += "".join(f" {problem.sentence}" for problem in problems if problem.code in ADVICE)
        sentence = f"not one of its {count(received, 'row')} can be used, so that no run was made. {first}"
        raise FileProblemError(name, "no_accepted_row", sentence)


def read(
    name: str, payload: bytes | Path, schema: Schema, *, allow_missing: bool = False, need_label: bool = False,
    given: Given = NOTHING,
) -> Checked:  # fmt: skip
    """Read a file of any format by the schema of a home, as was `given`.

    With `allow_missing`, feature columns may be absent and are missing throughout. With `need_label`, rows
    without a usable label are rejected; otherwise their label is missing.

    Raises FileProblemError when the file cannot be read as a table, MissingColumnsError when needed columns
    are absent, and SchemaError when a label is needed and the schema has none. That all rows are rejected
    is no error.
    """
    source = source_of(name, payload, given, in_memory())
    text = whole(source)
    header = read_header(name, text, wanted(schema), given)
    records = found_records(name, text, header, source.positions)
    layout = layout_of(source, header, schema, allow_missing=allow_missing, need_label=need_label)
    part = check(records, layout, schema, need_label=need_label, source=source)
    return Checked(
        name=name,
        sha256=source.sha256,
        frame=part.frame,
        rejected=part.rejected,
        problems=told(Findings(part.findings), layout, schema, accepted=len(part.frame), source=source, header=header),
        received=len(records),
        context=tuple(layout.context),
        absent=layout.absent,
    )


def layout_of(
    source: Source, header: Header, schema: Schema, *, allow_missing: bool, need_label: bool
) -> Layout:  # fmt: skip
    """As `layout.lay_out`; what it raises says how the file could be read otherwise, where no column is known."""
    try:
        return lay_out(source.name, header.names, schema, allow_missing=allow_missing, need_label=need_label)
    except FileProblemError as error:
        if advice := about_columns(understood(source, header), len(header.names)):
            error.add_note(advice)
        raise


@dataclass(frozen=True, slots=True)
class Part:
    """What became of some records: `frame` and `rejected` as of `Checked`, and what was found in them."""

    frame: pd.DataFrame
    rejected: pd.DataFrame
    findings: tuple[Finding, ...]


def check(
    records: Records, layout: Layout, schema: Schema, *, need_label: bool, source: Source,
    habits: Callable[[], Habits] | None = None, known: Known | None = None,
) -> Part:  # fmt: skip
    """Accept or reject each record of a source.

    Where these are some records of a file, `habits` gives those of all its ids, and `known` has the ids before.
    """
    table = _Table.of(records, layout, schema, habits, Numerals.of(source.given))
    found = table.reject(records, need_label=need_label, known=known)
    with_commas = table.commas()
    frame, odd = table.accept(found.accepted)
    accents = [Finding("encoding", None, records.with_accents, 0)] if source.recoded else []
    return Part(frame, found.table(), (*found.findings(), *odd, *accents, *with_commas))


def told(
    found: Findings, layout: Layout, schema: Schema, *, accepted: int, source: Source, header: Header
) -> tuple[Problem, ...]:  # fmt: skip
    """What is said of the findings in a whole file with so many accepted rows, and of how it was read."""
    place = source.positions.place
    rejecting = sorted((each for each in found if each.kind in REJECTING), key=lambda each: each.first)
    problems = [*map(rejects.problem, rejecting)]
    problems += (ids.problem(each, place) for each in found.of(ids.KINDS, id_name(schema)))
    if schema.label is not None:
        several = bool(schema.label.categories)
        problems += (
            flags.label_problem(each, place, several=several)
            for each in found.of(flags.LABEL_KINDS, schema.label.column)
        )
    for column in (*schema.derived, *(Column(name) for name in schema.moments)):
        problems += (flags.problem(each, column, place) for each in found.of(flags.KINDS, column.name))
    for column in (column for column in schema.features if column.kind == "text"):
        problems += (text.problem(each, column, place) for each in found.of((text.KIND,), column.name))
    problems += about_layout(layout, accepted)
    if schema.dated and accepted:
        problems.append(_about_moment(schema, accepted))
    problems += (_about_text(each.rows) for each in found if each.kind == "encoding")
    received = accepted + sum(each.rows for each in rejecting)
    problems += about_reading(understood(source, header), source.given, accepted)
    problems += about_commas([each for each in found if each.kind == COMMA], received)
    return ordered(problems)


def id_name(schema: Schema) -> str:
    """The name of the column of ids."""
    return schema.id or ROW_NUMBER


@dataclass(slots=True)
class _Table:
    """The good records of a file, column by column, while they are judged."""

    schema: Schema
    layout: Layout
    good: Ints
    row: Small
    line: Small
    numbers: dict[int, Numbers]
    by_kind: dict[str, Read]
    ids: Ids
    marks: Marks
    label: tuple[Label, texts.Labels, Any] | None
    context: dict[str, Any]
    #: Whether the last of these records is the last of the file.
    last: bool

    @classmethod
    def of(
        cls, records: Records, layout: Layout, schema: Schema, habits: Callable[[], Habits] | None, numerals: Numerals
    ) -> _Table:  # fmt: skip
        later = {column.name: column for column in schema.features if column.later and column.name in layout.features}
        plain = [at for name, at in layout.features.items() if name not in later]
        of_kinds = [layout.features[name] for name in later]
        named = [at for at in (layout.id, layout.label, *layout.context.values(), *of_kinds) if at is not None]
        marks = Marks.of(schema.missing)
        numbers, columns = cells.read(records, plain, list(dict.fromkeys(named)), marks, numerals)
        by_kind = {name: reading.read(columns[layout.features[name]], later[name], marks) for name in later}
        good = np.flatnonzero(records.state == GOOD)
        row = records.row[good]
        found = ids.numbered(row) if layout.id is None else ids.read(columns[layout.id], marks, habits)
        label = None
        if schema.label is not None and layout.label is not None:
            label = (schema.label, texts.labels(columns[layout.label], schema.label, marks), columns[layout.label])
        context = {name: texts.context(columns[at]) for name, at in layout.context.items()}
        return cls(
            schema, layout, good, row, records.line[good], numbers, by_kind, found, marks, label, context, records.last
        )

    @property
    def id_name(self) -> str:
        return id_name(self.schema)

    def reject(self, records: Records, *, need_label: bool, known: Known | None) -> Rejects:
        """Everything wrong with ids, labels and numbers, in the order of the file; duplicates last of all."""
        found = Rejects(records, self.good)
        for _, column, wrong, allowed in sorted(self._wrong(need_label=need_label), key=lambda entry: entry[0]):
            found.add(column, wrong, allowed=allowed)
        if self.layout.id is not None:
            found.add_duplicates(self.id_name, texts.as_pandas(self.ids.values, None), self.line, known)
        return found

    def _wrong(self, *, need_label: bool) -> list[tuple[int, str, Wrong, str]]:
        wrong: list[tuple[int, str, Wrong, str]] = []
        if self.layout.id is not None:
            found = self.ids
            without = Wrong.where(texts.missing(found.values, self.marks), "missing_id", found.values)
            twice = Wrong.where(found.twice, "lost_digits", found.values)
            wrong += [(self.layout.id, self.id_name, each, "") for each in (without, twice)]
            if self.last and len(found.values) and is_totals(found.values[len(found.values) - 1].as_py()):
                totals = np.arange(len(found.values)) == len(found.values) - 1
                wrong.append((self.layout.id, self.id_name, Wrong.where(totals, "totals_row", found.values), ""))
        if need_label and self.label and self.layout.label is not None:
            label, labels, written = self.label
            allowed = f"{', '.join(label.positives)} or {label.negative}"
            wrong += [(self.layout.label, label.column, bad, allowed) for bad in texts.wrong(labels, written)]
        for column in self.schema.features:
            at = self.layout.features.get(column.name)
            if at is None:
                continue
            later = self.by_kind.get(column.name)
            cells_wrong = self.numbers[at].wrong if later is None else later.wrong
            if cells_wrong is not None:
                wrong.append((at, column.name, cells_wrong, "" if later is None else reading.allowed(column)))
        return wrong

    def commas(self) -> list[Finding]:
        """Cells of features that would be numbers with a decimal comma, where none is read so."""
        plain = ((name, at) for name, at in self.layout.features.items() if name not in self.by_kind)
        found = (commas(name, self.numbers[at].wrong) for name, at in plain)
        return [each for each in found if each is not None]

    def accept(self, accepted: Bools) -> tuple[pd.DataFrame, list[Finding]]:
        """The accepted rows, and what is odd about them. Empties `numbers`."""
        keep = None if accepted.all() else accepted
        line = self.line[accepted]
        odd = [*self.ids.findings(self.id_name, self.line, accepted)]
        columns: dict[str, Any] = {self.id_name: texts.as_pandas(self.ids.values, keep).array}
        written: dict[str, Any] = {}
        if self.label:
            label, labels, _ = self.label
            columns[label.column] = labels.values[accepted]
            if label.categories:
                written[levels.written(label.column)] = texts.as_pandas(labels.categories, keep).array
            odd += flags.labels(label.column, labels.missing[accepted], labels.unknown[accepted], line)
        seconds = self._moments(keep)
        derived = dict(moment.derived(self.schema, seconds, len(line)))
        for column in self.schema.features:
            there = column.name in self.layout.features
            if column.worded:
                written[levels.written(column.name)] = self._words(column.name, keep, len(line))
            if column.kind == "text":
                derived |= text.derived(column, texts.as_list(written[levels.written(column.name)]))
                odd += text.findings(column.name, self._cut(column.name, accepted), line) if there else []
            if column.moment and there:  # said once, and not of each column that a model gets of it
                odd += flags.flags(seconds[column.name], Column(column.name), line)
            for each in column.derived():
                values = derived[each] if each in derived else self._values(column, keep, len(line))
                if there:
                    found = flags.flags(values, each, line)
                    # That a moment or a text is missing is said of itself alone.
                    odd += (fault for fault in found if each.name == column.name or fault.kind != "missing")
                columns[each.name] = flags.settle(values, each) if there else values
        columns |= {name: texts.as_pandas(column, keep).array for name, column in self.context.items()} | written
        index = pd.Index(self.row[accepted].astype(np.int64), name="row")
        return pd.DataFrame(columns, index=index, copy=False), odd

    def _values(self, column: Column, keep: Bools | None, rows: int) -> Any:
        at = self.layout.features.get(column.name)
        if at is None:
            return np.full(rows, np.nan)
        later = self.by_kind.get(column.name)
        values = self.numbers.pop(at).values if later is None else later.values
        return values if keep is None else values[keep]

    def _moments(self, keep: Bools | None) -> dict[str, Any]:
        """Seconds of the moments that are there."""
        found = {name: self.by_kind[name].values for name in self.schema.moments if name in self.by_kind}
        return found if keep is None else {name: values[keep] for name, values in found.items()}

    def _cut(self, name: str, accepted: Bools) -> Bools:
        cut = self.by_kind[name].cut
        return np.zeros(0, np.bool_) if cut is None else cut[accepted]

    def _words(self, name: str, keep: Bools | None, rows: int) -> Any:
        later = self.by_kind.get(name)
        words = pa.nulls(rows, pa.large_string()) if later is None else later.words
        return texts.as_pandas(words, None if later is None else keep).array


def _about_moment(schema: Schema, rows: int) -> Problem:
    whose = "its age is" if len(schema.dated) == 1 else "their ages are"
    sentence = f"{listed(schema.dated)}: {whose} told as of {schema.as_of}. Give --as-of where that is another day."
    return Problem("as_of", None, rows, rejected=False, sentence=sentence)


def _about_text(rows: int) -> Problem:
    sentence = (
        f"The file is not UTF-8 and was read as Windows-1252: look at the accents in {count(rows, 'row')}. "
        "If they are wrong, save the file as CSV UTF-8."
    )
    return Problem("encoding", None, rows, rejected=False, sentence=sentence)
