"""Which folder holds what, and what each of its modules is for: the first sentence that each says of itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.settings import ROOT

_TOPS: Final = ("core", "app", "pages")
_HEAD: Final = """# Floor plan

Written by `python3 -m app reference` from the first sentence of each module; [architecture.md](architecture.md) says
how the rooms stand on each other.
"""


def text() -> str:
    """The plan as markdown: a section a folder, a line a module."""
    folders = (folder for top in _TOPS for folder in [ROOT / top, *sorted((ROOT / top).rglob("*/"))])
    return "\n".join([_HEAD, *(section for folder in folders for section in _section(folder))])


def _section(folder: Path) -> Iterator[str]:
    modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    if not modules:
        return
    yield f"## {folder.relative_to(ROOT)}\n"
    if about := _sentence(folder / "__init__.py"):
        yield f"{about}\n"
    yield from (f"- `{path.stem}`: {_sentence(path)}" for path in modules)
    yield ""


def _sentence(path: Path) -> str:
    """The first paragraph of what a module says of itself; "" where it says nothing."""
    if not path.is_file():
        return ""
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(told.partition("\n\n")[0].split())
