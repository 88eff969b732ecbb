"""The table that leaves the house: one row a user in input order, safe to open in a spreadsheet."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from core.data.streaming.ahead import ahead
from core.files import Settle, at_once
from core.policy.bands import BANDS
from core.policy.decide import acted
from core.ports import DatasetStore
from core.schema.levels import written
from core.schema.schema import Schema, key
from core.scoring import table_marks
from core.scoring.runs import Run, Runs
from core.scoring.texts import unquoted
from core.targets import Kept, Mark, Target

#: What a spreadsheet takes for a formula at the start of a cell (OWASP, "CSV injection"), also full-width.
FORMULA: Final = "^[=+\\-@\t\r\n＝＋－＠]"
#: The same after a semicolon in a cell: where lists are parted by semicolons, a spreadsheet parts a row there, and
#: quotes that stand within what it takes for a cell protect nothing.
_AFTER: Final = ';([\\t\\r\\n"]*[=+\\-@＝＋－＠])'
SUFFIXES: Final = (".csv", ".parquet")
#: A table in parts of the same columns, as often as it is asked for.
TableParts = Callable[[], Iterable[pa.Table]]
#: Reasons a user in files, unless asked otherwise.
TOP: Final = 3


def kept(frame: pd.DataFrame, schema: Schema, *, keep_features: bool, texts: bool = True) -> pd.DataFrame:
    """The columns of a dataset's rows that go on: id, context and, when asked for, the features last.

    texts: whether what people wrote is among them.
    """
    words = {written(name): name for name in schema.worded if written(name) in frame}
    label = {schema.label.column, written(schema.label.column)} if schema.label else set()
    left = {*schema.names, *words} | label
    names = [name for name in frame.columns if name not in left]
    if not keep_features:
        return frame[names]
    # Words go on as they were written, and the numbers that stand for them stay here.
    at = {name: column for column, name in words.items()}
    features = [name for name in schema.names if texts or name not in schema.texts]
    return frame[names + [at.get(name, name) for name in features]].rename(columns=words)


def table(frame: pd.DataFrame, results: pd.DataFrame, reasons: pd.DataFrame, run: Run) -> pa.Table:
    """The result table of a run.

    frame: what `kept` keeps; results: as of `Runs.scores`; reasons:
    `reason_1` ..., for some or all rows. All are indexed by input row; the order is that of `results`. A column of
    the frame with the name of a result is called `input_<name>`.
    """
    probability = results["probability"].to_numpy()
    added: dict[str, pa.Array] = {"score": pa.array(probability), "confidence": pa.array(np.abs(probability - 0.5) * 2)}
    severity, bands = results["severity"].to_numpy(np.int8), np.asarray(BANDS)
    added["band"] = _repeated(bands[severity])
    added["action"] = _repeated(bands[acted(severity, armed=run.policy.armed)])
    added["decided_by"] = _repeated(results["decided_by"].to_numpy(object))
    if "category" in results:
        added["category"] = _repeated(results["category"].to_numpy(object))
        added["category_probability"] = pa.array(results["category_probability"])
    added |= {str(name): pa.array(values, from_pandas=True) for name, values in _for_all(reasons, results).items()}
    added["n_missing"] = pa.array(results["n_missing"])
    added["novel_features"] = pa.array(results["novel_features"], from_pandas=True)
    added["prediction_id"] = pc.binary_join_element_wise(run.id, pa.array(results.index).cast(pa.string()), "-")
    added["model_version"] = pa.repeat(run.model, len(results))
    added["policy_version"] = pa.repeat(run.policy.version, len(results))
    names = _apart(map(str, frame.columns), added)
    given = {name: pa.array(frame[column], from_pandas=True) for name, column in zip(names, frame.columns, strict=True)}
    return table_marks.SCORES.on(pa.table(given | added))


def _for_all(reasons: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    return reasons if reasons.index.equals(results.index) else reasons.reindex(results.index)


def _apart(names: Iterable[str], results: Iterable[str]) -> list[str]:
    """The names, with `input_` before those that a result has: a schema may call its id or a feature `score`."""
    taken, found = {key(name) for name in results}, []
    for name in names:
        free = name
        while key(free) in taken:
            free = f"input_{free}"
        taken.add(key(free))
        found.append(free)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Exports:
    """Runs as tables; `kept` says what no file may replace."""

    datasets: DatasetStore
    runs: Runs
    kept: Kept

    def run_table(self, run: Run, *, texts: bool = True) -> pa.Table:
        """The result table of a stored run, with the reasons there are so far. Raises UnknownItemError.

        texts: whether reasons quote words.
        """
        dataset = self.datasets.find(run.dataset)
        frame = self.datasets.frame(run.dataset, [dataset.id_column, *dataset.context])
        told = self.runs.reasons(run.id)
        empty = pd.DataFrame({f"reason_{j + 1}": pd.array([], "str") for j in range(TOP)})
        told = empty if told is None else told
        return table(frame, self.runs.scores(run.id), told if texts else unquoted.reasons(told), run)

    def rejected_table(self, dataset: str, *, texts: bool = True) -> pa.Table:
        """The rejected rows of a dataset: line, row, column, code, sentence, record; without `texts` no records."""
        rows = pa.Table.from_pandas(self.datasets.rejected(dataset), preserve_index=False)
        return table_marks.REJECTED.on(rows if texts else unquoted.rejected(rows))

    def target(self, path: Path, mark: Mark, *, reads: Iterable[Path] = (), overwrite: bool = False) -> Target:
        """A file that `write` can write; to be asked for before any work is done.

        reads: the files that the command is given. Raises BadOptionError unless the suffix is one that `write` knows, a
        file can be there, and nothing is lost by it.
        """
        found = Target(path, mark, self.kept, tuple(reads), overwrite, SUFFIXES)
        found.claim()
        return found

    def rejected_target(
        self, beside: Path, mark: Mark, *, reads: Iterable[Path] = (), overwrite: bool = False,
        advice: str = "",
    ) -> Target:  # fmt: skip
        """`<stem>.rejected.csv` beside a file; `claim` it once there are rejected rows, before the work goes on.

        Raises BadOptionError when it is a file that the command reads.
        """
        path = beside.with_name(f"{beside.stem}.rejected.csv")
        advice = advice or f"Rejected rows would go there: give {beside} another name."
        return Target(path, mark, self.kept, tuple(reads), overwrite, advice=advice)


def as_bytes(table: pa.Table, suffix: str) -> bytes:
    """The table as the bytes of a `.csv` or `.parquet` file."""
    sink = io.BytesIO()
    (_write_csv if suffix == ".csv" else _write_parquet)(lambda: [table], sink)
    return sink.getvalue()


def write(table: pa.Table, target: Target, settle: Settle = at_once) -> None:
    """Write as CSV or Parquet by suffix, under a temporary name until it is whole."""
    write_parts(lambda: [table], target, settle)


def write_parts(parts: TableParts, target: Target, settle: Settle = at_once) -> None:
    """As `write`, a table that comes in parts, of which one is in memory at a time: the same bytes in CSV."""
    with target.replacing(settle) as temporary, temporary.open("wb") as sink:
        (_write_csv if target.path.suffix.lower() == ".csv" else _write_parquet)(parts, sink)


def write_rejected(table: pa.Table, target: Target) -> bool:
    """Write rejected rows, if there are any, and say whether; else take away those of an earlier run."""
    if table.num_rows:
        write(table, target)
    else:
        target.clear()
    return bool(table.num_rows)


def _write_parquet(parts: TableParts, sink: BinaryIO) -> None:
    tables = ahead(iter(parts()))
    first = next(tables)
    with pq.ParquetWriter(sink, first.schema, compression="zstd") as writer:
        for table in itertools.chain([first], tables):
            writer.write_table(table.cast(first.schema))


class _OtherCellsError(Exception):
    """A column of whole numbers so far holds something else."""


def _write_csv(parts: TableParts, sink: BinaryIO) -> None:
    """Comma, UTF-8, floats in their shortest exact form; text that looks like a formula gets a leading '.

    What all cells decide is taken from the first ones, and all is written anew where a later one says otherwise.
    """
    start, style, numbers = sink.tell(), "none", _numbers(parts)
    while True:
        try:
            _write_quoted(style, parts, numbers, sink)
        except _OtherCellsError as found:
            numbers -= found.args[0]
        except pa.ArrowInvalid:  # a cell needs quotes
            if style == "needed":
                raise
            style = "needed"  # it quotes every text, so it is kept for tables that need it
        else:
            return
        sink.seek(start)
        sink.truncate()


def _write_quoted(style: str, parts: TableParts, numbers: frozenset[int], sink: BinaryIO) -> None:
    tables = ahead(_neutralised(table, numbers) for table in parts())
    first = next(tables)
    options = pyarrow.csv.WriteOptions(quoting_style=style, quoting_header=style)
    with pyarrow.csv.CSVWriter(sink, first.schema, write_options=options) as writer:
        for table in itertools.chain([first], tables):
            writer.write_table(table.cast(first.schema))


def _numbers(parts: TableParts) -> frozenset[int]:
    """The columns of texts (ids), by position, that hold whole numbers alone in the first part with a row: they are
    written as numbers, if that holds for the others.
    """
    first = next((table for table in parts() if len(table)), pa.table({}))
    return frozenset(at for at, column in enumerate(first.columns) if _whole(_decoded(column)))


def _neutralised(table: pa.Table, numbers: frozenset[int]) -> pa.Table:
    """The table with every text cell, and every column name, that begins like a formula made plain text; also where one
    begins after a semicolon in it. Columns of `numbers` need no quote mark.

    Raises _OtherCellsError with those of them that hold anything else.
    """
    names = [re.sub(_AFTER, r";'\1", name) for name in table.column_names]
    names = [f"'{name}" if re.match(FORMULA, name) else name for name in names]
    columns = [_decoded(column) for column in table.columns]
    if others := frozenset(at for at in numbers if not _whole(columns[at])):
        raise _OtherCellsError(others)
    columns = [column.cast(pa.int64()) if at in numbers else _plain(column) for at, column in enumerate(columns)]
    return pa.table(columns, names=names)


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _is_text(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not _is_text(column):
        return column
    if pc.any(pc.match_substring_regex(column, _AFTER)).as_py():
        column = pc.replace_substring_regex(column, _AFTER, r";'\1")
    formula = pc.match_substring_regex(column, FORMULA)
    if not pc.any(formula).as_py():
        return column
    return pc.if_else(formula, pc.binary_join_element_wise("'", column.cast(pa.string()), ""), column.cast(pa.string()))


def _whole(column: pa.ChunkedArray) -> bool:
    """Whether it is one of texts, every one a whole number in the very form in which it would be written (no `007`)."""
    pattern = r"^(0|-?[1-9][0-9]{0,17})$"
    return _is_text(column) and bool(pc.all(pc.match_substring_regex(column, pattern), skip_nulls=False).as_py())


def _repeated(words: np.ndarray) -> pa.Array:
    return pa.array(words).dictionary_encode().cast(pa.string())
