"""The streams of this workspace: how far each is, as its process last said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from app.components.shared.heading import section
from app.tables.cells import safe
from app.words import UNKNOWN
from core.monitoring.stream_status import StreamStatus

_STATES: Final = {True: "running", False: "stopped"}
_NAMES: Final = {"-": "pipe", "rediss": "redis"}


def streams(found: Sequence[StreamStatus]) -> None:
    """A section for the streams, none where there never was one."""
    if not found:
        return
    section("Streams", "messages decided as they arrive; counts are since each process began")
    frame = pd.DataFrame(
        {
            "Stream": [each.name for each in found],
            "Source": [_NAMES.get(each.kind, each.kind) for each in found],
            "State": [_STATES[each.running] for each in found],
            "Waiting": [each.waiting if each.running else None for each in found],
            "Behind": [each.behind_seconds if each.running else None for each in found],
            "Decided": [each.decided for each in found],
            "A second": [each.rate for each in found],
            "Dead letters": [each.dead for each in found],
            "Last batch": pd.Series([each.last for each in found], dtype="datetime64[ns, UTC]"),
        }
    )
    st.dataframe(
        safe(frame), hide_index=True, placeholder=UNKNOWN, row_height=32, key="streams",
        alt="Streams and how far they are",
        column_config={
            "Waiting": st.column_config.NumberColumn(format="localized", help="Messages in the source"),
            "Behind": st.column_config.NumberColumn(format="%.0f s", help="How long what waits has waited"),
            "Decided": st.column_config.NumberColumn(format="localized"),
            "A second": st.column_config.NumberColumn(format="%.0f"),
            "Dead letters": st.column_config.NumberColumn(format="localized"),
            "Last batch": st.column_config.DatetimeColumn(format="distance"),
        },
    )  # fmt: skip
