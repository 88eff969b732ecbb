"""What each page is for, in one sentence, and its help, written for who reads the page: a Markdown file a page."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Guide:
    """`purpose`: one sentence; `help`: what to do and what the words mean. Both are markdown of our own."""

    purpose: str
    help: str


@functools.cache
def of(page: str) -> Guide:
    """The guide of a page, by the name of its file in `pages/`."""
    purpose, _, text = (_FOLDER / f"{page}.md").read_text(encoding="utf-8").partition("\n\n")
    return Guide(" ".join(purpose.split()), text.strip())
