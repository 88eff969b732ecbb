"""Which users to explore: a stored dataset or a run, and filters for the whole page. All of it is in the address."""

from __future__ import annotations

import math
from typing import Final

import streamlit as st

from app.queries import explore, services
from app.words import MINUS, count, label, legible
from core.data.datasets import Dataset
from core.policy.bands import BANDS
from core.scoring.filters import Filters, Group, Label
from core.scoring.runs import Run
from core.scoring.view import View

_LABELS: Final[tuple[Label, ...]] = ("any", "spammer", "legitimate")
_LABEL_WORDS: Final = {"any": "Everyone", "spammer": "Spammers", "legitimate": "Legitimate"}
_GROUPS: Final[tuple[Group, ...]] = ("everyone", "flagged", *reversed(BANDS))
_RECENT: Final = 20


def source() -> View | None:
    """The selector; the view without filters, or None in a home that holds no dataset."""
    services.demo_labelled()
    stored = {found.id: found for found in services.home().datasets.stored()}
    scored = {run.id: run for run in services.home().runs.recent(_RECENT) if run.dataset in stored}
    options = [*(identity[:12] for identity in stored), *scored]
    if not options:
        return None
    full = {identity[:12]: identity for identity in stored}
    given = st.query_params.get("of", "")
    at = given or options[0]
    chosen = st.selectbox(
        "Users", options, index=options.index(at) if at in options else 0, key=f"of-{at}", width=320,
        label_visibility="collapsed",
        format_func=lambda name: _named(stored.get(full.get(name, "")), scored.get(name)),
    )  # fmt: skip
    if chosen != given:
        # By hand, not bound: a bound selectbox puts the words it shows into the address, not the id.
        st.query_params["of"] = chosen
    run = scored.get(chosen)
    return View(run.dataset, run.id) if run else View(full[chosen])


def filtered(view: View) -> View:
    """The filters, in a popover; the view with those that are set."""
    with st.popover("Filters", icon=":material/tune:"):
        dataset = services.home().datasets.find(view.dataset)
        filters = Filters(
            group=_group(view), scores=_scores(view), label=_label(view), **_ranged(view), **_context(dataset)  # type: ignore[arg-type]
        )  # fmt: skip
    return View(view.dataset, view.run, filters)


def filter_words(view: View) -> str:
    """The filters that hold, in words; empty without any. Text of the file in it is not markdown."""
    filters = view.filters
    parts = [_LABEL_WORDS[filters.label].lower()] if filters.label != "any" else []
    parts += [_group_words(filters.group).lower()] if filters.group != "everyone" else []
    parts += [f"score {filters.scores[0]:g} to {filters.scores[1]:g}"] if filters.scores != (0.0, 1.0) else []
    if filters.feature is not None and filters.within is not None:
        parts.append(f"{filters.feature} {_range(*filters.within)}")
    if filters.context is not None and filters.values:
        parts.append(f"{filters.context}: {', '.join(filters.values[:3])}{' …' if len(filters.values) > 3 else ''}")
    return " · ".join(parts)


def _range(low: float, high: float) -> str:
    lowest, highest = (f"{end:g}".replace("-", MINUS) for end in (low, high))
    if math.isinf(low):
        return f"up to {highest}"
    return f"from {lowest}" if math.isinf(high) else f"{lowest} to {highest}"


def _label(view: View) -> Label:
    if explore.everyones_label(view) is None:
        return "any"
    return st.segmented_control(
        "Label", _LABELS, default="any", required=True, format_func=_LABEL_WORDS.__getitem__,
        key="label", bind="query-params",
    )  # fmt: skip


def _group(view: View) -> Group:
    if view.run is None:
        return "everyone"
    return st.selectbox("Band", _GROUPS, format_func=_group_words, key="band", bind="query-params")


def _scores(view: View) -> tuple[float, float]:
    if view.run is None:
        return (0.0, 1.0)
    low, high = st.slider("Score", 0.0, 1.0, (0.0, 1.0), 0.01, key="score", bind="query-params")
    return (low, high)


def _ranged(view: View) -> dict[str, object]:
    names = explore.schema(view).measures
    feature = st.selectbox(
        "Feature", names, index=None, format_func=legible, key="where", bind="query-params",
        on_change=_forget_range,
    )  # fmt: skip
    if feature is None:
        return {}
    values = explore.frame(view)[feature]
    low_hint, high_hint = (f"{end:g}" for end in (values.min(), values.max()))
    low = st.number_input("From", value=None, placeholder=low_hint, key="from", bind="query-params")
    high = st.number_input("to", value=None, placeholder=high_hint, key="to", bind="query-params")
    if low is None and high is None:
        return {}
    return {
        "feature": feature,
        "within": (float("-inf") if low is None else low, float("inf") if high is None else high),
    }


def _forget_range() -> None:
    """The range of another feature means nothing for this one."""
    st.session_state["from"] = st.session_state["to"] = None


def _context(dataset: Dataset) -> dict[str, object]:
    if not dataset.context:
        return {}
    context = st.selectbox(
        "Context", dataset.context, index=None, format_func=legible, key="context", bind="query-params"
    )
    if context is None:
        return {}
    frame = services.home().datasets.frame(dataset.id, [context])
    commonest = frame[context].value_counts().head(500).index.tolist()
    chosen = st.multiselect("is one of", commonest, format_func=legible, key="values", bind="query-params")
    return {"context": context, "values": tuple(chosen)}


def _group_words(group: Group) -> str:
    return {"everyone": "Everyone", "flagged": "Flagged"}.get(group) or label(next(b for b in BANDS if b == group))


def _named(dataset: Dataset | None, run: Run | None) -> str:
    if run is not None:
        return legible(f"{run.id} · {run.name} · {count(run.users)} users")
    return legible(f"{dataset.name} · {count(dataset.accepted)} users") if dataset else ""
