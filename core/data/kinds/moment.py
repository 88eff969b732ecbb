"""Dates and times: read as seconds since 1970, and never learnt as they are.

What a model gets of one is told by `derived`: days up to a moment that is stated, days since another one of the same
row, the weekday and the hour, all in UTC where nothing else is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final

import numpy as np

from core.data.cells import Floats, Marks
from core.errors import SchemaError
from core.schema.column import Column
from core.schema.schema import Schema

DATE, TIME = "not_a_date", "not_a_time"
DAY: Final = 86_400.0
#: Years beyond which a date stands for something else, such as one that is not known.
FIRST_YEAR, LAST_YEAR = 1900, 2199
UNIX: Final = {"unix": 1.0, "unix_ms": 1000.0}
_ISO: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?"
)
#: Ways to write a date in which day and month cannot be taken for each other, or are told apart by some of the cells.
FORMS: Final = (
    "", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M",
    "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%Y%m%d",
)  # fmt: skip


def code(column: Column) -> str:
    return DATE if column.kind == "date" else TIME


def judge(column: Column, marks: Marks) -> Callable[[str], float | str]:
    """A cell -> seconds since 1970, of a date those at which its day begins; NaN where it is missing, or a code."""
    wrong, whole_days = code(column), column.kind == "date"

    def value(text: str) -> float | str:
        if marks.missing(text):
            return float("nan")
        seconds = parsed(text.strip(), column.form)
        if seconds is None:
            return wrong
        return seconds // DAY * DAY if whole_days else seconds

    return value


def parsed(text: str, form: str = "") -> float | None:
    """Seconds since 1970 of a moment in this form, None where it is none.

    >>> parsed("2026-11-01"), parsed("01.11.2026", "%d.%m.%Y"), parsed("2026-13-01"), parsed("9999-12-31")
    (1793491200.0, 1793491200.0, None, None)
    """
    try:
        if form in UNIX:
            found = datetime.fromtimestamp(float(text) / UNIX[form], UTC)
        elif form:
            found = datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows
        elif _ISO.fullmatch(text):
            found = datetime.fromisoformat(text.replace(" UTC", "Z").replace(",", ".").replace(" +", "+"))
        else:
            return None
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            return None
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def allowed(column: Column) -> str:
    """How a cell is to be written, by an example."""
    if column.form in UNIX:
        return "seconds since 1970" if column.form == "unix" else "milliseconds since 1970"
    example = datetime(2026, 11, 23, 17, 5, tzinfo=UTC)
    return example.strftime(column.form or ("%Y-%m-%d" if column.kind == "date" else "%Y-%m-%d %H:%M"))


def form_of(cells: Iterable[str]) -> tuple[str, ...]:
    """The forms, of those that are known, in which every one of these cells is a moment.

    >>> form_of(["2026-11-01"]), form_of(["01/02/2026", "13/02/2026"]), form_of(["01/02/2026"]), form_of(["12"])
    (('',), ('%d/%m/%Y',), ('%d/%m/%Y', '%m/%d/%Y'), ())
    """
    known = list(cells)
    return tuple(form for form in FORMS if known and all(parsed(text.strip(), form) is not None for text in known))


def derived(schema: Schema, moments: Mapping[str, Floats], rows: int) -> Iterator[tuple[Column, Floats]]:
    """What a model gets of each moment of the schema, (rows,) each; moments: seconds by name, those absent missing.

    Raises SchemaError where nobody has said at which moment ages are told.
    """
    absent = np.full(rows, np.nan)
    for column in schema.features:
        if not column.moment:
            continue
        own = moments.get(column.name, absent)
        values = [_part(part, column, own, moments.get(column.at, absent), schema.as_of) for part in column.parts]
        values += [(own - moments.get(other, absent)) / DAY for other in column.since]
        yield from zip(column.derived(), values, strict=True)


def _part(part: str, column: Column, own: Floats, at: Floats, as_of: date | None) -> Floats:
    if part == "hour":
        return np.floor(own / 3600.0) % 24
    if part == "weekday":
        return (np.floor(own / DAY) + 3) % 7  # 1970 began on a Thursday
    if column.at:
        return (at - own) / DAY
    if as_of is None:
        raise SchemaError(f"Nothing says at which moment the age of {column.name} is told: give the schema an as_of.")
    moment = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC).timestamp()
    # Whole days: nobody who signed up today is younger than nothing.
    return (moment - np.floor(own / DAY) * DAY) / DAY
