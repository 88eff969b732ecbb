"""Whatever is in a file: the reader agrees with a plain one written here, and loses nothing."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.data import cells, lines, records
from core.data.infer import infer
from core.data.intake import Checked, read
from core.schema.schema import Column, Label, Schema

USERS = Schema((Column("a", "count", 0), Column("b", "real")), id="id", label=Label("spam"), context=("bio",))
BOTH = Schema((Column("a"), Column("b")))


# A plain judge of cells -------------------------------------------------------------------------------------


def verdict(cell: str) -> float | str:
    """What a cell is, told with Python's float() on plain characters only."""
    text = cell.strip()
    if text.lower() in {"", "na", "n/a", "#n/a", "nan", "null", "none"}:
        return math.nan
    if text.lower() in {sign + word for sign in ("", "+", "-") for word in ("inf", "infinity")}:
        return "not_finite"
    try:
        value = float(text) if set(text) <= set("0123456789+-.eE") else None
    except ValueError:
        value = None
    if value is None:
        return "not_a_number"
    return value if abs(value) <= 3.4028234663852886e38 else "not_finite"


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def verdicts(column: list[str]) -> list[float | str]:
    """What intake makes of a column."""
    payload = "\n".join(["a,b", *(f"0,{quoted(cell)}" for cell in column)])
    checked = read("x", payload.encode(), BOTH)
    found: dict[int, float | str] = {row: float(value) for row, value in checked.frame["b"].items()}  # type: ignore[misc]
    found |= dict(zip(checked.rejected["row"].tolist(), checked.rejected["code"].tolist(), strict=True))
    return [found[row] for row in range(1, len(column) + 1)]


def agree(found: list[float | str], expected: list[float | str]) -> bool:
    return [str(value) for value in found] == [str(value) for value in expected]


SPACES = [chr(code) for code in range(0x11000) if chr(code).isspace()]
TRICKY = [
    "inf", "-inf", "+Inf", "INFINITY", "infinit", "nan", "-nan", "+nan", "nan()", "nan(0)", "NaN", "nAn", " NA",
    "NA ", "nul", "1e400", "-1e400", "1e-400", "1e38", "3.5e38", "4.9e-324", "0x10", "0x1p3", "1_0", "1,5",
    "1.5.", "1e", "1e+", "e1", ".", "+", "-", "+-1", "--1", "+ 1", "1 1", ".5", "5.", "+.5", "00", "-0", "1E5",
    "1e05", "1d5", "1f", "7L", "TRUE", "１", "٣", "9007199254740993", "123456789012345678901234567890", "0.1",
    "1e22", "1e23", "2.2250738585072011e-308", "1%", "$1", "N/A.", "1\ufeff", "\ufeff1", "1\u200b", "−1",
    "1\x7f", "#N/A", "#n/a", "None", "none", "NULL", "Null", "n/a", "na", "", " ", "\t",
    "3.4028234663852886e38", "3.4028234663852890e38", "-3.4028235e38", '"', '1"', "'1'", "∞", "½", "1\n", "\n1",
    "1\n2",
]  # fmt: skip


@pytest.mark.parametrize("cell", [*TRICKY, *(f"{space}7{space}" for space in SPACES), *SPACES])
def test_a_cell_has_the_same_verdict_alone_and_beside_one_that_makes_the_reader_look_twice(cell: str) -> None:
    assert agree(verdicts([cell]), [verdict(cell)])
    assert agree(verdicts([cell, "x", "1"]), [verdict(cell), "not_a_number", 1.0])
    assert agree(verdicts([cell, " -nan "]), [verdict(cell), "not_a_number"])


numbers = st.one_of(st.floats().map(repr), st.integers().map(str), st.floats().map(lambda value: f"{value:.3g}"))
spaced = st.tuples(st.sampled_from(["", " ", "\t", "\xa0"]), numbers, st.sampled_from(["", " "])).map("".join)
odd = st.one_of(st.sampled_from(TRICKY), st.text("0123456789+-.eE xinfaNA,_\t", max_size=8), st.text(max_size=4))
readable = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(st.lists(spaced | odd | numbers, min_size=1, max_size=8))
def test_cells_are_judged_as_a_plain_judge_does(column: list[str]) -> None:
    column = [cell.replace("\0", "") for cell in column]
    assert agree(verdicts(column), [verdict(cell) for cell in column])


