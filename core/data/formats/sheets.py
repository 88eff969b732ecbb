"""A sheet of an Excel workbook (.xlsx, .xlsm) as text: a row a record, numbers exactly as the cells hold them.

A workbook is a zip archive that a stranger has packed. Its parts are unpacked here, within limits, and looked at before
calamine reads them: it keeps room for every cell between the first and the last, and a copy of a text for each cell.
"""

from __future__ import annotations

import datetime
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import numpy as np
import python_calamine

from core.data import payload
from core.data.cells import WHOLE_LIMIT
from core.data.formats import packed
from core.data.formats.limits import DEFAULTS, Limits
from core.data.formats.options import MOST_SKIPPED, NOTHING, Given, Positions, ReadingOptions
from core.errors import BadOptionError, FileProblemError, listed

_SLICE: Final = 1 << 20
#: Bytes of a part that only names others, and of all parts that are read.
_SMALL, _MOST = 1 << 22, 1 << 29
#: Bytes that the texts of a sheet may come to.
_TEXTS: Final = 1 << 28
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_NAMES: Final = ("[Content_Types].xml", "_rels/.rels", packed.WORKBOOK, "xl/_rels/workbook.xml.rels")
_SHARED: Final = "xl/sharedStrings.xml"
_STYLES: Final = "xl/styles.xml"
#: Letters between two pieces of a part that may hold where a cell stands; letters of the furthest place.
_OVERLAP, _FURTHEST = 64, 10
#: Letters of a column that are looked at: with four it is beyond the furthest.
_LETTERS: Final = 4
#: A part without its spaces, in capitals and with one kind of quotes: so that a place is always written in one way.
_ONE_WAY: Final = bytes.maketrans(b"'abcdefghijklmnopqrstuvwxyz", b'"ABCDEFGHIJKLMNOPQRSTUVWXYZ')
_SPACES: Final = b" \t\r\n"
#: Where a cell or a row says that it stands, and what comes before that: the element, or an attribute.
_PLACE: Final = b'R="'
_BEFORE: Final = np.frombuffer(b'CW"', np.uint8)
_IS_ERROR: Final = b't="e"'
_SHARED_CELL: Final = re.compile(rb"""<(?:\w+:)?c\b[^>]*\bt\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v>([0-9]+)<""")
_IS_SHARED: Final = re.compile(rb"""\bt\s*=\s*["']s["']""")
_END_OF_TEXT: Final = re.compile(rb"</(?:\w+:)?si\s*>")
_NOT_PLAIN: Final = frozenset(',"\r\n')
_FURTHEST_COLUMN, _FURTHEST_ROW = 16_384, 1_048_576


def is_one(name: str, content: bytes | Path, head: bytes) -> bool:
    """Whether a file is an Excel workbook, by its first bytes and, where it is a zip archive, by what is in it.

    Raises FileProblemError where that cannot be opened.
    """
    if packed.compression_of(head) != "zip":
        return False
    with packed.opened(content) as file, packed.archive(name, file) as archive:
        return packed.WORKBOOK in archive.namelist()


@dataclass(frozen=True, slots=True)
class SheetText:
    """The text of a sheet; as `core.data.streaming.source.Source` promises."""

    name: str
    text: bytes
    sha256: str
    options: ReadingOptions
    positions: Positions
    given: Given = NOTHING
    recoded: bool = False

    @property
    def size(self) -> int:
        return len(self.text)

    @classmethod
    def of(cls, name: str, content: bytes | Path, given: Given = NOTHING, limits: Limits = DEFAULTS) -> SheetText:
        """The sheet chosen, or the first that is seen. Raises FileProblemError; BadOptionError for no such sheet."""
        digest = hashlib.sha256()
        with payload.told_when_unreadable(name), packed.opened(content) as file:
            for piece in iter(lambda: file.read(_SLICE), b""):
                digest.update(piece)
            with packed.archive(name, file) as archive:
                book = _Book.of(name, file, archive, limits)
                chosen = book.chosen(given.sheet)
                scan = book.scanned(chosen)
                parts = book.parts(chosen)
        _refuse_texts(name, parts[chosen.part], parts.get(_SHARED, b""), scan.cells)
        text, positions = _written(name, _rows(name, parts, chosen.name), given, limits)
        seen = tuple(sheet.name for sheet in book.sheets if sheet.seen)
        options = ReadingOptions("Excel", sheet=chosen.name, sheets=seen, errors=scan.errors).writing(given)
        return cls(name, text, given.named(digest.hexdigest()), options, positions, given)

    def pieces(self, offset: int) -> Iterator[bytes]:
        return (self.text[at : at + _SLICE] for at in range(offset, len(self.text), _SLICE))


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    part: str
    seen: bool


