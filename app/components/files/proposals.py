"""What is proposed of a dropped file, what was accepted, which columns are missing, and how to keep all that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Final

import streamlit as st

from app.components.files.said import Choices, accept, ignore, unmap
from app.queries import services
from app.words import count, legible, plain
from core.data.understanding.preview import Preview, Proposal

#: Missing columns that get a control of their own.
_MOST: Final = 9
_NOBODY: Final = "not in the file"


def proposals(box: str, chosen: Choices, seen: Preview) -> None:
    """Open and accepted ones, in one box; nothing where there are none."""
    waiting = tuple(each for each in seen.proposals if each.key not in chosen.ignored)
    accepted = chosen.given.columns
    comma = chosen.given.decimal == ","
    if not waiting and not accepted and not comma:
        return
    with st.container(border=True):
        _head(box, chosen, waiting, len(accepted) + comma)
        grid = st.grid(2, min_column_width=380, gap=("small", "medium"))
        for theirs, ours in accepted:
            with grid.cell():
                _accepted(box, chosen, theirs, ours)
        if comma:
            with grid.cell():
                _comma(box, chosen)
        for proposal in waiting:
            with grid.cell():
                _waiting(box, chosen, proposal)


def _head(box: str, chosen: Choices, waiting: tuple[Proposal, ...], accepted: int) -> None:
    total = len(waiting) + accepted
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        sub = f"{count(accepted)} accepted, {count(len(waiting))} open; each can be undone"
        st.markdown(f"**{count(total)} {'proposal' if total == 1 else 'proposals'}** &nbsp;:small[:gray[{sub}]]")
        if len(waiting) > 1:
            st.button(
                f"Accept all {count(len(waiting))}", icon=":material/done_all:", key=f"{box}-all", on_click=accept,
                args=(chosen, waiting),
            )  # fmt: skip


def _waiting(box: str, chosen: Choices, proposal: Proposal) -> None:
    said = f":material/decimal_increase: {plain(proposal.sentence)}"
    for theirs, ours in proposal.columns:
        said = f":material/swap_horiz: :gray-badge[{plain(theirs)}] is your **{plain(ours)}**"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{said}  \n:small[:gray[{plain(proposal.evidence)}]]", width="stretch")
        st.button("Accept", key=f"{box}-accept-{proposal.key}", on_click=accept, args=(chosen, (proposal,)))
        st.button(
            "Ignore", type="tertiary", key=f"{box}-ignore-{proposal.key}", on_click=ignore, args=(chosen, proposal)
        )  # fmt: skip


def _accepted(box: str, chosen: Choices, theirs: str, ours: str) -> None:
    where = f"as in {plain(chosen.given.mapping)}" if chosen.given.mapping else "said here"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        said = f":material/swap_horiz: :gray-badge[{plain(theirs)}] is your **{plain(ours)}**"
        st.markdown(f"{said}  \n:small[:gray[{where}]]", width="stretch")
        st.markdown(":material/check: accepted", width="content")
        st.button("Undo", type="tertiary", key=f"{box}-undo-{theirs}", on_click=unmap, args=(chosen, theirs))


def _comma(box: str, chosen: Choices) -> None:
    def undo() -> None:
        chosen.given = replace(chosen.given, decimal=None, thousands=None)

    where = f"as in {plain(chosen.given.mapping)}" if chosen.given.mapping else "said here"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        said = ":material/decimal_increase: :gray-badge[1,5] is read as **1.5**"
        st.markdown(f"{said}  \n:small[:gray[{where}]]", width="stretch")
        st.markdown(":material/check: accepted", width="content")
        st.button("Undo", type="tertiary", key=f"{box}-undo-comma", on_click=undo)


def missing(box: str, chosen: Choices, seen: Preview) -> None:
    """Which columns the file lacks, each with a way to say which of its own it is."""
    proposed = {ours for each in seen.proposals if each.key not in chosen.ignored for _, ours in each.columns}
    left = [column for column in seen.missing if column not in proposed]
    if not left or not seen.free:
        return
    with st.container(border=True):
        verb = "is" if len(left) == 1 else "are"
        shown = plain(", ".join(left[:_MOST]) + (f" and {count(len(left) - _MOST)} more" if len(left) > _MOST else ""))
        st.markdown(f":material/warning: **{shown}** {verb} not in the file. Which of its columns {verb} meant?")
        with st.container(horizontal=True, gap="small"):
            for ours in left[:_MOST]:
                _chosen(box, chosen, ours, seen.free)


def _chosen(box: str, chosen: Choices, ours: str, free: tuple[str, ...]) -> None:
    place = f"{box}-{chosen.file}-is-{ours}"

    def said() -> None:
        theirs = st.session_state[place]
        if theirs is not None:
            pairs = (*chosen.given.columns, (theirs, ours))
            chosen.given = replace(chosen.given, columns=pairs, mapping="")

    st.selectbox(
        plain(ours), free, index=None, placeholder=_NOBODY, format_func=legible, key=place, on_change=said, width=190
    )  # fmt: skip


def kept_as(box: str, chosen: Choices, seen: Preview) -> str:
    """The name under which all this is to be kept; empty where it is not, or is kept already."""
    if not (chosen.given.columns or chosen.given.decimal == ",") or chosen.given == chosen.began:
        return ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        keep = st.checkbox("Keep for files with these columns, as", value=True, key=f"{box}-{chosen.file}-keep")
        stem = PurePath(seen.name).name.partition(".")[0]
        free = _free(
            "".join(letter for letter in stem if letter.isalnum() or letter in " ._-").strip(" ._-") or "mapping"
        )
        name = st.text_input(
            "Name of the mapping", value=seen.fitting.name if seen.fitting else free, max_chars=60, width=240,
            label_visibility="collapsed", key=f"{box}-{chosen.file}-name", disabled=not keep,
        )  # fmt: skip
    return name.strip() if keep else ""


def _free(name: str) -> str:
    """The name, with a number where a mapping has it already."""
    taken = {each.name for each in services.home().mappings.listed()}
    numbered = (f"{name[:50]} {number}" for number in range(2, len(taken) + 3))
    return name[:60] if name[:60] not in taken else next(each for each in numbered if each not in taken)
