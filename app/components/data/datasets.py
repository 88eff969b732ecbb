"""The datasets of this home as a table; choosing a row shows one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.components.data.picking import picked
from app.components.shared.empty_state import empty_state
from app.components.shared.heading import section
from app.queries import services
from core.catalog.holdings import Holding, megabytes
from core.wording import count


def datasets() -> Holding | None:
    """The one that somebody chose, else None."""
    found = services.home().holdings.listed(now=services.now())
    if not found:
        with empty_state("No file was read here yet", "Files that are scored or learnt from stand here."):
            pass
        return None
    size = sum(each.size for each in found)
    section("Datasets", f"{count(len(found), 'file')}, {megabytes(size)} with their runs; select a row to see one")
    frame = pd.DataFrame({
        "File": [each.dataset.name for each in found],
        "Read": [each.dataset.created for each in found],
        "By": [each.by for each in found],
        "Rows": [each.dataset.accepted for each in found],
        "Rejected": [each.dataset.rejected for each in found],
        "Size": [each.size / 1e6 for each in found],
        "Used by": [", ".join(use.id for use in each.uses) or "nothing" for each in found],
        "Note": [each.note for each in found],
        "Id": [each.id for each in found],
    })  # fmt: skip
    rows = picked(
        frame, [each.id for each in found], "datasets", "single-row",
        alt="Datasets: file, when it was read, by whom, rows, size, uses, note",
        columns={
            "Read": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone=st.context.timezone),
            "Rows": st.column_config.NumberColumn(format="localized"),
            "Rejected": st.column_config.NumberColumn(format="localized"),
            "Size": st.column_config.NumberColumn(format="%.1f MB"),
        },
    )  # fmt: skip
    return found[rows[0]] if rows else None