@dataclass(frozen=True, slots=True)
class _Book:
    """What a workbook holds: its sheets, and how to unpack a part."""

    name: str
    file: Any
    entries: dict[str, zipfile.ZipInfo]
    sheets: tuple[_Sheet, ...]
    limits: Limits

    @classmethod
    def of(cls, name: str, file: Any, archive: zipfile.ZipFile, limits: Limits) -> _Book:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if len(entries) != len(archive.infolist()):
            raise _damaged(name, "two parts of it have the same name")
        book = cls(name, file, entries, (), limits)
        links = {
            each.get("Id"): str(each.get("Target", ""))
            for each in _tree(name, book.part("xl/_rels/workbook.xml.rels", _SMALL))
        }
        sheets = []
        for each in _tree(name, book.part(packed.WORKBOOK, _SMALL)).iter():
            target = links.get(each.get(_RELATION), "")
            if each.tag.rpartition("}")[2] == "sheet" and "worksheets/" in target:
                part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                sheets.append(_Sheet(str(each.get("name", "")), part, each.get("state", "visible") == "visible"))
        return cls(name, file, entries, tuple(sheets), limits)

    def chosen(self, wanted: str | None) -> _Sheet:
        names = [sheet.name for sheet in self.sheets]
        if wanted is not None:
            if wanted not in names:
                raise BadOptionError("--sheet", f"{self.name} has no sheet {wanted}; it has {listed(names)}.")
            return self.sheets[names.index(wanted)]
        seen = [sheet for sheet in self.sheets if sheet.seen] or list(self.sheets)
        if not seen:
            raise FileProblemError(self.name, "empty_file", "this workbook has no sheet with cells in it.")
        return seen[0]

    def parts(self, sheet: _Sheet) -> dict[str, bytes]:
        """All parts that are read for a sheet."""
        wanted = [*_NAMES, *(part for part in (_STYLES, _SHARED) if part in self.entries), sheet.part]
        parts: dict[str, bytes] = {}
        for part in wanted:
            if part in self.entries:
                parts[part] = self.part(part, _MOST - sum(map(len, parts.values())))
        if sheet.part not in parts:
            raise _damaged(self.name, f"the sheet {sheet.name} is not in it")
        return parts

    def scanned(self, sheet: _Sheet) -> _Scan:
        """What a sheet holds, which is not kept meanwhile. Raises FileProblemError for one beyond the limits."""
        scan, before = _Scan(), b""
        for piece in self._pieces(sheet.part, _MOST):
            scan.add(before, piece)
            scan.refuse(self.name, self.limits)
            before = piece[-_OVERLAP:]
        return scan

    def part(self, part: str, most: int) -> bytes:
        """A part as unpacked. Raises FileProblemError where it is larger than it may be, or than so few bytes hold."""
        return b"".join(self._pieces(part, most))

    def _pieces(self, part: str, most: int) -> Iterator[bytes]:
        if part not in self.entries:
            raise _damaged(self.name, f"{part} is not in it")
        size, entry = 0, self.entries[part]
        for piece in packed.inflated(self.name, self.file, entry):
            size += len(piece)
            payload.refuse_much(self.name, size, 0, entry.compress_size, "Excel", self.limits.ratio)
            if b"\0" in piece:  # UTF-16, in which nothing here would be found that calamine finds
                raise _damaged(self.name, f"{part} is not written in UTF-8")
            if size > most:
                sentence = f"{part} unpacks to more than {most >> 20} MB: save the table as CSV or Parquet."
                raise FileProblemError(self.name, "too_large", sentence)
            yield piece


@dataclass(slots=True)
class _Scan:
    """What was seen of a sheet so far: its cells, those that hold an error, and the furthest row and column."""

    cells: int = 0
    errors: int = 0
    rows: int = 0
    columns: int = 0

    def add(self, before: bytes, piece: bytes) -> None:
        """Look at a piece, and at the end of the one before it, in which a place may be cut off."""
        if b"=" not in piece:
            return
        text = (before + piece).translate(_ONE_WAY, _SPACES)
        # What stands in both pieces is counted twice, which is no matter.
        self.cells += piece.count(b"<c") + piece.count(b":c")
        self.errors += (before[-len(_IS_ERROR) :] + piece).count(_IS_ERROR)
        found = np.frombuffer(text, np.uint8)
        at = np.flatnonzero((found[1:-2] == _PLACE[0]) & (found[2:-1] == _PLACE[1]) & (found[3:] == _PLACE[2]))
        at = at[np.isin(found[at], _BEFORE)] + 1 + len(_PLACE)
        if not at.size:
            return
        places = np.pad(found, (0, _FURTHEST))[at[:, None] + np.arange(_FURTHEST)].astype(np.int32)
        letters = np.logical_and.accumulate((places >= ord("A")) & (places <= ord("Z")), axis=1)
        digits = (places >= ord("0")) & (places <= ord("9"))
        digits &= np.logical_and.accumulate(letters | digits, axis=1)
        column, row = np.zeros(len(at), np.int32), np.zeros(len(at), np.int64)
        for each in range(_FURTHEST):
            if each < _LETTERS:
                column = np.where(letters[:, each], 26 * column + places[:, each] - 64, column)
            row = np.where(digits[:, each], 10 * row + places[:, each] - 48, row)
        self.rows = max(self.rows, int(row.max()))
        self.columns = max(self.columns, int(column[row > 0].max(initial=0)))

    def refuse(self, name: str, limits: Limits) -> None:
        """Refuse a sheet for which more room would be kept than for the cells that a sheet may have."""
        outside = self.columns > _FURTHEST_COLUMN or self.rows > _FURTHEST_ROW
        if max(self.cells, self.rows * self.columns) > limits.sheet_cells or outside:
            what = f"cells between its first and its last ({self.rows:,} x {self.columns:,})"
            advice = "save the table as CSV or Parquet, without what stands far from it"
            raise limits.refuse(name, "sheet_cells", what, advice)
        if self.columns > limits.columns:
            raise limits.refuse(name, "columns", "columns", "leave out those that are not needed")


