"""What is proposed of a file before it is used, and what was agreed on before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.data import intake
from core.data.formats.options import NOTHING, Given
from core.data.understanding import candidates
from core.data.understanding.first_rows import FirstRows
from core.data.understanding.mappings import Mapping, Mappings
from core.data.understanding.preview import Preview, preview
from core.errors import BadOptionError, FileProblemError, NewerFormatError, RefusedError, UnknownItemError
from core.home import Home
from core.schema.schema import Column, Schema
from tests import make, workbook
from tests.make import NOW, SCHEMA

HEADER = ("uid", "links", "verified", "tier", "ratio", "constant")
OURS = Mapping("KW47", HEADER, (("uid", "user"),), "Ada", NOW, decimal=",")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (["uid", "links"], [("uid", "user")]),
        (["Account-ID", "Links"], [("Account-ID", "user")]),
        (["user", "Verified?", "verified_"], [("Verified?", "verified")]),
        (["user", "constants", "tear"], [("constants", "constant")]),
        (["user", "links", "verified", "tier", "ratio", "constant", "uid"], []),
        (["X11", "name"], []),
        (["name", "country", "spam"], []),
    ],
)
def test_columns_are_candidates_by_their_names(header: Sequence[str], found: list[tuple[str, str]]) -> None:
    assert [(each.theirs, each.ours) for each in candidates.candidates(header, SCHEMA)] == found


def test_a_mapping_is_kept_found_by_its_header_and_removed(tmp_path: Path) -> None:
    mappings = Mappings(tmp_path / "data" / "mappings.json")
    assert mappings.listed() == ()
    mappings.keep(OURS)
    newer = replace(OURS, name="KW48", kept=NOW + timedelta(days=7))
    mappings.keep(newer)
    assert mappings.listed() == (newer, OURS)
    assert mappings.fitting([" UID", *HEADER[:0:-1]]) == newer
    assert mappings.fitting(HEADER[1:]) is None
    with pytest.raises(RefusedError, match="There is a mapping KW47 already"):
        mappings.keep(replace(OURS, columns=(("uid", "name"),)))
    mappings.keep(replace(OURS, columns=(("uid", "name"),)), again=True)
    assert mappings.find("KW47").columns == (("uid", "name"),)
    mappings.remove("KW47")
    with pytest.raises(UnknownItemError):
        mappings.find("KW47")


def test_mappings_of_a_newer_program_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mappings.json").write_text(json.dumps({"format": 2, "mappings": []}), encoding="utf-8")
    with pytest.raises(NewerFormatError):
        Mappings(tmp_path / "mappings.json").listed()


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "a/b"}, {"columns": (("uid", "user"), ("UID ", "name"))}, {"decimal": ";"},
     {"columns": (), "decimal": None}],
)  # fmt: skip
def test_a_mapping_that_says_nothing_or_two_things_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises(BadOptionError):
        replace(OURS, **wrong)  # type: ignore[arg-type]


def looked(content: bytes, given: Given = NOTHING, *mappings: Mapping) -> Preview:
    return preview("users.csv", content, SCHEMA, given, mappings)


def european(n: int = 40) -> pd.DataFrame:
    frame = make.users(n).drop(columns=["spam", "name", "country"]).rename(columns={"user": "uid"})
    return frame.assign(ratio=[f"{i}.234,5" if i % 3 else f"{i},5" for i in range(n)])


def test_an_id_and_a_decimal_comma_are_proposed_and_accepted_one_by_one() -> None:
    content = european().to_csv(index=False, sep=";").encode()
    seen = looked(content)
    assert [proposal.sentence for proposal in seen.proposals] == [
        "uid is your user", "Read 0,5 as 0.5 in ratio",
    ]  # fmt: skip
    assert seen.proposals[0].evidence == "40 different values in the first 40 rows, one a row"
    assert (seen.missing, seen.plain, seen.options.delimiter) == (("user",), False, ";")
    assert seen.frame["ratio"].tolist()[:2] == ["0,5", "1.234,5"]
    said = seen.proposals[1].accepted(seen.proposals[0].accepted(NOTHING))
    assert (said.columns, said.decimal, said.thousands) == ((("uid", "user"),), ",", ".")
    seen = looked(content, said)
    assert (seen.proposals, seen.missing, seen.header) == ((), (), HEADER)
    assert seen.frame["ratio"].tolist()[:3] == [0.5, 1234.5, 2234.5]


def test_a_column_that_names_somebody_twice_is_no_id() -> None:
    frame = european()
    frame.loc[1, "uid"] = frame.loc[0, "uid"]
    assert [each.key for each in looked(frame.to_csv(index=False).encode()).proposals] == ["decimal"]


def test_the_only_column_whose_values_are_those_of_an_id_is_proposed_whatever_its_name() -> None:
    frame = european().assign(ratio=1.5).rename(columns={"uid": "Konto"})
    assert [each.key for each in looked(frame.to_csv(index=False).encode()).proposals] == ["map:Konto:user"]
    two = frame.assign(other=frame["Konto"])
    assert looked(two.to_csv(index=False).encode()).proposals == ()


def test_a_kept_mapping_is_proposed_for_the_same_header() -> None:
    assert looked(european().to_csv(index=False).encode(), NOTHING, OURS).fitting == OURS
    assert looked(make.csv(make.users(9)), NOTHING, OURS).fitting is None


def test_a_plain_file_needs_no_look() -> None:
    assert looked(make.csv(make.users(9))).plain
    assert not looked(workbook.of(make.users(9))).plain
    assert not looked(b"Title\n\n" + make.csv(make.users(9))).plain


def test_a_row_is_shown_under_the_number_that_it_has_in_the_file() -> None:
    frame = looked(workbook.of(make.users(20), above=[["March"], []])).frame
    assert (frame.index.name, frame.index.tolist()[0], len(frame)) == ("row", 4, 8)
    assert frame["ratio"].tolist() == pytest.approx(make.users(20)["ratio"].tolist()[:8], nan_ok=True)


def test_limits_are_those_of_the_home(own: Home, tmp_path: Path) -> None:
    own.settings.options_file.write_text("[files]\nrows = 30\n", encoding="utf-8")
    assert own.file_limits.load().rows == 30
    with pytest.raises(FileProblemError, match=r"more than 30 lines \(rows of \[files\] in data/settings.toml\)"):
        own.storing.labelled("users.csv", make.csv(make.users(60)), SCHEMA, now=NOW)
    own.settings.options_file.write_text("[files]\nrows = 0\n", encoding="utf-8")
    with pytest.raises(BadOptionError, match="rows is a whole number from 1 on"):
        own.file_limits.load()


def checked(content: bytes, schema: Schema, given: Given = NOTHING, *, need_label: bool = False) -> FirstRows:
    found = preview("users.csv", content, schema, given, need_label=need_label).checks
    assert found is not None
    return found


@pytest.mark.parametrize("need_label", [False, True])
def test_the_first_rows_are_checked_as_the_whole_file_is(need_label: bool) -> None:
    frame = make.users(60).astype({"links": object, "spam": object})
    frame.loc[[3, 9], "links"], frame.loc[5, "user"], frame.loc[7, "spam"] = "many", frame.loc[4, "user"], "perhaps"
    frame.loc[11, "verified"] = 7
    content = make.csv(frame) + b"x,y\n"
    seen, whole = checked(content, SCHEMA, need_label=need_label), intake.read(
        "users.csv", content, SCHEMA, need_label=need_label
    )  # fmt: skip
    assert (seen.accepted, seen.turned_away) == (len(whole.frame), whole.turned_away)
    assert seen.rejected["line"].tolist() == whole.rejected["line"].tolist()
    assert seen.rejected["column"].tolist() == whole.rejected["column"].fillna("").tolist()
    assert seen.rejected.query("reason == 'not a number'")["cell"].tolist() == ["many", "many"]
    of = {each.theirs: each for each in seen.columns}
    assert {name: each.rejected for name, each in of.items() if each.rejected} == {
        "user": 1, "links": 2, **({"spam": 1} if need_label else {})
    }  # fmt: skip
    assert [len(each.noticed) for each in (of["verified"], of["spam"], of["tier"])] == [1, int(not need_label), 0]
    assert of["verified"].noticed[0].startswith("1 value is outside 0 to 1")
    assert of["tier"].missing == pytest.approx(1 - make.users(60)["tier"].notna().mean())


def test_of_every_kind_of_column_a_cell_and_what_is_missing_is_shown() -> None:
    schema = Schema(
        (
            Column("country", "category", missing=("??",)),
            Column("joined", "date", parts=("age",), form="%d.%m.%Y"),
            Column("premium", "flag", yes=("ja",), no=("nein",)),
        ),
        as_of=date(2026, 11, 23),
    )
    content = (
        b"country,joined,premium,note\n??,03.11.2026,ja,a\nPH,31.02.2026,nein,\nPH,01.01.2026,,b\nDE,,vielleicht,c\n"
    )
    seen = checked(content, schema)
    assert [(each.kind, each.role, each.example, each.missing, each.rejected) for each in seen.columns] == [
        ("category", "Feature", "PH", 0.25, 0), ("date", "Feature", "03.11.2026", 0.25, 1),
        ("flag", "Feature", "ja", 0.25, 1), ("", "Context", "a", 0.25, 0),
    ]  # fmt: skip
    assert seen.columns[0].words == ("PH", "DE")
    assert seen.unused == 1
    assert seen.rejected.to_numpy().tolist() == [
        [3, "joined", "31.02.2026", "not a date"], [5, "premium", "vielleicht", "neither yes nor no"],
    ]  # fmt: skip


def test_without_the_id_no_row_is_called_accepted() -> None:
    seen = checked(european().to_csv(index=False).encode(), SCHEMA)
    assert (seen.accepted, seen.turned_away, len(seen.rejected)) == (None, 0, 0)
    assert [each.role for each in seen.columns] == ["Context", *["Feature"] * 5]
