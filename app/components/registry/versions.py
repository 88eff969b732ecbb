"""All versions as a table, and which of them the page is about; that stands in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.components.shared.heading import section
from app.tables.cells import safe
from app.words import UNKNOWN, interval, legible
from core.registry.registry import Listed

ADDRESS: Final = "version"
_TABLE: Final = "versions"


def chosen(found: Sequence[Listed]) -> Listed:
    """The version in the address, else the champion, else the newest. found: newest first, at least one."""
    text = st.query_params.get(ADDRESS)
    named = [each for each in found if each.version == text]
    return next(iter([*named, *(each for each in found if each.in_charge), *found]))


def versions(found: Sequence[Listed], picked: Listed) -> None:
    """The table, newest first, with the row of the version that is open; selecting another opens that one."""
    key = f"{_TABLE}-{found[0].version}"  # a new version moves all rows down
    section("Versions", f"{len(found)} in this workspace, newest first; select a row to open the version")
    st.dataframe(
        safe(pd.DataFrame(map(_row, found))), hide_index=True, row_height=32, height=min(35 + 32 * len(found) + 3, 230),
        key=key, on_select=lambda: _choose(key, found), selection_mode="single-row", placeholder=UNKNOWN,
        selection_default={"selection": {"rows": [found.index(picked)]}},
        alt="Versions: state, trained when, users, PR-AUC, parent, promoted when and by whom",
        column_config={
            "Version": st.column_config.TextColumn(pinned=True),
            "Trained": st.column_config.DatetimeColumn(format="D MMM YYYY", timezone=st.context.timezone),
            "Users": st.column_config.NumberColumn(format="localized", help="Trained on, without those held out"),
            "PR-AUC": st.column_config.TextColumn(
                alignment="right", help="On held-out users, with the 95 % interval; comparable on the same data only"
            ),
            "Parent": st.column_config.TextColumn(help="The live version when this one was trained"),
            "Promoted": st.column_config.DatetimeColumn(
                format="D MMM YYYY, HH:mm", timezone=st.context.timezone,
                help="Last time; why is said where the version is open, and of every time in Audit",
            ),
            "Promoted by": "By",
        },
    )  # fmt: skip


def _choose(key: str, found: Sequence[Listed]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows and rows[0] < len(found):
        st.query_params[ADDRESS] = found[rows[0]].version
    else:
        st.query_params.pop(ADDRESS, None)


def _row(listed: Listed) -> dict[str, Any]:
    known, promotion = listed.metadata, listed.promotion
    states = ["live"] * listed.in_charge + ["damaged"] * (known is None) + ["pulled"] * (listed.origin is not None)
    return {
        "Version": listed.version,
        "State": ", ".join(states),
        "Trained": known.created if known else None,
        "Users": known.data.trained_on if known else None,
        "PR-AUC": _pr_auc(listed),
        "Parent": _parent(listed),
        "Promoted": promotion.at if promotion else None,
        "Promoted by": legible(promotion.by) if promotion else UNKNOWN,
    }


def _parent(listed: Listed) -> str:
    """The number of a version of another home means nothing here by itself."""
    parent = listed.metadata.parent if listed.metadata else None
    return legible(f"{parent} of {listed.origin.repo}" if listed.origin and parent else parent or UNKNOWN)


def _pr_auc(listed: Listed) -> str:
    if listed.metadata is None:
        return UNKNOWN
    estimate = listed.metadata.figures.overall["pr_auc"]
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return UNKNOWN
    return interval(estimate.value, estimate.low, estimate.high)
