"""What the draft asks of automatic removal, and in which words a removed user is told."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import guard
from app.components.policy import drafting
from app.queries import services
from app.queries.policy import Desk
from core.policy.automation.removal import LIST, SCORE, Removal, Statement


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
        texts = st.data_editor(
            pd.DataFrame([{"Reason": code, "Text": now.statement(code)} for code in _codes(desk)]), hide_index=True,
            key=f"texts-{key}", width=640, height=240, disabled=["Reason"],
            column_config={
                "Reason": st.column_config.TextColumn(width=150),
                "Text": st.column_config.TextColumn(width=480, required=True),
            },
        )  # fmt: skip
        name = drafting.whose(key)
        if st.button("Save in the draft", type="primary", key=f"save-{key}"):
            with guard.shown() as failure:
                removal = Removal(**given, statements=_statements(now, texts))
            if failure.error is None and drafting.save(desk, drafting.with_removal(desk, removal), name):
                st.rerun()


def _numbers(now: Removal, key: str) -> dict[str, Any]:
    with st.container(horizontal=True):
        target = st.number_input(
            "Precision to prove, %", 11.0, 99.9, 100 * now.target, 1.0, key=f"target-{key}", width=180
        )
        error = st.number_input(
            "Reviewers are wrong in, %", 0.0, 40.0, 100 * now.reviewer_error, 0.5, key=f"error-{key}", width=180,
            help="Of spammers and of legitimate users alike, as the lead knows it",
        )  # fmt: skip
        audits = st.number_input(
            "Audited a day", 0, 100_000, round(now.audits_a_day or 0), key=f"audits-{key}", width=180,
            help="Users of the band who are judged blind; 0 for as many as show a fall to .2 below within 7 days",
        )  # fmt: skip
    return {
        "target": round(target / 100, 6), "reviewer_error": round(error / 100, 6),
        "audits_a_day": float(audits) if audits else None,
    }  # fmt: skip


def _codes(desk: Desk) -> list[str]:
    """The reasons there may be, and those that have a text."""
    rules = [rule.reason for rule in desk.policy.rules if rule.reason]
    said = [reason.code for reason in services.guidance().codes("spammer")]
    own = [each.reason for each in desk.policy.removal.statements]
    return list(dict.fromkeys((SCORE, LIST, *rules, *said, *own)))


def _statements(now: Removal, texts: pd.DataFrame) -> tuple[Statement, ...]:
    """The texts that are not those a policy without any has."""
    plain = Removal()
    kept = {each.reason for each in now.statements}
    rows = [(str(reason), str(text or "")) for reason, text in texts.itertuples(index=False)]
    return tuple(Statement(code, text) for code, text in rows if code in kept or text != plain.statement(code))
