"""The numbers of a table, to take away."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import streamlit as st

from core.scoring import export


def numbers(frame: pd.DataFrame, name: str) -> None:
    """A button that downloads a frame as CSV, made on click, safe to open in a spreadsheet."""
    st.download_button(
        ":material/download:", lambda: csv(frame), f"{name}.csv", "text/csv", help="The numbers behind this, as CSV",
        type="tertiary", on_click="ignore", key=f"numbers-{name}",
    )  # fmt: skip


def csv(frame: pd.DataFrame) -> bytes:
    return export.as_bytes(pa.Table.from_pandas(frame, preserve_index=False), ".csv")
