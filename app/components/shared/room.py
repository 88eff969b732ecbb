"""Room for what the browser draws late, so that nothing beside or below it jumps when it comes.

The browser fetches how a kind of widget is drawn when it meets the first one. Until then it shows a bar of one line,
however high the widget will be, and no wider than a finger where the widget is as wide as its words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

if TYPE_CHECKING:
    from streamlit.elements.lib.grid_container import GridContainer as Grid

#: px of a line: a button, or a field whose label is not shown.
LINE: Final = 35
#: px of a field below its label, and of a slider with what stands under it while it is pointed at.
FIELD: Final = 60
SLIDER: Final = 70
#: px at most of a letter, of the margins of a button, and of its icon.
_LETTER, _MARGINS, _ICON = 7, 26, 25


def line(width: int | Literal["stretch"] = "stretch") -> DeltaGenerator:
    """Of one line, as for a choice of panels, which is lower than the bar that stands for it. width: in px."""
    return st.container(width=width, height=LINE, border=False, vertical_alignment="center")


def at_least(height: int, place: DeltaGenerator | None = None) -> DeltaGenerator:
    """Of so many px at least, however little is drawn in it so far. place: where it is, here by default.

    It ends 14 px before the right edge, where what keeps it open stands.
    """
    row = (st if place is None else place).container(horizontal=True, horizontal_alignment="right", gap=None)
    room = row.container()
    row.container(width=1, height=height, border=False)
    return room


def field(width: int | Literal["stretch"] = "stretch") -> DeltaGenerator:
    """Of one field with its label. width: in px."""
    return st.container(width=width, height=FIELD, border=False)


def slider() -> DeltaGenerator:
    """Of one slider with its label."""
    return st.container(height=SLIDER, border=False)


def fields(columns: int = 1, *, min_column_width: int = 120) -> Grid:
    """Of fields with labels of one line, each a cell, as many beside each other however narrow the page.

    min_column_width: px below which they are scrolled to.
    """
    # One that wraps is drawn with all cells below each other before it knows how wide it is.
    return st.grid(columns, min_column_width=min_column_width, wrap=False, row_height=FIELD)


def width(words: str, *, icon: bool = False) -> int:
    """px in which a button of these words fits.

    >>> width("Score a file", icon=True)
    135
    """
    return _LETTER * len(words) + _MARGINS + _ICON * icon