def _tree(name: str, text: bytes) -> ElementTree.Element:
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise _damaged(name, "it defines words of its own, as no spreadsheet does")
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - small, and without entities
    except ElementTree.ParseError as error:
        raise _damaged(name, str(error)) from error


def _refuse_texts(name: str, sheet: bytes, shared: bytes, cells: int) -> None:
    """Refuse texts that come to too much, each cell with a copy of its own."""
    if cells * _longest(shared) > _TEXTS and _texts(sheet, shared) > _TEXTS:
        sentence = f"its texts come to more than {_TEXTS >> 20} MB: save the table as CSV or Parquet."
        raise FileProblemError(name, "too_large", sentence)


def _ends(shared: bytes) -> np.ndarray:
    return np.array([0, *(found.end() for found in _END_OF_TEXT.finditer(shared))], np.int64)


def _longest(shared: bytes) -> int:
    return int(np.diff(_ends(shared)).max(initial=0))


def _texts(sheet: bytes, shared: bytes) -> int:
    """About how many bytes the texts of a sheet come to, each cell with its own."""
    sizes = np.append(np.diff(_ends(shared)), 0)
    used = np.array([int(found[:9]) for found in _SHARED_CELL.findall(sheet)], np.int64)
    # Those that are written in a way of their own count as the longest.
    odd = max(0, len(_IS_SHARED.findall(sheet)) - len(used))
    return int(sizes[np.minimum(used, len(sizes) - 1)].sum()) + odd * int(sizes.max()) + len(sheet)


def _rows(name: str, parts: dict[str, bytes], sheet: str) -> Iterator[tuple[int, list[Any]]]:
    """The number of each row, from 1, and its cells from the first column on that holds something."""
    checked = io.BytesIO()
    with zipfile.ZipFile(checked, "w") as archive:  # what was looked at, and nothing else
        for part, text in parts.items():
            archive.writestr(part, text)
    checked.seek(0)
    try:
        with python_calamine.load_workbook(checked) as book:
            found = book.get_sheet_by_name(sheet)
            yield from enumerate(found.iter_rows(), 1)
    except python_calamine.PasswordError as error:
        raise FileProblemError(name, "locked", "it is locked with a password: save it without one.") from error
    except (python_calamine.CalamineError, ValueError, OverflowError) as error:
        raise _damaged(name, str(error)) from error


def _written(
    name: str, rows: Iterator[tuple[int, list[Any]]], given: Given, limits: Limits
) -> tuple[bytes, Positions]:  # fmt: skip
    """The rows as text, without blank ones at the end, and where the first of them begin in it."""
    lines, starts, size, first, kept = list[str](), list[int](), 0, 1, 0
    decimal = given.decimal or "."
    for number, row in rows:
        first = first if lines else number
        cells = [_cell(value, decimal) for value in row]
        if any(len(cell) > limits.cell_bytes for cell in cells):
            raise limits.refuse(name, "cell_bytes", "letters in a cell", "take such texts out")
        line = ",".join(map(_quoted, cells)) if any(cells) else ""
        if len(starts) < 2 * MOST_SKIPPED:
            starts.append(size)
            size += len(line.encode()) + 1
        lines.append(line)
        kept = len(lines) if line else kept
    text = "".join(f"{line}\n" for line in lines[:kept]).encode()
    if b"\0" in text:
        raise FileProblemError(name, "binary_file", "a text in it contains zero bytes: take them out.")
    if not text:
        raise FileProblemError(name, "empty_file", "the sheet is empty: there is neither a header nor a row in it.")
    return text, Positions("row", tuple(starts), first)


def _cell(value: Any, decimal: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        # A sheet knows no whole numbers: 1001 is what somebody sees, and what it holds.
        if value.is_integer() and 0 < abs(value) < WHOLE_LIMIT:
            return str(int(value))
        return "0" if repr(value) == "0.0" else repr(value).replace(".", decimal)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    return str(value)


def _quoted(cell: str) -> str:
    return cell if _NOT_PLAIN.isdisjoint(cell) else '"' + cell.replace('"', '""') + '"'


def _damaged(name: str, why: str) -> FileProblemError:
    sentence = f"this is a damaged Excel file ({why[:200]}): open it, save it again, or save the sheet as CSV."
    return FileProblemError(name, "damaged_excel", sentence)
