"""Groups of users: segments of a context column, and one set of users against another."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from app import charts, navigation
from app.components.explore.one_feature import overall
from app.components.shared.figure import Click, Mark, figure, theme
from app.components.shared.heading import section
from app.components.shared.numbers import numbers
from app.components.shared.working import working
from app.queries import explore, services
from app.tables.cells import safe
from app.words import UNKNOWN, count, legible, plain
from core.registry.registry import Model
from core.scoring.filters import Filters, Group
from core.scoring.listing.list_view import ListView
from core.scoring.view import View
from core.wording import count as counted

_FLAGGED, _LABELLED = "flagged", "label"
_AGAINST: Final[tuple[Group, ...]] = ("not_flagged", "flagged")
_PARTS = {_FLAGGED: "Flagged against the rest", _LABELLED: "Spammers against legitimate users"}


def segments(view: View) -> None:
    context = services.home().datasets.find(view.dataset).context
    if not context:
        st.caption("This dataset has no context column: there is nothing to divide its users by.")
        return
    shared = explore.groupable(view)
    column = st.selectbox(
        "Context column", context, index=context.index(shared[0]) if shared else 0, format_func=legible, key="by",
        bind="query-params", width=260,
    )  # fmt: skip
    if column not in shared:
        st.caption(f"No two users have the same value of {plain(column)}: there is nothing to group by.")
        return
    frame = explore.segmented(view, column)
    shown = frame.rename(columns={"segment": "value", "low95": "low", "high95": "high"})
    figure(
        charts.segments(shown, column, overall=overall(view), theme=theme()), key="segments", of=column, table=frame,
        click=_click(view, column, frame),
    )  # fmt: skip


def _click(view: View, column: str, frame: pd.DataFrame) -> Click | None:
    """Of a run, a value leads to its users in the list; what stands for many values or for none leads nowhere."""
    if view.run is None:
        return None

    def go(point: Mark) -> None:
        row = frame.iloc[int(point["y"])]
        if row["kind"] == "value":
            listed = ListView(replace(view.filters, context=column, values=(row["segment"],)))
            navigation.go("score_file", run=str(view.run), **listed.params())

    mark = "bar" if frame["rate"].isna().all() else "point"
    return Click(go, f"click a {mark} for its users", leaves=True)


def compare(view: View, model: Model | None) -> None:
    """This view against another dataset, or one part of it against the other."""
    stored = services.home().datasets.stored()
    others = {found.id[:12]: found for found in stored if found.id != view.dataset}
    parts = ([_FLAGGED] if view.run else []) + ([_LABELLED] if explore.everyones_label(view) is not None else [])
    options = [*parts, *others]
    if not options:
        st.caption("There is nothing to compare with yet: score or upload a second file.")
        return
    at = st.query_params.get("against", options[0])
    chosen = st.selectbox(
        "Compare", options, index=options.index(at) if at in options else 0, width=340, key=f"against-{at}",
        format_func=lambda name: legible(f"With {others[name].name} · {count(others[name].accepted)} users")
        if name in others else _PARTS[name],
    )  # fmt: skip
    if chosen != at:
        # By hand, for the reason told in `source`.
        st.query_params["against"] = chosen
    first, second, names = _sides(view, chosen)
    with working("Comparing") as progress:
        found = explore.compared(first, second, model, progress=progress)
    n = [int(explore.rows(side).sum()) for side in (first, second)]
    st.caption(
        f"From {plain(names[0])} ({counted(n[0], 'user')}) to {plain(names[1])} ({count(n[1])}). "
        + (f"Shift is weighted with how much {model.version} uses the feature." if model else "")
    )
    figure(
        charts.shifts(found.assign(effect=found["delta"]), a=names[0], b=names[1], theme=theme()),
        key="shifts",
        table=found,
    )
    _all_features(found)


def _all_features(frame: pd.DataFrame) -> None:
    columns = {"feature": "Feature", "psi": "PSI", "psi_by_chance": "By chance", "ks": "KS", "delta": "Cliff's delta",
               "smd": "Std. difference", "missing_change": "Missing, change", "use": "Use"}  # fmt: skip
    shown = frame[list(columns)].rename(columns=columns)
    # Not at the right, where the table's own buttons appear over it.
    with st.container(horizontal=True, vertical_alignment="center"):
        section("All features", "what shifts most first")
        numbers(shown, "all_features")
    st.dataframe(
        safe(shown), hide_index=True, placeholder=UNKNOWN,
        row_height=32, height=300, alt="Every feature with its shift",
        column_config={name: st.column_config.NumberColumn(format="%.3f") for name in list(columns.values())[1:]},
    )  # fmt: skip


def _sides(view: View, chosen: str) -> tuple[View, View, tuple[str, str]]:
    if chosen == _FLAGGED:
        sides = [View(view.dataset, view.run, replace(view.filters, group=group)) for group in _AGAINST]
        return sides[0], sides[1], ("not flagged", "flagged")
    if chosen == _LABELLED:
        sides = [
            View(view.dataset, view.run, replace(view.filters, label=label)) for label in ("legitimate", "spammer")
        ]
        return sides[0], sides[1], ("legitimate", "spammers")
    other = next(found for found in services.home().datasets.stored() if found.id.startswith(chosen))
    here = services.home().datasets.find(view.dataset)
    return view, View(other.id, None, Filters(group="everyone")), (here.name, other.name)
