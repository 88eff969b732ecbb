"""The format of a stored file is looked at before anything else of it: a newer one is refused, an older one upgraded.

A file without a number has format 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from core.errors import NewerFormatError

#: Makes of what a file of one format says what a file of the next one would.
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
_NONE: Final[Mapping[int, Upgrade]] = MappingProxyType({})


def read(
    raw: Mapping[str, Any], name: str, *, known: int, upgrades: Mapping[int, Upgrade] = _NONE
) -> dict[str, Any]:  # fmt: skip
    """What a stored file says, as format `known` would, without the number. upgrades: format -> one up from it.

    Raises NewerFormatError, and ValueError where the number is none.
    """
    found = number(raw.get("format", 1), name, known)
    told = {key: value for key, value in raw.items() if key != "format"}
    for each in range(found, known):
        told = upgrades[each](told)
    return told


def load(path: Path, *, known: int, upgrades: Mapping[int, Upgrade] = _NONE) -> dict[str, Any]:
    """`read`, of a file of JSON."""
    return read(json.loads(path.read_text(encoding="utf-8")), shown(path), known=known, upgrades=upgrades)


def number(found: object, name: str, known: int) -> int:
    """A format that was found in a file, if this program reads it. Raises NewerFormatError, ValueError."""
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise ValueError(f"has format {found!r}, this program reads {known}")
    if found > known:
        raise NewerFormatError(name, f"format {found}, this one reads {known}")
    return found


def shown(path: Path) -> str:
    """A file of a home as sentences name it.

    >>> shown(Path("my_home/data/gates/v0002.json"))
    'data/gates/v0002.json'
    """
    at = max((i for i, part in enumerate(path.parts[:-1]) if part in {"data", "models"}), default=-2)
    return "/".join(path.parts[at:])
