"""The reference of the command line and of the API, and the floor plan: markdown, written from the code itself."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path
from typing import Any, Final

from app.reference import command_line, floor_plan, rest
from core.home import Home
from core.targets import Target

#: The command that writes the files anew.
COMMAND: Final = "python3 -m app reference"
#: Lines of a file in which it says what it is.
_ABOUT: Final = 3


def files(tree: Any) -> dict[str, str]:
    """The text of each file by its name, the same on every machine. tree: all commands."""
    return {"command-line.md": command_line.text(tree), "api.md": rest.text(), "floor-plan.md": floor_plan.text()}


def write(home: Home, folder: Path, tree: Any, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write all files into a folder that is there.

    Raises BadOptionError before the first when one of them is there and somebody else's, without `overwrite`.
    """
    made = {Target(folder / name, _is_ours, home.kept, (), overwrite): text for name, text in files(tree).items()}
    for target in made:
        target.claim()
    for target, text in made.items():
        target.write_text(text)
    return tuple(target.path for target in made)


def _is_ours(path: Path) -> bool:
    """Whether a file says of itself, after its title, that the command wrote it."""
    with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as lines:
        return f"Written by `{COMMAND}`" in "".join(itertools.islice(lines, _ABOUT))
    return False
