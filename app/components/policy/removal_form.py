"""What the draft asks of automatic removal, and in which words a removed user is told."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import guard
from app.components.policy import drafting
from app.queries import services
from app.queries.policy import Desk
from core.policy.automation.removal import LIST, MOST_LETTERS, SCORE, Removal, Statement


def change_removal(desk: Desk) -> None:
    """A popover that changes both in the draft."""
    key = f"removal-{desk.in_force.version}-{desk.number}"
    with st.popover("Removal", icon=":material/gavel:", key=key):
        now = desk.policy.removal
        given = _numbers(now, key)
        st.markdown(
            "**What a removed user is told**, by the reason of the score, a list, a rule, or a reviewer. Write "
            " what the user did, and nothing of the model: no score, no feature."
        )
        code = st.selectbox("Reason", _codes(desk), key=f"reason-{key}")
        text = st.text_area("Text", now.statement(code), height=130, max_chars=MOST_LETTERS, key=f"text-{code}-{key}")
        name = drafting.whose(key)
        if st.button("Save in the draft", type="primary", key=f"save-{key}"):
            with guard.shown() as failure:
                removal = Removal(**given, statements=_statements(now, code, text))
            if failure.error is None and drafting.save(desk, drafting.with_removal(desk, removal), name):
                st.rerun()


def _numbers(now: Removal, key: str) -> dict[str, Any]:
    with st.container(horizontal=True):
        target = st.number_input(
            "Precision to prove, %", 11.0, 99.9, 100 * now.target, 1.0, format="%.1f", key=f"target-{key}", width=180
        )
        error = st.number_input(
            "Reviewers are wrong in, %", 0.0, 40.0, 100 * now.reviewer_error, 0.5, format="%.1f", key=f"error-{key}",
            width=180, help="Of spammers and of legitimate users alike, as the lead knows it",
        )  # fmt: skip
        audits = st.number_input(
            "Audited a day", 0.0, 100_000.0, now.audits_a_day or 0.0, 1.0, format="%.4g", key=f"audits-{key}",
            width=180, help="Users of the band judged blind; 0 for as many as show a fall to .2 below within 7 days",
        )  # fmt: skip
    return {
        "target": round(target / 100, 6), "reviewer_error": round(error / 100, 6),
        "audits_a_day": audits or None,
    }  # fmt: skip


def _codes(desk: Desk) -> list[str]:
    """The reasons there may be, and those that have a text."""
    rules = [rule.reason for rule in desk.policy.rules if rule.reason]
    said = [reason.code for reason in services.guidance().codes("spammer")]
    own = [each.reason for each in desk.policy.removal.statements]
    return list(dict.fromkeys((SCORE, LIST, *rules, *said, *own)))


def _statements(now: Removal, code: str, text: str) -> tuple[Statement, ...]:
    """The texts of the draft with this one; one that is said without a text of its own is none."""
    others = [each for each in now.statements if each.reason != code]
    return tuple(others if text == Removal().statement(code) else [*others, Statement(code, text)])
