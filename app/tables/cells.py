"""Other people's text in the cells of a grid, where a mark that turns the direction round would show another text."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from app.words import escaped

#: Letters of a text that a cell shows: a grid is sent whole, and nobody reads a long message in one.
LONGEST: Final = 400


def safe(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as a grid may show it: in texts and in column names, marks of direction are written as their codes; of
    a long text the beginning.
    """
    shown = frame.rename(columns=_text)
    for at in range(frame.shape[1]):
        column = frame.iloc[:, at]
        if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
            shown.isetitem(at, column.map(_text).array)
    return shown


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return escaped(value if len(value) <= LONGEST else f"{value[:LONGEST]}…")
