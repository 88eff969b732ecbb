"""How a file is read: what somebody has said of it, and what its first bytes say themselves.

What is told by the bytes is the same for the same bytes. What somebody says comes before it and is part of what the
dataset is called by: the same bytes, read in another way, are another dataset.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from core.errors import BadOptionError, listed

Encoding = Literal["UTF-8", "UTF-16", "Windows-1252"]

#: Signs that divide the fields of a record, by the words that a person may write for them.
DELIMITERS: Final[Mapping[str, str]] = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
#: Encodings by the words for them.
ENCODINGS: Final[Mapping[str, Encoding]] = {
    "utf-8": "UTF-8", "utf8": "UTF-8", "utf-16": "UTF-16", "utf16": "UTF-16", "cp1252": "Windows-1252",
    "windows-1252": "Windows-1252",
}  # fmt: skip
DECIMALS: Final = (".", ",")
#: Signs between groups of three digits; a space stands for those that do not break, too.
THOUSANDS: Final = ("", ".", ",", " ", "'")
#: Rows that may stand above the header.
MOST_SKIPPED: Final = 50


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody has said of how a file is read; nothing where the file itself tells.

    `columns`: names in the file, each with the column of the schema that it is; `mapping`: under which name that is
    kept. `skip_rows`: rows above the header.
    """

    delimiter: str | None = None
    encoding: Encoding | None = None
    decimal: str | None = None
    thousands: str | None = None
    sheet: str | None = None
    skip_rows: int | None = None
    columns: tuple[tuple[str, str], ...] = ()
    mapping: str = ""

    def __post_init__(self) -> None:
        if self.thousands and self.thousands == (self.decimal or "."):
            other = "--decimal , reads 1.234,5" if self.thousands == "." else "--decimal . reads 1,234.5"
            raise BadOptionError("--thousands", f"one sign cannot be both the decimal sign and this: {other}.")

    def named(self, sha256: str) -> str:
        """The digest of a file, and of what was said of it where something was."""
        said = {name: value for name, value in self.as_json().items() if value and name != "mapping"}
        if said.get("decimal") == ".":  # as it is read anyway
            del said["decimal"]
        return hashlib.sha256(f"{sha256}\n{json.dumps(said, sort_keys=True)}".encode()).hexdigest() if said else sha256

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"columns": [list(pair) for pair in self.columns]}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Given:
        return cls(**{**raw, "columns": tuple((theirs, ours) for theirs, ours in raw.get("columns", ()))})


#: Where nobody has said anything.
NOTHING: Final = Given()


def given(
    *, delimiter: str | None = None, encoding: str | None = None, decimal: str | None = None,
    thousands: str | None = None, sheet: str | None = None, skip_rows: int | None = None,
) -> Given:  # fmt: skip
    """What was said in words of the command line. Raises BadOptionError, which names the option.

    >>> given(delimiter="semicolon", encoding="cp1252", decimal=",").encoding
    'Windows-1252'
    """
    sign = None if delimiter is None else DELIMITERS.get(delimiter.lower(), delimiter.replace("\\t", "\t"))
    if sign is not None and sign not in DELIMITERS.values():
        raise BadOptionError("--delimiter", f"it is one of {listed(list(DELIMITERS))}, or the sign itself.")
    if encoding is not None and encoding.lower() not in ENCODINGS:
        raise BadOptionError("--encoding", f"{encoding} is not known: give utf-8, utf-16 or cp1252.")
    if decimal is not None and decimal not in DECIMALS:
        raise BadOptionError("--decimal", "give the point (.) or the comma (,).")
    groups = {"none": "", "space": " ", "apostrophe": "'"}.get(thousands or "", thousands)
    if groups is not None and groups not in THOUSANDS:
        raise BadOptionError("--thousands", "give point (.), comma (,), apostrophe ('), space, or none.")
    if skip_rows is not None and not 0 <= skip_rows <= MOST_SKIPPED:
        raise BadOptionError("--skip-rows", f"from 0 to {MOST_SKIPPED} rows can be skipped above the header.")
    known = None if encoding is None else ENCODINGS[encoding.lower()]
    return Given(sign, known, decimal, groups, sheet, skip_rows)


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How a file is read, in full. `header_row`: the line, row or record of the column names, from 1; `sheets`: all
    that a workbook has; `errors`: cells of the sheet that hold one.
    """

    format: str = "CSV"
    compression: str = ""
    encoding: Encoding = "UTF-8"
    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    header_row: int = 1
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    errors: int = 0

    def writing(self, said: Given) -> ReadingOptions:
        """The same, as far as somebody has said otherwise of how numbers are written."""
        return replace(self, decimal=said.decimal or self.decimal, thousands=said.thousands or self.thousands)

    @property
    def plain(self) -> bool:
        """Whether there is nothing to say: no sheet was chosen, no line gone over, and numbers are as programs write
        them. Windows-1252 is told by itself.
        """
        numbers = self.decimal == "." and not self.thousands
        return self.format != "Excel" and self.encoding != "UTF-16" and self.header_row == 1 and numbers

    @property
    def sentence(self) -> str:
        """
        >>> ReadingOptions(encoding="Windows-1252", delimiter=";", header_row=3, decimal=",").sentence
        'Read as CSV with semicolons, Windows-1252, header in line 3, decimal comma.'
        """
        parts: list[str] = [self.format]
        if self.format == "CSV":
            name = next(name for name, sign in DELIMITERS.items() if sign == self.delimiter)
            parts = [f"CSV with {name}s", self.encoding]
        if self.sheet:
            others = f" (of {len(self.sheets)}: {listed(list(self.sheets))})" if len(self.sheets) > 1 else ""
            parts = [f"sheet {self.sheet} of an Excel workbook{others}"]
        if self.compression:
            parts.append(self.compression)
        if self.format in ("CSV", "Excel") and self.header_row != 1:
            parts.append(f"header in {'row' if self.sheet else 'line'} {self.header_row}")
        if self.decimal == ",":
            parts.append("decimal comma")
        if self.thousands:
            words = {".": "a point", ",": "a comma", " ": "a space", "'": "an apostrophe"}
            parts.append(f"{words[self.thousands]} between thousands")
        return f"Read as {', '.join(parts)}."


@dataclass(frozen=True, slots=True)
class Positions:
    """How a record is named to somebody who looks for it: by its line, by its row in a sheet, or by its number.

    `starts`: of a sheet the bytes of text at which its first rows begin, `first` the number of the first of them.
    """

    noun: Literal["line", "row", "record"] = "line"
    starts: tuple[int, ...] = ()
    first: int = 1

    @property
    def place(self) -> str:
        """Words before a number, inside of a sentence."""
        return "on line" if self.noun == "line" else f"in {self.noun}"

    def of_first(self, at: int) -> int | None:
        """The number of the first record, which begins at a byte of the text; None where lines are counted."""
        if self.noun == "line":
            return None
        return 1 if self.noun == "record" else self.first + sum(start < at for start in self.starts)


LINES: Final = Positions()
