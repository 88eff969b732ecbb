"""What a page has loaded stays for good; the garbage collector need not look at it again in the middle of another page.

A full collection looks at all objects: a quarter of a second in a process that has drawn its pages, every few seconds
when many people are at work. What is frozen it passes over.
"""

from __future__ import annotations

import gc
import threading
from typing import Final

from streamlit import runtime

_PAGES: Final[set[str]] = set()
_GUARD: Final = threading.Lock()


def settled(page: str) -> None:
    """Called when a page has been drawn; acts the first time that each is. Nothing outside a server."""
    if page in _PAGES or not runtime.exists():
        return
    with _GUARD:
        if page not in _PAGES:
            _PAGES.add(page)
            gc.collect()
            gc.freeze()
