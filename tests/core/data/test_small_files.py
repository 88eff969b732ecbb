"""Small files that unpack to large ones: refused, or worked through in memory that their size bounds."""

from __future__ import annotations

import gzip
import os
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from core.data import cells, lines, records, rejects
from core.data.infer import infer
from core.data.intake import Checked, read
from core.errors import FileProblemError, UnusableInputError
from core.home import Home
from core.schema.schema import Column, Schema
from core.settings import Settings

USERS = Schema((Column("a"), Column("b")), id="id")
HEAD = b"id,a,b\n"


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refused(payload: bytes | Path) -> FileProblemError:
    with pytest.raises(FileProblemError) as caught:
        read("users.csv", payload, USERS)
    return caught.value


@pytest.mark.parametrize("letter", [b"\n", b"\r", b'"', b",", b"a", b"\0", b",,\n", b'"\n'])
def test_a_gzip_that_no_table_would_be_is_refused_before_it_is_unpacked(letter: bytes) -> None:
    packer = zlib.compressobj(6, wbits=31)
    piece = letter * (1_000_000 // len(letter))
    packed = b"".join([packer.compress(HEAD), *(packer.compress(piece) for _ in range(30)), packer.flush()])
    found: list[FileProblemError] = []
    assert peak(lambda: found.append(refused(packed))) < 29_000_000
    assert found[0].code == "gzip_bomb"
    assert "unpack it and give the CSV itself" in str(found[0])


def test_a_gzip_of_distinct_users_and_one_of_very_many_zeros_are_tables() -> None:
    names = [f"x{number}" for number in range(1_000)]
    wide = Schema(tuple(map(Column, names)), id="id")
    table = "\n".join([",".join(["id", *names]), *(f"u{row}{',0' * 1_000}" for row in range(2_000))])
    assert len(read("users.csv", gzip.compress(table.encode()), wide).frame) == 2_000
    many = "\n".join(["id,a,b", *(f"{row},0,0" for row in range(150_000))])
    assert len(read("users.csv", gzip.compress(many.encode(), 9), USERS).frame) == 150_000


@pytest.mark.parametrize(
    ("line", "code"),
    [(b"\n", "blank"), (b"\r", "blank"), (b"\r\n", "blank"), (b",,,\n", "ragged"), (b'""\n', "ragged")],
)
def test_records_without_end_are_all_counted_and_few_are_kept(
    line: bytes, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (records, rejects):
        monkeypatch.setattr(module, "KEPT", 1_000)
    rows = 1_500_000 // len(line)
    payload = HEAD + line * rows + b"u1,1,1\nu2,x,1\n"
    found: list[Checked] = []
    # Arrays over all lines would take several times this.
    assert peak(lambda: found.append(read("users.csv", payload, USERS))) < 20_000_000
    (checked,) = found
    assert (checked.received, checked.turned_away) == (rows + 2, rows + 1)
    assert checked.frame.index.tolist() == [rows + 1]
    assert {each.code: each.rows for each in checked.problems} == {code: rows, "not_a_number": 1}
    assert len(checked.rejected) == 1_000
    assert checked.rejected["row"].tolist() == [*range(1, len(checked.rejected) + 1)]


def test_cells_and_ids_without_end_are_all_counted_and_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (records, rejects):
        monkeypatch.setattr(module, "KEPT", 10)
    table = [f"u{row},x,y" for row in range(50)] + ["u0,1,1"] * 40 + ["v,1,x", ",1,1", "w,1", ""] + ["w,1,1"] * 3
    checked = read("users.csv", "\n".join(["id,a,b", *table, "z"]).encode(), USERS)
    assert checked.frame["id"].tolist() == ["u0", "w"]
    assert (checked.received, checked.turned_away, len(checked.rejected)) == (98, 96, 10)
    told = {(each.code, each.column): (each.rows, each.sentence) for each in checked.problems}
    assert {found: rows for found, (rows, _) in told.items()} == {
        ("not_a_number", "a"): 50, ("duplicate_id", "id"): 41, ("not_a_number", "b"): 1, ("missing_id", "id"): 1,
        ("ragged", None): 2, ("blank", None): 1,
    }  # fmt: skip
    assert "The first: line 53, id: " in told["duplicate_id", "id"][1]
    assert told["not_a_number", "b"][1].startswith("1 row was rejected. Line 92, b: ")
    assert checked.rejected["row"].tolist() == [*range(1, 11)]


def test_of_records_that_are_kept_the_bytes_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects, "MOST_BYTES", 100)
    checked = read("users.csv", HEAD + b"u1,x,1\n" * 3 + b"x" * 90 + b"\n" + b"u2,x,1\n", USERS)
    assert (checked.turned_away, len(checked.rejected)) == (5, 3)


def test_a_line_or_a_header_that_no_table_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_SPAN", 50)
    monkeypatch.setattr(lines, "LONGEST", 1_000)
    for letter in (b"a", b",", b'"'):
        error = refused(HEAD + b"u1,1,1\n" * 30 + letter * 1_001)
        assert (error.code, "(line 32 or soon after)" in str(error)) == ("long_line", True)
        assert read("users.csv", HEAD + letter * 999, USERS).turned_away == 1
    assert refused(b"a," * 20_001 + b"\n1\n").code == "long_header"
    assert refused(b"a" * 2_000_000 + b"\n1\n").code == "long_header"
    assert refused(b'"' * 2_000_000).code == "long_header"


def test_a_sentence_does_not_repeat_a_name_without_end() -> None:
    said = str(refused(b"x" * 15_000 + b",y\n1,2\n"))
    assert "x" * 199 + "… and y" in said
    assert len(said) < 500


@pytest.mark.parametrize("end", ["x", "", ".5x"])
def test_a_cell_of_digits_without_end_is_judged_at_once(end: str) -> None:
    cell = "9" * 400_000 + end
    wrong = "not_a_number" if end else "not_finite"
    assert cells.judge(cell) == wrong
    assert read("users.csv", f"{HEAD.decode()}u1,1,{cell}\n".encode(), USERS).rejected["code"].tolist() == [wrong]
    assert infer("users.csv", f"a,b\n1,{cell}\n2,x\n".encode(), label="b", positive="x").schema.names == ("a",)


def test_stray_quotes_without_end_are_refused_unless_there_are_more_good_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "_STRAY", 20)
    good = b"".join(b"u%d,1,1\n" % row for row in range(30))
    assert refused(HEAD + b'"\n' * 50).code == "bad_quotes"
    assert refused(HEAD + b'u,"\nu,1\n' * 50).code == "bad_quotes"
    checked = read("users.csv", HEAD + good + b'"x\n' * 25 + b"u,1,1\n", USERS)
    assert (len(checked.frame), checked.turned_away) == (31, 25)


