"""Which columns of others' files are ours, and how their numbers are written: agreed on once, kept under a name.

`data/mappings.json` has them all. A mapping is proposed again for a file with the same header; it is never used without
being named.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core import formats, locks
from core.data.formats.options import DECIMALS, THOUSANDS, Given
from core.errors import BadOptionError, RefusedError, UnknownItemError
from core.files import write_text
from core.schema.schema import key

FORMAT: Final = 1
_NAME: Final = re.compile(r"[\w][\w .+-]{0,59}")
#: Mappings that a home may hold.
_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Mapping:
    """What was agreed on for files with a `header`; valid from birth. `columns`: of the file, each with ours; `decimal`
    and `thousands`: where numbers are not written as programs write them.
    """

    name: str
    header: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    by: str
    kept: datetime
    decimal: str | None = None
    thousands: str | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            sentence = "a mapping has a name of 1 to 60 letters, digits, spaces and . _ + -."
            raise BadOptionError("--map", sentence)
        for side in (0, 1):
            names = [key(pair[side]) for pair in self.columns]
            if len({*names}) != len(names) or "" in names:
                raise BadOptionError("--map", "each column of a mapping is named once, on either side.")
        if self.decimal not in (None, *DECIMALS) or self.thousands not in (None, *THOUSANDS):
            raise BadOptionError("--map", "the signs of its numbers are none that are known.")
        if not self.columns and self.decimal in (None, "."):
            raise BadOptionError("--map", "a mapping names a column, or how numbers are written.")

    def fits(self, header: Sequence[str]) -> bool:
        """Whether a file with this header is one of those that it was made for."""
        return fingerprint(header) == fingerprint(self.header)

    def given(self, said: Given) -> Given:
        """What was said of a file, and what this mapping says beside it."""
        return replace(
            said, columns=self.columns, mapping=self.name, decimal=said.decimal or self.decimal,
            thousands=self.thousands if said.thousands is None else said.thousands,
        )  # fmt: skip

    @property
    def sentence(self) -> str:
        """
        >>> Mapping("KW47", ("uid",), (("uid", "user_id"),), "Ada", datetime(2026, 1, 2), ",").sentence
        'uid is user_id; decimal comma'
        """
        parts = [f"{theirs} is {ours}" for theirs, ours in self.columns]
        return "; ".join([", ".join(parts)] * bool(parts) + ["decimal comma"] * (self.decimal == ","))


def fingerprint(header: Sequence[str]) -> str:
    """The same for the same names of columns, in any order, case and spaces."""
    return hashlib.sha256("\n".join(sorted(map(key, header))).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Mappings:
    """The mappings of a home, in the file `path`."""

    path: Path

    def listed(self) -> tuple[Mapping, ...]:
        """All of them, the newest first."""
        if not self.path.is_file():
            return ()
        raw = formats.load(self.path, known=FORMAT)
        return tuple(_from_json(each) for each in raw["mappings"])

    def find(self, name: str) -> Mapping:
        """Raises UnknownItemError where there is none of this name."""
        for each in self.listed():
            if each.name == name:
                return each
        raise UnknownItemError("mapping", name)

    def fitting(self, header: Sequence[str]) -> Mapping | None:
        """The newest one that was made for files with this header."""
        return next((each for each in self.listed() if each.fits(header)), None)

    def keep(self, mapping: Mapping, *, again: bool = False) -> None:
        """Keep a mapping; with `again`, one of the same name gives way. Raises RefusedError where it must not."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with locks.held(self.path.with_suffix(".lock")):
            others = [each for each in self.listed() if each.name != mapping.name]
            same = [each for each in self.listed() if each.name == mapping.name]
            if same and not again and not (same[0].fits(mapping.header) and same[0].columns == mapping.columns):
                raise RefusedError(f"There is a mapping {mapping.name} already: choose another name, or remove it.")
            if len(others) >= _MOST:
                raise RefusedError(f"{_MOST:,} mappings are kept already: remove those that nobody needs.")
            self._write([mapping, *others])

    def remove(self, name: str) -> None:
        """Forget a mapping; what was read by it stays. Raises UnknownItemError."""
        self.find(name)
        with locks.held(self.path.with_suffix(".lock")):
            self._write([each for each in self.listed() if each.name != name])

    def _write(self, mappings: Sequence[Mapping]) -> None:
        raw = {"format": FORMAT, "mappings": [_as_json(each) for each in mappings]}
        write_text(self.path, json.dumps(raw, indent=1, ensure_ascii=False) + "\n")


def _as_json(mapping: Mapping) -> dict[str, Any]:
    return {
        "name": mapping.name, "header": list(mapping.header), "columns": [list(pair) for pair in mapping.columns],
        "by": mapping.by, "kept": mapping.kept.isoformat(), "decimal": mapping.decimal,
        "thousands": mapping.thousands,
    }  # fmt: skip


def _from_json(raw: dict[str, Any]) -> Mapping:
    columns = tuple((theirs, ours) for theirs, ours in raw["columns"])
    kept = datetime.fromisoformat(raw["kept"])
    return Mapping(**{**raw, "header": tuple(raw["header"]), "columns": columns, "kept": kept})
