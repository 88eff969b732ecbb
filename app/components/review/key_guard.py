"""Whether a key counts: nothing lies open over the case, and the case has been in sight for a moment.

Streamlit's frontend acts on the key of a button wherever the focus is, fields excepted. Letters typed while a popover
is open, or a dialog whose field nobody has gone to yet, arrive as if they were meant for the case behind it, and so do
keys for a case that nobody can have seen. The browser does not tell them apart, so the server has to know what is open.
"""

from __future__ import annotations

from typing import Final, TypedDict

import streamlit as st

from app import session
from app.components.shared.heading import Watched
from app.queries import services

#: Seconds; nobody takes in a case and answers it in less.
GLANCE: Final = 0.15
#: Seconds from one letter that was refused to the next, where somebody is typing. The focus is on the button of a
#: popover, so a space closes it: the rest of the text must not reach the case either.
TYPING: Final = 0.8
#: The button that opens the note.
NOTE: Final = "note"
_SIGHT: Final = "_sight"
_POPOVER: Final = "over-"


class Sight(TypedDict):
    """`since`: the clock when the case was drawn with nothing over it, None until then; `pause`: seconds from then on
    in which no key counts; `note`: whether it is open; `stir`: when a key was last refused or a popover moved.
    """

    since: float | None
    pause: float
    note: bool
    stir: float


def watched(name: str) -> Watched:
    """Options of a popover that is drawn on the page of cases."""
    return {"key": f"{_POPOVER}{name}", "on_change": _moved}


def drawn() -> None:
    """The case stands on the page to its last button."""
    own = _sight()
    if own["since"] is None:
        own["since"] = services.clock()


def hidden() -> None:
    """Another case, or the same after the note, is still to be drawn."""
    own = _sight()
    own["since"], own["pause"] = None, GLANCE


def open_note() -> None:
    if not (_popover_is_open() and _covered()) and not _too_soon():
        _sight()["note"] = True


def close_note() -> None:
    own = _sight()
    if own["note"]:
        own["note"] = False
        hidden()


def note_is_open() -> bool:
    return _sight()["note"]


def covered() -> bool:
    """Whether a key came while something lies open over the case; then that is said."""
    if _popover_is_open():
        return _covered()
    # N and a key right after it arrive together when the server was busy, in any order.
    if _sight()["note"] or st.session_state.get(NOTE):
        return _refused("The note is open, so that key did nothing. Press Tab to write.")
    return False


def unseen() -> bool:
    """Whether a key came while something lies over the case, or before anybody can have seen it; then that is said."""
    return covered() or _too_soon()


def too_early() -> bool:
    """Say that a key came before the case it would have judged; as one that is held down comes again and again, the
    case has to be in sight anew.
    """
    _sight()["since"] = None
    return _refused("That came before the case was on screen. Nothing was recorded.")


def _too_soon() -> bool:
    own = _sight()
    return (own["since"] is None or services.clock() - own["since"] < own["pause"]) and too_early()


def _covered() -> bool:
    return _refused("Something is open over the case, so that key did nothing. Close it first.")


def _refused(why: str) -> bool:
    _sight()["stir"] = services.clock()
    session.say(why, icon=":material/block:")
    return True


def _popover_is_open() -> bool:
    return any(st.session_state[key] for key in st.session_state if str(key).startswith(_POPOVER))


def _moved() -> None:
    """A popover was opened or closed: what lies under it was not in sight until now."""
    hidden()
    own, now = _sight(), services.clock()
    own["pause"] += TYPING if now - own["stir"] < TYPING else 0
    own["stir"] = now


def _sight() -> Sight:
    empty: Sight = {"since": None, "pause": GLANCE, "note": False, "stir": float("-inf")}
    found: Sight = st.session_state.setdefault(_SIGHT, empty)
    return found
