"""Files as a whole: encodings, delimiters, compression, and what cannot be used at all."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from pathlib import Path

import pandas as pd
import pytest

from core import settings
from core.data.intake import read
from core.errors import FileProblemError
from core.schema.schema import Column, Schema

USERS = Schema((Column("a"), Column("b")), id="id", context=("bio",))
TABLE = b"id,a,b,bio\nu1,1,2,x\nu2,3,4,y\n"


def refused(payload: bytes | Path) -> FileProblemError:
    with pytest.raises(FileProblemError) as caught:
        read("users.csv", payload, USERS)
    assert str(caught.value).startswith("users.csv: ")
    assert str(caught.value).endswith(".")
    return caught.value


def same(payload: bytes) -> None:
    checked = read("users.csv", payload, USERS)
    pd.testing.assert_frame_equal(checked.frame, read("users.csv", TABLE, USERS).frame)
    assert checked.rejected.empty


@pytest.mark.parametrize("delimiter", [b",", b";", b"\t"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_delimiters_and_line_ends_make_no_difference(delimiter: bytes, end: bytes) -> None:
    same(TABLE.replace(b",", delimiter).replace(b"\n", end))


def test_line_ends_may_be_mixed() -> None:
    same(b"id,a,b,bio\r\nu1,1,2,x\ru2,3,4,y\n")


def test_the_delimiter_is_the_one_that_gives_most_known_columns_not_most_fields() -> None:
    checked = read("users.csv", b'id;a;b;"x,y,z,v,w,t"\nu1;1;2;n\n', USERS)
    assert checked.frame["b"].tolist() == [2.0]
    assert read("users.csv", b"id;a;b;x,y,z,v,w,t\nu1;1;2;n\n", USERS).context == ("x,y,z,v,w,t",)


def test_quotes_make_no_difference() -> None:
    same(b'"id","a","b","bio"\n"u1","1","2","x"\n"u2","3","4","y"\n')


def test_gzip_is_recognised_by_its_bytes_and_may_have_members_and_padding() -> None:
    same(gzip.compress(TABLE))
    same(gzip.compress(TABLE[:20]) + gzip.compress(TABLE[20:]) + b"\0" * 512)
    long = b"".join(b"u%d,1,1,x\n" % number for number in range(9, 200_000))  # more than is unpacked at once
    assert len(read("x", gzip.compress(TABLE + long) + gzip.compress(b"u8,1,1,x\n"), USERS).frame) == 199_994
    assert read("x", gzip.compress(TABLE), USERS).sha256 == read("x", TABLE, USERS).sha256


def test_a_damaged_gzip_file_is_refused() -> None:
    packed = gzip.compress(TABLE)
    broken_sum = packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]
    for payload in (packed[:-4], packed[:12], packed + b"rubbish", broken_sum, b"\x1f\x8b"):
        assert refused(payload).code == "damaged_gzip"
    assert "copy or download it again" in str(refused(packed[:-4]))


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    same(b"\xef\xbb\xbf" + TABLE)


def test_letters_beyond_ascii_are_read_as_utf8() -> None:
    checked = read("users.csv", "id,a,b,bio\nß,1,2,日本\n".encode(), USERS)
    assert checked.frame.iloc[0].tolist() == ["ß", 1.0, 2.0, "日本"]
    assert checked.problems == ()


def test_what_is_not_utf8_is_read_as_windows_1252_and_reported() -> None:
    checked = read("users.csv", "id,a,b,bio\nu1,1,2,café €\nu2,1,2,x\nu3,1,2,é\n".encode("cp1252"), USERS)
    assert checked.frame["bio"].tolist() == ["café €", "x", "é"]
    (problem,) = checked.problems
    assert (problem.code, problem.rows, problem.rejected) == ("encoding", 2, False)
    assert "save the file as CSV UTF-8" in problem.sentence


def test_what_is_neither_utf8_nor_windows_1252_is_refused() -> None:
    error = refused(b"id,a,b\nu1,1,\x81\n")
    assert error.code == "not_text"
    assert "line 2" in str(error)


@pytest.mark.parametrize(
    ("payload", "code", "words"),
    [
        (b"", "empty_file", "the file is empty"),
        (b"\xef\xbb\xbf", "empty_file", "the file is empty"),
        (b" \r\n\n", "empty_file", "the file is empty"),
        (gzip.compress(b"", mtime=0), "empty_file", "the file is empty"),
        (b"id,a,b\n", "no_rows", "a header and not one row"),
        (b"id,a,b", "no_rows", "a header and not one row"),
        (b'id,"a,b\n1,2,3\n', "bad_header", "not closed"),
        (b"id,a, A,b\n1,2,3,4\n", "column_twice", "column A is there twice (columns 2 and 3"),
        (b"x,y\n1,2\n", "no_known_column", "Expected id, a, b and bio; found x and y"),
        (b"PK\x03\x04....users.csv", "damaged_zip", "a damaged zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel_file", "this is an Excel file: save it as CSV"),
        (b"PAR1\x15\x04", "damaged_parquet", "cannot be read as Parquet"),
        (gzip.compress(b"PAR1\x15\x04", mtime=0), "binary_file", "a Parquet file: unpack it"),
        (b"\x89PNG\r\n\x1a\n", "binary_file", "a picture"),
        (gzip.compress(gzip.compress(TABLE, mtime=0), mtime=0), "binary_file", "compressed twice"),
        (b"id,a,b\n1,2,\0\n", "binary_file", "zero bytes"),
        (TABLE.decode().encode("utf-16")[:-1], "not_text", "not UTF-16 throughout"),
        (b"  \n<!DOCTYPE html><html>", "html_file", "a web page"),
        (b"<HTML><body>", "html_file", "a web page"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_advice(payload: bytes, code: str, words: str) -> None:
    error = refused(payload)
    assert error.code == code
    assert words in str(error)


def test_a_column_twice_names_both_positions() -> None:
    assert "(columns 1 and 4;" in str(refused(b"id,a,b, ID \n1,2,3,4\n"))


def test_columns_without_a_name_are_not_twins() -> None:
    assert len(read("users.csv", b"id,a,b,,\n1,2,3,4,5\n", USERS).context) == 2


def test_a_path_that_leads_nowhere_or_to_a_folder_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.csv").code == "no_such_file"
    (tmp_path / "x.csv").touch()
    assert refused(tmp_path / "x.csv" / "y.csv").code == "no_such_file"
    assert refused(tmp_path).code == "a_folder"
    assert refused(tmp_path / "a\0b.csv").code == "no_such_file"
    assert "this is a folder" in str(refused(tmp_path))


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:  # fmt: skip
    (tmp_path / "x.csv").write_bytes(TABLE)

    def fail(self: Path, mode: str) -> bytes:
        raise error

    monkeypatch.setattr(Path, "open", fail)
    assert refused(tmp_path / "x.csv").code == "unreadable"


def test_the_size_limit_holds_before_and_while_unpacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAX_FILE_BYTES", len(TABLE))
    same(gzip.compress(TABLE))
    (tmp_path / "large.csv").write_bytes(TABLE + b"u3,1,1,z\n")
    for payload in (TABLE + b"u3,1,1,z\n", tmp_path / "large.csv", gzip.compress(TABLE + b"\n")):
        assert refused(payload).code == "too_large"


def test_a_gzip_of_zeros_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAX_FILE_BYTES", 1_000_000)
    bomb = zlib.compress(b"0" * 50_000_000, 9, wbits=31)
    tracemalloc.start()
    try:
        assert refused(bomb).code == "too_large"
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_row_longer_than_the_parser_takes_at_a_time_is_read() -> None:
    bio = "x" * 9_000_000
    checked = read("users.csv", f"id,a,b,bio\nu1,1,2,{bio}\nu2,3,4,y\n".encode(), USERS)
    assert checked.frame["bio"].tolist() == [bio, "y"]
