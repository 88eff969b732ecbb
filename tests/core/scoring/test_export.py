"""The table that leaves the house: complete, exact, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.data import intake
from core.errors import BadOptionError
from core.home import Home
from core.policy.decide import decide
from core.schema.schema import Column, Schema
from core.scoring import export, score_file, table_marks
from core.scoring.runs import Run
from core.scoring.score_file import Scoring
from core.scoring.scorer import Scorer
from core.targets import Target
from tests import make

FORMULAS = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠A"]
HARMLESS = ["a=1", "1-2", " =1", "a@b.c", "'=1", "", "x,y", 'say "x"', "two\nlines", "a\rb", "ä😀"]
RESULTS = [
    "score", "confidence", "band", "action", "decided_by", "reason_1", "reason_2", "reason_3", "n_missing",
    "novel_features", "prediction_id", "model_version", "policy_version",
]  # fmt: skip


def rows(table: pa.Table) -> list[list[str]]:
    """The CSV of a table, as another program reads it: names, then cells."""
    text = export.as_bytes(table, ".csv").decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def cells(values: list[str | None]) -> list[str]:
    """A column of texts, written beside a number and read back."""
    table = pa.table({"text": pa.array(values, pa.string()), "n": pa.array(range(len(values)))})
    return [row[0] for row in rows(table)[1:]]


@given(st.lists(st.sampled_from([*FORMULAS, *HARMLESS]) | st.text(max_size=8), min_size=1, max_size=8))
@example([*FORMULAS, *HARMLESS])
def test_cells_that_begin_like_a_formula_are_made_plain_and_all_others_stay(values: list[str]) -> None:
    # The letter keeps the column one of text: a column of nothing but whole numbers is written as numbers.
    expected = [f"'{value}" if value[:1] and value[0] in "=+-@\t\r\n＝＋－＠" else value for value in values]
    assert cells([*values, "x"]) == [*expected, "x"]


@pytest.mark.parametrize(
    "value",
    ["a;=1+1", "a;-1", ";@SUM(A1)", 'a;"=1"', "a;\t=1", "x;y;+1;=2", "a;＝1", "=1;=2", "a;'=1", 'say "x";=1', "a;b"],
)
def test_no_cell_becomes_a_formula_where_rows_are_parted_at_semicolons(value: str) -> None:
    table = pa.table({"n": [7], f"h;={value}": pa.array([value]), "note": ['quotes: ",\n']})
    text = export.as_bytes(table, ".csv").decode("utf-8")
    cells = [cell.lstrip('"\t') for line in text.splitlines() for cell in line.split(";")]
    assert not [cell for cell in cells if cell[:1] and cell[0] in "=+-@＝＋－＠"]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_every_kind_of_text_is_made_plain(kind: pa.DataType) -> None:
    table = pa.table({"=name": pa.array(["=1", None, "a"]).cast(kind), "@": [1.5, 2.5, 3.5]})
    assert rows(table) == [["'=name", "'@"], ["'=1", "1.5"], ["", "2.5"], ["a", "3.5"]]


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (["1", "-5", "12"], ["1", "-5", "12"]),
        (["007", "12"], ["007", "12"]),
        (["-0", "1"], ["'-0", "1"]),
        (["+7", "1"], ["'+7", "1"]),
        (["-5", "x"], ["'-5", "x"]),
        (["-5", None], ["'-5", ""]),
        (["9" * 19, "-" + "9" * 19], ["9" * 19, "'-" + "9" * 19]),
    ],
)
def test_numbers_written_as_ids_stay_as_they_were_written(values: list[str | None], written: list[str]) -> None:
    assert cells(values) == written


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_are_untouched_and_every_bit_of_them_can_be_read_back(values: list[float]) -> None:
    table = pa.table({"x": pa.array(values, pa.float64()), "n": pa.array([-1] * len(values))})
    found = rows(table)[1:]
    assert np.array([float(row[0]) for row in found]).tobytes() == np.array(values).tobytes()
    assert {row[1] for row in found} == {"-1"}


def test_a_csv_file_is_utf8_with_commas_and_unix_line_ends() -> None:
    table = pa.table({"ä": ["ö,", "x"], "n": [1, 2]})
    assert export.as_bytes(table, ".csv") == '"ä","n"\n"ö,",1\n"x",2\n'.encode()
    assert export.as_bytes(table.slice(1), ".csv") == "ä,n\nx,2\n".encode()
    assert export.as_bytes(table.slice(0, 0), ".csv") == "ä,n\n".encode()


def to(home: Home, path: Path) -> Target:
    return home.exports.target(path, table_marks.SCORES)


@pytest.fixture
def done(own: Home) -> Scoring:
    users = make.users(80, seed=9).assign(user=[f"{i:03}" for i in range(80)])
    users.loc[:2, "name"] = ["=1+1", 'a "b", c', "two\nlines"]
    payload = make.csv(users) + b"u81,0,many,0,1,0,3,=2+2,DE\n"
    return own.file_scoring.score_file(
        "users.csv", payload, make.SCHEMA, own.registry.load(), make.policy(), now=make.NOW, which="none"
    )  # fmt: skip


@pytest.fixture
def told(done: Scoring, own: Home) -> pd.DataFrame:
    model = own.registry.load()
    scored = Scorer(model).score(done.frame, top=3)
    return score_file.explained(done.frame, scored, model, decide(make.policy(), scored.probability).flagged, "flagged")


def result(done: Scoring, told: pd.DataFrame, *, keep_features: bool = False) -> pa.Table:
    return export.table(
        export.kept(done.frame, make.SCHEMA, keep_features=keep_features), done.results, told, done.run
    )  # fmt: skip


def test_the_columns_come_in_the_order_people_expect(done: Scoring, told: pd.DataFrame) -> None:
    assert result(done, told).column_names == ["user", "name", "country", *RESULTS]
    kept = result(done, told, keep_features=True).column_names
    assert kept == ["user", "name", "country", *make.SCHEMA.names, *RESULTS]


def test_every_user_stands_in_the_table_in_the_order_of_the_file(done: Scoring, told: pd.DataFrame) -> None:
    table = result(done, told)
    assert table.column("user").to_pylist() == done.frame["user"].tolist() == [f"{i:03}" for i in range(80)]
    assert table.column("prediction_id").to_pylist() == [f"r-0001-{row}" for row in range(1, 81)]
    assert set(table.column("model_version").to_pylist()) == {"v0001"}
    assert set(table.column("policy_version").to_pylist()) == {"p0001"}


def test_band_action_and_confidence_follow_from_the_score(done: Scoring, told: pd.DataFrame) -> None:
    table, policy = result(done, told), make.policy()
    score = np.array(table.column("score"))
    assert (score == done.results["probability"].to_numpy()).all()
    assert (np.array(table.column("confidence")) == np.abs(score - 0.5) * 2).all()
    assert table.column("band").to_pylist() == decide(policy, score).bands.tolist()
    assert table.column("action").to_pylist() == decide(policy, score).actions.tolist()
    assert "auto_remove" not in table.column("action").to_pylist()


def test_those_without_reasons_have_an_empty_cell(done: Scoring, told: pd.DataFrame) -> None:
    table = result(done, told)
    flagged = decide(make.policy(), np.array(table.column("score"))).flagged.tolist()
    assert 0 < sum(flagged) < 80
    assert [reason is not None for reason in table.column("reason_1").to_pylist()] == flagged


def test_the_csv_read_back_equals_the_table(done: Scoring, told: pd.DataFrame, own: Home, tmp_path: Path) -> None:
    table = result(done, told, keep_features=True)
    export.write(table, to(own, tmp_path / "scored.csv"))
    texts = {name: "str" for name in table.column_names if pa.types.is_string(table.schema.field(name).type)}
    back = pd.read_csv(
        tmp_path / "scored.csv", dtype=texts | {"user": "str", "name": "str", "country": "str"},
        keep_default_na=False, na_values={name: [""] for name in make.SCHEMA.names},
    )  # fmt: skip
    expected = table.to_pandas()
    assert back["name"].tolist()[:3] == ["'=1+1", 'a "b", c', "two\nlines"]
    for name in table.column_names:
        if name != "name":
            plain = expected[name].fillna("") if name.startswith(("reason", "novel")) else expected[name]
            pd.testing.assert_series_equal(back[name], plain, check_dtype=False, check_exact=True)


def test_parquet_keeps_types_and_text_as_they_are(done: Scoring, told: pd.DataFrame, own: Home, tmp_path: Path) -> None:
    table = result(done, told, keep_features=True)
    export.write(table, to(own, tmp_path / "scored.parquet"))
    back = pq.read_table(tmp_path / "scored.parquet")
    assert back.equals(table)
    assert back.column("name")[0].as_py() == "=1+1"
    assert back.schema.field("score").type == pa.float64()
    assert pa.types.is_integer(back.schema.field("links").type)


def test_a_stored_run_gives_the_same_table_later(done: Scoring, told: pd.DataFrame, own: Home) -> None:
    without = own.exports.run_table(done.run)
    assert without.column_names == ["user", "name", "country", *RESULTS]
    assert without.column("reason_1").null_count == 80
    own.runs.save_reasons(done.run.id, told)
    later = own.exports.run_table(own.runs.find(done.run.id))
    assert export.as_bytes(later, ".csv") == export.as_bytes(result(done, told), ".csv")


def test_a_schema_that_names_its_columns_like_results_loses_none(home: Home) -> None:
    schema = Schema((Column("confidence"), Column("N_Missing")), id="score", context=("input_score",))
    payload = b"score,confidence,N_Missing,input_score\nu1,2.5,3,x\n"
    frame = intake.read("users.csv", payload, schema).frame
    results = pd.DataFrame({"probability": [0.25], "n_missing": [0], "novel_features": [""]}, index=frame.index)
    results = results.assign(severity=np.int8(0), decided_by="score")
    run = Run(
        "r-0001", make.NOW, "d", "users.csv", "v0001", make.policy(), 1, 1, 0, {"allow": 1}, 0.1
    )  # fmt: skip
    table = export.table(export.kept(frame, schema, keep_features=True), results, pd.DataFrame(), run)
    row = table.to_pylist()[0]
    assert (row["input_score"], row["input_input_score"], row["score"]) == ("u1", "x", 0.25)
    assert (row["input_confidence"], row["confidence"]) == (2.5, 0.5)
    assert (row["input_N_Missing"], row["n_missing"]) == (3, 0)


def test_rejected_rows_are_written_beside_with_their_place_and_made_plain(
    done: Scoring, own: Home, tmp_path: Path
) -> None:
    target = own.exports.rejected_target(tmp_path / "scored.csv", table_marks.REJECTED)
    assert export.write_rejected(own.exports.rejected_table(done.dataset.id), target)
    text = (tmp_path / "scored.rejected.csv").read_text(encoding="utf-8")
    head, row = list(csv.reader(io.StringIO(text, newline="")))
    assert head == ["line", "row", "column", "code", "sentence", "record"]
    # One name goes over two lines, so the line is one ahead of the row and the header.
    assert row[:4] == ["83", "81", "links", "not_a_number"]
    assert row[4].startswith('Line 83, links: "many" is not a number')
    assert row[5] == "u81,0,many,0,1,0,3,=2+2,DE"


def test_a_rejected_record_that_begins_like_a_formula_is_made_plain(own: Home) -> None:
    text = "user,links,verified,tier,ratio,constant\n=u1,x,0,1,0,3\n"
    checked = intake.read("users.csv", text.encode(), make.SCHEMA)
    dataset = own.datasets.put(checked, make.SCHEMA, now=make.NOW)
    assert rows(own.exports.rejected_table(dataset.id))[1][-1] == "'=u1,x,0,1,0,3"


HEAD = "line,row,column,code,sentence,record\n"


@pytest.mark.parametrize(
    ("text", "goes"), [(f"{HEAD}2,1,links,x,y,z\n", True), ("user,links\nu1,2\n", False), (HEAD[:-8] + "\n", False)]
)
def test_without_rejected_rows_there_is_no_file_and_an_old_one_goes_if_it_is_one(
    text: str, goes: bool, own: Home, tmp_path: Path
) -> None:
    old = tmp_path / "scored.rejected.csv"
    old.write_text(text, encoding="utf-8")
    checked = intake.read("users.csv", make.csv(make.users(5)), make.SCHEMA)
    dataset = own.datasets.put(checked, make.SCHEMA, now=make.NOW)
    target = own.exports.rejected_target(tmp_path / "scored.csv", table_marks.REJECTED)
    assert not export.write_rejected(own.exports.rejected_table(dataset.id), target)
    assert old.exists() != goes
    assert goes or old.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["scored", "scored.xlsx", "scored.csv.gz", "scored.json", ".csv"])
def test_another_suffix_is_refused(name: str, home: Home, tmp_path: Path) -> None:
    with pytest.raises(BadOptionError, match=r"the file to write must end in \.csv or \.parquet"):
        to(home, tmp_path / name)


def test_suffixes_are_read_without_regard_to_case(home: Home, tmp_path: Path) -> None:
    export.write(pa.table({"a": [1]}), to(home, tmp_path / "A.CSV"))
    export.write(pa.table({"a": [1]}), to(home, tmp_path / "A.Parquet"))
    assert (tmp_path / "A.CSV").read_text(encoding="utf-8") == "a\n1\n"
    assert pq.read_table(tmp_path / "A.Parquet").to_pydict() == {"a": [1]}


def test_a_file_that_cannot_be_written_whole_leaves_the_old_one(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "scored.csv"
    path.write_text("old", encoding="utf-8")
    broken = pa.table({"a": pa.array([[1]], pa.list_(pa.int64()))})  # a list has no place in a CSV file
    target = home.exports.target(path, table_marks.SCORES, overwrite=True)
    with pytest.raises(pa.ArrowInvalid):
        export.write(broken, target)
    assert path.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["scored.csv"]
