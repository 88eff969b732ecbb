"""What a user has written, on Score a user: its words, what each does to the score, and what it were without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from app.components.score_user.user_source import Start
from app.components.shared.heading import section
from app.components.shared.message_text import about, kept_for, message_text, strike
from app.highlights import Row, rows_of, without
from app.queries import services
from app.words import plain
from core.data.kinds import text as texts
from core.registry.registry import Model
from core.schema.column import Column
from core.scoring.reasons import Reason
from core.text import key

#: Texts, words and names of a user's values, by feature.
Said = Mapping[str, str]


def kept(name: str, text: str | None) -> str | None:
    """A text as a file's is kept; one in which nothing stands is missing."""
    return texts.given(text, _column(name)) if text and text.strip() else None


def cut(name: str, text: str | None) -> str:
    """That only the beginning of a text is scored, as a sentence; "" where all of it is."""
    most = _column(name).characters
    if not text or len(text) <= most:
        return ""
    kept_of_it = len(texts.given(text, _column(name)))
    return f"Only the first {kept_of_it:,} of {len(text):,} characters are scored: {plain(name)} keeps up to {most:,}."


def with_text(values: pd.Series[float], name: str, text: str | None) -> pd.Series[float]:
    """The values of a user who has written this: its number, and all that is counted in it."""
    found = {column.name: float(each[0]) for column, each in texts.derived(_column(name), [text])}
    return pd.Series({each: found.get(each, values[each]) for each in values.index}, dtype=float)


def without_struck(
    start: Start, values: pd.Series[float], said: Said, told: Sequence[Reason], model: Model
) -> tuple[pd.Series[float], Said]:
    """The values and words of the user had nobody written what is struck; the same where nothing is.

    told: the reasons of the score of `values` and `said`.
    """
    left = dict(said)
    for name in model.texts:
        if name not in said or not (numbers := _struck(start, name, said[name])):
            continue
        spans = [span for row in rows_of(said[name], name, told) if row.number in numbers for span in row.spans]
        rest = kept(name, without(said[name], spans))
        values = with_text(values, name, rest)
        left = {each: word for each, word in left.items() if each != name or rest} | ({name: rest} if rest else {})
    return values, left


def user_texts(start: Start, said: Said, told: Sequence[Reason], model: Model) -> None:
    """Each text with its rows and the buttons that strike them; said, told: from before anything is struck."""
    for name in model.texts:
        text = said.get(name)
        if text is None:
            st.caption(f"{plain(name)} is missing.")
            continue
        found = rows_of(text, name, told)
        section(plain(name), about(text))
        with st.container(border=True, gap="small"):
            message_text(text, found, struck=_struck(start, name, text))
        strike(found, _key(start, name, text))
        kept_for()


def shown_rows(said: Said, told: Sequence[Reason], model: Model) -> Mapping[str, tuple[Row, ...]]:
    """The rows of each text that is there, by feature."""
    return {name: rows_of(said[name], name, told) for name in model.texts if name in said}


def _struck(start: Start, name: str, text: str) -> list[int]:
    """The numbers of the rows that are struck."""
    return st.session_state.get(_key(start, name, text)) or []


def _key(start: Start, name: str, text: str) -> str:
    """Begins as keys of fields do, so that a reset clears it; another text has other words to strike."""
    return start.field(f"{name}-struck-{key.number(text):.0f}")


def _column(name: str) -> Column:
    """As the schema has it; a column that it has no more is kept at the usual length."""
    return next((each for each in services.schema().features if each.name == name), Column(name, "text"))
