"""What a home has chosen: `data/settings.toml`, a table a subject, for people to edit and for pages to save."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core import locks
from core.access.audit import AuditLog
from core.errors import BadOptionError, listed
from core.files import write_text

_HEAD: Final = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?")


@dataclass(frozen=True, slots=True, eq=False)
class HomeOptions:
    """The settings file of a home, `options_file`, in its folder `data`."""

    audit: AuditLog
    data: Path
    options_file: Path

    def table(self, name: str, known: Collection[str]) -> Mapping[str, Any]:
        """What one table says, nothing where there is none.

        Raises BadOptionError when the file is no TOML, the name is none of a table, or the table has what is not known.
        """
        path = self.options_file
        raw = self._tables().get(name, {})
        if not isinstance(raw, Mapping):
            raise BadOptionError(path.name, f"{name} is a table: write [{name}] above its lines.")
        if unknown := sorted(raw.keys() - set(known)):
            raise BadOptionError(path.name, f"[{name}] has {listed(unknown)}; known are {listed(list(known))}.")
        return raw

    def save(
        self, name: str, values: Mapping[str, Any], *, before: Callable[[], Mapping[str, Any]], by: str,
        now: datetime,
    ) -> None:  # fmt: skip
        """Put other values of a table in force, and note who did, with those that change; nothing when none does.

        before: reads the values in force. Two who save at once come one after the other.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        with locks.held(self.data / "settings.lock"):
            old = before()
            changed = {key: value for key, value in values.items() if value != old[key]}
            if not changed:
                return
            self.audit.note(who=by, what="change settings", about=name, details=changed, now=now)
            path = self.options_file
            text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
            write_text(path, with_table(text, name, values))

    def _tables(self) -> dict[str, Any]:
        path = self.options_file
        try:
            return tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except RecursionError as error:
            raise BadOptionError(path.name, "it cannot be read: it is nested too deep.") from error
        except (OSError, ValueError) as error:  # UnicodeDecodeError and TOMLDecodeError are ValueErrors
            raise BadOptionError(path.name, f"it cannot be read: {error}.") from error


def with_table(text: str, name: str, values: Mapping[str, Any]) -> str:
    """The text of a TOML file with one table replaced, or added at its end; everything else stays, word for word.

    >>> with_table("[other]\\na = 1\\n", "learning", {"min_samples": 5, "promoter": "Ada"})
    '[other]\\na = 1\\n\\n[learning]\\nmin_samples = 5\\npromoter = "Ada"\\n'
    """
    # A TOML basic string escapes as JSON does, except that DEL must be escaped too.
    cells = {key: json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") for key, value in values.items()}
    written = [f"[{name}]", *(f"{key} = {cell}" for key, cell in cells.items())]
    lines = text.splitlines()
    heads = [(at, found[1]) for at, line in enumerate(lines) if (found := _HEAD.fullmatch(line))]
    start = next((at for at, head in heads if head == name), None)
    if start is None:
        return "\n".join([*lines, *([""] if lines else []), *written]) + "\n"
    end = next((at for at, _ in heads if at > start), len(lines))
    return "\n".join([*lines[:start], *written, *([""] if end < len(lines) else []), *lines[end:]]) + "\n"
