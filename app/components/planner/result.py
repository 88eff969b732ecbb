"""The plan: what it says in a sentence, the frontier it lies on, what to expect, and the way to make it the draft."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from app import charts, navigation
from app.charts.planner import Point
from app.components.planner.inputs import PRECISION, RECALL, REVIEWS
from app.components.policy import drafting
from app.components.shared import plan_words
from app.components.shared.figure import Click, Mark, figure, theme
from app.components.shared.heading import section
from app.queries import policy as queries
from app.queries import services
from app.words import count, percent
from core.estimation.plan_rows import Prepared
from core.policy import planner
from core.policy.planner import Plan, Shortfall
from core.policy.thresholds.demand import Demand
from core.policy.thresholds.promise import Figure

#: px of a headline of two lines, as it has on a phone.
HEADLINE: Final = 53


def finding(plan: Plan, live: Mapping[str, Figure]) -> None:
    """What the plan comes to, or why it cannot be done and what would."""
    if plan.shortfall is not None:
        _cannot(plan, plan.shortfall)
        return
    st.header(_sentence(plan, live), anchor=False)


def _sentence(plan: Plan, live: Mapping[str, Figure]) -> str:
    # Not armed, `remove` costs nothing wherever it is: the plan's own says nothing.
    edges = f"Review above {plan.review:.3g}" + (f", remove above {plan.remove:.3g}" if plan.armed else "")
    cost, before = plan.expected["cost"].value, live["cost"].value
    if cost is None or before is None:
        return f"{edges}."
    less, version = before - cost, services.policy().version
    cases, most = live["volume"].value, plan.demand.reviews_per_day
    if cases is not None and most is not None and cases > most:
        return f"{edges}: costs {count(cost)} a day. {version} would need {count(cases)} reviews a day."
    if abs(less) < 0.005 * max(before, 1e-9):
        return f"{edges}: costs as much a day as {version}."
    return f"{edges}: costs {count(cost)} a day, {count(abs(less))} {'less' if less > 0 else 'more'} than {version}."


def _cannot(plan: Plan, short: Shortfall) -> None:
    demand = plan.demand
    with st.container(border=True):
        st.markdown(f":material/error: **This cannot be done: {_why(demand, short)}**")
        st.caption("Change one of these, or take the nearest plan below.")
        with st.container(horizontal=True):
            if short.reviews_per_day is not None and demand.reviews_per_day is not None:
                enough = math.ceil(short.reviews_per_day)
                _button(f"Raise capacity to {count(enough)} reviews", REVIEWS, enough)
            if short.recall is not None:
                most = math.floor(100 * short.recall)
                _button(f"Lower recall to {percent(most / 100, 0)}", RECALL, most)
            if short.precision is not None:
                most = math.floor(100 * short.precision)
                _button(f"Lower precision to {percent(most / 100, 0)}", PRECISION, most)


def _button(label: str, key: str, value: int) -> None:
    st.button(label, on_click=_set, args=(key, value), key=f"way-{key}")


def _set(key: str, value: int) -> None:
    st.session_state[key] = value


def _why(demand: Demand, short: Shortfall) -> str:
    told = []
    if short.recall is not None and demand.min_recall is not None:
        reviews = "the model catches"
        if demand.reviews_per_day is not None:
            reviews = f"{count(demand.reviews_per_day)} reviews a day catch"
        most, asked = percent(short.recall), percent(demand.min_recall)
        told.append(f"{reviews} {most} of spammers at most, and you ask for {asked}")
    if short.precision is not None and demand.min_precision is not None:
        told.append(
            f"precision of auto-remove is {percent(short.precision)} at most, and you ask for "
            f"{percent(demand.min_precision)}"
        )
    if short.volume is not None:
        told.append(f"{count(short.volume)} cases a day are the fewest there are")
    return "; ".join(told) + "."


def evidence(prepared: Prepared, plan: Plan, live: Mapping[str, Figure]) -> None:
    """The frontier and the figures, beside those of the policy in force."""
    demand = plan.demand
    shares = plan.shortfall is not None and plan.shortfall.recall is not None
    found = planner.frontier(prepared.rehearsal, replace(demand, min_recall=None) if shares else demand)
    values = found.recall if shares else found.cost
    known = np.isfinite(values)
    name = "recall" if shares else "cost"
    point, before = plan.expected[name].value, live[name].value
    volume, volume_before = plan.expected["volume"].value, live["volume"].value
    if known.any() and point is not None and volume is not None:
        old = None if before is None or volume_before is None else Point(volume_before, before, "live")
        drawn = charts.frontier(
            found.volume[known], values[known], plan=Point(volume, point, "nearest" if plan.shortfall else "this plan"),
            live=old, capacity=demand.reviews_per_day, floor=demand.min_recall, shares=shares, theme=theme(),
        )  # fmt: skip
        figure(drawn, key="frontier", click=Click(plan_for))
    title = "The nearest plan" if plan.shortfall else "What to expect"
    days = "a day" if demand.days == 1 else f"the mean day of {demand.days} days"
    section(title, f"at {count(demand.users_per_day)} users a day; 95\u202f% intervals, predicted for {days}")
    st.table(_table(plan, live), border="horizontal", hide_index=True)
    if plan.correction is not None:
        st.caption(
            f"Counted for {percent(plan.correction.expected, 2)} spammers: {percent(plan.correction.sample, 2)} of the "
            f"labelled users are. Each of these spammers counts as {plan.correction.spam:.3g}, each legitimate user as "
            f"{plan.correction.legitimate:.3g}."
        )


def plan_for(point: Mark) -> None:
    """Ask for a plan of as many reviews a day as a point of the frontier stands at."""
    _set(REVIEWS, math.ceil(point["x"]))


def _table(plan: Plan, live: Mapping[str, Figure]) -> pd.DataFrame:
    rows, version = [], services.policy().version
    for name, word in plan_words.NAMES.items():
        found, before = plan.expected[name], live[name]
        rows.append(
            {
                "Figure": word, "This plan": plan_words.value(name, found.value),
                "Long run": plan_words.ends(name, found.low, found.high),
                "Predicted": plan_words.ends(name, found.predicted_low, found.predicted_high),
                version: plan_words.value(name, before.value),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def as_draft(prepared: Prepared, plan: Plan, model: str) -> None:
    """Makes the thresholds those of the draft, where they rise as a policy's do. model: by which users are scored."""
    if not drafting.may_change():
        return
    with st.popover("Save as draft", icon=":material/verified:", type="primary"):
        st.markdown(
            "The thresholds become those of the draft, with the reviews a day, costs and floors they are made for. "
            "*Policy* shows who would change action."
        )
        remove = plan.remove
        if not plan.armed:
            # Then it costs nothing wherever it is, and at the highest score nobody would be left to prove anything by.
            remove = max(services.policy().remove, plan.review)
            st.caption(f"People see everybody above review, so that auto-remove stays above {remove:.3g}.")
        who = drafting.whose("plan")
        saves = st.button("Save in the draft", type="primary", key="plan-draft")
        if saves and drafting.planned(queries.desk(), prepared, plan, remove, model, who):
            navigation.go("policy")
