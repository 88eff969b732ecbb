"""What is done to chosen users of a run: listed, snoozed, sent to review, with what that changes said before."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
import streamlit as st

from app import guard, session
from app.components.lists.chosen import Chosen, Ids
from app.components.policy import drafting
from app.components.shared import foot, room, snooze
from app.components.shared.send_to_review import send_users
from app.components.shared.take_away import touched
from app.queries import services, users
from app.words import count, label
from core.policy.bands import BANDS
from core.policy.list_store import Grounds
from core.policy.lists import MOST_AT_ONCE, USER, ListName
from core.scoring.runs import Run
from core.wording import count as counted

_WORD: Final[dict[ListName, str]] = {"block": "Block", "allow": "Allow"}
#: What each list does to whoever stands on it.
_DOES: Final[dict[ListName, str]] = {
    "block": "auto-remove; a person looks first while that is not armed",
    "allow": "nothing is done with them",
}
_ICON: Final = ":material/playlist_add:"


def bar(run: Run, chosen: Chosen, found: Ids) -> None:
    """Below the page: how many are chosen, and what can be done with them. found: rows listed."""
    rows = chosen.ids
    if not len(rows):
        _nobody(run)
        return
    with foot.foot():
        st.markdown(f"**{counted(len(rows), 'user')} selected**", width="content")
        if len(np.setdiff1d(found, rows)):
            st.button(
                f"Select all {count(len(found))}", type="tertiary", key=f"all-{chosen.key}",
                on_click=chosen.only, args=(np.union1d(rows, found),),
            )  # fmt: skip
        st.button("Clear", type="tertiary", key=f"none-{chosen.key}", on_click=chosen.clear)
        foot.apart()
        export(run, rows)
        put_on_list(run, rows)
        snooze.snooze(ids(run, rows), f"users-{run.id}", then=chosen.clear)
        snooze.undo()
        send_users(run, rows.tolist(), f"Send {count(len(rows))} to review", "primary")


def _nobody(run: Run) -> None:
    """The same bar before anybody is chosen, so that it is known what boxes are for and nothing jumps later.

    On a phone there is no room for buttons that do nothing: the words below the table say what boxes are for.
    """
    if touched():
        snooze.undo()
        return
    deeds = {"Export": ":material/download:"}
    if _may_list():
        deeds["Add to list"] = _ICON
    if snooze.may_snooze():
        deeds["Snooze"] = ":material/snooze:"
    if session.may("send to review"):
        deeds["Send to review"] = ":material/rate_review:"
    with foot.foot(idle=True):
        st.caption("Nobody is selected", width="content")
        foot.apart()
        for word, icon in deeds.items():
            st.button(word, icon=icon, disabled=True, key=f"nobody-{word}-{run.id}", width=room.width(word, icon=True))
        snooze.undo()


def _may_list() -> bool:
    return services.schema().id is not None and session.may("change policy")


def export(run: Run, rows: Ids) -> None:
    """The chosen users as a file, with all columns of the run's table."""
    stem = f"{run.name.removesuffix('.gz').removesuffix('.csv')}.{run.id}.selection"
    with st.popover("Export", icon=":material/download:"):
        texts = not services.schema().texts or not st.toggle(
            "Without texts", key="selection_without_texts", help="Reasons then quote no words of what people wrote"
        )
        for suffix, kind, mime in ((".csv", "CSV", "text/csv"), (".parquet", "Parquet", "application/octet-stream")):
            st.download_button(
                f"{counted(len(rows), 'user')} as {kind}",
                lambda suffix=suffix: users.selection_file(run, rows, suffix, texts=texts),  # type: ignore[misc]
                f"{stem}{suffix}", mime, on_click="ignore", key=f"selection{suffix}", width="stretch",
            )  # fmt: skip


def ids(run: Run, rows: Ids) -> list[str]:
    """The ids of users by their input rows."""
    listed = users.listed(run)
    found = listed.users[listed.texts[0]].to_numpy(object)[np.isin(listed.users.index.to_numpy(), rows)]
    return [str(each) for each in found]


def put_on_list(run: Run, rows: Ids) -> None:
    """A popover that blocks or allows users by their ids."""
    if not _may_list():
        return
    key = f"{run.id}-{hash(rows.tobytes())}"
    with st.popover("Add to list", icon=_ICON):
        name = st.segmented_control(
            "List", list(_WORD), default="block", required=True, format_func=_WORD.__getitem__, key=f"list-{key}"
        )
        st.markdown(_preview(run, rows, name))
        if len(rows) > MOST_AT_ONCE:
            st.caption(f"At most {count(MOST_AT_ONCE)} are put on a list at once: choose fewer.")
            return
        reason = st.text_input("Reason", key=f"why-{key}", max_chars=500)
        days = st.number_input("Ends after days", 0, key=f"days-{key}", help="0: stands until taken off")
        who = drafting.whose(key)
        if st.button(f"{_WORD[name]} {counted(len(rows), 'user')}", type="primary", key=f"do-{key}"):
            _put(run, rows, name, reason, int(days), who)


def _preview(run: Run, rows: Ids, name: ListName) -> str:
    """What changes for these users with the next run."""
    listed = users.listed(run).users
    severity = listed["severity"].to_numpy()[np.isin(listed.index.to_numpy(), rows)]
    now = [
        f"{count(number)} {label(BANDS[band])}" for band in (3, 2, 1, 0) if (number := int((severity == band).sum()))
    ]
    return f"In {run.id}: {', '.join(now)}. From the next run on: {_DOES[name]}."


def _put(run: Run, rows: Ids, name: ListName, reason: str, days: int, who: str) -> None:
    with guard.shown() as failure:
        now = services.now()
        grounds = Grounds(reason, drafting.authorised(who), now, now + timedelta(days=days) if days else None)
        added = services.home().lists.add(name, USER, ids(run, rows), grounds)
    if failure.error is None:
        stood = f", {count(added.standing)} stood there already" if added.standing else ""
        session.say(f"{counted(added.new, 'user')} on the {name} list{stood}")
        st.rerun()
