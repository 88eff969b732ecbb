"""A message with the words that move its score: numbered, masked until asked for, and struck to see what if."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import streamlit as st

from app import guard
from app.highlights import MASK, TOGETHER, Row, Span, highlighted, legend
from app.queries import services
from app.words import count, plain
from core.text.shown import escaped

#: Characters of a message that is drawn at its full height; a longer one scrolls in so many px.
LONG: Final = 1_500
HEIGHT: Final = 320


def message_text(
    text: str, found: Sequence[Row], *, masked: Iterable[Span] = (), struck: Iterable[int] = (), unmasked: bool = False
) -> None:
    """The message letter by letter, and under it what tints, numbers and blocks mean.

    masked: what is not sent to the browser unless `unmasked`. struck: the numbers of rows that are crossed out.
    """
    hidden = list(masked)
    with st.container(height=HEIGHT if len(text) > LONG else "content", border=False):
        st.markdown(highlighted(text, found, masked=() if unmasked else hidden, struck=struck))
    if told := legend(found, len(hidden), shown=unmasked):
        st.markdown(told)


def kept_for() -> None:
    """What the home states of the messages that it keeps, or what it is asked to state."""
    with guard.shown():
        keeping = services.home().messages.load()
        st.caption(plain(" ".join(filter(None, (keeping.sentence, keeping.unstated)))))


def unmasked(key: str) -> bool:
    """Whether masked words are shown, and the button that shows or masks them. Not kept beyond this session."""
    name = f"unmasked-{key}"
    is_shown = bool(st.session_state.get(name))
    st.button(
        "Mask words" if is_shown else "Show masked words",
        icon=":material/visibility_off:" if is_shown else ":material/visibility:", shortcut="M", type="tertiary",
        key=f"{name}-button", on_click=_turn, args=(name,),
    )  # fmt: skip
    return is_shown


def strike(found: Sequence[Row], key: str, masked: Iterable[Span] = ()) -> list[int]:
    """The numbers of the rows that somebody has struck to see the score without them; of masked ones only numbers."""
    if not found:
        return []
    hidden = list(masked)
    names = {row.number: f"{row.number} {MASK if _covered(row, hidden) else _short(row)}" for row in found}
    return st.pills(
        "Strike words to see the score without them", list(names), selection_mode="multi", key=key,
        format_func=names.__getitem__, wrap=True,
    )  # fmt: skip


def _covered(row: Row, hidden: Sequence[Span]) -> bool:
    return any(start < until and begin < end for start, end in row.spans for begin, until in hidden)


def _short(row: Row) -> str:
    """The words of a row as markdown, cut to what a pill holds."""
    text = " ".join(escaped(row.text).split())
    return plain(text if len(text) <= TOGETHER else f"{text[: TOGETHER - 1]}…")


def about(text: str) -> str:
    """How long a message is, in words."""
    return f"{count(len(text))} character{'s' if len(text) != 1 else ''}"


def _turn(name: str) -> None:
    st.session_state[name] = not st.session_state.get(name)
