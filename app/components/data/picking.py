"""A table of things with ids, of which some are picked; they stay picked when others come into the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd
import streamlit as st

from app.tables.cells import safe
from app.words import UNKNOWN


def picked(
    frame: pd.DataFrame, ids: Sequence[str], key: str, mode: Literal["single-row", "multi-row"], *, alt: str,
    columns: Mapping[str, Any],
) -> list[int]:  # fmt: skip
    """The rows that somebody picked. ids: of the rows of the frame; a browser knows rows by their place alone."""
    before = [at for at, each in enumerate(ids) if each in st.session_state.get(f"{key}-picked", ())]
    event = st.dataframe(
        safe(frame), hide_index=True, placeholder=UNKNOWN, row_height=32, height=min(35 + 32 * len(frame) + 3, 330),
        key=table_key(key, ids), on_select="rerun", selection_mode=mode,
        selection_default={"selection": {"rows": before}}, alt=alt, column_config=columns,
    )  # fmt: skip
    rows = [row for row in event["selection"]["rows"] if row < len(ids)]
    st.session_state[f"{key}-picked"] = [ids[row] for row in rows]
    return rows


def table_key(key: str, ids: Sequence[str]) -> str:
    """Another one once there are others in the table."""
    return f"{key}-{hash(tuple(ids))}"
