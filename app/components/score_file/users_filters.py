"""What narrows a list of users: the chart of scores, the bands, and the popover with all other filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

import pandas as pd
import streamlit as st

from app import charts
from app.components.lists import place
from app.components.score_file import list_words
from app.components.shared import room
from app.components.shared.figure import Click, figure, theme
from app.queries import services, users
from app.words import count, label, legible
from core.policy.bands import BANDS
from core.scoring.filters import Choice, Filters, Label
from core.scoring.listing.list_view import PARAMS, ListView
from core.scoring.runs import Run

#: Values of a context column that can be chosen, the most frequent.
_COMMONEST: Final = 500
_LABELS: Final[dict[Label, str]] = {"any": "Any", "spammer": "Spammers", "legitimate": "Legitimate"}


def usual(run: Run) -> Choice:
    """Whom the list of a run shows when nobody has asked for others."""
    return "flagged" if run.flagged else "everyone"


def go(run: Run, view: ListView, **changes: Any) -> None:
    """Show another view: with other filters, on its first page."""
    show(run, replace(view, filters=replace(view.filters, **changes)))


def show(run: Run, view: ListView) -> None:
    """Show another view, on its first page."""
    told = view.params().items()
    place.show({name: value for name, value in told if (name, value) != ("group", usual(run))}, PARAMS)


def off(run: Run, view: ListView, name: str) -> None:
    """Take the filter of a name off."""
    plain = Filters(usual(run))
    found: Mapping[str, Mapping[str, Any]] = {
        "group": {"group": "everyone"}, "score": {"scores": plain.scores}, "q": {"text": ""},
        "reason": {"reason": None}, "feature": {"feature": None, "within": None},
        "context": {"context": None, "values": ()}, "by": {"decided_by": None}, "category": {"category": None},
        "label": {"label": "any"}, "novel": {"novel": False}, "incomplete": {"incomplete": False},
    }  # fmt: skip
    go(run, view, **found[name])


def chart(run: Run, view: ListView) -> None:
    """The scores of the run, of which those listed stand out; clicks on bars choose others."""
    drawn = charts.scores_to_choose(
        users.bins(run), users.bins(run, view), run.policy.thresholds, view.filters.scores, theme=theme()
    )
    # Another one for other scores: the browser would go on to dim what was not clicked before.
    figure(
        drawn, key=f"scores-{run.id}-{view.filters.scores}", beside=lambda: bands(run, view),
        click=Click(lambda point: go(
            run, view, scores=charts.chosen_scores(float(point["x"]), users.BINS, view.filters.scores)
        )),
    )  # fmt: skip


def bands(run: Run, view: ListView) -> None:
    """How many users are in each band; a click lists them."""
    name = f"bands-{run.id}"
    st.session_state[name] = view.filters.group if view.filters.group in BANDS else None
    words = {band: f"{label(band)} {count(run.counts[band])}" for band in reversed(BANDS)}
    st.pills(
        "Band", tuple(words), key=name, wrap=True, width=sum(map(room.width, words.values())),
        label_visibility="collapsed", format_func=words.__getitem__,
        on_change=lambda: go(run, view, group=st.session_state[name] or "everyone"),
    )  # fmt: skip


def more(run: Run, view: ListView) -> None:
    """The other filters."""
    with st.popover("Add filter", icon=":material/add:", type="tertiary"):
        _scores(run, view)
        _named(run, view)
        _ranged(run, view)
        _context(run, view)
        _noted(run, view)


def _scores(run: Run, view: ListView) -> None:
    name = f"score-{run.id}"
    st.session_state[name] = tuple(round(end, 2) for end in view.filters.scores)
    st.slider(
        "Score", 0.0, 1.0, step=0.01, key=name, on_change=lambda: go(run, view, scores=st.session_state[name])
    )  # fmt: skip


def _one_of(run: Run, view: ListView, title: str, field: str, options: list[str]) -> None:
    name, at = f"{field}-{run.id}", getattr(view.filters, field)
    options = options if at is None or at in options else [*options, at]
    st.session_state[name] = at
    st.selectbox(
        title, options, index=None, key=name, placeholder="Any",
        format_func=list_words.decider if field == "decided_by" else legible,
        on_change=lambda: go(run, view, **{field: st.session_state[name]}),
    )  # fmt: skip


def _named(run: Run, view: ListView) -> None:
    listed = users.listed(run).users
    _one_of(run, view, "Feature among the reasons", "reason", list(services.model(run.model).metadata.names))
    deciders = sorted(users.deciders(run))
    if len(deciders) > 1 or view.filters.decided_by is not None:
        _one_of(run, view, "Decided by", "decided_by", deciders)
    if "category" in listed:
        _one_of(run, view, "Category", "category", sorted(listed["category"].dropna().unique().tolist()))


def _ranged(run: Run, view: ListView) -> None:
    schema = services.schema()
    names, name = [each for each in schema.measures if each not in schema.categories], f"feature-{run.id}"
    feature = _column(run, view, "feature", names, name)
    if feature is None:
        return
    ends = f"from-{run.id}-{feature}", f"to-{run.id}-{feature}"
    values = services.features(run.dataset, (feature,))[feature]
    within = view.filters.within if view.filters.feature == feature else None
    for key, value in zip(ends, within or (_end(values.min()), _end(values.max())), strict=True):
        st.session_state[key] = value
    least, most = st.columns(2)
    for column, title, key in zip((least, most), ("From", "to"), ends, strict=True):
        column.number_input(
            title, key=key,
            on_change=lambda: go(run, view, feature=feature, within=(st.session_state[ends[0]], _to(ends))),
        )  # fmt: skip


def _column(run: Run, view: ListView, field: str, names: list[str], key: str) -> str | None:
    """A column, chosen before what is asked of it is: only with that does it filter."""
    st.session_state.setdefault(key, getattr(view.filters, field))
    return st.selectbox(
        field.capitalize(), names, index=None, key=key, placeholder="Any", format_func=legible,
        on_change=lambda: _another(run, view, field, key),
    )  # fmt: skip


def _another(run: Run, view: ListView, field: str, name: str) -> None:
    """What was asked of one column is not asked of another."""
    if getattr(view.filters, field) not in {None, st.session_state[name]}:
        off(run, view, field)


def _to(ends: tuple[str, str]) -> float:
    return max(float(st.session_state[end]) for end in ends)


def _end(value: float) -> float:
    """An end of a range to start from; a column without any value has none."""
    return 0.0 if pd.isna(value) else float(value)


def _context(run: Run, view: ListView) -> None:
    groups = [name for name in users.listed(run).texts[1:] if name not in services.schema().texts]
    if not groups:
        return
    context = _column(run, view, "context", groups, f"context-{run.id}")
    if context is None:
        return
    chosen = list(view.filters.values) if view.filters.context == context else []
    commonest = users.listed(run).users[context].value_counts().head(_COMMONEST).index.tolist()
    key = f"values-{run.id}-{context}"
    st.session_state[key] = chosen
    st.multiselect(
        "is one of", [*commonest, *(value for value in chosen if value not in commonest)], key=key,
        format_func=legible,
        on_change=lambda: go(run, view, context=context, values=tuple(st.session_state[key])),
    )  # fmt: skip


def _noted(run: Run, view: ListView) -> None:
    if "label" in users.keys(run):
        name = f"label-{run.id}"
        st.session_state[name] = view.filters.label
        st.segmented_control(
            "Known label", list(_LABELS), required=True, key=name, format_func=_LABELS.__getitem__,
            on_change=lambda: go(run, view, label=cast(Label, st.session_state[name])),
        )  # fmt: skip
    for field, title in (("novel", "Outside the training range only"), ("incomplete", "With missing values only")):
        _flag(run, view, field, title)


def _flag(run: Run, view: ListView, field: str, title: str) -> None:
    name = f"{field}-{run.id}"
    st.session_state[name] = getattr(view.filters, field)
    st.checkbox(title, key=name, on_change=lambda: go(run, view, **{field: st.session_state[name]}))
