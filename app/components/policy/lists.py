"""Lists: who is blocked, allowed or snoozed whatever rules and scores say; what is added is counted first."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pandas as pd
import streamlit as st

from app import guard
from app.components.policy import drafting
from app.components.shared.heading import section
from app.queries import services
from app.queries.policy import Desk
from app.tables.cells import safe
from app.words import UNKNOWN, count
from core.policy.list_store import Grounds, column_of
from core.policy.lists import LISTS, USER, Entry, ListName
from core.wording import count as counted

_SHOWN: Final = 1_000
_WORD: Final[dict[ListName, str]] = {"block": "Block", "allow": "Allow", "snooze": "Snooze"}
_DOES: Final[dict[ListName, str]] = {
    "block": "auto-remove; a person looks first while that is not armed",
    "allow": "nothing is done with them",
    "snooze": "not sent to review until the entry ends",
}


def lists(desk: Desk) -> None:
    """How many stand on each, what stands there, and the way to add and to take off."""
    services.home().lists.settle(services.now())
    counts, entries = services.home().lists.counts(), services.home().lists.entries(most=_SHOWN)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        told = [f"{_WORD[name]} {count(counts[name])}" for name in LISTS]
        section("Lists", f"decide before rules · {' · '.join(told)}", width="stretch")
        if drafting.may_change():
            with st.popover("Add to a list", icon=":material/playlist_add:", type="tertiary"):
                _add(desk)
    if entries:
        _entries(entries, sum(counts.values()))


def _add(desk: Desk) -> None:
    schema = services.schema()
    name = st.segmented_control("List", LISTS, default="block", required=True, format_func=lambda each: _WORD[each])
    st.caption(_DOES[name])
    columns = [*([USER] if schema.id else []), *schema.beside]
    if not columns:
        st.caption("Users of this workspace have neither ids nor context columns: there is nothing to list.")
        return
    column = st.selectbox("What", columns, format_func=lambda each: each or f"{schema.id} (users)")
    text = st.text_area("Values, one a line", height=110)
    reason = st.text_input("Reason")
    days = st.number_input("Ends after days", 0, value=14 if name == "snooze" else 0, help="0: stands until taken off")
    who = drafting.whose("list")
    values = [line for line in text.splitlines() if line.strip()]
    if values and desk.run is not None:
        place = column_of(column, schema)
        hits = services.home().deciding.listed(desk.run.dataset, place, values)
        st.markdown(f"{counted(len(values), 'value')}: **{counted(hits, 'user')}** of {desk.run.id} match.")
    if st.button(f"Add {counted(len(values), 'value')}", type="primary", disabled=not values):
        with guard.shown() as failure:
            now = services.now()
            grounds = Grounds(reason, drafting.authorised(who), now, now + timedelta(days=int(days)) if days else None)
            place = column_of(column, schema)
            added = services.home().lists.add(name, place, values, grounds)
        if failure.error is None:
            st.toast(f"{counted(added.new, 'value')} added", icon=":material/check_circle:")
            st.rerun()


def _entries(shown: tuple[Entry, ...], standing: int) -> None:
    limit = f", the newest {count(len(shown))} of them" if standing > len(shown) else ""
    with st.expander(f"What stands there: {counted(standing, 'value')}{limit}"):
        frame = pd.DataFrame(
            {
                "List": [_WORD[each.list] for each in shown],
                "Column": [each.column or services.schema().id for each in shown],
                "Value": [each.value for each in shown],
                "Reason": [each.reason for each in shown],
                "By": [each.by for each in shown],
                "Since": [each.at for each in shown],
                "Ends": [each.expires for each in shown],
            }
        )
        event = st.dataframe(
            safe(frame), hide_index=True, placeholder=UNKNOWN,
            row_height=32, height="content" if len(shown) < 9 else 320, key="entries",
            on_select="rerun", selection_mode="multi-row", alt="What stands on the lists, newest first",
            column_config={
                name: st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone=st.context.timezone)
                for name in ("Since", "Ends")
            },
        )  # fmt: skip
        chosen = [shown[row] for row in event["selection"]["rows"] if row < len(shown)]
        if chosen and drafting.may_change():
            who = drafting.whose("off")
            if st.button(f"Take {len(chosen)} off", icon=":material/playlist_remove:"):
                _take_off(chosen, who)


def _take_off(chosen: list[Entry], who: str) -> None:
    with guard.shown() as failure:
        by = drafting.authorised(who)
        for name, column in {(each.list, each.column) for each in chosen}:
            values = [each.value for each in chosen if (each.list, each.column) == (name, column)]
            services.home().lists.remove(name, column, values, by=by, now=services.now())
    if failure.error is None:
        st.rerun()
