"""The numbers that a figure is drawn from, as a table."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

_COLUMNS: Final = ("series", "x", "y", "value", "words")


def values(figure: go.Figure) -> pd.DataFrame:
    """A row for each mark that tells something when pointed at.

    Columns, of which those are left out that nothing fills: series (the name of the trace), x, y, value (of a cell of a
    heat map), words (what the hover says). Lines and areas without a hover are there for the eye and left out.
    """
    rows = [row for place, trace in enumerate(figure.data) for row in _marks(trace, place)]
    frame = pd.DataFrame(rows, columns=list(_COLUMNS)).dropna(axis="columns", how="all")
    for name in ("x", "y"):
        # Traces of one figure may count along an axis that others name.
        if name in frame and pd.api.types.infer_dtype(frame[name]).startswith("mixed"):
            frame[name] = frame[name].map(str, na_action="ignore")
    return frame


def _marks(trace: Any, place: int) -> Iterator[tuple[object, ...]]:
    if trace.hoverinfo == "skip":
        return
    name = trace.name or str(place + 1)
    if trace.type == "heatmap":
        z = np.asarray(trace.z)
        told = _told(trace, z.shape)
        for i, j in np.ndindex(z.shape):
            yield name, _at(trace.x, j), _at(trace.y, i), z[i, j], told[i, j]
        return
    x, y = trace.x, trace.y
    n = max(len(each) for each in (x, y, ()) if each is not None)
    for i, text in enumerate(_told(trace, (n,))):
        yield name, _at(x, i), _at(y, i), None, text


def _at(values: Any, place: int) -> object:
    """A value of an axis; without values the axis counts."""
    return place if values is None else values[place]


def _told(trace: Any, shape: tuple[int, ...]) -> Any:
    """What the hover says, as plain text, in the shape of the marks; one text may be said of all of them."""
    told = np.full(shape, None, dtype=object)
    if trace.hovertext is not None:
        told[...] = np.asarray(trace.hovertext, dtype=object)
        told = np.vectorize(_text, otypes=[object])(told) if told.size else told
    return told


def _text(hover: object) -> str | None:
    """Words without plotly's marks: lines become semicolons."""
    return None if hover is None else html.unescape(re.sub("<[^>]*>", "", re.sub("<br ?/?>", "; ", str(hover))))
