"""A control for each way in which a file is read: it shows what is in force, found out or chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import streamlit as st

from app.components.files.said import Choices, as_detected
from app.words import legible
from core.data.formats.options import MOST_SKIPPED, Encoding, Given, ReadingOptions

_DIVIDED: Final = {",": "CSV, comma", ";": "CSV, semicolon", "\t": "CSV, tab", "|": "CSV, pipe"}
_ENCODINGS: Final[tuple[Encoding, ...]] = ("UTF-8", "UTF-16", "Windows-1252")
_DECIMALS: Final = {".": "1.5 (point)", ",": "1,5 (comma)"}
_THOUSANDS: Final = {
    "": "none", ".": "1.000 (point)", ",": "1,000 (comma)", " ": "1 000 (space)", "'": "1'000 (apostrophe)"
}  # fmt: skip


def controls(box: str, chosen: Choices, options: ReadingOptions, *, header: bool = True) -> None:
    """One row of them; those that a format has no use for are left out, and so is the header where it is the first."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if options.format == "CSV":
            _select(box, chosen, "Format", list(_DIVIDED), options.delimiter, _DIVIDED.__getitem__, "delimiter", 150)
            _select(box, chosen, "Encoding", _ENCODINGS, options.encoding, str, "encoding", 150)
        else:
            _shown(box, "Format", options.format, 150)
        if len(options.sheets) > 1:
            _select(box, chosen, "Sheet", options.sheets, options.sheet, legible, "sheet", 170)
        _select(box, chosen, "Decimal sign", list(_DECIMALS), options.decimal, _DECIMALS.__getitem__, "decimal", 140)
        between = [sign for sign in _THOUSANDS if sign != options.decimal]
        _select(box, chosen, "Thousands", between, options.thousands, _THOUSANDS.__getitem__, "thousands", 160)
        if header and options.format in ("CSV", "Excel"):
            _header(box, chosen, options)
        st.button(
            "As detected", icon=":material/undo:", type="tertiary", key=f"{box}-detected", on_click=as_detected,
            args=(chosen,),
        )  # fmt: skip


def _shown(box: str, label: str, value: str, width: int) -> None:
    st.selectbox(label, [value], disabled=True, key=f"{box}-{label}-{value}", width=width)


def _select(  # noqa: PLR0913, PLR0917 - what makes up a widget
    box: str, chosen: Choices, label: str, values: Sequence[str], value: str, words: Callable[[Any], str], field: str,
    width: int,
) -> None:  # fmt: skip
    key = f"{box}-{field}"
    st.session_state[key] = value if value in values else values[0]

    def changed() -> None:
        said = {field: st.session_state[key]}
        if field == "decimal" and chosen.given.thousands == said[field]:
            said["thousands"] = ""
        chosen.given = replace(chosen.given, **said)

    st.selectbox(label, values, format_func=words, key=key, on_change=changed, width=width)


def _header(box: str, chosen: Choices, options: ReadingOptions) -> None:
    key = f"{box}-header"
    st.session_state[key] = options.header_row

    def changed() -> None:
        chosen.given = _below(chosen.given, st.session_state[key])

    what = "row" if options.format == "Excel" else "line"
    st.number_input(f"Header in {what}", 1, MOST_SKIPPED + 1, key=key, on_change=changed, width=130)


def _below(given: Given, row: int) -> Given:
    return replace(given, skip_rows=int(row) - 1)