@given(st.lists(numbers, min_size=1, max_size=30))
def test_clean_columns_are_read_bit_for_bit(column: list[str]) -> None:
    assert agree(verdicts(column), [verdict(cell) for cell in column])


@given(odd | spaced)
def test_the_judge_of_single_cells_agrees(cell: str) -> None:
    assert agree([cells.judge(cell)], [verdict(cell)])


# A plain reader of records ----------------------------------------------------------------------------------


def plain(text: str, expected: int, reach: int) -> list[tuple[int, str, list[str]]]:
    """Records of a text by their first line (from 1), their state and, where good, their cells."""
    ends = [found.span() for found in re.finditer(r"\r\n|\r|\n", text)]
    begins = [0, *(stop for _, stop in ends)]
    stops = [*(begin for begin, _ in ends), len(text)]
    if begins[-1] == len(text):
        begins, stops = begins[:-1], stops[:-1]
    found: list[tuple[int, str, list[str]]] = []
    line = 0
    while line < len(begins):
        read_cells, stop = cells_from(text, begins[line], stops[min(line + reach, len(stops) - 1)])
        last = max(at for at in range(len(begins)) if begins[at] <= stop)
        if begins[line] == stops[line]:
            found.append((line + 1, "blank", []))
        elif read_cells is None or (last > line and len(read_cells) != expected):
            found.append((line + 1, "bad_quote", []))
            last = line
        elif len(read_cells) != expected:
            found.append((line + 1, "ragged", []))
        else:
            found.append((line + 1, "good", read_cells))
        line = last + 1
    return found


def cells_from(text: str, at: int, limit: int) -> tuple[list[str] | None, int]:
    read_cells = []
    while True:
        cell = ""
        if at < limit and text[at] == '"':
            at += 1
            while at < limit and (text[at] != '"' or text[at : at + 2] == '""'):
                cell += text[at]
                at += 2 if text[at] == '"' else 1
            at += 1
            if at > limit or (at < limit and text[at] not in ",\r\n"):
                return None, limit
        else:
            while at < limit and text[at] not in ",\r\n":
                cell += text[at]
                at += 1
        read_cells.append(cell)
        if at >= limit or text[at] in "\r\n":
            return read_cells, at
        at += 1


@pytest.mark.parametrize("reach", [1, 2, lines.REACH])
@pytest.mark.parametrize("columns", [1, 2, 3])
@given(body=st.text('a1,,,"""\n\n\r ', min_size=1, max_size=40) | st.text('a,"\n', min_size=1, max_size=12))
@example(body='"a\n1",a\n"')
@example(body='a"b,"c"\n')
@example(body='""\n,"",\n')
@example(body='"\r"\r\n')
def test_records_are_found_as_a_plain_reader_finds_them(body: str, columns: int, reach: int) -> None:
    header = ",".join("xyz"[:columns])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "REACH", reach)
        # Small groups, so that what depends on their edges is met.
        patch.setattr(lines, "_SPAN", 5)
        patch.setattr(records, "_BLOCK", 1)
        found = records.split("x", f"{header}\n{body}".encode(), wanted="xyz"[:columns])
        read_columns = found.columns(dict.fromkeys(range(columns), cells.TEXT))
    expected = plain(body, columns, reach)
    states = {"good": 0, "blank": 1, "ragged": 2, "bad_quote": 3}
    assert found.line.tolist() == [line + 1 for line, _, _ in expected]
    assert found.state.tolist() == [states[state] for _, state, _ in expected]
    good = [row for _, state, row in expected if state == "good"]
    assert [read_columns[at].to_pylist() for at in range(columns)] == [
        [row[at] for row in good] for at in range(columns)
    ]


# Nothing is lost --------------------------------------------------------------------------------------------

ids = st.sampled_from(["u1", "u2", " u1", "007", "7", "", "NA", "é"]) | readable
rows = st.tuples(ids, st.sampled_from(["1", "0", "1.0", "", "x"]), spaced | odd, numbers | odd, readable)


def as_csv(table: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "spam", "a", "b", "bio"])
    writer.writerows([[cell.replace("\0", "") for cell in row] for row in table])
    return text.getvalue().encode()


