"""Where a model is weak: segments by context column and by bin of a feature, the weakest named and tested."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app import comparing
from app.comparing import SIDES, View
from app.components.heading import section
from app.words import UNKNOWN, count, legible, p_value, percent, plain
from core.model import weakest

_SHARES: Final = {"selection_rate": "Selected", "fpr": "FPR", "fnr": "FNR"}


@st.fragment
def groups(view: View) -> None:
    """One model's table, the weakest segment first."""
    if all(table.empty for table in view.found.segments):
        return
    above = min(view.found.thresholds.values())
    names = dict(zip(SIDES, map(comparing.short, view.names), strict=True))
    section("Segments", f"users scored above {above:g} are selected; 95\u202f% intervals; p with Holm's correction")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        side = st.segmented_control(
            "Model", SIDES, default="b", required=True, format_func=lambda each: plain(names[each]), key="groups_of",
            label_visibility="collapsed",
        )  # fmt: skip
        table = view.found.segments[SIDES.index(side)]
        columns = list(dict.fromkeys(table["column"]))
        column = st.selectbox(
            "By", columns, index=None, placeholder="Every column and feature", format_func=legible, key="groups_by",
            width=260, label_visibility="collapsed",
        )  # fmt: skip
    st.markdown(plain(weakest.weakest(table)))
    shown = table if column is None else table[table["column"] == column]
    st.dataframe(
        _told(shown), hide_index=True, row_height=32, height=min(35 + 32 * max(len(shown), 1) + 3, 330),
        key="compare_groups", placeholder=UNKNOWN, alt=f"Segments of the users, {legible(names[side])}, weakest first",
        column_config={
            name: st.column_config.TextColumn(name, alignment="right")
            for name in ("Users", "Spammers", "ROC-AUC", "elsewhere", "p, Holm", *_SHARES.values())
        } | {"Column": st.column_config.TextColumn(pinned=True)},
    )  # fmt: skip


def _told(table: pd.DataFrame) -> pd.DataFrame:
    shown = {
        "Column": table["column"].map(legible), "Segment": table["segment"].map(legible),
        "Users": table["n"].map(count), "Spammers": table["spammers"].map(count),
        "ROC-AUC": _decimals(table["roc_auc"]), "elsewhere": _decimals(table["roc_auc_outside"]),
        "p, Holm": table["p_holm"].map(lambda p: p_value(p).removeprefix("p ").removeprefix("= ")),
    }  # fmt: skip
    for key, name in _SHARES.items():
        shown[name] = pd.Series(
            [f"{percent(value)} ({100 * low:.1f} to {100 * high:.1f})" if value == value else UNKNOWN  # noqa: PLR0124
             for value, low, high in table[[key, f"{key}_low", f"{key}_high"]].itertuples(index=False)],
            index=table.index, dtype="str",
        )  # fmt: skip
    return pd.DataFrame(shown)


def _decimals(values: pd.Series[float]) -> pd.Series[str]:
    return values.map(lambda value: UNKNOWN if pd.isna(value) else f"{value:.3f}")
