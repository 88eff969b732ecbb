"""What was written round a message: the messages of its thread, in their order, by whom and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.data.datasets import Datasets
from core.schema.levels import written
from core.schema.schema import Schema


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a dataset by its input row; `text` as sent, None where missing; author and when "" if not known."""

    row: int
    author: str
    when: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Talk:
    """The messages of a thread in their order; `judged`: the place among them of the one that it was asked for."""

    messages: tuple[Message, ...]
    judged: int

    def around(self, most: int | None) -> tuple[Message, ...]:
        """Up to so many messages before the judged one and after it, and itself; all of them where None."""
        if most is None:
            return self.messages
        return self.messages[max(self.judged - most, 0) : self.judged + most + 1]

    @property
    def message(self) -> Message:
        return self.messages[self.judged]


def of_row(datasets: Datasets, dataset: str, row: int, schema: Schema) -> Talk | None:
    """The thread of a row by its first text column, by itself where its thread is not known; None without texts.

    Messages are ordered by numbers where all of the order are numbers, else by moments where all are, else as text;
    those with the same, or without, as in the file. Raises UnknownItemError for a row that was not accepted.
    """
    text = next((column.name for column in schema.features if column.kind == "text"), None)
    one = datasets.one(dataset, row)
    if text is None or written(text) not in one:
        return None
    thread, order = (schema.thread.column, schema.thread.order or "") if schema.thread else ("", "")
    author, body = schema.author or "", written(text)
    wanted = [name for name in dict.fromkeys((author, order, body)) if name in one]
    if pd.isna(one.get(thread)):
        rows = one[wanted].to_frame().T.set_axis([row])
    else:
        rows = datasets.rows_with(dataset, thread, str(one[thread]), wanted)
    if order in rows:
        rows = rows.sort_values(order, key=_sortable, kind="stable")
    columns = (rows.get(name, pd.Series("", index=rows.index)).tolist() for name in (author, order, body))
    messages = tuple(
        Message(at, _said(by), _said(when), _said(said) or None)
        for at, by, when, said in zip(rows.index.tolist(), *columns, strict=True)
    )
    return Talk(messages, next(at for at, each in enumerate(messages) if each.row == row))


def _sortable(order: pd.Series[Any]) -> pd.Series[Any]:
    numbers: pd.Series[Any] = pd.to_numeric(order, errors="coerce")
    if numbers.notna().eq(order.notna()).all():
        return numbers
    moments: pd.Series[Any] = pd.Series(
        pd.to_datetime(order, errors="coerce", utc=True, format="ISO8601"), index=order.index
    )
    return moments if moments.notna().eq(order.notna()).all() else order.astype("string")


def _said(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)
