"""Texts that come twice: counted, told, and with how right anybody can be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.explore import texts
from core.schema.levels import FIRST, written
from core.schema.schema import Column, Label, Schema

SCHEMA = Schema((Column("body", "text"),), label=Label("type", negative="none", categories=("age", "gender")))
A, B, C = FIRST, FIRST + 1, FIRST + 2


def test_texts_that_repeat_and_those_with_two_labels_are_counted() -> None:
    found = texts.repeats("body", [A, A, A, B, B, C, np.nan, np.nan], [1, 1, 0, 1, 1, 0, 1, 0])
    assert found == texts.Repeats("body", 6, 2, 5, 1, 3, 5 / 6)
    assert found.sentence == (
        "body: 2 texts come more than once, in 5 of 6 rows; 1 carries two labels (3 rows), so that nothing that knows "
        "the text alone can be right in more than 83.3\N{NARROW NO-BREAK SPACE}% of the rows."
    )
    alone = texts.repeats("body", [A, B, B], [1, 1, np.nan])
    assert (alone.opposed, alone.best) == (0, 1.0)
    assert "never both" in alone.sentence
    assert texts.repeats("body", [A, B, np.nan]).sentence == "body: no text comes twice."


def test_two_categories_of_one_text_are_two_labels() -> None:
    frame = pd.DataFrame({"body": [A, A, B, B], "type": 1.0, written("type"): ["age", "gender", "age", "age"]})
    (found,) = texts.of_users(frame, SCHEMA, frame["type"])
    assert (found.texts, found.opposed, found.best) == (2, 1, 0.75)
    (finding,) = texts.findings(frame, SCHEMA, frame["type"])
    assert (finding.code, finding.severity) == ("opposite_texts", "warning")
    (finding,) = texts.findings(frame[2:], SCHEMA, frame["type"][2:])
    assert (finding.code, finding.severity) == ("repeated_texts", "note")


@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows_are_no_trouble(rows: int) -> None:
    assert texts.repeats("body", [A] * rows, [1.0] * rows).texts == 0
