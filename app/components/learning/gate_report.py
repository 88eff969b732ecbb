"""What the gate has found of a version: its verdict, and each check with its figure and threshold."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.components.learning.retraining import WORDS
from app.components.shared.heading import section
from app.queries import services
from app.tables.cells import safe
from app.words import UNKNOWN, legible, moment, plain
from core.retraining.gate_checks import Check

#: Colour means action: passing or not is said by glyph and word.
STATES: Final = {"passed": "✓ passed", "open": "? open", "failed": "✗ failed"}


def at_the_gate(version: str) -> None:
    """The section of the Registry page; nothing for a version that was not made by retraining."""
    found = services.home().gate_reports.kept(version)
    if found is None:
        return
    section("Gate", f"against {found.champion}, {moment(found.at)} UTC, {found.n:,} judges neither has learnt from")
    st.markdown(f"**{WORDS[found.verdict].capitalize()}.** {plain(legible(found.sentence))}")
    st.dataframe(
        safe(pd.DataFrame(map(_row, found.checks))), hide_index=True, placeholder=UNKNOWN, row_height=32,
        height=35 + 32 * len(found.checks) + 3, key=f"gate-{version}",
        alt=f"Checks of {version}: verdict, figure, threshold and what was found",
        column_config={
            "Check": st.column_config.TextColumn(pinned=True),
            "Figure": st.column_config.NumberColumn(format="%.4f"),
            "Threshold": st.column_config.NumberColumn(format="%.4f"),
            "Found": st.column_config.TextColumn(width="large"),
        },
    )  # fmt: skip
    st.caption(plain(found.judges))


def _row(check: Check) -> dict[str, object]:
    return {
        "Check": check.name, "Verdict": STATES[check.state], "Figure": check.figure, "Threshold": check.threshold,
        "Found": legible(check.sentence),
    }  # fmt: skip
