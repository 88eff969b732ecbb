"""What a home has chosen: `data/settings.toml`, a table a subject, for people to edit and for pages to save."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Item, Table

from core import locks
from core.access.audit import AuditLog
from core.errors import BadOptionError, listed
from core.files import write_text

T = TypeVar("T")


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
        raw = self._parsed(tomllib.loads).get(name, {})
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

        Comments, order and everything else in the file stay.
        before: reads the values in force. Two who save at once come one after the other.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        with locks.held(self.data / "settings.lock"):
            old = before()
            changed = {key: value for key, value in values.items() if value != old[key]}
            if not changed:
                return
            document = self._parsed(tomlkit.parse)
            _put(document, name, values)
            self.audit.note(who=by, what="change settings", about=name, details=changed, now=now, ahead=True)
            write_text(self.options_file, tomlkit.dumps(document))

    def _parsed(self, parse: Callable[[str], T]) -> T:
        path = self.options_file
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (FileNotFoundError, NotADirectoryError):
            text = ""
        except (OSError, UnicodeDecodeError) as error:
            raise BadOptionError(path.name, f"it cannot be read: {error}.") from error
        try:
            return parse(text)
        except RecursionError as error:
            raise BadOptionError(path.name, "it cannot be read: it is nested too deep.") from error
        except (ValueError, TOMLKitError) as error:  # TOMLDecodeError is a ValueError
            raise BadOptionError(path.name, f"it cannot be read: {error}.") from error


def _put(document: tomlkit.TOMLDocument, name: str, values: Mapping[str, Any]) -> None:
    """Set values of a table, which is added where there is none."""
    table = document.setdefault(name, tomlkit.table())
    # What stands below the last line belongs to the table after this one, and tomlkit adds lines below it.
    below: list[Item] = []
    body = table.value.body if isinstance(table, Table) else []
    while body and body[-1][0] is None:
        below.insert(0, body.pop()[1])
    table.update(values)
    for item in below:
        table.value.append(None, item)
