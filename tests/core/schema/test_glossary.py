"""What columns mean: what the owner wrote, guesses marked as guesses, and nothing made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import FileProblemError
from core.schema import glossary
from core.schema.glossary import OTHER, Meaning

HEADER = "feature,name,description,category,status\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "glossary.csv"


def written(path: Path, text: str) -> glossary.Glossary:
    path.write_text(text, encoding="utf-8")
    return glossary.load(path)


def test_a_guess_is_called_assumed_and_what_the_owner_wrote_is_not(path: Path) -> None:
    found = written(path, f"{HEADER}X1,Urgent,Count of urgent messages,Content,assumed\nX2,Age,Age in days,Account,\n")
    assert found.sentence("X1") == "assumed: count of urgent messages"
    assert found.sentence("X2") == "age in days"
    assert found.category("X2") == "Account"
    assert found.assumed


def test_an_owners_glossary_needs_no_status_and_no_description(path: Path) -> None:
    found = written(path, "feature,name\nX1,Messages sent\n")
    assert found.meaning("X1") == Meaning("Messages sent", "", "", assumed=False)
    assert (found.sentence("X1"), found.category("X1"), found.assumed) == ("messages sent", OTHER, False)


@pytest.mark.parametrize("status", ["assumed", " Assumed ", "ASSUMED"])
def test_the_mark_is_read_without_regard_to_case_and_spaces(path: Path, status: str) -> None:
    assert written(path, f"{HEADER}X1,Age,Age in days,Account,{status}\n").assumed


def test_an_absent_file_is_an_empty_glossary(path: Path) -> None:
    found = glossary.load(path)
    assert (found.meaning("X1"), found.sentence("X1"), found.category("X1")) == (None, "", OTHER)
    assert not found.assumed


def test_features_match_as_columns_do(path: Path) -> None:
    found = written(path, f"{HEADER} x1 ,Age,,,\n")
    assert found.sentence("X1") == "age"


def test_an_entry_without_a_word_says_nothing(path: Path) -> None:
    found = written(path, f"{HEADER}X1,,,,assumed\n,Age,,,\n")
    assert found.sentence("X1") == ""
    assert list(found.entries) == ["x1"]


def test_abbreviations_keep_their_capitals(path: Path) -> None:
    assert written(path, f"{HEADER}X1,URL share,,,\n").sentence("X1") == "URL share"


def test_a_description_may_have_commas_quotes_and_lines(path: Path) -> None:
    found = written(path, f'{HEADER}X1,Age,"days, ""since""\nthe first day",,\nX2,Links,,,\n')
    assert found.sentence("X1") == 'days, "since"\nthe first day'
    assert found.sentence("X2") == "links"


def test_the_file_may_come_from_a_spreadsheet_on_windows(path: Path) -> None:
    path.write_bytes(f"\ufeff{HEADER}X1,Größe,,,\n".replace("\n", "\r\n").encode())
    assert glossary.load(path).sentence("X1") == "größe"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"name,description\na,b\n", "glossary.csv: the glossary needs a column named feature."),
        (b"", "glossary.csv: the glossary needs a column named feature."),
        (b"feature,name\nX1,Gr\xf6\xdfe\n", r"glossary.csv: the glossary cannot be read \("),
        (b"feature,name\nX1," + b"a" * 200_000, r"glossary.csv: the glossary cannot be read \("),
    ],
)
def test_what_cannot_be_read_is_said(path: Path, content: bytes, sentence: str) -> None:
    path.write_bytes(content)
    with pytest.raises(FileProblemError, match=sentence):
        glossary.load(path)


def test_a_folder_in_its_place_is_said(path: Path) -> None:
    path.mkdir()
    with pytest.raises(FileProblemError, match="the glossary cannot be read"):
        glossary.load(path)
