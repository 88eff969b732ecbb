"""What is taken away of a chart: its numbers as CSV, and the chart as a picture that the browser saves."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import pandas as pd
import streamlit as st

from app.charts import PICTURES, Picture
from app.components.shared.heading import Watched
from app.components.shared.numbers import csv

#: What a camera saves in this tab.
_PICTURE: Final = "_picture"


def picture() -> Picture:
    """What pictures are saved as, chosen once for all charts; PNG until then."""
    chosen: Picture = st.session_state.get(_PICTURE, PICTURES[0])
    return chosen


def touched() -> bool:
    """Whether the reader touches the screen of a phone: nothing is pointed at there, and a camera would always show."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def file_name(*parts: str) -> str:
    """Letters, digits, dots and hyphens alone, which every system takes.

    >>> file_name("scores-r-0007-(0.0, 1.0)", "")
    'scores-r-0007-0.0-1.0'
    """
    return "-".join(re.findall("[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*", " ".join(parts)))


def menu(numbers: Callable[[], pd.DataFrame], name: str, key: str, watched: Watched | None = None) -> None:
    """A button that opens what there is to take away. numbers: made on click. name: of the files. watched: as `figure`
    has it.
    """
    options = watched or Watched(key=f"away-{key}")
    with st.popover(
        ":material/download:", help="Numbers and picture of this chart", type="tertiary", **options
    ):  # fmt: skip
        st.download_button(
            "Numbers as CSV", lambda: csv(numbers()), f"{name}.csv", "text/csv", icon=":material/table:",
            on_click="ignore", key=f"numbers-{key}",
        )  # fmt: skip
        if touched():
            return
        chosen = f"picture-{key}"
        st.session_state[chosen] = picture()

        def choose() -> None:
            st.session_state[_PICTURE] = st.session_state[chosen]

        st.segmented_control(
            "Picture", PICTURES, key=chosen, required=True, format_func=str.upper, on_change=choose,
            help="The camera over a chart, seen while it is pointed at, saves it as this; for all charts",
        )  # fmt: skip
