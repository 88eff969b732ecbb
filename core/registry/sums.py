"""SHA256SUMS of a version: which files belong to it, and whether each is, byte for byte, what was published."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from core.errors import DamagedModelError
from core.files import write_text

SUMS: Final = "SHA256SUMS"
#: One way to write a line, and no other: a changed byte must not go unseen because it means the same.
_LINE: Final = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_]+\.[a-z0-9]+)\n")


def of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write(folder: Path, names: Sequence[str]) -> None:
    """Write SHA256SUMS over files of the folder, in this order."""
    text = "".join(_line(folder, name) for name in names)
    (folder / SUMS).write_text(text, encoding="ascii", newline="\n")


def add(folder: Path, name: str) -> None:
    """Add a line for one more file of the folder; the others stay as they are."""
    with (folder / SUMS).open("a", encoding="ascii", newline="\n") as file:
        file.write(_line(folder, name))


def renew(folder: Path, name: str) -> None:
    """Write the line of one file anew; the others stay as they are."""
    text = "".join(
        _line(folder, name) if each == name else f"{digest}  {each}\n" for each, digest in read(folder).items()
    )
    write_text(folder / SUMS, text)


def read(folder: Path) -> Mapping[str, str]:
    """File name -> SHA-256, in the order of the file. Raises DamagedModelError unless every byte is as `write` does."""
    try:
        text = (folder / SUMS).read_bytes().decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedModelError(folder.name, SUMS, "is absent or unreadable") from error
    found = {line[2]: line[1] for line in _LINE.finditer(text)}
    if "".join(f"{digest}  {name}\n" for name, digest in found.items()) != text:
        raise DamagedModelError(folder.name, SUMS, "is not as it was written")
    return found


def content(folder: Path, name: str) -> bytes:
    """The bytes of a listed file, read once, so that what was compared with its sum is what is used.

    Raises DamagedModelError unless they fit SHA256SUMS.
    """
    try:
        found = (folder / name).read_bytes()
    except OSError as error:
        raise DamagedModelError(folder.name, name, "is absent or unreadable") from error
    if hashlib.sha256(found).hexdigest() != read(folder).get(name):
        raise DamagedModelError(folder.name, name, f"differs from {SUMS}")
    return found


def check(folder: Path, *, needed: Sequence[str], optional: Sequence[str]) -> None:
    """Raises DamagedModelError unless all needed files, and the optional ones there are, fit SHA256SUMS.

    A file that was listed and is gone is damage, even an optional one; so is an optional one that is not listed.
    """
    found = read(folder)
    for name in [*needed, *(name for name in optional if name in found or (folder / name).exists())]:
        _check(folder, name, found.get(name))
    if foreign := [name for name in found if name not in {*needed, *optional}]:
        raise DamagedModelError(folder.name, SUMS, f"lists {foreign[0]}, which is no file of a version")


def _line(folder: Path, name: str) -> str:
    return f"{of(folder / name)}  {name}\n"


def _check(folder: Path, name: str, digest: str | None) -> None:
    path = folder / name
    if not path.is_file() or path.is_symlink():
        raise DamagedModelError(folder.name, name, "is absent")
    if not path.stat().st_size:  # XGBoost would end the whole process over an empty buffer
        raise DamagedModelError(folder.name, name, "is empty")
    if digest != of(path):
        raise DamagedModelError(folder.name, name, f"differs from {SUMS}")
