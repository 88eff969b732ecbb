"""Which version is live, and the two ways to change that: promote the one on the page, or roll back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from app import guard, session
from app.queries import services
from app.words import moment, plain
from core.errors import NotAllowedError, UnknownVersionError
from core.registry import lineage
from core.registry.lineage import Promotion
from core.registry.registry import MOST_WHY, Listed

Weight = Literal["primary", "secondary"]


def promotions() -> tuple[Promotion, ...]:
    """The promotions that came about, oldest first; where the log is damaged, the sentence that says so and none."""
    home = services.home()
    with guard.shown() as failure:
        found = home.lineage.history(home.registry.champion())
    return found if failure.error is None else ()


def in_charge(champion: Listed | None) -> None:
    """A sentence: which version, since when, by whom and why; an error when it is damaged."""
    if champion is None:
        st.markdown("No version is live: nothing can be scored until one is promoted.")
        if gone := services.home().registry.champion():
            st.error(plain(str(UnknownVersionError(gone, services.home().registry.versions()))))
        return
    since = champion.promotion
    text = f" since {moment(since.at)} UTC, by {plain(since.by)}: “{plain(since.why)}”" if since else "."
    st.markdown(f"**{champion.version}** is live{text}")
    if champion.damage:
        st.error(plain(champion.damage), icon=":material/error:")


def change(listed: Listed, champion: Listed | None, promotions: Sequence[Promotion]) -> None:
    """The buttons for the title row, for those who may."""
    if not session.may("promote"):
        return
    version, left = listed.version, champion.version if champion else None
    back = lineage.former(promotions)
    if back is not None:
        _popover(
            f"Roll back to {back}", ":material/undo:", f"{back}, live before {left}, scores again.", "secondary",
            lambda name, why: _roll_back(left, name, why),
        )  # fmt: skip
    if not listed.in_charge and listed.metadata is not None:
        warning = services.home().registry.warning(version)
        told = f"\n\n:material/warning: {plain(warning)}" if warning else ""
        _popover(
            f"Promote {version}", ":material/verified:",
            f"{version} scores from now on, in every open session.{told}",
            "primary", lambda name, why: _promote(version, name, why),
        )  # fmt: skip


def refused() -> None:
    """For those who may not change what is live: the sentence that says so."""
    person = session.person()
    if person is not None and not session.may("promote"):
        st.caption(plain(str(NotAllowedError(person.name, person.role, "promote"))))


def _promote(version: str, name: str, why: str) -> str:
    services.home().registry.promote(version, by=name, why=why, now=services.now())
    services.home().automation.check(now=services.now())
    return version


def _roll_back(left: str | None, name: str, why: str) -> str:
    version = services.home().registry.rollback(by=name, why=why, now=services.now(), leaving=left)
    services.home().automation.check(now=services.now())
    return version


def _popover(label: str, icon: str, what: str, weight: Weight, do: Callable[[str, str], str]) -> None:
    """`do` is given a name and a reason and returns the version then live."""
    key = label.lower().replace(" ", "-")
    # With a key of its own it closes when done: otherwise the next button would take its place, open.
    with st.popover(label, icon=icon, type=weight, key=f"{key}-open"), st.form(key, border=False):
        st.markdown(what)
        here = session.person()
        name = here.name if here else st.text_input("Your name", max_chars=80, key=f"{key}-name")
        why = st.text_area("Why", max_chars=MOST_WHY, height=80, key=f"{key}-why", help="Kept in the audit log")
        if st.form_submit_button(label, type="primary", key=f"{key}-now"):
            with guard.shown() as failure:
                session.come_in(name)
                version = do(name, why)
            if failure.error is None:
                session.say(f"{version} is live")
                st.rerun()
