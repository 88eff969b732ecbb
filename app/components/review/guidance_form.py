"""What the lead sets: how many reviews a day, how users are drawn, what reviewers are told."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Final

import pandas as pd
import streamlit as st

from app import guard, session
from app.components.shared import room
from app.components.shared.forecast import forecast
from app.components.shared.heading import section
from app.queries import services
from app.words import count, moment, plain
from core.policy.thresholds.aims import RANDOM_SHARES
from core.review.guidance import Guidance, ReasonCode

_BEGUN: Final = "_guidance_begun"
#: px of the head of the table, of a row, and of all rows in sight; one more is for a new code.
_HEAD, _ROW, _MOST = 37, 35, 315


def guidance_form(name: str) -> None:
    """The form for leads; for everybody else what is in force."""
    if not session.may("change guidance"):
        st.caption("Only a lead or an admin can change this.")
        st.markdown(services.guidance().guidelines)
        return
    now = _begun()
    st.markdown(
        "What reviewers are told, how many users they can judge a day, and how many of these are drawn at random."
    )
    with st.form("guidance"):
        halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
        with halves.cell():
            numbers = _numbers(now)
        with halves.cell():
            section("Guidelines", "markdown, shown beside every case")
            text = st.text_area(
                "Guidelines", now.guidelines, height=300, label_visibility="collapsed", key=f"guidelines-{now.version}"
            )
        section("Reason codes", "a lower-case word for files, a sentence for people")
        codes = st.data_editor(
            pd.DataFrame([{"judgement": c.judgement, "code": c.code, "text": c.text} for c in now.reasons]),
            num_rows="dynamic", hide_index=True, key=f"codes-{now.version}", width="stretch",
            height=_HEAD + min(_ROW * (len(now.reasons) + 1), _MOST),
            column_config={
                "judgement": st.column_config.SelectboxColumn(
                    "Verdict", options=["spammer", "legitimate", "unsure"], required=True
                ),
                "code": st.column_config.TextColumn("Code", required=True),
                "text": st.column_config.TextColumn("Sentence", required=True, width="large"),
            },
        )  # fmt: skip
        if st.form_submit_button("Save", type="primary", icon=":material/save:"):
            with guard.shown() as failure:
                _save(name, now, numbers | {"guidelines": text, "reasons": _codes(codes)})
            if failure.error is None:
                _again()
                st.toast("Saved", icon=":material/check_circle:")
                st.rerun(scope="app")
    forecast("forecast-guidance")
    _versions(name)


def _begun() -> Guidance:
    """What the form was filled from: what somebody else saves meanwhile must not take the place of what is typed."""
    latest = services.guidance()
    begun: int = st.session_state.setdefault(_BEGUN, latest.version)
    if begun == latest.version:
        return latest
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Somebody has changed the guidance since this form was opened.", width="content")
        st.button("Load it again", icon=":material/refresh:", type="tertiary", on_click=_again)
    return services.home().guidance.load(begun)


def _again() -> None:
    st.session_state.pop(_BEGUN, None)


def _numbers(now: Guidance) -> dict[str, Any]:
    version, (least, most) = now.version, RANDOM_SHARES
    section("Reviews")
    policy = services.policy()
    if policy.aims.reviews_a_day not in {None, now.capacity}:
        st.caption(f"{policy.version} is made for {count(policy.aims.reviews_a_day or 0)} reviews a day.")
    with room.fields():
        return {
            "capacity": int(st.number_input(
                "Reviews a day", 0, value=now.capacity, step=10, key=f"capacity-{version}",
                help="So many places a day has in the queue, what is carried over included; a policy that is made for "
                "another number gives it to the queue when it is activated",
            )),
            "random_share": st.number_input(
                "Of these, drawn at random, %", 100 * least, 100 * most, 100 * now.random_share, 5.0,
                key=f"random-{version}", format="%g",
                help="From every band, those allowed included: only so can anybody say what the model misses",
            ) / 100,
            "uncertain": int(st.number_input(
                "Of these, at most so many the model is unsure of", 0, value=now.uncertain, key=f"uncertain-{version}"
            )),
            "service_hours": st.number_input(
                "A case may wait, hours", 1.0, value=float(now.service_hours), step=1.0, format="%g",
                key=f"hours-{version}",
            ),
            "lease_minutes": st.number_input(
                "A claim lasts, minutes", 1.0, value=float(now.lease_minutes), step=1.0, key=f"lease-{version}",
                format="%g",
                help="So long a case is kept for the reviewer who has it on the screen",
            ),
            "assigned_hours": st.number_input(
                "An assigned case is offered to one person only, hours", 0.0, value=float(now.assigned_hours), step=1.0,
                key=f"assigned-{version}", format="%g",
            ),
            "correction_hours": st.number_input(
                "A verdict may be corrected, hours", 0.0, value=float(now.correction_hours), step=1.0, format="%g",
                key=f"correction-{version}", help="By who gave it, on the user's page; undo works for the whole shift",
            ),
            "profile_url": st.text_input(
                "Profile address", now.profile_url, placeholder="https://example.com/users/{user_id}",
                key=f"profile-{version}",
            ),
        }  # fmt: skip


def _codes(edited: pd.DataFrame) -> tuple[ReasonCode, ...]:
    rows = edited.fillna("").astype(str)[["judgement", "code", "text"]].to_numpy().tolist()
    return tuple(ReasonCode(judgement, code.strip(), text.strip()) for judgement, code, text in rows)


def _save(name: str, before: Guidance, changes: dict[str, Any]) -> None:
    services.home().accounts.authorise(name, "change guidance")
    saved = services.home().guidance.save(Guidance(**changes, version=before.version), by=name, now=services.now())
    services.home().audit.note(who=name, what="change guidance", about=f"guidance {saved.version}", now=services.now())


def _versions(name: str) -> None:
    """Who saved the version in force, and the way back to the one before, which becomes a version of its own."""
    versions = services.home().guidance.history()
    if versions.empty:
        return
    last, number = versions.iloc[0], int(versions.index[0])
    with st.container(horizontal=True, vertical_alignment="center"):
        text = f"Version {number}, saved by {plain(last['by'])}, {moment(last['at'])} UTC."
        st.caption(text, width="content")
        if st.button("Undo", icon=":material/undo:", type="tertiary", key=f"undo-guidance-{number}"):
            with guard.shown() as failure:
                _undo(name, number)
            if failure.error is None:
                _again()
                st.toast(f"As before version {number} again", icon=":material/check_circle:")
                st.rerun(scope="app")


def _undo(name: str, number: int) -> None:
    before = services.home().guidance.load(number - 1) if number > 1 else Guidance()
    changes = {each.name: getattr(before, each.name) for each in fields(before) if each.name != "version"}
    _save(name, replace(before, version=number), changes)
