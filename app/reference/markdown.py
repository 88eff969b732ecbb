"""Markdown as the reference needs it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def code(text: str) -> str:
    """Text as it is typed.

    >>> code("--reasons flagged|all")
    '`--reasons flagged|all`'
    """
    return f"`{text}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    r"""The lines of a table, an empty one after it; nothing where there is no row.

    >>> table(("a", "b"), [("x|y", "")])
    ['| a | b |', '|---|---|', '| x\\|y |  |', '']
    """
    lines = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines, ""] if lines else []


def anchor(title: str) -> str:
    """Where a heading can be linked to, as GitHub and others name it.

    >>> anchor("POST `/predict/batch`")
    'post-predictbatch'
    """
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
