"""What is about to happen: how many users the draft changes, who they are, and the way to activate it."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import pyarrow as pa
import streamlit as st

from app import guard, session
from app.components.policy import drafting
from app.components.shared.heading import section
from app.components.shared.send_to_review import send_users
from app.queries import services
from app.queries.policy import Desk
from app.tables.cells import safe
from app.words import UNKNOWN, count, label, moment, plain
from core.estimation.backtest import Backtest
from core.policy.bands import BANDS
from core.review.guidance import taken
from core.scoring import export
from core.wording import count as counted
from core.wording import percent

#: Users shown; all of them are in the download.
_SHOWN: Final = 1_000


def draft_bar(desk: Desk, found: Backtest | None) -> None:
    """Stands at the foot while there is a draft."""
    if desk.draft is None:
        return
    with st.bottom, st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":violet-badge[Draft] **{_change(found)}**", width="content")
        saved = f"made from {desk.draft.policy.version}, saved {moment(desk.draft.at)} UTC by {plain(desk.draft.by)}"
        st.caption(saved, width="stretch")
        if not drafting.may_change():
            return
        _discard(desk)
        _activate(desk)


def _change(found: Backtest | None) -> str:
    if found is None:
        return "not tried yet: no run"
    if not (changed := found.stricter + found.milder):
        return "nobody changes action"
    verb = "changes" if changed == 1 else "change"
    return f"{counted(changed, 'user')} {verb} action: {count(found.stricter)} stricter, {count(found.milder)} milder"


def _discard(desk: Desk) -> None:
    with st.popover("Discard", type="tertiary"):
        st.markdown("The draft is thrown away; what is in force stays.")
        who = drafting.whose("discard")
        if st.button("Discard the draft"):
            with guard.shown() as failure:
                by = drafting.authorised(who)
                services.home().policies.discard_draft(number=desk.number, by=by, now=services.now())
            if failure.error is None:
                st.rerun()


def _activate(desk: Desk) -> None:
    with st.popover("Activate", icon=":material/verified:", type="primary"):
        st.markdown("It decides from the next user on, in files, jobs and the API. Earlier runs keep their own policy.")
        if queue := taken(services.guidance(), desk.in_force.aims, desk.policy.aims):
            st.markdown(f"The queue gets {_queue_words(queue)}.")
        comment = st.text_input("Comment", max_chars=500, placeholder="Why", key=f"comment-{desk.number}")
        who = drafting.whose("activate")
        if st.button("Activate the draft", type="primary"):
            with guard.shown() as failure:
                by = drafting.authorised(who)
                active = services.home().policies.activate_draft(
                    number=desk.number, comment=comment, by=by, now=services.now()
                )
            if failure.error is None:
                session.say(f"{active.version} is in force")
                st.rerun()


def _queue_words(changed: dict[str, Any]) -> str:
    """What the queue takes of a policy, as `guidance.taken` has it."""
    told = [f"{counted(changed['capacity'], 'review')} a day"] if "capacity" in changed else []
    told += [f"{percent(changed['random_share'])} of them drawn at random"] if "random_share" in changed else []
    return " and ".join(told)


def changes(desk: Desk, found: Backtest | None) -> None:
    """Who would change action, whom a person found legitimate first; to take away, or to send to review."""
    if desk.draft is None or desk.run is None or found is None or not found.stricter + found.milder:
        return
    told = found.changes()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        wrong = int((told["verdict"] == "legitimate").sum())
        known = f"; {count(wrong)} known to be legitimate" if wrong else ""
        section(f"{counted(len(told), 'user')} of {desk.run.id} would change action{known}", width="stretch")
        with st.container(horizontal=True, width="content"):
            st.download_button(
                "Download", lambda: _csv(told), f"{desk.run.id}_changes.csv", "text/csv", icon=":material/download:",
                type="tertiary", on_click="ignore",
            )  # fmt: skip
            send_users(desk.run, [int(row) for row in told.index[:_SHOWN]], kind="tertiary")
    words = {str(band): label(band) for band in BANDS}
    shown = told.head(_SHOWN)
    frame = pd.DataFrame(
        {
            "User": shown["user"].to_numpy(), "Score": shown["score"].to_numpy(),
            "Now": [[words[band]] for band in shown["before"]], "Draft": [[words[band]] for band in shown["after"]],
            "Decided by": shown["decided_by"].to_numpy(),
            "Verdict": [verdict or UNKNOWN for verdict in shown["verdict"]],
        }
    )  # fmt: skip
    options = [label(band) for band in reversed(BANDS)]
    band = st.column_config.MultiselectColumn(options=options, color=["red", "orange", "blue", "gray"], width=130)
    st.dataframe(
        safe(frame), hide_index=True, placeholder=UNKNOWN,
        row_height=32, height="content" if len(frame) < 9 else 324, key="changes",
        alt="Users whose action the draft changes: score, action now and by the draft, what decided, verdict",
        column_config={
            "Score": st.column_config.ProgressColumn(min_value=0, max_value=1, format="%.3f", color="gray"),
            "Now": band, "Draft": band,
        },
    )  # fmt: skip
    if len(told) > _SHOWN:
        st.caption(f"The first {count(_SHOWN)} of {count(len(told))}; all of them are in the download.")


def _csv(told: pd.DataFrame) -> bytes:
    table = pa.Table.from_pandas(told.reset_index(names="row"), preserve_index=False)
    return export.as_bytes(table, ".csv")
