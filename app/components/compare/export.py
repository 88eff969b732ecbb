"""The ways on from a comparison: all of it as a file, and the version it is about."""

from __future__ import annotations

import json
from dataclasses import asdict

import streamlit as st

from app import navigation
from app.queries import compare
from app.queries.compare import View
from app.reports.comparison import report


def ways_on(view: View) -> None:
    """Buttons for the title row."""
    a, b = view.found.contenders
    with st.popover("Export", icon=":material/download:"):
        st.download_button(
            "Report as HTML", lambda: report(view.found, compare.lead(view)).encode(), f"compare-{a}-{b}.html",
            "text/html", on_click="ignore", key="compare_report", width="stretch",
            help="To read, send or print, without a network",
        )  # fmt: skip
        st.download_button(
            "All figures as JSON", lambda: _facts(view), f"compare-{a}-{b}.json", "application/json",
            on_click="ignore", key="compare_export", width="stretch",
        )  # fmt: skip
    if b in view.versions and st.button(f"{b} in the registry", icon=":material/inventory_2:", key="compare_registry"):
        navigation.go("registry", version=b)


def _facts(view: View) -> bytes:
    comparison, lead = view.found, compare.lead(view)
    facts = {
        "rows": comparison.rows, **comparison.comparison.as_json(), "costs": asdict(comparison.costs),
        "flips": comparison.flips().frame().to_dict("records"),
        "reasons": comparison.reasons, "cautions": comparison.cautions,
        "lead": lead.as_json(), "told": lead.told(comparison.comparison),
    }  # fmt: skip
    return json.dumps(facts, indent=1, ensure_ascii=False).encode()
