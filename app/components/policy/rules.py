"""The rules in their order, each with whom it hits and how often it is right; those chosen can be changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from app.components.policy import drafting
from app.components.policy.rule_form import rule_form
from app.components.shared.heading import section
from app.queries import policy as queries
from app.queries import services
from app.queries.policy import Desk
from app.tables.cells import safe
from app.words import count, label, plain
from core.estimation.backtest import Backtest
from core.estimation.rule_watch import attention, figures_of, right
from core.policy.bands import BANDS
from core.policy.rules import Rule, State
from core.policy.users import Kinds
from core.wording import count as counted

_STATE: Final[dict[State, str]] = {"live": "Live", "shadow": "Shadow", "draft": "Draft"}
_TO: Final[tuple[tuple[State, str, str], ...]] = (
    ("live", "Make live", "play_arrow"), ("shadow", "To shadow", "visibility")
)  # fmt: skip
_ATTENTION: Final = "Needs attention"


def rules(desk: Desk, found: Backtest | None) -> None:
    """The table, and beneath it what can be done with the rule that is chosen."""
    shown = desk.policy.rules
    _heading(desk, found)
    if not shown:
        st.caption("No rule yet. A rule decides for all users whose columns fulfil its conditions.")
        return
    marks = _marks(desk, found)
    event = st.dataframe(
        safe(_table(shown, found, marks)), hide_index=True, row_height=32, key=f"rules-{desk.in_force.version}",
        height="content" if len(shown) < 12 else 420, on_select="rerun", selection_mode="single-row",
        placeholder="\u2013", column_config=_columns(),
        alt="The rules in their order: conditions, effect, users hit, precision, state",
    )  # fmt: skip
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(shown):
        _chosen(desk, shown[rows[0]], found, marks)
    else:
        st.caption(
            "Lists decide first, then rules from the top: the first that matches is the only one, then the score."
        )


def _heading(desk: Desk, found: Backtest | None) -> None:
    live = [rule for rule in desk.policy.rules if rule.state == "live"]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        title = f"{counted(len(live), 'live rule')}"
        if found is not None and live:
            decided = sum(each.decided for each in found.rules)
            verb = "decides" if len(live) == 1 else "decide"
            title = f"{title} {verb} {count(decided)} of {count(len(found.users))} users"
        section(title, "in order; precision among judged users of the latest run, 95\u202f% interval", width="stretch")
        if drafting.may_change() and st.button("New rule", icon=":material/add:"):
            rule_form(desk, None)


def _marks(desk: Desk, found: Backtest | None) -> dict[str, str]:
    """Why a rule needs attention, by name."""
    now, since = services.now(), services.home().rule_watch.live_since()
    recent = queries.recent()
    kinds = Kinds.of(services.schema())
    told = {
        rule.name: attention(rule, figures_of(found, rule.name), desk.policy, recent, since.get(rule.name), kinds, now)
        for rule in desk.policy.rules
    }
    return {name: why for name, why in told.items() if why}


def _table(shown: tuple[Rule, ...], found: Backtest | None, marks: dict[str, str]) -> pd.DataFrame:
    rows = []
    for number, rule in enumerate(shown, 1):
        figures = figures_of(found, rule.name)
        judged = figures.precision.judged if figures else 0
        value, low, high = right(rule, figures) if figures and judged else (np.nan, np.nan, np.nan)
        rows.append(
            {
                "#": number, "Rule": rule.name, "When all hold": [str(each) for each in rule.conditions],
                "Effect": rule.effect, "Action": [label(rule.band)],
                "Hits": figures.matched if figures else None, "Decides": figures.decided if figures else None,
                "Right": 100 * value, "Interval": f"{100 * low:.0f} to {100 * high:.0f}" if judged else "not judged",
                "Judged": judged if figures else None,
                "State": [_ATTENTION if rule.name in marks else _STATE[rule.state]],
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "#": number(width=36),
        "Rule": text(width=150),
        "When all hold": st.column_config.ListColumn(width=200),
        "Effect": text(width=74),
        "Action": st.column_config.MultiselectColumn(
            options=[label(band) for band in reversed(BANDS)], color=["red", "orange", "blue", "gray"], width=118
        ),
        "Hits": number(format="localized", width=70, help="Users of the latest run for whom all conditions hold"),
        "Decides": number(format="localized", width=72, help="Those of them whose action comes from this rule"),
        "Right": number(
            "Right, %", format="%.1f", width=70,
            help="Share of spammers among the judged; of rules that spare users, share rightly spared",
        ),
        "Interval": text("95 %", width=84),
        "Judged": number(format="localized", width=64),
        "State": st.column_config.MultiselectColumn(
            options=["Live", "Shadow", "Draft", _ATTENTION], color=["gray", "gray", "violet", "yellow"], width=120
        ),
    }  # fmt: skip


def _chosen(desk: Desk, rule: Rule, found: Backtest | None, marks: dict[str, str]) -> None:
    """What there is to know of one rule, and what can be done with it."""
    at = desk.policy.rules.index(rule)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(rule.name)}**", width="content")
        if drafting.may_change():
            _deeds(desk, rule, at, drafting.whose("rules"))
    if why := marks.get(rule.name):
        st.badge(f"Needs attention: {why}", icon=":material/warning:", color="yellow")
    figures = figures_of(found, rule.name)
    if rule.note:
        st.caption(plain(rule.note))
    if figures is None:
        st.caption("Make it shadow or live, and it is tried on the users of the latest run.")
        return
    parts = [f"{plain(rule.owner)} answers for it"] * bool(rule.owner)
    parts += [f"{counted(figures.flagged_by_score, 'user')} of these the score flags anyway"]
    parts += [f"{count(n)} shared with {plain(name)}" for name, n in figures.overlaps.items()]
    parts.append(f"{count(figures.legitimate)} known to be legitimate" if figures.legitimate else
                 "none known to be legitimate")  # fmt: skip
    parts += [f"{count(figures.precision.pending)} chosen for review and not judged yet"] * bool(
        figures.precision.pending
    )
    st.caption(" · ".join(parts))


def _deeds(desk: Desk, rule: Rule, at: int, name: str) -> None:
    """Buttons that change the draft."""
    if st.button("Edit", icon=":material/edit:", type="tertiary", key=f"edit-{at}"):
        rule_form(desk, rule)
    if st.button("Up", icon=":material/arrow_upward:", type="tertiary", key=f"up-{at}", disabled=at == 0):
        _moved(desk, at, at - 1, name)
    last = at == len(desk.policy.rules) - 1
    if st.button("Down", icon=":material/arrow_downward:", type="tertiary", key=f"down-{at}", disabled=last):
        _moved(desk, at, at + 1, name)
    for state, word, icon in _TO:
        if rule.state != state and st.button(word, icon=f":material/{icon}:", type="tertiary", key=f"{state}-{at}"):
            _kept(desk, [replace(each, state=state) if each is rule else each for each in desk.policy.rules], name)
    if st.button("Remove", icon=":material/delete:", type="tertiary", key=f"remove-{at}"):
        _kept(desk, [each for each in desk.policy.rules if each is not rule], name)


def _moved(desk: Desk, at: int, to: int, name: str) -> None:
    changed = list(desk.policy.rules)
    changed.insert(to, changed.pop(at))
    _kept(desk, changed, name)


def _kept(desk: Desk, changed: list[Rule], name: str) -> None:
    if drafting.save(desk, drafting.with_rules(desk, tuple(changed)), name):
        st.rerun()
