"""The challenger: which version scores beside the champion, acted on by nobody, and how it does."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import charts, guard, session
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.queries import review, services
from app.words import moment, plain
from core.policy.bands import BANDS
from core.registry.registry import Listed
from core.retraining.shadow import Challenger


def in_the_shadow(listed: Listed, champion: Listed | None) -> None:
    """How the challenger of this home does; for any other version, the way to make it the challenger."""
    challenger = services.home().shadow.challenger()
    if challenger is not None and challenger.version == listed.version:
        _standing(challenger, champion)
    elif champion is not None and not listed.in_charge and listed.metadata is not None and session.may("retrain"):
        _appoint(listed.version, challenger)


def _standing(challenger: Challenger, champion: Listed | None) -> None:
    section("In the shadow", f"since {moment(challenger.at)} UTC, by {plain(challenger.by)}; nobody acts on its scores")
    standing = review.standing(challenger)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(plain(standing.sentence), width="stretch")
        if session.may("retrain"):
            _popover("Take out", f"{challenger.version} no longer scores beside the live one.", None)
    if standing.flips.rows.size and champion is not None:
        fig = charts.flips(standing.flips.counts, BANDS, a=champion.version, b=challenger.version, theme=theme())
        figure(fig, key="shadow-flips", of=challenger.version, table=standing.flips.frame())


def _appoint(version: str, challenger: Challenger | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        section("Try it in the shadow", "it then scores what the live one scores, and nobody acts on it",
                width="stretch")  # fmt: skip
        instead = f" It takes the place of {challenger.version}." if challenger else ""
        _popover("Put into the shadow", f"{version} scores every run from now on, beside the live one.{instead}",
                 version)  # fmt: skip


def _popover(label: str, what: str, version: str | None) -> None:
    key = label.lower().replace(" ", "-")
    with st.popover(label, icon=":material/contrast:", key=f"{key}-open"), st.form(key, border=False):
        st.markdown(what)
        here = session.person()
        name = here.name if here else st.text_input("Your name", max_chars=80, key=f"{key}-name")
        if st.form_submit_button(label, type="primary", key=f"{key}-now"):
            _done(name, lambda: services.home().shadow.appoint(version, by=name, now=services.now()),
                  f"{version} is in the shadow" if version else "Nobody is in the shadow")  # fmt: skip


def _done(name: str, do: Callable[[], None], said: str) -> None:
    with guard.shown() as failure:
        session.come_in(name)
        do()
    if failure.error is None:
        session.say(said)
        st.rerun()
