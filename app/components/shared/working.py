"""Progress of a step that takes a moment; gone when the step is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st


@contextmanager
def working(what: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function to call with (done, of); draws nothing until it is called."""
    place = st.empty()

    def tell(done: int, of: int) -> None:
        place.progress(done / of if of else 0.0, what)

    yield tell
    place.empty()
