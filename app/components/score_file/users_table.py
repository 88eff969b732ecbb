"""The users of a run, highest risk first: filters above, table below; choosing a row opens the user."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pandas as pd
import streamlit as st

from app.components.shared.heading import section
from app.components.shared.send_to_review import send_users
from app.queries import services
from app.tables.cells import safe
from app.words import UNKNOWN, count, label, legible, link
from core.policy.bands import BANDS
from core.policy.decide import SCORE
from core.scoring.filters import Choice, Filters
from core.scoring.runs import Run

#: Rows shown: a grid that can be selected in is sent whole, and nobody reads further.
MOST = 1_000
#: Context columns shown; all of them are in the download.
MOST_CONTEXT = 6
_ORDER: tuple[Choice, ...] = ("flagged", "auto_remove", "human_review", "monitor", "everyone")


def risks(run: Run) -> int | None:
    """Filters and table; the input row of the user somebody chose to open, else None."""
    people = services.people(run)
    reasons = services.reasons(run)
    texts = tuple(people.columns[: list(people.columns).index("probability")])
    filters = _filters(run, people, texts)
    values = None
    if filters.feature is not None:
        values = services.features(run.dataset, (filters.feature,))[filters.feature]
    kept = filters.matches(people, texts=texts, reasons=reasons, values=values)
    frame = people[kept]
    if frame.empty:
        _nothing(filters)
        return None
    shown = frame.head(MOST)
    chosen = _grid(run, shown, texts, reasons)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        _about(len(frame))
        send_users(run, [int(row) for row in shown.index])
    return chosen


def _about(users: int) -> None:
    limit = f"The {count(MOST)} highest of " if users > MOST else ""
    st.caption(
        f"{limit}{count(users)} users, highest risk first. "
        "A reason reads: feature = value (contribution in log-odds). Select a row to open the user.",
        width="content",
    )


def _grid(run: Run, shown: pd.DataFrame, texts: tuple[str, ...], reasons: pd.DataFrame | None) -> int | None:
    user, *context = texts
    first, rest = context[:1], context[1:MOST_CONTEXT]
    # The dot keeps our names apart from those of the file.
    frame = shown[[user, *first]].copy()
    frame["·score"] = shown["probability"]
    frame["·band"] = [[label(BANDS[band])] for band in shown["severity"]]
    if "category" in shown:
        frame["·category"] = shown["category"].astype("str")
    frame["·reasons"] = _told(shown.index, reasons)
    if (shown["decided_by"] != SCORE).any():
        frame["·by"] = shown["decided_by"].astype("str")
    frame[rest] = shown[rest]
    frame["·novel"] = shown["novel_features"]
    frame["·missing"] = shown["n_missing"]
    # What people wrote is never a link to press.
    addresses = [name for name in (*first, *rest) if name not in services.schema().texts and _all_links(shown[name])]
    links = {name: st.column_config.LinkColumn() for name in addresses}
    event = st.dataframe(
        safe(frame), hide_index=True, placeholder=UNKNOWN, row_height=32, height=356, key=f"risks-{run.id}",
        on_select="rerun", selection_mode="single-row",
        alt=f"The users of {run.id}, highest risk first: id, score, band, reasons and context.",
        column_config=links | {
            user: st.column_config.TextColumn(pinned=True),
            "·score": st.column_config.ProgressColumn("Score", min_value=0, max_value=1, format="%.3f", color="gray"),
            "·band": st.column_config.MultiselectColumn(
                "Band", options=[label(band) for band in reversed(BANDS)], color=["red", "orange", "blue", "gray"]
            ),
            "·reasons": st.column_config.TextColumn("Reasons, strongest first", width="large"),
            "·category": st.column_config.TextColumn("Category", help="Of a violation, if it is one"),
            "·by": st.column_config.TextColumn("Decided by", help="The score, or a rule or list"),
            "·novel": st.column_config.TextColumn("Outside training", help="Features outside the training range"),
            "·missing": st.column_config.NumberColumn("Missing", help="How many of the features are missing"),
        },
    )  # fmt: skip
    rows = event["selection"]["rows"]
    return int(shown.index[rows[0]]) if rows else None


def _told(rows: pd.Index[int], reasons: pd.DataFrame | None) -> list[str]:
    """The reasons of each row on one line; empty where there are none yet."""
    if reasons is None:
        return [""] * len(rows)
    frame = reasons.reindex(rows).fillna("")
    return ["   ".join(filter(None, row)) for row in frame.itertuples(index=False)]


def _filters(run: Run, people: pd.DataFrame, texts: tuple[str, ...]) -> Filters:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
        section("Highest risks")
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            group = st.segmented_control(
                "Which users", _ORDER, required=True, default="flagged" if run.flagged else "everyone",
                format_func=lambda name: _group_label(run, name), key=f"group-{run.id}", label_visibility="collapsed",
            )  # fmt: skip
            text = st.text_input(
                "Find", placeholder="Find a user or feature", icon=":material/search:", width=210,
                key=f"text-{run.id}", label_visibility="collapsed",
            )  # fmt: skip
            with st.popover("Filters", icon=":material/tune:"):
                more = _more(run, people, texts)
    return replace(more, group=cast(Choice, group), text=text)


def _more(run: Run, people: pd.DataFrame, texts: tuple[str, ...]) -> Filters:
    low, high = st.slider("Score", 0.0, 1.0, (0.0, 1.0), 0.01, key=f"score-{run.id}")
    names = [name for name in services.schema().measures if name not in services.schema().categories]
    feature = st.selectbox("Feature", names, index=None, format_func=legible, key=f"feature-{run.id}")
    within = None
    if feature is not None:
        values = services.features(run.dataset, (feature,))[feature]
        least, most = st.columns(2)
        start = least.number_input("From", value=_end(values.min()), key=f"from-{run.id}-{feature}")
        end = most.number_input("to", value=_end(values.max()), key=f"to-{run.id}-{feature}")
        within = (start, end)
    context, chosen = None, []
    groups = [name for name in texts[1:] if name not in services.schema().texts]
    if groups:
        context = st.selectbox("Context", groups, index=None, format_func=legible, key=f"context-{run.id}")
    if context is not None:
        commonest = people[context].value_counts().head(500).index.tolist()
        chosen = st.multiselect("is one of", commonest, format_func=legible, key=f"values-{run.id}-{context}")
    novel = st.checkbox("Outside the training range only", key=f"novel-{run.id}")
    incomplete = st.checkbox("With missing values only", key=f"incomplete-{run.id}")
    return Filters(
        scores=(low, high), feature=feature, within=within, context=context, values=tuple(chosen),
        novel=novel, incomplete=incomplete,
    )  # fmt: skip


def _end(value: float) -> float:
    """An end of a range to start from; a column without any value has none."""
    return 0.0 if pd.isna(value) else float(value)


def _group_label(run: Run, group: Choice) -> str:
    if group == "flagged":
        return f"Flagged {count(run.flagged)}"
    if group == "everyone":
        return f"Everyone {count(run.users)}"
    return f"{label(group)} {count(run.counts[group])}"


def _nothing(filters: Filters) -> None:
    what = "matches the filters" if filters.extra or filters.text.strip() else "is in this band"
    st.caption(f"No user {what}. Choose another band, or clear the search and the filters.")


def _all_links(values: pd.Series[str]) -> bool:
    """Whether every value is an http(s) address: only then are they drawn as links."""
    seen = values.dropna()
    return len(seen) > 0 and all(link(value) for value in seen)
