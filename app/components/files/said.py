"""What somebody has said of how a dropped file is read, kept in this tab until the file is used."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import streamlit as st

from core.data.formats.options import NOTHING, Given
from core.data.streaming import source
from core.data.understanding.preview import Proposal

_SAID: Final = "_said_of"
#: The types of files that pages take, and their formats in words.
TYPES: Final = list(source.ENDINGS)
KINDS: Final = f"{source.WORDS}, packed or not"


@dataclass(slots=True)
class Choices:
    """Of one file: how it is to be read, proposals that were waved away, and the mapping that it began with."""

    file: str
    given: Given = NOTHING
    ignored: set[str] = field(default_factory=set)
    began: Given | None = None


def choices(box: str, file: str) -> Choices:
    """Those of the file in a box; new ones where another file is in it now."""
    kept: dict[str, Choices] = st.session_state.setdefault(_SAID, {})
    if box not in kept or kept[box].file != file:
        kept[box] = Choices(file)
    return kept[box]


def accept(chosen: Choices, proposals: tuple[Proposal, ...]) -> None:
    for proposal in proposals:
        chosen.given = proposal.accepted(chosen.given)


def ignore(chosen: Choices, proposal: Proposal) -> None:
    chosen.ignored.add(proposal.key)


def unmap(chosen: Choices, theirs: str) -> None:
    columns = tuple(pair for pair in chosen.given.columns if pair[0] != theirs)
    chosen.given = replace(chosen.given, columns=columns, mapping="")


def as_detected(chosen: Choices) -> None:
    """Forget everything that was said."""
    chosen.given, chosen.began = NOTHING, NOTHING
    chosen.ignored.clear()
