"""One feature: how its values lie, how often they are spam, how the model uses them, what stands out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import charts
from app.components.explore.choice import arrive
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.components.shared.numbers import numbers
from app.queries import explore, services
from app.words import MINUS, count, legible, percent, plain
from core.explore import single
from core.explore.bins import zero_inflated
from core.explore.value_counts import ValueCounts
from core.registry.registry import Model
from core.scoring.view import View
from core.wording import count as counted
from core.wording import value_text

#: What reruns alone when another feature is chosen.
FRAGMENT = "one_feature"
#: A scatter shows no more users than this.
DOTS = 1500


@st.fragment(key=FRAGMENT)
def one_feature(view: View, model: Model | None) -> None:
    arrive()
    names = explore.by_use(view, model)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Feature", names, format_func=legible, key="feature", bind="query-params", width=260)
        log = st.toggle("Log scale", key="log", bind="query-params", help="Bins of equal ratio, shares on a log scale")
    tally = explore.counted(view, name)
    st.caption(_about(name, tally))
    if not tally.rows:
        return
    bins = explore.bins(view, name, log=log)
    spread = single.distribution(tally, bins)
    figure(
        charts.distribution(_shares(spread), name, log=log, theme=theme()), key="distribution", of=name, table=spread
    )
    if tally.spammers.sum() + tally.missing[1] + tally.legitimate.sum():
        rates = single.rates(tally, bins)
        figure(
            charts.spam_rate(rates.rename(columns={"bin": "label"}), name, overall=overall(view), theme=theme()),
            key="spam_rate", of=name, table=rates,
        )  # fmt: skip
    if model is not None and name in model.metadata.columns and name not in explore.places(view):
        _dependence(view, name, model)
    _extremes(view, name, tally)


def overall(view: View) -> float:
    """Share of spammers among the labelled users looked at; NaN without any."""
    label = explore.label(view)
    return float("nan") if label is None or np.isnan(label).all() else float(np.nanmean(label))


def _about(name: str, tally: ValueCounts) -> str:
    meaning = services.meanings().sentence(name)
    parts = [meaning] if meaning else []
    varied = "the same for every user" if tally.constant else counted(len(tally.values), "distinct value")
    parts.append(f"{services.schema().feature(name).kind}, {varied}")
    if tally.missing[0]:
        parts.append(f"{count(tally.missing[0])} missing")
    if zero_inflated(tally) and not _in_words(name):
        zeros = int(tally.counts[tally.values == 0].sum())
        parts.append(f"{percent(zeros / tally.n)} are 0, which has a bin of its own")
    return plain(" · ".join(parts))


def _shares(spread: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame({"label": spread["bin"]})
    if spread["spammers"].sum():
        return frame.assign(legitimate=spread["share_legitimate"], spammer=spread["share_spammers"])
    return frame.assign(everyone=spread["share"])


def _dependence(view: View, name: str, model: Model) -> None:
    use = explore.use(view, model)
    inside = explore.rows(view)[use.rows]
    value = explore.frame(view)[name].to_numpy(np.float64)[use.rows][inside]
    push = use.found.pushes[inside, use.found.names.index(name)]
    table, by = pd.DataFrame({"value": value, "contribution": push}), None
    other = explore.interacting(view, name, model)
    known = value[~np.isnan(value)]
    # One value far out on either side would press everyone else into a line.
    low, high = np.quantile(known, [0.005, 0.995]) if len(known) else (0.0, 0.0)
    beyond = (value < low) | (value > high)
    near = np.flatnonzero(~beyond)[:DOTS]
    if other is not None:
        table[other] = use.found.values[inside, use.found.names.index(other)]
        by = (other, table[other].to_numpy(np.float64)[near])
    figure(
        charts.dependence(
            value[near], push[near], name, beyond=int(beyond.sum()), sample=len(value),
            version=model.version, theme=theme(), by=by,
        ),
        key="dependence", of=f"{name} {model.version}", table=table,
    )  # fmt: skip


def _extremes(view: View, name: str, tally: ValueCounts) -> None:
    halves = st.grid(2, min_column_width=240, gap=("small", "medium"))
    with halves.cell():
        found = single.commonest(tally, 8)
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            section("Commonest values", "and their spam rates" if found["labelled"].any() else None, width="stretch")
            numbers(found, "commonest")
        frame = pd.DataFrame(
            {
                "Value": [_said(view, name, value) for value in found["value"]],
                "Users": found["n"],
                "Spammers": found["rate"],
            }
        )
        words = frame.style.format({"Users": "{:,}", "Spammers": lambda rate: percent(float(str(rate)), 2)})
        st.table(words, border="horizontal", hide_index=True)
    if not _in_words(name):
        with halves.cell():
            _outliers(view, name)


def _in_words(name: str) -> bool:
    """Whether the values of a feature are words, or yes and no."""
    column = services.schema().feature(name)
    return column.kind == "category" or bool(column.said)


def _said(view: View, name: str, value: float) -> str:
    known, column = explore.places(view).get(name), services.schema().feature(name)
    if known is not None:
        return plain(legible(known.name(value)))
    return plain(column.said[int(value)]) if value in range(len(column.said)) else _value(value)


def _outliers(view: View, name: str) -> None:
    outliers = single.outliers(explore.column(view, name))
    frame = explore.beyond(view, name, outliers)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        section("Outliers", "beyond 3 interquartile ranges")
        if len(frame):
            numbers(frame, "outliers")
    apart = "" if outliers.apart is None else f" among values other than {_value(outliers.apart)}"
    if not len(frame):
        st.caption(f"None{apart}.")
        return
    st.caption(
        f"{counted(outliers.count, 'user')} ({percent(outliers.share)}){apart}: "
        f"below {_value(outliers.low)} or above {_value(outliers.high)}."
    )
    shown = frame.head(5)
    st.table(
        pd.DataFrame({"Row": shown["row"], "Value": [_value(value) for value in shown["value"]]}),
        border="horizontal", hide_index=True,
    )  # fmt: skip


def _value(value: float) -> str:
    """A value as the file has it, with a real minus sign."""
    return value_text(value).replace("-", MINUS)
