"""Snooze users from wherever they are shown: until when and why, what that puts away, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import streamlit as st

from app import guard, session
from app.components.shared.heading import Watched
from app.queries import services
from app.words import count, moment, plain
from core.access import accounts
from core.policy.lists import MOST_AT_ONCE, Entry
from core.policy.snoozing import Snooze
from core.wording import count as counted

_UNTIL: Final = "Until a day"
#: How many days each takes.
_SPANS: Final[dict[str, int | None]] = {"1 day": 1, "7 days": 7, "30 days": 30, _UNTIL: None}
_LAST, _STEPS = "_snoozed", "_snoozes"


def may_snooze() -> bool:
    """Whether to offer it: entries name users by their ids."""
    return services.schema().id is not None and session.may("snooze users")


def snooze(
    users: Sequence[str], key: str, *, watch: Callable[[str], Watched] | None = None,
    then: Callable[[], None] | None = None,
) -> None:  # fmt: skip
    """A popover that snoozes users by their ids. watch: for a page that must know whether it is open; then: called once
    they are snoozed.
    """
    if not may_snooze():
        return
    # Another one once it has been used: that would stand open before what came of it.
    name = f"snooze-{key}-{st.session_state.get(_STEPS, 0)}"
    options = watch(name) if watch else Watched(key=name)
    # Drawn whole at once: one that is filled when it opens gets the place of an empty one, where little of it is seen.
    with st.popover("Snooze", icon=":material/snooze:", disabled=not users, **options):
        if not users:
            return
        guard.told()
        if len(users) > MOST_AT_ONCE:
            st.caption(f"At most {count(MOST_AT_ONCE)} are snoozed at once: choose fewer.")
            return
        _end(key)
        st.markdown(_preview(users, _until(key)))
        st.text_input("Reason", key=f"snooze-why-{key}", max_chars=500)
        if session.person() is None:
            st.text_input("Your name", max_chars=80, key=f"snooze-by-{key}")
        st.button(
            f"Snooze {counted(len(users), 'user')}", type="primary", key=f"snooze-do-{key}", on_click=_snooze,
            args=(list(users), key, then),
        )  # fmt: skip


def undo(users: Sequence[str] | None = None) -> None:
    """The way back from the last step of this tab; with `users`, only where it snoozed one of them."""
    last: Snooze | None = st.session_state.get(_LAST)
    if last is not None and last.users and (users is None or not set(users).isdisjoint(last.users)):
        st.button(
            f"Undo snoozing {counted(len(last.users), 'user')}", icon=":material/undo:", type="tertiary",
            key="undo-snooze", on_click=_undo, args=(last,),
        )  # fmt: skip


def wake(users: Sequence[str], key: str) -> None:
    """A button that ends snoozes before their time."""
    if users and may_snooze():
        if session.person() is None:
            st.text_input("Your name", max_chars=80, key=f"wake-by-{key}", width=260)
        st.button(
            "End the snooze" if len(users) == 1 else f"End {count(len(users))} snoozes", icon=":material/alarm:",
            key=f"wake-{key}", on_click=_wake, args=(list(users), key),
        )  # fmt: skip


def badge(entry: Entry, *, why: bool = True) -> str:
    """Until when somebody is snoozed, as markdown. why: whether the reason may be told."""
    end = entry.expires.astimezone(UTC) if entry.expires else None
    until = f" until {moment(end)} UTC" if end else ""
    told = f": {plain(entry.reason)}" if why else ""
    return f":gray-badge[:material/snooze: Snoozed{until}] :small[:gray[by {plain(entry.by)}{told}]]"


def _end(key: str) -> None:
    """For how long, or until which day."""
    span = st.segmented_control("For", list(_SPANS), default="7 days", required=True, key=f"snooze-for-{key}")
    if _SPANS[span] is None:
        tomorrow = _tomorrow()
        st.date_input("Back on", tomorrow + timedelta(days=6), min_value=tomorrow, key=f"snooze-until-{key}")


def _until(key: str) -> datetime:
    """What the fields say now: a click on the button may come together with what was typed last."""
    days = _SPANS[st.session_state[f"snooze-for-{key}"]]
    if days is not None:
        return services.now() + timedelta(days=days)
    day = st.session_state.get(f"snooze-until-{key}")
    # Midnight of that day where the reader is.
    return datetime.combine(day if isinstance(day, date) else _tomorrow(), time(), UTC) - _offset()


def _tomorrow() -> date:
    """Where the reader is."""
    return (services.now() + _offset()).date() + timedelta(days=1)


def _offset() -> timedelta:
    return timedelta(minutes=-(st.context.timezone_offset or 0))


def _whose(field: str) -> str:
    """Who is here; else who the field names, who is so from then on."""
    person = session.person()
    name = accounts.named(person.name if person else st.session_state.get(field, ""))
    session.come_in(name)
    return name


def _preview(users: Sequence[str], until: datetime) -> str:
    home = services.home()
    waiting, already = home.case_lists.of_users(users), len(home.snoozing.standing(users, now=services.now()))
    told = [f"{counted(len(users), 'user')}, not sent to review until **{moment(until.astimezone(UTC))} UTC**."]
    if waiting:
        verb = "is" if waiting == 1 else "are"
        comes = "comes" if waiting == 1 else "come"
        told.append(f"{counted(waiting, 'open case')} {verb} put away and {comes} back then.")
    if already:
        told.append(f"{count(already)} of them {'is' if already == 1 else 'are'} snoozed already and keep their end.")
    return " ".join(told)


def _snooze(users: list[str], key: str, then: Callable[[], None] | None) -> None:
    with guard.noted() as failure:
        by, reason = _whose(f"snooze-by-{key}"), st.session_state[f"snooze-why-{key}"]
        step = services.home().snoozing.snooze(users, until=_until(key), reason=reason, by=by, now=services.now())
        st.session_state[_LAST] = step
        st.session_state[_STEPS] = st.session_state.get(_STEPS, 0) + 1
        stood = f", {count(step.standing)} were already" if step.standing else ""
        session.say(f"{counted(len(step.users), 'user')} snoozed{stood}")
    if failure.error is None and then is not None:
        then()


def _undo(step: Snooze) -> None:
    with guard.noted():
        st.session_state.pop(_LAST, None)
        person = session.person()
        back = services.home().snoozing.undo(step, by=person.name if person else step.by, now=services.now())
        session.say(f"{counted(back, 'user')} back from the snooze")


def _wake(users: list[str], key: str) -> None:
    with guard.noted():
        back = services.home().snoozing.wake(users, by=_whose(f"wake-by-{key}"), now=services.now())
        session.say(f"{counted(back, 'user')} back from the snooze")
