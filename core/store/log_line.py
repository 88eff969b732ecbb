"""A sealed line: cells of CSV, then a salt, a digest of the line's text and the chain up to it.

    digest = SHA-256(salt + payload)        payload: the text of the cells as written, bytes
    chain  = SHA-256(chain before + digest)

All three are lower-case hexadecimal text and are hashed as that text. A forgotten line has blank cells and no
salt, but keeps its digest, so that the chain holds; without the salt the digest says nothing of what was there.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: The names of the three cells that end every line.
SEAL: Final = ("salt", "digest", "chain")
_ESCAPES: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\0": "\\0"}
_RAW: Final = {escaped: raw for raw, escaped in _ESCAPES.items()}
_ESCAPED: Final = re.compile(r"\\[\\nr0]")
#: What a spreadsheet takes for a formula at the start of a cell (OWASP, "CSV injection"), also full-width; and
#: the mark that says so, which must be told from one that was there before.
_GUARDED: Final = ("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠", "'")


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands in a file, without its line break; `payload` is the text of all cells before the seal."""

    payload: bytes
    salt: bytes
    digest: bytes
    chain: bytes

    @property
    def forgotten(self) -> bool:
        return not self.salt and not self.payload.strip(b",")

    def fault(self, previous: bytes, width: int) -> str | None:
        """What is wrong with this line of `width` cells after the chain `previous`; None when nothing is."""
        kept = self.payload == b"," * (width - 1) if self.forgotten else self.digest == _sha256(self.salt, self.payload)
        if not kept:
            return "The text of this line is not what was written."
        if self.chain != _sha256(previous, self.digest):
            return "This line does not follow the one before it: one of them was changed, taken out or put in."
        return None

    def blanked(self) -> bytes:
        """The line, forgotten: cells and salt blank, digest and chain kept."""
        commas = b"," * (len(cells(self.payload)) - 1)
        return b",".join((commas, b"", self.digest, self.chain)) + b"\n"


def encode(text: str) -> str:
    r"""Text as a cell: on one line, and no formula to a spreadsheet. `decode` gives the text back.

    >>> encode("=1+1"), encode("two\nlines"), encode("it's")
    ("'=1+1", 'two\\nlines', "it's")
    """
    for raw, escaped in _ESCAPES.items():  # the backslash comes first
        text = text.replace(raw, escaped)
    return f"'{text}" if text.startswith(_GUARDED) else text


def decode(cell: str) -> str:
    """The text of which `encode` made this cell."""
    return _ESCAPED.sub(lambda found: _RAW[found[0]], cell.removeprefix("'"))


def decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """`decode`, of a whole column of text."""
    changed = pc.or_(pc.starts_with(column, "'"), pc.match_substring(column, "\\"))
    if not pc.any(changed).as_py():
        return column
    texts = [decode(cell) for cell in column.filter(changed).to_pylist()]
    return pc.replace_with_mask(column, changed.combine_chunks(), pa.array(texts, column.type))


def number(value: float | None) -> str:
    """A number as a cell, in its shortest form that reads back as the same float64; blank for None.

    >>> number(3.0), number(-0.0), number(0.1), number(None)
    ('3', '-0', '0.1', '')
    """
    return "" if value is None else repr(float(value)).removesuffix(".0")


def header(names: Sequence[str]) -> bytes:
    """The first line of a file, with its line break."""
    return _csv([*map(encode, names), *SEAL]).encode() + b"\n"


def seal(encoded: Sequence[str], salt: str, previous: bytes) -> tuple[bytes, bytes]:
    """A line of encoded cells with its line break, and the chain up to it."""
    payload = _csv(encoded).encode()
    digest = _sha256(salt.encode(), payload)
    chain = _sha256(previous, digest)
    return b",".join((payload, salt.encode(), digest, chain)) + b"\n", chain


def start(previous: bytes, header: bytes) -> bytes:
    """The chain before the first line of a file; `previous` is the last chain of the file before, else empty."""
    return _sha256(previous, header)


def split(text: bytes) -> Line | None:
    """The parts of a line without its line break; None when it cannot be a line."""
    parts = text.rsplit(b",", len(SEAL))
    return Line(*parts) if len(parts) == len(SEAL) + 1 else None


def cells(payload: bytes) -> list[str]:
    """The encoded cells of a line's payload, or of a header."""
    return next(csv.reader([payload.decode("utf-8", "replace")]), [])


def _csv(encoded: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(encoded)
    return text.getvalue()


def _sha256(first: bytes, second: bytes) -> bytes:
    return hashlib.sha256(first + second).hexdigest().encode()
