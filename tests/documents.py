"""What stands in the documents: their blocks of code, commands in the text, links, and the names of files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from typer.main import get_command

from app.cli import app
from app.reference.markdown import anchor

PROGRAM: Final = ("python3", "-m", "app")
TREE: Final[Any] = get_command(app)
_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK: Final = re.compile(r"<!-- (.+?) -->\s*$")


@dataclass(frozen=True)
class Block:
    """A block of code: its language, its text, and what the HTML comment right above it says, "" without one."""

    language: str
    text: str
    mark: str


def blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    return [Block(found[1], found[2], _mark(text[: found.start()])) for found in _FENCE.finditer(text)]


def prose(path: Path) -> str:
    """The text without its blocks."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def spans(path: Path) -> list[str]:
    """What stands in backticks in the text, each in a line."""
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", prose(path))]


def links(path: Path) -> Iterator[tuple[str, Path, str]]:
    """Links to files of the repository: as they are written, the file, and the heading in it or ""."""
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if not link.startswith("https://"):
            file, _, heading = link.partition("#")
            yield link, (path.parent / file if file else path).resolve(), heading


def headings(path: Path) -> set[str]:
    """Where links into a document can lead."""
    return {anchor(title) for title in re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)}


def told(span: str) -> list[str] | None:
    """The words of a command of ours after `python3 -m app`, which may be left out; None for anything else."""
    try:
        words = shlex.split(span)
    except ValueError:
        return None
    if tuple(words[:3]) == PROGRAM:
        return words[3:]
    return words if len(words) > 1 and words[0] in TREE.commands else None


def complaint(words: list[str]) -> str:
    """What is wrong with the words of a command, by the commands there are; "" where nothing is."""
    command, given, rest = TREE, 0, list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            option = _option(command, word)
            if option is None:
                return f"{command.name} has no option {word}"
            if not option.is_flag and not rest:
                return f"{word} needs a value"
            del rest[: 0 if option.is_flag else 1]
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"there is no command {word}"
            command = command.commands[word]
        else:
            given += 1
    if hasattr(command, "commands") and not command.invoke_without_command:
        return f"{command.name} needs one of its commands"
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    many = any(each.nargs < 0 for each in arguments)
    return "" if many or given <= len(arguments) else f"{command.name} does not take so many arguments"


def known_option(word: str) -> bool:
    """Whether any command has this option."""
    waiting = [TREE]
    while waiting:
        command = waiting.pop()
        if _option(command, word) is not None:
            return True
        waiting += getattr(command, "commands", {}).values()
    return False


def _option(command: Any, word: str) -> Any:
    return next((each for each in command.params if word in (*each.opts, *each.secondary_opts)), None)


def _mark(before: str) -> str:
    found = _MARK.search(before)
    return found[1] if found else ""
