"""Correct a verdict of one's own, from the page of its user."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

import streamlit as st

from app import guard, session
from app.queries import services
from app.words import moment, plain
from core.feedback.verdict import Judgement, Verdict
from core.review.verdicts import Given

_JUDGEMENTS: Final[tuple[Judgement, ...]] = ("spammer", "legitimate", "unsure")


def corrections(verdicts: Sequence[str]) -> None:
    """A form for each of these verdicts on a user that whoever is here gave and may still correct."""
    person = session.person()
    if person is None or not session.may("judge"):
        return
    known = services.home().ledger
    for verdict in filter(None, map(known.verdict, verdicts)):
        if verdict.reviewer == person.name and services.home().verdicts.may_correct(verdict, now=services.now()):
            _form(person.name, verdict)


def _form(name: str, verdict: Verdict) -> None:
    now = f"{verdict.verdict}, {moment(verdict.time)} UTC"
    with st.popover(f"Correct my verdict: {now}", icon=":material/edit:", key=f"correct-{verdict.id}"):
        st.markdown("The new verdict takes the place of the old one, which stays on record. The platform is told.")
        others = [judgement for judgement in _JUDGEMENTS if judgement != verdict.verdict]
        judgement = st.segmented_control("It is", others, key=f"corrected-{verdict.id}")
        notes = st.text_area("Why", key=f"why-{verdict.id}", max_chars=4000)
        record = st.button("Record the correction", type="primary", key=f"record-{verdict.id}", disabled=not judgement)
        if record and judgement:
            # One id for this form: pressed twice, it counts once.
            identity = st.session_state.setdefault(f"_correction-{verdict.id}", secrets.token_hex(8))
            given = Given(identity, judgement, notes=notes.strip())
            with guard.shown() as failure:
                services.home().verdicts.correct(verdict.id, given, by=name, now=services.now())
            if failure.error is None:
                session.say(f"{plain(verdict.user)}: {judgement}, corrected")
                st.rerun()
