"""Words, or codes that stand for something: any text is one, and its number is that of `core.schema.levels`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from core.data.cells import Marks
from core.schema.column import Column
from core.schema.levels import number

#: No cell of a category is wrong.
CODE: Final = ""


def judge(column: Column, marks: Marks) -> Callable[[str], float | str]:  # noqa: ARG001 - every kind is asked alike
    """A cell -> the number of its word, NaN where it is missing."""
    return lambda text: float("nan") if marks.missing(text) else number(text)


def allowed(column: Column) -> str:  # noqa: ARG001
    return "a word"
