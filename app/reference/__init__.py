"""The reference of the command line and of the API: markdown, written from the code that does the work."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from app.reference import command_line, rest
from core.files import write_text

#: The command that writes the files anew.
COMMAND: Final = "python3 -m app reference"


def files(tree: Any) -> dict[str, str]:
    """The text of each file by its name, the same on every machine. tree: all commands."""
    return {"command-line.md": command_line.text(tree), "api.md": rest.text()}


def write(folder: Path, tree: Any) -> tuple[Path, ...]:
    """Write all files into a folder that is there."""
    made = files(tree)
    for name, text in made.items():
        write_text(folder / name, text)
    return tuple(folder / name for name in made)
