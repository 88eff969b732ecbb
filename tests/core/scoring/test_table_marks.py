"""A command knows the tables that it wrote, and takes no other for one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.feedback import table
from core.review import importing
from core.review.decisions import outbox
from core.scoring import export, table_marks
from core.scoring.table_marks import Mark, exactly
from tests import make

AFTER = ["n_missing", "novel_features", "prediction_id", "model_version", "policy_version"]
BEFORE = ["score", "confidence", "band", "action"]
ALL = [table_marks.SCORES, table_marks.REJECTED, outbox.MARK, table.MARK, importing.REJECTED]

Write = Callable[[pa.Table, Path], Path]


def as_csv(found: pa.Table, folder: Path) -> Path:
    path = folder / "a.csv"
    path.write_bytes(export.as_bytes(found, ".csv"))
    return path


def as_parquet(found: pa.Table, folder: Path) -> Path:
    path = folder / "a.parquet"
    path.write_bytes(export.as_bytes(found, ".parquet"))
    return path


def as_parquet_without_key(found: pa.Table, folder: Path) -> Path:
    return as_parquet(found.replace_schema_metadata(None), folder)


def of(names: list[str], value: str = "x") -> pa.Table:
    return pa.table({name: [value] for name in names})


FORMS = pytest.mark.parametrize("write", [as_csv, as_parquet, as_parquet_without_key])


@FORMS
@pytest.mark.parametrize("reasons", [0, 3, 20])
@pytest.mark.parametrize("context", [["user"], ["user", "a, b", 'c "d"', "e\nf", "=g", "input_score"]])
def test_scores_are_known_with_any_context_and_any_number_of_reasons(
    write: Write, reasons: int, context: list[str], tmp_path: Path
) -> None:
    names = [*context, *BEFORE, *(f"reason_{number + 1}" for number in range(reasons)), *AFTER]
    for value in ("x", "needs, quotes\n"):
        path = write(table_marks.SCORES.on(of(names, value)), tmp_path)
        assert [mark for mark in ALL if mark(path)] == [table_marks.SCORES]


@FORMS
@pytest.mark.parametrize(
    "names",
    [
        ["prediction_id", "actual_label"],
        ["prediction_id", "is_correct", "actual_label", "feedback_notes"],
        ["user", *make.SCHEMA.names],
        ["user", *BEFORE, *AFTER, "my_notes"],
        ["user", *BEFORE, "mine", *AFTER],
        ["user", *BEFORE[:-1], *AFTER],
        ["user", *BEFORE, *AFTER[:-1]],
        ["user", *BEFORE, *reversed(AFTER)],
        ["user", "input_score", *BEFORE[1:], *AFTER],
        ["line", "row", "column", "code", "sentence", "record", "mine"],
        ["line", "row", "column", "code", "sentence"],
        [*table.FIELDS, "links", "salt", "digest", "chain"],
        [*list(table.FIELDS)[1:], "links"],
        ["number", "time", "user"],
    ],
)
def test_the_tables_of_others_are_known_by_nobody(write: Write, names: list[str], tmp_path: Path) -> None:
    assert [mark.kind for mark in ALL if mark(write(of(names), tmp_path))] == []


@FORMS
def test_each_table_is_known_by_its_own_mark_alone(write: Write, tmp_path: Path) -> None:
    for mark, names in (
        (table_marks.REJECTED, ["line", "row", "column", "code", "sentence", "record"]),
        (importing.REJECTED, ["row", "column", "sentence", "record"]),
        (outbox.MARK, [column.name for column in outbox.decisions.c]),
        (table.MARK, [*table.FIELDS, "links", "ratio"]),
        (table.MARK, [*table.FIELDS]),
    ):
        assert [each for each in ALL if each(write(mark.on(of(names)), tmp_path))] == [mark]


def test_the_key_tells_two_kinds_with_the_same_columns_apart_and_leaves_other_metadata(tmp_path: Path) -> None:
    one, other = (Mark(kind, exactly("a")) for kind in ("one", "other"))
    frame = pd.DataFrame({"a": [1]})
    path = as_parquet(one.on(pa.Table.from_pandas(frame, preserve_index=False)), tmp_path)
    assert (one(path), other(path)) == (True, False)
    assert b"pandas" in pq.read_schema(path).metadata
    assert pd.read_parquet(path).equals(frame)


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"PAR1", b"PAR1 but not all of it PAR1", b"\0\xff\xfe", b'"', b"x" * (2 << 20)]
)
def test_what_is_no_table_is_known_by_nobody(content: bytes, tmp_path: Path) -> None:
    for name in ("a.csv", "a.parquet"):
        (tmp_path / name).write_bytes(content)
        assert not any(mark(tmp_path / name) for mark in ALL)
    assert not any(mark(tmp_path / "none.csv") or mark(tmp_path) for mark in ALL)
