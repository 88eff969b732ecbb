"""What is done to chosen users of a run: put on a list or snoozed, with what that changes said before; taken away."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
import streamlit as st

from app import guard, session
from app.components.lists.chosen import Chosen, Ids
from app.components.policy import drafting
from app.components.shared.send_to_review import send_users
from app.components.shared.take_away import touched
from app.queries import services, users
from app.words import count, label
from core.policy.bands import BANDS
from core.policy.list_store import Grounds
from core.policy.lists import LISTS, MOST_AT_ONCE, USER, ListName
from core.scoring.runs import Run
from core.wording import count as counted

WORD: Final[dict[ListName, str]] = {"block": "Block", "allow": "Allow", "snooze": "Snooze"}
#: What each list does to whoever stands on it.
DOES: Final[dict[ListName, str]] = {
    "block": "auto-remove; a person looks first while that is not armed",
    "allow": "nothing is done with them",
    "snooze": "not sent to review until the entry ends",
}
_DAYS: Final = 14


def bar(run: Run, chosen: Chosen, found: Ids) -> None:
    """Below the page: how many are chosen, and what can be done with them. found: rows listed."""
    rows = chosen.ids
    if not len(rows):
        _nobody(run)
        return
    with st.bottom, st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
            st.markdown(f"**{counted(len(rows), 'user')} selected**", width="content")
            if len(np.setdiff1d(found, rows)):
                st.button(
                    f"Select all {count(len(found))}", type="tertiary", key=f"all-{chosen.key}",
                    on_click=chosen.only, args=(np.union1d(rows, found),),
                )  # fmt: skip
            st.button("Clear", type="tertiary", key=f"none-{chosen.key}", on_click=chosen.clear)
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
            export(run, rows)
            put_on_list(run, rows, "block")
            send_users(run, rows.tolist(), f"Send {count(len(rows))} to review", "primary")


def _nobody(run: Run) -> None:
    """The same bar before anybody is chosen, so that it is known what boxes are for and nothing jumps later."""
    deeds = {"Export": ":material/download:"}
    if _may_list():
        deeds["Add to list"] = _ICON["block"]
    if session.may("send to review"):
        deeds["Send to review"] = ":material/rate_review:"
    with st.bottom, st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption("Nobody is selected: check boxes to act on several users.", width="content")
        if touched():  # there is no room for buttons that do nothing
            return
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
            for word, icon in deeds.items():
                st.button(word, icon=icon, disabled=True, key=f"nobody-{word}-{run.id}")


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


def put_on_list(run: Run, rows: Ids, first: ListName) -> None:
    """A popover that puts users on a list by their ids; `first`: the list that is offered first."""
    if not _may_list():
        return
    key = f"{first}-{run.id}-{hash(rows.tobytes())}"
    with st.popover("Snooze" if first == "snooze" else "Add to list", icon=_ICON[first]):
        name: ListName = first
        if first != "snooze":
            name = st.segmented_control(
                "List", LISTS, default=first, required=True, format_func=WORD.__getitem__, key=f"list-{key}"
            )
        st.markdown(_preview(run, rows, name))
        if len(rows) > MOST_AT_ONCE:
            st.caption(f"At most {count(MOST_AT_ONCE)} are put on a list at once: choose fewer.")
            return
        reason = st.text_input("Reason", key=f"why-{key}", max_chars=500)
        snoozed = name == "snooze"
        days = st.number_input(
            "Ends after days", 1 if snoozed else 0, value=_DAYS if snoozed else 0, key=f"days-{name}-{key}",
            help=None if snoozed else "0: stands until taken off",
        )  # fmt: skip
        who = drafting.whose(key)
        if st.button(f"{WORD[name]} {counted(len(rows), 'user')}", type="primary", key=f"do-{key}"):
            _put(run, rows, name, reason, int(days), who)


_ICON: Final[dict[ListName, str]] = {
    "block": ":material/playlist_add:", "allow": ":material/playlist_add:", "snooze": ":material/snooze:",
}  # fmt: skip


def _preview(run: Run, rows: Ids, name: ListName) -> str:
    """What changes for these users with the next run."""
    listed = users.listed(run).users
    severity = listed["severity"].to_numpy()[np.isin(listed.index.to_numpy(), rows)]
    now = [
        f"{count(number)} {label(BANDS[band])}" for band in (3, 2, 1, 0) if (number := int((severity == band).sum()))
    ]
    return f"In {run.id}: {', '.join(now)}. From the next run on: {DOES[name]}."


def _put(run: Run, rows: Ids, name: ListName, reason: str, days: int, who: str) -> None:
    listed = users.listed(run)
    ids = listed.users[listed.texts[0]].to_numpy(object)[np.isin(listed.users.index.to_numpy(), rows)]
    with guard.shown() as failure:
        now = services.now()
        grounds = Grounds(reason, drafting.authorised(who), now, now + timedelta(days=days) if days else None)
        added = services.home().lists.add(name, USER, [str(each) for each in ids], grounds)
    if failure.error is None:
        stood = f", {count(added.standing)} stood there already" if added.standing else ""
        session.say(f"{counted(added.new, 'user')} on the {name} list{stood}")
        st.rerun()
