"""Texts: read from every format as they were sent, missing where they are, cut where they are too long."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from core.data import intake
from core.data.intake import Checked
from core.data.kinds import given, text
from core.errors import FeatureValueError
from core.schema import levels
from core.schema.column import TEXT_PARTS
from core.schema.schema import Column, Label, Schema, Thread
from core.text import key
from core.text.shown import escaped
from tests import workbook

BODY = Column("body", "text")
SCHEMA = Schema((Column("links", "count", 0), BODY), id="id", missing=("-999",))
WORDS = levels.written("body")
SENT = [
    'two\nlines, "quoted"', "  spaces around  ", "42", "1,5", "NA is no mark here", "привет 👋🏽", "a\u202eb\u200bc",
    "=HYPERLINK(1)", "", "NA", " null ", "-999.0", "   ",
]  # fmt: skip
THERE = 8


def table(texts: Sequence[str | None]) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"u{at}" for at in range(len(texts))], "links": 1, "body": texts})


def read(content: bytes, schema: Schema = SCHEMA) -> Checked:
    return intake.read("messages", content, schema)


def as_parquet(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.to_parquet(sink, index=False)
    return sink.getvalue()


def as_feather(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.to_feather(sink)
    return sink.getvalue()


FORMATS = {
    "csv": lambda frame: frame.to_csv(index=False).encode(),
    "crlf": lambda frame: frame.to_csv(index=False, lineterminator="\r\n").encode(),
    "semicolons": lambda frame: frame.to_csv(index=False, sep=";").encode(),
    "lines": lambda frame: frame.to_json(orient="records", lines=True, force_ascii=False).encode(),
    "array": lambda frame: frame.to_json(orient="records").encode(),
    "parquet": as_parquet,
    "feather": as_feather,
    "xlsx": workbook.of,
}


@pytest.mark.parametrize("form", FORMATS)
def test_a_text_is_kept_as_it_was_sent_in_every_format(form: str) -> None:
    found = read(FORMATS[form](table([*SENT])))
    assert found.rejected.empty
    assert found.frame[WORDS].tolist()[:THERE] == SENT[:THERE]
    assert found.frame[WORDS].isna().tolist() == [False] * THERE + [True] * (len(SENT) - THERE)
    assert found.frame["body"].tolist()[:THERE] == key.numbers(SENT[:THERE]).tolist()
    names = ["body", *(f"body ({part.name})" for part in TEXT_PARTS.values())]
    assert [name for name in found.frame if str(name).startswith("body")] == names
    assert np.isnan(found.frame[names].to_numpy(float)[THERE:]).all()
    assert not np.isnan(found.frame[names].to_numpy(float)[:THERE]).any()
    assert [problem.code for problem in found.problems if problem.column == "body"] == ["missing"]
    assert not [problem for problem in found.problems if str(problem.column).startswith("body (")]


def test_a_null_of_json_or_parquet_is_missing_too() -> None:
    for content in (as_parquet(table(["a", None])), b'{"id": "u0", "links": 1, "body": "a"}\n{"id": "u1", "links": 1}'):
        assert read(content).frame[WORDS].isna().tolist() == [False, True]


def test_zero_bytes_and_halves_of_letters_are_kept_and_read_alike_from_one_user() -> None:
    sent = ["free\0money", "free\ud83dmoney", "free\U0001f600money"]
    rows = [json.dumps({"id": f"u{at}", "links": 1, "body": each}) for at, each in enumerate(sent)]
    found = read("\n".join(rows).encode())
    assert found.frame[WORDS].tolist() == ["free\0money", "free\U0010f83dmoney", "free\U0001f600money"]
    for at, each in enumerate(sent):
        values, words = given.values(SCHEMA, {"links": 1, "body": each})
        told = dict(zip(SCHEMA.names, values, strict=True))
        told |= {name: float(found[0]) for name, found in given.of_texts(SCHEMA, {"body": [words["body"]]}).items()}
        assert [*told.values()] == found.frame[[*SCHEMA.names]].iloc[at].tolist()
        assert words == {"body": found.frame[WORDS].iloc[at]}
    assert len({*found.frame["body"].tolist()[:2], key.number("free\ud83dmoney"), key.number("freemoney")}) == 1
    assert escaped(found.frame[WORDS].iloc[1]) == r"free\ud83dmoney"
    assert read(as_parquet(table(["a\0b"]))).frame[WORDS].tolist() == ["a\0b"]


def test_a_text_that_is_too_long_is_cut_at_a_word_and_told() -> None:
    schema = Schema((Column("body", "text", high=20),), id="id")
    long = ["one two three four five", "x" * 30, "exactly 20 character", "a" * 19 + " b"]
    found = read(table(long)[["id", "body"]].to_csv(index=False).encode(), schema)
    kept = ["one two three four", "x" * 20, "exactly 20 character", "a" * 19]
    assert found.frame[WORDS].tolist() == kept
    assert found.frame["body"].tolist() == key.numbers(kept).tolist()
    (told,) = found.problems
    assert told.sentence == (
        "body: 3 texts are longer than 20 characters (first on line 2): the rest of them is left out of the score. "
        "Give the column a larger max where it says more."
    )
    assert given.values(schema, {"body": long[0]})[1] == {"body": kept[0]}


def test_a_cell_of_ten_megabytes_is_cut() -> None:
    found = read(b"id,links,body\nu1,1," + b"spam " * 2_000_000 + b"\nu2,1,ham\n")
    assert found.frame[WORDS].str.len().tolist() == [9_999, 3]
    assert text.KIND in [problem.code for problem in found.problems]


def test_a_long_message_of_a_thousand_lines_is_one_record() -> None:
    message = "\n".join(f"line {at}" for at in range(900))
    for content in (FORMATS["csv"](table([message, "b"])), as_parquet(table([message, "b"]))):
        assert read(content).frame[WORDS].tolist() == [message, "b"]


def test_what_is_no_text_is_said_of_one_user() -> None:
    with pytest.raises(FeatureValueError, match="it is no yes or no, but a text"):
        given.values(SCHEMA, {"body": True})
    values, words = given.values(SCHEMA, {"body": " null ", "links": None})
    assert np.isnan(values).all()
    assert not words
    assert given.values(SCHEMA, {"body": 42})[1] == {"body": "42"}


def test_author_and_thread_are_context_and_no_feature() -> None:
    schema = Schema((BODY,), id="id", author="who", thread=Thread("talk", "sent"))
    found = read(b"id,body,who,talk,sent\nu1,a,ann,t1,2\n", schema)
    assert found.context == ("who", "talk", "sent")
    assert not {"who", "talk", "sent"} & {*schema.names}


LABEL = Label("type", negative="none", categories=("age", "Gender", "3"))


def test_each_category_is_a_yes_and_stands_beside_the_label() -> None:
    schema = Schema((BODY,), id="id", label=LABEL)
    rows = ["age", " AGE ", "gender", "none", "", "3.0", "oter"]
    content = "id,body,type\n" + "".join(f"u{at},text,{row}\n" for at, row in enumerate(rows))
    found = read(content.encode(), schema)
    labels = found.frame["type"].tolist()
    assert labels[:4] == [1, 1, 1, 0]
    assert np.isnan([labels[4], labels[6]]).all()
    assert labels[5] == 1
    categories = found.frame[levels.written("type")]
    assert categories.fillna("").tolist() == ["age", "age", "Gender", "", "", "3", ""]
    assert "type: 1 label is none of the labels" in " ".join(problem.sentence for problem in found.problems)
    needed = intake.read("messages", content.encode(), schema, need_label=True)
    assert needed.rejected["sentence"].tolist() == [
        "Line 6, type: the label is missing; write age, Gender, 3 or none",
        'Line 8, type: "oter" is no label; write age, Gender, 3 or none',
    ]
