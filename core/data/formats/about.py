"""What is said of how a file was read, and of what would have read it better; nothing of a plain file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from pyarrow import compute

from core.data.cells import Wrong
from core.data.formats import numerals
from core.data.formats.options import Given, ReadingOptions
from core.data.problems import Finding, Problem, quoted
from core.errors import listed
from core.wording import count

#: Kinds of findings: cells with a decimal comma, and those of them with points between thousands.
COMMA: Final = "decimal_comma"
#: Codes of problems that say how a file could have been read.
ADVICE: Final = frozenset({COMMA})
_POINTS: Final = "points"


def about_reading(options: ReadingOptions, given: Given, rows: int) -> Iterator[Problem]:
    """How the file was read where that is not plain, and which columns are mapped. rows: the accepted ones."""
    if not options.plain:
        yield Problem("reading", None, rows, rejected=False, sentence=options.sentence)
    if options.errors:
        cells = count(options.errors, "cell")
        verb = "holds" if options.errors == 1 else "hold"
        sentence = f"{cells} of the sheet {verb} an error of a formula, such as #REF!, and count as missing."
        yield Problem("sheet_errors", None, options.errors, rejected=False, sentence=sentence)
    for theirs, ours in given.columns:
        by = f" (mapping {given.mapping})" if given.mapping else ""
        yield Problem("mapped_column", ours, rows, rejected=False, sentence=f"{theirs} is read as {ours}{by}.")


def about_columns(options: ReadingOptions, columns: int) -> str:
    """Which option may help where a file with so many columns has none that is known."""
    others = [sheet for sheet in options.sheets if sheet != options.sheet]
    if others:
        name = others[0] if " " not in others[0] else f'"{others[0]}"'
        more = f"; the others are {listed(others)}" if len(others) > 1 else ""
        return f"The sheet {options.sheet} was read: for another give --sheet {name}{more}."
    if options.format == "CSV" and columns == 1:
        return "Its header was read as one column: say what divides the fields (--delimiter)."
    if options.format in ("CSV", "Excel"):
        where = f"{'row' if options.sheet else 'line'} {options.header_row}"
        return f"The column names were read from {where}: if they stand elsewhere, give --skip-rows."
    return ""


def has_points(found: Finding) -> bool:
    """Whether some of the cells have points between their thousands."""
    return _POINTS in found.told


def commas(column: str, wrong: Wrong | None) -> Finding | None:
    """Cells of a column that would be numbers with a decimal comma, and how the first of them is written."""
    if wrong is None:
        return None
    mask = compute.match_substring_regex(wrong.texts, numerals.COMMA)
    found = int(np.count_nonzero(mask.to_numpy(zero_copy_only=False)))
    if not found:
        return None
    example = wrong.texts.filter(mask)[0].as_py().strip()
    points = compute.any(compute.match_substring_regex(wrong.texts, numerals.POINTS)).as_py()
    return Finding(COMMA, column, found, 0, (example, _POINTS if points else ""))


def about_commas(found: Sequence[Finding], received: int) -> Iterator[Problem]:
    """Which option would have read most cells of some features; never done unasked: 1,234 may be a thousand."""
    most = [each for each in found if each.rows * 2 > received]
    if most:
        names = listed([str(each.column) for each in most])
        points = " --thousands ." if any(map(has_points, found)) else ""
        sentence = (
            f"Most cells of {names} are written with a decimal comma, such as {quoted(most[0].told[0])}: "
            f"read the file with --decimal ,{points} (on a page: Decimal sign)."
        )
        yield Problem(COMMA, None, max(each.rows for each in most), rejected=False, sentence=sentence)
