"""What people write: kept as it was sent, however long it is up to the limit of its column.

A text is missing where its cell is empty or holds nothing but a mark of missing values, and is never a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import compute

from core.data.cells import Floats, Marks
from core.data.problems import Finding, Problem
from core.data.records import Bools, Small
from core.schema.column import TEXT_PARTS, Column
from core.text import key
from core.text.derived import parts
from core.text.halves import whole
from core.wording import count

#: Texts that are longer than their column keeps.
KIND: Final = "long_text"
#: Bytes of a cell that may be a mark, or a number that is one, however long the marks of the home are.
_MARK: Final = 64
_NONE: Final = pa.scalar(None, pa.large_string())


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of the good records (n,), null where missing, and which of them were cut."""

    words: Any
    long: Bools


def read(column: Any, about: Column, marks: Marks) -> Texts:
    """A column of cells as texts. `marks`: those of the home."""
    cells = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    words = compute.if_else(pa.array(_absent(cells, marks.and_of(about.missing))), _NONE, cells)
    long: Bools = np.asarray(compute.greater(compute.utf8_length(words), about.characters).fill_null(False))
    if long.any():
        kept = [cut(text, about.characters) for text in words.filter(pa.array(long)).to_pylist()]
        words = compute.replace_with_mask(words, pa.array(long), pa.array(kept, words.type))
    return Texts(words, long)


def _absent(cells: Any, marks: Marks) -> Bools:
    """Where a cell says that it is missing; only short ones are looked at one by one, each once."""
    longest = max([_MARK, *(2 * len(word.encode()) for word in marks.words)])
    bare = compute.utf8_trim_whitespace(cells)
    absent: Bools = np.asarray(compute.equal(bare, ""))
    short = np.flatnonzero(np.asarray(compute.less_equal(compute.binary_length(bare), longest)) & ~absent)
    encoded = bare.take(pa.array(short)).dictionary_encode()
    said: Bools = np.array([marks.missing(text) for text in encoded.dictionary.to_pylist()], np.bool_)
    if len(short):
        absent[short] = said[encoded.indices.to_numpy()]
    return absent


def cut(text: str, most: int) -> str:
    """As many of the first characters of a text as are kept, without half a word at the end where words are short.

    >>> cut("buy now and save", 9), cut("buy now", 7), cut("a" * 20, 5)
    ('buy now', 'buy now', 'aaaaa')
    """
    if len(text) <= most:
        return text
    head = text[:most]
    if text[most].isspace():
        return head
    spaces = [at for at in map(head.rfind, " \n\t\r") if at > most // 2]
    return head[: max(spaces)] if spaces else head


def judge(about: Column, marks: Marks) -> Callable[[str], float | str]:
    """A cell -> the number of its text, NaN where it is missing."""
    return lambda said: float("nan") if marks.missing(said) else key.number(given(said, about))


def given(said: str, about: Column) -> str:
    """The text of one user as it is kept."""
    return cut(whole(said), about.characters)


def derived(about: Column, texts: Sequence[str | None]) -> Iterator[tuple[Column, Floats]]:
    """What a table has of texts, None where missing, (n,) each: their numbers, and what is counted in them."""
    numbers = np.full(len(texts), np.nan)
    numbers[[text is not None for text in texts]] = key.numbers([text for text in texts if text is not None])
    counted = parts(texts)
    yield from zip(about.derived(), (numbers, *(counted[part] for part in TEXT_PARTS)), strict=True)


def findings(column: str, long: Bools, line: Small) -> list[Finding]:
    """Texts of accepted rows that were cut; `line` is the line in the file of each."""
    return [Finding(KIND, column, int(long.sum()), int(line[int(long.argmax())]))] if long.any() else []


def problem(found: Finding, about: Column, place: str = "on line") -> Problem:
    """What is said of a finding of `findings`."""
    verb, rest = ("is", "its rest is") if found.rows == 1 else ("are", "the rest of them is")
    sentence = (
        f"{found.column}: {count(found.rows, 'text')} {verb} longer than {about.characters:,} characters (first "
        f"{place} {found.first}): {rest} left out of the score. Give the column a larger max where it says more."
    )
    return Problem(KIND, found.column, found.rows, rejected=False, sentence=sentence)
