from __future__ import annotations

import pandas as pd
import pytest

from core.data import intake
from core.errors import UnknownItemError
from core.home import Home
from core.review import threads
from core.schema.label import Thread
from core.schema.schema import Column, Schema
from tests import make

SCHEMA = Schema((Column("body", "text"), Column("age", "count")), id="id", author="by", thread=Thread("talk", "at"))
ROWS = [
    ("a", "t1", "Ada", "2026-01-03 10:00", "third", 1), ("b", "t2", "Bob", "2026-01-01", "elsewhere", 1),
    ("c", "t1", "Bob", "2026-01-02T09:00Z", "second\nline", 1), ("d", "t1", "Ada", "2026-01-01 23:00", "first", 1),
    ("e", "", "Eve", "2026-01-05", "alone", 1), ("f", "t1", "Bob", "2026-01-04", "", 1),
]  # fmt: skip


def stored(home: Home, schema: Schema = SCHEMA, rows: list[tuple[object, ...]] = ROWS) -> str:
    frame = pd.DataFrame(rows, columns=["id", "talk", "by", "at", "body", "age"])
    return home.datasets.put(intake.read("m.csv", make.csv(frame), schema), schema, now=make.NOW).id


def test_the_messages_of_a_thread_are_in_their_order_with_author_and_time(home: Home) -> None:
    found = threads.of_row(home.datasets, stored(home), 3, SCHEMA)
    assert found is not None
    assert [each.text for each in found.messages] == ["first", "second\nline", "third", None]
    assert found.message == threads.Message(3, "Bob", "2026-01-02T09:00Z", "second\nline")
    assert [each.row for each in found.around(1)] == [4, 3, 1]
    assert found.around(None) == found.messages


def test_a_message_without_thread_stands_alone(home: Home) -> None:
    found = threads.of_row(home.datasets, stored(home), 5, SCHEMA)
    assert found is not None
    assert [each.text for each in found.around(3)] == ["alone"]


def test_numbers_are_ordered_as_numbers_and_without_an_order_the_file_counts(home: Home) -> None:
    rows = [(str(at), "t", "Ada", order, f"m{order}", 1) for at, order in enumerate((10, 9, 100))]
    found = threads.of_row(home.datasets, stored(home, rows=rows), 1, SCHEMA)
    assert found is not None
    assert [each.text for each in found.messages] == ["m9", "m10", "m100"]
    plain = Schema(SCHEMA.features, id="id", thread=Thread("talk"))
    found = threads.of_row(home.datasets, stored(home, plain, rows), 1, plain)
    assert found is not None
    assert [(each.text, each.author, each.when) for each in found.messages] == [
        ("m10", "", ""), ("m9", "", ""), ("m100", "", ""),
    ]  # fmt: skip


def test_users_without_texts_have_no_thread_and_rejected_rows_are_unknown(home: Home) -> None:
    numbers = Schema((Column("age", "count"),), id="id")
    assert threads.of_row(home.datasets, stored(home, numbers), 1, numbers) is None
    with pytest.raises(UnknownItemError):
        threads.of_row(home.datasets, stored(home), 99, SCHEMA)
