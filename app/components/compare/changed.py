"""Whose treatment would change: how many from which band to which, who, why, and what to do about it."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import pyarrow as pa
import streamlit as st

from app import charts
from app.components.shared.figure import Click, figure, theme
from app.components.shared.heading import section
from app.components.shared.send_to_review import send_flips
from app.queries import compare
from app.queries.compare import View
from app.tables import comparison as tables
from app.tables.cells import safe
from app.words import UNKNOWN, count, label, legible
from core.policy.bands import BANDS, Band
from core.scoring import export

#: Rows shown; all of them are in the download.
MOST: Final = 1_000
_WAYS: Final = ("all", "stricter", "milder")
#: The comparison of which a cell was clicked, and its two bands.
_CELL: Final = "_flips_cell"


def bands(view: View) -> None:
    """The heat map of bands under a and under b."""
    a, b = map(tables.short, view.names)
    cell = chosen(view)
    drawn = charts.flips(compare.flips(view).counts, BANDS, a=a, b=b, chosen=cell, theme=theme())
    click = Click(lambda point: _choose(view, *point["customdata"]), "click a cell for its users")
    figure(drawn, key="-".join(["flips", *(cell or ())]), of=f"{a} {b}", click=click)


def chosen(view: View) -> tuple[Band, Band] | None:
    """The bands under a and under b of the cell that somebody has clicked."""
    identity, cell = st.session_state.get(_CELL, ("", None))
    return cell if identity == view.identity else None


def _choose(view: View, before: Band, after: Band) -> None:
    """Look at those who go from one band to another; nobody changes along the diagonal, so that it shows all."""
    st.session_state[_CELL] = (view.identity, (before, after) if before != after else None)


@st.fragment
def changed(view: View) -> None:
    """Those who change band, as a table, with the ways out: a download, and the queue."""
    everyone = compare.changed(view)
    flips = compare.flips(view)
    if everyone.empty:
        section("Nobody changes band", f"of {count(flips.n)} users")
        return
    section(f"{count(len(everyone))} users change band", f"of {count(flips.n)}; the largest change of score first")
    named = {"all": "All", "stricter": f"Stricter {count(flips.severer)}", "milder": f"Milder {count(flips.milder)}"}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        way = st.segmented_control(
            "Which way", _WAYS, default="all", required=True, format_func=named.__getitem__, key="flips_way",
            label_visibility="collapsed",
        )  # fmt: skip
        shown = everyone if way == "all" else everyone[everyone["stricter"] == (way == "stricter")]
        if cell := chosen(view):
            shown = everyone[(everyone["before"] == cell[0]) & (everyone["after"] == cell[1])]
            st.button(
                f"{label(cell[0])} → {label(cell[1])} {count(len(shown))} :material/close:", key="flips_all",
                on_click=lambda: st.session_state.pop(_CELL),
            )  # fmt: skip
        st.download_button(
            "Download", lambda: _csv(shown, view.names), "flips.csv", "text/csv", icon=":material/download:",
            type="tertiary", on_click="ignore", key="flips_download",
        )  # fmt: skip
        if view.dataset is not None and view.versions:
            send_flips(view.dataset, [int(row) for row in shown.index], view.versions)
    _table(shown.head(MOST), view)
    if view.found.reasons:
        st.caption(view.found.reasons + (f" The first {count(MOST)} are shown." if len(shown) > MOST else ""))


def _table(shown: pd.DataFrame, view: View) -> None:
    a, b = map(tables.short, view.names)
    frame = pd.DataFrame(
        {
            "User": shown["user"], "a": shown["a"], "b": shown["b"],
            "before": [[label(band)] for band in shown["before"]], "after": [[label(band)] for band in shown["after"]],
            "why": shown["why"].fillna(""), "label": shown["label"].map({0.0: "legitimate", 1.0: "spammer"}),
        }
    )  # fmt: skip
    st.dataframe(
        safe(frame if view.found.why is not None else frame.drop(columns="why")), hide_index=True, placeholder=UNKNOWN,
        row_height=32,
        height=260, key="flips_users",
        alt=f"Users whose band differs between {legible(a)} and {legible(b)}, with scores and bands",
        column_config={
            "User": st.column_config.TextColumn(pinned=True, width=90),
            "a": st.column_config.NumberColumn(legible(a), format="%.3f", width=70),
            "b": st.column_config.NumberColumn(legible(b), format="%.3f", width=70),
            "before": _band_column(f"By {legible(a)}"),
            "after": _band_column(f"By {legible(b)}"),
            "label": "Label",
            "why": st.column_config.TextColumn(
                "Why", width="medium", help="Features whose contribution changes most, in log-odds, and which way"
            ),
        },
    )  # fmt: skip


def _band_column(title: str) -> Any:
    return st.column_config.MultiselectColumn(
        title, width=110, options=[label(band) for band in reversed(BANDS)], color=["red", "orange", "blue", "gray"]
    )


def _csv(shown: pd.DataFrame, names: tuple[str, str]) -> bytes:
    a, b = names
    frame = shown.drop(columns="stricter").rename(
        columns={"a": f"score {a}", "b": f"score {b}", "before": f"band {a}", "after": f"band {b}"}
    )
    table = pa.Table.from_pandas(frame.rename_axis("row").reset_index(), preserve_index=False)
    return export.as_bytes(table, ".csv")