def kept(checked: Checked) -> Checked:
    """The accepted rows, written to a file and read again."""
    text = checked.frame.to_csv(index=False, quoting=csv.QUOTE_ALL)
    return read(checked.name, text.encode(), USERS)


@given(st.lists(rows, min_size=1, max_size=12), st.binary(max_size=30), st.booleans())
def test_every_row_is_accepted_or_rejected(table: list[tuple[str, ...]], junk: bytes, need: bool) -> None:
    payload = as_csv(table) + junk.replace(b"\0", b"").decode("cp1252", "ignore").encode()
    checked = read("x", payload, USERS, need_label=need)
    assert checked.received == len(checked.frame) + len(checked.rejected) >= len(table)
    numbered = [*checked.frame.index, *checked.rejected["row"]]
    assert sorted(numbered) == list(range(1, checked.received + 1))
    assert checked.frame["id"].is_unique
    assert not np.isinf(checked.frame[["a", "b"]].to_numpy(np.float64)).any()
    assert sum(found.rows for found in checked.problems if found.rejected) == len(checked.rejected)
    assert checked.rejected["line"].is_monotonic_increasing
    if need:
        assert checked.frame["spam"].notna().all()


@given(st.lists(rows, min_size=1, max_size=12))
def test_accepted_rows_written_and_read_again_are_all_accepted_and_the_same(table: list[tuple[str, ...]]) -> None:
    checked = read("x", as_csv(table), USERS)
    if checked.frame.empty:
        return
    again = kept(checked)
    assert again.rejected.empty
    pd.testing.assert_frame_equal(again.frame.reset_index(drop=True), checked.frame.reset_index(drop=True))


@given(st.lists(rows, min_size=1, max_size=8))
def test_reading_twice_changes_nothing(table: list[tuple[str, ...]]) -> None:
    first, second = (read("x", as_csv(table), USERS) for _ in range(2))
    pd.testing.assert_frame_equal(first.frame, second.frame)
    pd.testing.assert_frame_equal(first.rejected, second.rejected)
    assert first.problems == second.problems


def test_a_table_of_many_blocks_is_read_as_one_with_a_few_bad_rows() -> None:
    count = 300_000
    table = [f"u{row},{row % 2},{row},{row}.5,{'bio ' * 5}" for row in range(count)]
    clean = read("x", "\n".join(["id,spam,a,b,bio", *table]).encode(), USERS)
    assert clean.rejected.empty
    assert clean.frame["a"].tolist() == list(range(count))
    table[7], table[100_000], table[250_000] = 'u7,1,"7', "", "u250000,1,x,1,"
    table[99], table[200_000] = 'u99,1,99,99.5,"two\nlines"', 'u200000,0,200000,200000.5,"a ""b"""'
    spoiled = read("x", "\r\n".join(["id,spam,a,b,bio", *table]).encode(), USERS)
    assert spoiled.rejected["row"].tolist() == [8, 100_001, 250_001]
    assert spoiled.rejected["line"].tolist() == [9, 100_003, 250_003]
    expected = clean.frame.drop(index=[8, 100_001, 250_001])
    pd.testing.assert_frame_equal(spoiled.frame.drop(columns="bio"), expected.drop(columns="bio"))


# Real tables ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "label", "count", "features"),
    [("twitter_spammers", "is_spammer", 1554, 30), ("spambase", "is_spam", 4601, 57)],
)
def test_a_real_table_is_inferred_and_read_whole(
    shared: Path, file: str, label: str, count: int, features: int
) -> None:
    path = shared / "data" / "real" / f"{file}.csv.gz"
    schema = infer(file, path, label=label).schema
    assert len(schema.features) == features
    assert schema.label == Label(label, "1", "0")
    checked = read(file, path, schema, need_label=True)
    assert (checked.received, len(checked.rejected), checked.problems) == (count, 0, ())
    expected = pd.read_csv(path)
    # Both readers round correctly only when pandas is asked to; compare as 32-bit floats, which the model sees.
    for name in schema.names:
        np.testing.assert_array_equal(checked.frame[name].astype("float32"), expected[name].astype("float32"))
    np.testing.assert_array_equal(checked.frame[label], expected[label])
