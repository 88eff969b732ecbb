"""What the verdicts say of the live model: precision by band and recall, weighted, beside the naive figures."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.components.shared import room
from app.components.shared.empty_state import empty_state
from app.components.shared.heading import section
from app.components.shared.numbers import numbers
from app.queries import review, services
from app.tables import live_figures as tables
from app.words import NARROW, badge, count, legible
from core.estimation.estimate import Estimate, Figures
from core.planning.backlog import PERIOD_DAYS
from core.policy.bands import BANDS


def figures() -> None:
    planned = [run for run in services.home().runs.recent(50) if services.planned(run)]
    if not planned:
        with empty_state(
            "No run was sent to review yet",
            "Open a scored file and choose *Send to review*: with random users among those judged, "
            "this page can say what the model misses.",
        ):
            pass
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with room.field(320):
            run = st.selectbox(
                "Up to run", planned, format_func=lambda each: legible(f"{each.id} · {each.name}"), key="figures_run"
            )
        with room.field(140):
            days = st.number_input(
                "Days", 1, 3650, PERIOD_DAYS, key="figures_days", bind="query-params",
                help="All runs of its model and policy in so many days count; each user once, by the latest run",
            )  # fmt: skip
    live = review.live_period(run, int(days))
    if live is None:
        return
    found = live.figures
    st.header(tables.finding(live.name, found), anchor=False)
    st.markdown(" ".join(filter(None, (tables.progress(found), live.left_out.sentence, tables.needed(found)))))
    table = tables.table(found, badge)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        section(
            "Estimates", f"95{NARROW}% intervals, {run.model} under {run.policy.version}, {count(live.users)} users"
        )
        numbers(_raw(found), f"figures-{run.id}")
    st.caption(
        "Weighted: each judged user stands for as many as the plan drew it from (Horvitz and Thompson, 1952). Naive: "
        "as if those judged were all there are; where mostly flagged users are judged, naive recall is near "
        f"100{NARROW}% whatever the model misses. Unsure verdicts count as missing; the last column says how far "
        "they could move the figure."
    )
    # Last: how high it is, nobody knows before the browser has drawn it.
    st.table(table, border="horizontal", hide_index=True)


def _raw(found: Figures) -> pd.DataFrame:
    named = dict(zip([f"precision {band}" for band in BANDS], found.bands, strict=True))
    named |= {"precision flagged": found.precision, "recall": found.recall}
    fields = [name for name in Estimate.__slots__ if not name.startswith("_")]
    rows = [{"figure": name, **{field: getattr(each, field) for field in fields}} for name, each in named.items()]
    return pd.DataFrame(rows)
