"""What a user has written who is judged, in its thread, with the words that moved the score."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components.shared.message_text import kept_for, message_text
from app.components.shared.thread import thread
from app.highlights import contacts, rows_of
from app.words import probability, signed
from core.review.threads import Talk
from core.scoring.reasons import Reason


def judged_message(
    found: Talk, told: Sequence[Reason] | None, key: str, word: str = "judged message"
) -> None:  # fmt: skip
    """told: the reasons of the score, None where they are hidden: then no word is marked."""
    text = found.message.text or ""
    by_words = told is not None and any(each.feature == found.feature and each.words for each in told)
    rows = rows_of(text, found.feature, told) if told is not None and by_words else ()

    def judged(is_shown: bool) -> None:  # noqa: FBT001
        if text:
            message_text(text, rows, masked=contacts(text), unmasked=is_shown)
        else:
            st.caption("No text: it is missing.")

    thread(found, judged, key, word)
    kept_for()


def summed(feature: str, told: Sequence[Reason], bias: float, score: float) -> str:
    """How words and other features add up to a score, in log-odds."""
    words = sum(each.contribution for each in told if each.feature == feature)
    others = sum(each.contribution for each in told) - words
    parts = f"words {signed(words)}, other features {signed(others)}, base {signed(bias)}"
    return f"In log-odds: {parts}; together {signed(words + others + bias)}, a score of {probability(score)}."
