"""The address of a list: all that is shown stands in it, so that it can be shared, gone back from, and come back to."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import streamlit as st

#: The page that is shown, from 1, and what is open beside the list.
PAGE, OPEN = "page", "open"


def params() -> dict[str, str]:
    """The address."""
    return dict(st.query_params.to_dict())


def number(name: str) -> int | None:
    """The whole number under a name, None where there is none."""
    text = st.query_params.get(name, "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def put(**names: str | int | None) -> None:
    """Change the address in one step, which the browser's Back takes back; None takes a name out, which cannot be done
    while a widget is bound to another one.
    """
    new = {name: str(value) for name, value in names.items() if value is not None}
    if not any(name in st.query_params for name in names.keys() - new.keys()):
        st.query_params.update(new)
        return
    st.query_params.from_dict({name: value for name, value in params().items() if name not in names} | new)


def show(view: Mapping[str, str], known: Collection[str]) -> None:
    """Go to the first page of another view. known: the names that views have, of which those it lacks are taken out."""
    kept = {name: value for name, value in params().items() if name not in {*known, PAGE, OPEN}}
    st.query_params.from_dict(kept | dict(view))
