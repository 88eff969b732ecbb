"""Parquet comes to what the same table comes to as CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data import intake
from core.data.formats import columnar
from core.data.streaming.reading import Reading
from core.data.streaming.source import Source, source_of
from core.errors import FileProblemError
from tests import make


def users() -> pd.DataFrame:
    """With a number that is none, an id that stands there twice, texts that need quotes, and missing values."""
    frame = make.users(200, seed=3).astype({"verified": bool, "country": "category"})
    frame.loc[7, "ratio"], frame.loc[8, "user"] = np.inf, "u3-1"
    frame.loc[9, "name"], frame.loc[10, "name"] = 'a "b", c\nd', None
    return frame


def as_csv(frame: pd.DataFrame) -> bytes:
    return make.csv(frame.astype({"verified": int}))


def read(source: Source, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    reading = Reading(source, make.SCHEMA, folder)
    (block,) = reading.blocks()
    return block.frame, block.rejected.drop(columns="record"), [each.sentence for each in reading.problems(block.read)]


def test_a_file_comes_to_the_same_as_csv(tmp_path: Path) -> None:
    users().to_parquet(tmp_path / "users.parquet", index=False)
    frame, rejected, said = read(source_of("users.parquet", tmp_path / "users.parquet"), tmp_path)
    expected = intake.read("users.csv", as_csv(users()), make.SCHEMA)
    pd.testing.assert_frame_equal(frame, expected.frame)
    assert rejected["sentence"].tolist() == [
        'Record 8, ratio: "inf" is not a number that a model can hold; write one between -3.4e38 and 3.4e38, or leave '
        "the cell empty",
        'Record 9, user: the id "u3-1" is in record 2 already; keep one row per id',
    ]
    pd.testing.assert_frame_equal(rejected[["row", "code"]], expected.rejected[["row", "code"]])
    assert len(said) == len(expected.problems)
    assert said[-1] == expected.problems[-1].sentence.replace("on line 7", "in record 6")


def test_a_folder_is_its_files_one_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "ROWS", 7)
    folder = tmp_path / "users"
    for name, begin, end in (("b/1", 60, 200), ("a", 0, 59), ("b/0", 59, 60)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        users()[begin:end].to_parquet(folder / f"{name}.parquet", index=False, row_group_size=20)
    pd.testing.assert_frame_equal(
        read(source_of("users", folder), tmp_path)[0], intake.read("x", as_csv(users()), make.SCHEMA).frame
    )


@pytest.mark.parametrize("offset", [1, 500, 4_000, 1 << 20])
def test_it_can_be_read_from_any_byte_on(tmp_path: Path, offset: int) -> None:
    users().to_parquet(tmp_path / "users.parquet", index=False)
    source = source_of("users.parquet", tmp_path / "users.parquet")
    assert b"".join(source.pieces(offset)) == b"".join(source.pieces(0))[offset:]


def test_of_other_bytes_the_digest_is_another(tmp_path: Path) -> None:
    digests = set()
    for rows in (5, 6, 6):
        users()[:rows].to_parquet(tmp_path / "users.parquet", index=False)
        digests.add(source_of("users.parquet", tmp_path / "users.parquet").sha256)
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("name", "table", "said"),
    [
        ("a.parquet", b"PAR1 and nothing else", "cannot be read as Parquet"),
        ("a.parquet", pa.table({"user": ["ab"], "li\0nks": [1]}), "a zero byte"),
        ("a.parquet", pa.table({"user": ["a"], "links": [[1, 2]]}), "cannot be read as Parquet with one value a cell"),
        ("folder", pa.table({"user": ["a"], "links": [1]}), r"other columns than a.parquet \(links and more\)"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, table: bytes | pa.Table, said: str) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
        pq.write_table(table, path / "a.parquet")
        pq.write_table(table.rename_columns(["user", "more"]), path / "b.parquet")
    elif isinstance(table, bytes):
        path.write_bytes(table)
    else:
        pq.write_table(table, path)
    with pytest.raises(FileProblemError, match=said):
        list(source_of(name, path).pieces(0))


def test_a_folder_without_parquet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblemError, match="this is a folder"):
        source_of("empty", tmp_path)
