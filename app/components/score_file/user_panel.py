"""The user who is open beside a list: who it is, why the score, the values, what to do, and the way to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from app import guard, navigation
from app.components.lists import pager, place
from app.components.score_file import list_deeds
from app.components.score_user.user_result import scored
from app.components.score_user.user_source import start_of
from app.components.shared import snooze
from app.components.shared.heading import section
from app.components.shared.send_to_review import send_users
from app.queries import services, users
from app.tables.cells import safe
from app.words import UNKNOWN, badge, count, plain, probability, signed
from core.policy.bands import BANDS
from core.policy.decide import SCORE, acted
from core.scoring.listing.list_view import ListView
from core.scoring.listing.sorting import Positions
from core.scoring.reasons import Reason
from core.scoring.runs import Run

#: Reasons shown; the values below have all.
_SHOWN: Final = 5


def user_panel(run: Run, row: int, view: ListView, found: Positions) -> None:
    """row: the input row; found: positions of all that are listed, in their order."""
    listed = users.listed(run)
    rows = listed.users.index.to_numpy(np.int64)
    at = np.flatnonzero(rows[found] == row)
    here = int(at[0]) if len(at) else None
    with st.container(border=True):
        _ways(run, row, view, rows[found], here)
        if row not in rows:
            st.caption(f"{run.id} has no scored row {count(row)}.")
            return
        _head(
            run,
            row,
            listed.users.iloc[int(np.searchsorted(rows, row))],
            listed.texts,
            _where(here, len(found)),
        )
        with guard.shown():
            _why(run, row)
        with st.container(horizontal=True, gap="small"):
            send_users(run, [row])
            one = np.array([row], np.int64)
            list_deeds.put_on_list(run, one)
            _snoozing(list_deeds.ids(run, one))


def _snoozing(user: list[str]) -> None:
    """The way into the snooze, or out of it."""
    standing = services.home().snoozing.standing(user, now=services.now())
    if standing:
        snooze.wake(user, "panel")
        st.markdown(snooze.badge(*standing.values()))
    else:
        snooze.snooze(user, "panel")
    snooze.undo(user)


def _ways(run: Run, row: int, view: ListView, rows: npt.NDArray[np.int64], here: int | None) -> None:
    def go(to: int) -> None:
        page = pager.first_of(view, to)
        place.put(open=int(rows[to]), page=page if page > 1 else None)

    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(horizontal=True, width="content", gap="small"):
            pager.previous_and_next(run.id, here, len(rows), go)
        with st.container(horizontal=True, width="content", gap="small"):
            if st.button("Full page", icon=":material/open_in_full:", type="tertiary", key=f"full-{run.id}"):
                # The list's whole address goes along: the browser's Back passes by it, and so does the way back there.
                navigation.go("score_user", **place.params() | {"run": run.id, "row": str(row)})
            st.button(
                "Close", icon=":material/close:", type="tertiary", key=f"close-{run.id}",
                on_click=lambda: place.put(open=None),
            )  # fmt: skip


def _where(here: int | None, users: int) -> str:
    return "not in this list" if here is None else f"{count(here + 1)} of {count(users)}"


def _head(run: Run, row: int, user: pd.Series[Any], texts: Sequence[str], where: str) -> None:
    severity = int(user["severity"])
    band, action = BANDS[severity], BANDS[int(acted(np.array([severity], np.int8), armed=run.policy.armed)[0])]
    score = probability(float(user["probability"]))
    first = " :small[:gray[not armed: a person looks first]]" if action != band else ""
    st.markdown(f"**{plain(str(user[texts[0]]))}** &nbsp; score **{score}** &nbsp; {badge(band)}{first}")
    parts = [where, f"row {count(row)}"]
    parts += [plain(str(user[name])[:60]) for name in texts[1:4] if pd.notna(user[name])]
    if user["decided_by"] != SCORE:
        parts.append(f"decided by {plain(str(user['decided_by']).replace(':', ' ', 1))}")
    st.caption(" · ".join(parts))


def _why(run: Run, row: int) -> None:
    model, dataset = services.model(run.model), services.home().datasets.find(run.dataset)
    start = start_of(model, dataset, row)
    result = scored(model, start.values, start.words)
    strongest = sorted(result.reasons, key=lambda each: -abs(each.contribution))
    section(_finding(strongest), "in log-odds")
    first = strongest[:_SHOWN]
    shown = pd.DataFrame(
        {"Value": [_value(each) for each in first], "Contribution": [each.contribution for each in first]}
    )
    st.table(shown.style.format({"Contribution": _signed}), border="horizontal", hide_index=True)
    with st.expander(f"All {len(result.reasons)} values"):
        _values(strongest)


def _signed(contribution: object) -> str:
    return signed(cast(float, contribution))


def _finding(strongest: Sequence[Reason]) -> str:
    """What moves the score most, and which way."""
    up = strongest[0].contribution > 0
    named = [plain(each.feature) for each in strongest[:_SHOWN] if each.contribution and (each.contribution > 0) == up]
    verb = "raise" if up else "lower"
    return f"{' and '.join(named[:2])} {verb}{'' if len(named) > 1 else 's'} the score most"


def _value(reason: Reason) -> str:
    grey = f" :small[:gray[{plain(reason.meaning)}]]" if reason.meaning else ""
    return f"{plain(reason.feature)} = **{plain(reason.said[:60])}**{grey}"


def _values(reasons: Sequence[Reason]) -> None:
    frame = pd.DataFrame(
        {
            "Feature": [each.feature for each in reasons],
            "Value": [each.said for each in reasons],
            "Contribution": [each.contribution for each in reasons],
            "Meaning": [each.meaning for each in reasons],
        }
    )
    st.dataframe(
        safe(frame), hide_index=True, placeholder=UNKNOWN, row_height=32, height=300,
        alt="All values of this user and their contributions",
        column_config={
            "Value": st.column_config.TextColumn(alignment="right"),
            "Contribution": st.column_config.NumberColumn(format="%+.2f"),
        },
    )  # fmt: skip
