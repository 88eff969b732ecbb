"""Kept or not: what happened under the policy in force, against what its plan predicted."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.components.shared import plan_words, room
from app.components.shared.heading import section
from app.queries import policy as queries
from app.words import count, moment
from core.estimation.kept import Happened, Kept, Period, sentence
from core.wording import count as counted

_ICONS: Final = {
    "inside": ":green[:material/check_circle:]", "outside": ":orange[:material/error:]",
    "early": ":gray[:material/schedule:]", "other": ":gray[:material/block:]",
}  # fmt: skip


def kept() -> None:
    """What was promised and what came, period by period; nothing where the policy in force is of no plan."""
    found = queries.kept()
    if found is None:
        return
    days = counted(found.promise.demand.days, "day")
    section(
        "Kept or not", f"{found.version} in force since {moment(found.since)} UTC, {days} at a time, as planned for"
    )
    period = _chosen(found)
    st.markdown(_finding(found, period))
    if period.runs or not period.over:
        st.table(_table(period), border="horizontal", hide_index=True)
    st.caption(" ".join(_notes(found, period)))


def _chosen(found: Kept) -> Period:
    """The newest that is over and in which users came, unless another one is chosen; the one that runs without any."""
    periods = found.periods
    if len(periods) == 1:
        return periods[0]
    with room.field():
        names = {_named(each): each for each in periods}
        usual = next((name for name, each in names.items() if each.over and each.runs), next(iter(names)))
        return names[st.selectbox("Period", list(names), list(names).index(usual), key="kept-period", width=320)]


def _named(period: Period) -> str:
    return f"{moment(period.since)} to {moment(period.until)} UTC" + ("" if period.over else ", not over")


def _finding(found: Kept, period: Period) -> str:
    """How many figures lie where they were predicted."""
    if not period.runs:
        return f"Nobody was scored under {found.version} in this period{'' if period.over else ' yet'}."
    if not period.over:
        return f"Too early to say: the period ends {moment(period.until)} UTC."
    verdicts = [each.verdict for each in period.figures]
    known = verdicts.count("inside") + verdicts.count("outside")
    if not known:
        return "Too early to say: too few of its users were judged."
    return f"**{count(verdicts.count('inside'))} of {counted(known, 'figure')}** that can be told lie where predicted."


def _table(period: Period) -> pd.DataFrame:
    return pd.DataFrame([
        {
            "Figure": plan_words.NAMES[each.name], "Kept": f"{_ICONS[each.verdict]} {sentence(each)}",
            "Happened": _happened(each),
            "Predicted": plan_words.ends(each.name, each.expected.predicted_low, each.expected.predicted_high),
            "Expected": plan_words.value(each.name, each.expected.value),
        }
        for each in period.figures
    ])  # fmt: skip


def _happened(each: Happened) -> str:
    """Of what was judged the interval as well, which is all there is where too few were."""
    if each.judged is None or each.low is None:
        return plan_words.value(each.name, each.value)
    if each.low == each.high:
        return plan_words.value(each.name, each.low)  # everybody was judged
    interval = plan_words.ends(each.name, each.low, each.high)
    return interval if each.value is None else f"{plan_words.value(each.name, each.value)} ({interval})"


def _notes(found: Kept, period: Period) -> list[str]:
    demand = found.promise.demand
    came = f"{count(period.users)} users came" + (f" in {counted(demand.days, 'day')}" if demand.days > 1 else "")
    told = [f"{came}, {count(demand.users)} were planned for."] if period.runs else []
    if period.by_rules:
        who = counted(period.by_rules, "user")
        told.append(f"Lists and rules decided {who}, of whom a plan knows nothing.")
    if found.left_out:
        told.append(f"Left out: {counted(found.left_out, 'run')} of other models than {found.promise.model}.")
    told.append(
        "Cases are users for whom the policy asks for a review. Precision, recall and cost rest on users drawn for "
        "review and judged; intervals are of 95\u202f%, that of the cost from those of its shares."
    )
    return told
