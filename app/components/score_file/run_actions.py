"""What can be done with a run: take it away, or go on to the next file."""

from __future__ import annotations

import streamlit as st

from app.components.shared import room
from app.queries import review, services
from app.reports.run import report
from core.scoring.runs import Run


def downloads(run: Run) -> None:
    """All users as CSV or Parquet, in input order, with the reasons there are, and a report; made on click."""
    stem = f"{run.name.removesuffix('.gz').removesuffix('.csv')}.{run.id}"
    with st.popover("Download", icon=":material/download:"):
        texts = not services.schema().texts or not st.toggle(
            "Without texts", key="without_texts", help="Reasons then quote no words of what people wrote"
        )
        for suffix, kind, mime in ((".csv", "CSV", "text/csv"), (".parquet", "Parquet", "application/octet-stream")):
            st.download_button(
                f"All users as {kind}", lambda suffix=suffix: services.result_file(run, suffix, texts=texts),  # type: ignore[misc]
                f"{stem}{suffix}", mime, on_click="ignore", key=f"download{suffix}", width="stretch",
            )  # fmt: skip
        st.download_button(
            "Report as HTML", lambda: _report(run, texts=texts), f"{stem}.html", "text/html", on_click="ignore",
            key="download.html", width="stretch", help="To read, send or print, without a network",
        )  # fmt: skip
        st.caption("In input order; text that looks like a formula is made plain in the CSV.")


def _report(run: Run, *, texts: bool) -> bytes:
    return report(services.home(), run, services.model(run.model), review.live(run), texts=texts).encode()


def another_file() -> None:
    """Leads back to the uploader."""
    word = "Score another file"
    if st.button(word, icon=":material/upload_file:", type="primary", width=room.width(word, icon=True)):
        st.query_params.clear()
        st.rerun()
