"""What the verdicts say of the live model: precision by band and recall, weighted, beside the naive figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import services
from app.components.empty_state import empty_state
from app.components.heading import section
from app.components.numbers import numbers
from app.words import NARROW, UNKNOWN, badge, count, legible, percent
from core.data.problems import count as counted
from core.decision import runs
from core.decision.policy import BANDS
from core.decision.runs import Run
from core.feedback.estimate import Estimate, Figures


def figures() -> None:
    planned = [run for run in runs.recent(services.settings(), 50) if services.planned(run)]
    if not planned:
        with empty_state(
            "No run was sent to review yet",
            "Open a scored file and choose *Send to review*: with random users among those judged, "
            "this page can say what the model misses.",
        ):
            pass
        return
    run = st.selectbox(
        "Run", planned, format_func=lambda each: legible(f"{each.id} · {each.name}"), width=320, key="figures_run"
    )
    found = services.live(run)
    if found is None:
        return
    _headline(run, found)
    table = _table(found)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        section("Estimates", f"95{NARROW}% intervals, {run.model} under {run.policy.version}, {count(run.users)} users")
        numbers(_raw(found), f"figures-{run.id}")
    st.table(table, border="horizontal", hide_index=True)
    st.caption(
        "Weighted: each judged user stands for as many as the plan drew it from (Horvitz and Thompson, 1952). Naive: "
        "as if those judged were all there are; where mostly flagged users are judged, naive recall is near "
        f"100{NARROW}% whatever the model misses. Unsure verdicts count as missing; the last column says how far "
        "they could move the figure."
    )


def _headline(run: Run, found: Figures) -> None:
    recall, precision = found.recall, found.precision
    judged = sum(each.judged for each in found.bands)
    pending = sum(each.pending for each in found.bands)
    progress = f"{counted(judged, 'user')} judged, {count(pending)} still to be judged."
    if recall.enough:
        told = f"Of all spammers in {run.id}, the policy catches {_share(recall.value)} ({_ends(recall)})"
        if precision.enough:
            told += f"; of those it flags, {_share(precision.value)} are spammers ({_ends(precision)})"
        told += "."
    else:
        told = (
            f"Too few to say what {run.id} misses: {recall.expected_events:.0f} of 30 expected spammers judged so far"
        )
        told += f"; recall is {_ends(recall)}."
    st.header(told, anchor=False)
    st.markdown(progress)


def _table(found: Figures) -> pd.DataFrame:
    rows = {f"Precision, {badge(band)}": each for band, each in reversed(list(zip(BANDS, found.bands, strict=True)))}
    rows |= {"Precision, all flagged for review": found.precision, "Recall, over all users": found.recall}
    return pd.DataFrame(
        {
            "Figure": list(rows),
            "Weighted": [_share(each.value) if each.enough else "too few to say" for each in rows.values()],
            "95 % interval": [_ends(each) for each in rows.values()],
            "Naive": [_share(each.naive) for each in rows.values()],
            "Judged": [count(each.judged) for each in rows.values()],
            "Spammers": [count(each.events) for each in rows.values()],
            "To judge": [count(each.pending) for each in rows.values()],
            "Unsure": [count(each.unsure) for each in rows.values()],
            "If the unsure were": [_moved(each) for each in rows.values()],
        }
    )


def _raw(found: Figures) -> pd.DataFrame:
    named = dict(zip([f"precision {band}" for band in BANDS], found.bands, strict=True))
    named |= {"precision flagged": found.precision, "recall": found.recall}
    fields = [name for name in Estimate.__slots__ if not name.startswith("_")]
    rows = [{"figure": name, **{field: getattr(each, field) for field in fields}} for name, each in named.items()]
    return pd.DataFrame(rows)


def _share(value: float) -> str:
    return UNKNOWN if np.isnan(value) else percent(value)


def _ends(each: Estimate) -> str:
    return f"{_share(each.low)} to {_share(each.high)}"


def _moved(each: Estimate) -> str:
    if not each.unsure:
        return ""
    return UNKNOWN if np.isnan(each.worst) else f"{_share(each.worst)} to {_share(each.best)}"
