"""A message where it was written: the messages before it and after it, by whom and when, and itself in a box."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from app.components.shared.message_text import about, unmasked
from app.highlights import contacts, highlighted
from app.words import MISSING, legible, plain
from core.review.threads import Message, Talk

#: Messages shown on either side, by what is chosen; None for all.
_SIDES: Final = (3, 20, None)
#: Characters of a message beside the judged one.
_BESIDE: Final = 600


def thread(found: Talk, draw: Callable[[bool], None], key: str) -> None:
    """draw: draws the judged message, given whether what is masked is shown."""
    with st.container(horizontal=True, vertical_alignment="center"):
        side = _side(found, key)
        is_shown = unmasked(key)
    at = found.message
    shown = found.around(side)
    with st.container(gap="xsmall"):
        for each in shown:
            if each.row == at.row:
                with st.container(border=True, gap="small"):
                    _head(each, "")
                    draw(is_shown)
            else:
                st.markdown(_line(each, at, is_shown=is_shown))
    left = len(found.messages) - len(shown)
    if left:
        st.caption(f"{left} further message{'s' if left > 1 else ''} of this thread.")


def _side(found: Talk, key: str) -> int | None:
    """How many messages on either side are wanted; nothing to choose where there are no more than the fewest."""
    number, before = len(found.messages), found.judged
    if max(before, number - before - 1) <= (_SIDES[0] or 0):
        return _SIDES[0]
    names = {f"±{most}" if most else f"All {number:,}": most for most in _SIDES}
    chosen = st.segmented_control(
        "Messages around", list(names), required=True, default=next(iter(names)), key=f"around-{key}",
        label_visibility="collapsed",
    )  # fmt: skip
    return names[chosen]


def _head(message: Message, day: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(" ".join([*_who(message, day), ":violet-badge[judged message]"]), width="content")
        st.markdown(f":small[:gray[{about(message.text or '')}]]", width="content")


def _line(message: Message, judged: Message, *, is_shown: bool) -> str:
    text = message.text or ""
    cut = text if len(text) <= _BESIDE else text[: _BESIDE - 1] + "…"
    said = highlighted(cut, (), masked=() if is_shown else contacts(cut)) if text else f":gray[{MISSING}]"
    return " ".join([*_who(message, judged.when[:10]), said])


def _who(message: Message, day: str) -> list[str]:
    """When and by whom; of the day of the judged message only the time."""
    when = message.when[11:16] if day and message.when.startswith(day) and message.when[11:16] else message.when
    parts = [f":gray[{plain(legible(when))}]"] * bool(when)
    return [*parts, *[f"**{plain(message.author)}**"] * bool(message.author.strip())]
