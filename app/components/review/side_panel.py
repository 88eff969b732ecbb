"""What stands beside a case: similar users already judged, the user's history, the reason, notes, guidelines."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from app.components.review import key_guard
from app.components.shared.heading import section
from app.components.shared.user_notes import listed
from app.queries import services
from app.tables.cells import safe
from app.words import UNKNOWN, day, escaped, plain, probability
from core.review.cases import Case


def similar(found: pd.DataFrame) -> None:
    """found: user, alike (0 to 1), verdict, time; most alike first."""
    spammers = int((found["verdict"] == "spammer").sum())
    section("Similar users, judged", f"{spammers} of {len(found)} judged spammer" if len(found) else None)
    if found.empty:
        st.caption("Nobody has been judged yet.")
        return
    shown = pd.DataFrame(
        {
            "User": found["user"],
            "Alike": found["alike"],
            "Verdict": found["verdict"],
            "When": [_ago(at, services.now()) for at in found["time"]],
        }
    )
    st.dataframe(
        safe(shown), hide_index=True, placeholder=UNKNOWN, row_height=32, height="content",
        alt="The judged users most like this one",
        column_config={
            "Alike": st.column_config.NumberColumn(
                format="%.2f", help="1 is the same; ranks of the values, weighted by what moves this score"
            )
        },
    )  # fmt: skip


def history(case: Case, rows: pd.DataFrame) -> None:
    """rows: time, reviewer, verdict, score, blind, notes of earlier verdicts on this user, newest first."""
    section("History")
    if rows.empty:
        st.caption("No earlier verdict on this user.")
        return
    hidden = case.blind
    shown = pd.DataFrame(
        {
            "When": [day(at) for at in rows["time"]],
            "By": rows["reviewer"].map(escaped).map(plain),
            "Verdict": rows["verdict"],
            "Score then": [UNKNOWN if hidden else probability(score) for score in rows["score"]],
        }
    )
    st.table(shown, border="horizontal", hide_index=True)
    for note in rows["notes"].head(3):
        if note:
            st.caption(plain(note))


def notes(case: Case) -> None:
    """What people have noted of the user; a blind case is judged without, as a note may tell a score."""
    if not case.blind and (found := services.home().user_notes.of(case.user)):
        section("Notes on the user", "newest first")
        listed(found)


def said() -> None:
    """The reason code and the notes; both optional, kept in the session until the verdict."""
    reason_pills("reason")
    st.text_area("Notes", key="notes", placeholder="Optional", height=80, max_chars=4000)


def reason_pills(key: str, default: str | None = None) -> None:
    """The lead's codes; one that belongs to another verdict than is given is not recorded."""
    words = {code.code: code.text for code in services.guidance().reasons}
    st.pills(
        "Reason for your verdict", list(words), key=key, default=default, wrap=True, format_func=_spaced,
        help="  \n".join(f"**{plain(_spaced(code))}**: {plain(text)}" for code, text in words.items()),
    )  # fmt: skip


def _spaced(code: str) -> str:
    return code.replace("_", " ")


def guidelines() -> None:
    with st.popover("Guidelines", icon=":material/menu_book:", type="tertiary", **key_guard.watched("guidelines")):
        st.markdown(services.guidance().guidelines)


def _ago(at: datetime, now: datetime) -> str:
    days = (now.date() - at.date()).days
    return "today" if days <= 0 else "1 day" if days == 1 else f"{days} days"