def test_a_byte_order_mark_in_the_first_cell_is_treated_as_in_any_row() -> None:
    table = [f"\ufeff{value},u{value},1" for value in range(3)]
    checked = read("users.csv", "\n".join(["a,id,b", *table]).encode(), USERS)
    assert checked.rejected["code"].tolist() == ["not_a_number"] * 3
    first, later = (
        read("users.csv", f"id,a,b\n{rows}\n".encode(), USERS) for rows in ("\ufeffu1,1,1", "u2,1,1\n\ufeffu1,1,1")
    )
    assert first.frame["id"].tolist() == ["u1"]
    assert later.frame["id"].tolist() == ["u2", "u1"]
    assert [each.code for each in first.problems] == [each.code for each in later.problems] == ["cleaned_id"]


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes and devices among the files there")
def test_a_pipe_a_device_and_a_zero_byte_in_a_path_are_told_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", Path("/dev/zero")):
        assert "a pipe or a device" in str(refused(path))
    assert "no file can have this name" in str(refused(tmp_path / "a\0b.csv"))


def test_a_home_whose_path_holds_signs_of_addresses_works(tmp_path: Path) -> None:
    home = Home(Settings(tmp_path / "100%25 of ?a=b#c %s"))
    with home.database.writing() as connection:
        connection.exec_driver_sql("SELECT 1")
    assert home.database.path.is_file()


@pytest.mark.parametrize(
    "content", [b"Members\n\n\n", b"Members of November\n,,,\n;;\n", b'"u\n\n', b"sep=;\n\n", b"# a\n \n"]
)
def test_a_line_above_blank_lines_alone_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(UnusableInputError):
        read("x.csv", content, USERS)
    with pytest.raises(UnusableInputError):
        infer("x.csv", content, id=None, label="spam")
