"""The first rows of a file as they are understood, before anything is done with it, and what is proposed.

Only what a file begins with is looked at: what is said of rows is said of the first ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute

from core.data import cells, texts
from core.data.cells import Marks, Numbers
from core.data.formats.about import commas, has_points
from core.data.formats.header import Header
from core.data.formats.limits import DEFAULTS, Limits
from core.data.formats.numerals import Numerals
from core.data.formats.options import Given, ReadingOptions
from core.data.intake import layout_of
from core.data.layout import wanted
from core.data.records import GOOD, Records
from core.data.streaming import windows
from core.data.streaming.source import Source, source_of, understood
from core.data.streaming.windows import Place
from core.data.understanding.candidates import Candidate, candidates
from core.data.understanding.first_rows import FirstRows, look
from core.data.understanding.mappings import Mapping
from core.errors import FileProblemError, UnusableInputError
from core.schema.schema import Schema, key, matched
from core.wording import count

#: Bytes of text looked at, and rows shown; bytes of a text that are enough to look at.
_BYTES: Final = 1 << 18
_ENOUGH: Final = 1 << 22
#: First bytes of what cannot be cut off: archives, Parquet, Arrow, arrays of JSON, UTF-16.
_BINARY: Final = re.compile(rb"\x1f\x8b|\x28\xb5\x2f\xfd|PK|PAR1|ARROW1|\xff\xff\xff\xff|\xff\xfe|\xfe\xff|\s*\[|.?\0")
#: Codes of what a file is refused for and may be read in another way.
_MENDED: Final = frozenset({"no_header", "bad_header", "column_twice", "no_rows", "not_text", "no_known_column"})
ROWS: Final = 8
#: What an id looks like.
_ID: Final = r"^\S{1,64}$"
#: Columns shown.
COLUMNS: Final = 40


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that may be so and that nobody has said: a column that may be one of ours, or how numbers are written.

    `key` is the same for the same proposal; `columns` or `decimal` and `thousands` are what accepting it adds to what
    was given.
    """

    key: str
    sentence: str
    evidence: str
    columns: tuple[tuple[str, str], ...] = ()
    decimal: str | None = None
    thousands: str | None = None

    def accepted(self, given: Given) -> Given:
        """What was given, and this."""
        return replace(
            given, columns=(*given.columns, *self.columns), decimal=self.decimal or given.decimal,
            thousands=self.thousands or given.thousands,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file begins with. `header`: names as the file has them; `frame`: the first rows, features as numbers;
    `looked`: rows looked at, of about `rows`; `missing`: columns of the schema that it lacks, `free`: its columns that
    the schema does not name; `fitting`: a
    mapping that was kept for such files; `checks`: what the checks say of the rows looked at; `refusal`: why no row can
    be shown, or none of its columns is known.
    """

    name: str
    options: ReadingOptions
    header: tuple[str, ...]
    frame: pd.DataFrame
    looked: int
    rows: int
    missing: tuple[str, ...]
    free: tuple[str, ...]
    proposals: tuple[Proposal, ...]
    fitting: Mapping | None
    checks: FirstRows | None = None
    refusal: UnusableInputError | None = None

    @property
    def plain(self) -> bool:
        """Whether there is nothing to look at: no column may be one that is missing, and numbers are numbers."""
        plain = self.options.plain and self.options.format in ("CSV", "Parquet") and self.options.encoding == "UTF-8"
        unclear = bool(self.missing and self.free) or bool(self.proposals)
        return plain and not unclear and self.refusal is None

    @property
    def whole(self) -> bool:
        """Whether all of its rows were looked at."""
        return self.looked == self.rows

    @property
    def can_be_mended(self) -> bool:
        """Whether a file that is refused may be read in another way."""
        return not isinstance(self.refusal, FileProblemError) or self.refusal.code in _MENDED


def preview(
    name: str, content: bytes | Path, schema: Schema, given: Given, mappings: Sequence[Mapping] = (), *,
    need_label: bool = False, limits: Limits = DEFAULTS,
) -> Preview:  # fmt: skip
    """Look at what a file begins with. Raises FileProblemError, BadOptionError as reading it does."""
    beginning = _beginning(content)
    source = source_of(name, beginning, given, limits)
    try:
        header = windows.header_of(source, wanted(schema))
    except UnusableInputError as error:
        return Preview(name, source.options, (), pd.DataFrame(), 0, 0, (), (), (), None, None, error)
    records, place = next(windows.windows(source, header, windows.first(header), _BYTES))
    label = [schema.label.column] if need_label and schema.label else []
    needed = [*filter(None, [schema.id]), *schema.inputs, *label]
    there = matched(needed, header.names)
    original = _original(header.names, given)
    numerals = Numerals.of(given)
    features = matched([name for name in schema.inputs if name not in schema.texts], header.names)
    numbers, _ = cells.read(records, [*features.values()], [], Marks.of(schema.missing), numerals)
    fitting = next((each for each in mappings if each.fits(original)), None)
    return Preview(
        name=name,
        options=understood(source, header),
        header=original,
        frame=_frame(records, header.names, {at: numbers[at] for at in features.values()}),
        looked=len(records),
        rows=_rows(records, source, place, _times(content, beginning)),
        missing=tuple(column for column in needed if column not in there),
        free=_free(original, schema, given),
        proposals=tuple(_proposals(records, header.names, schema, numbers, features)),
        fitting=fitting,
        checks=look(records, header, original, schema, source, need_label=need_label),
        refusal=_refusal(source, header, schema),
    )


def _beginning(content: bytes | Path) -> bytes | Path:
    """What a long text begins with, up to the end of a line; everything else as it is."""
    if isinstance(content, Path) or len(content) <= _ENOUGH or _BINARY.match(content):
        return content
    return content[: content.rfind(b"\n", 0, _ENOUGH) + 1] or content


def _times(content: bytes | Path, beginning: bytes | Path) -> float:
    """How many times what was looked at the file is."""
    return len(content) / len(beginning) if isinstance(content, bytes) and isinstance(beginning, bytes) else 1.0


def _rows(records: Records, source: Source, place: Place, times: float) -> int:
    """About how many rows there are."""
    if source.positions.noun != "line" or place.offset < source.size:
        times *= source.size / max(place.offset, 1)
    return max(len(records), round(len(records) * times))


def _refusal(source: Source, header: Header, schema: Schema) -> UnusableInputError | None:
    """What is said of a file none of whose columns is known."""
    try:
        layout_of(source, header, schema, allow_missing=True, need_label=False)
    except FileProblemError as error:
        return error
    except UnusableInputError:
        return None
    return None


def _original(names: Sequence[str], given: Given) -> tuple[str, ...]:
    """The names that the file has itself."""
    theirs = {key(ours): name for name, ours in given.columns}
    return tuple(theirs.get(key(name), name) for name in names)


def _free(header: Sequence[str], schema: Schema, given: Given) -> tuple[str, ...]:
    """Columns of a file that may be ours under another name: none that the schema names, or somebody has mapped."""
    taken = {key(column) for column in wanted(schema)} | {key(theirs) for theirs, _ in given.columns}
    return tuple(name for name in header if name and key(name) not in taken)


def _frame(records: Records, names: Sequence[str], numbers: dict[int, Numbers]) -> pd.DataFrame:
    """The first good rows under the names that they are read by."""
    shown = range(min(len(names), COLUMNS))
    # What is no number is shown as it stands: an empty cell would say that it is missing.
    clean = {at for at, found in numbers.items() if found.wrong is None or found.wrong.at[0] >= ROWS}
    columns = records.columns({at: pa.large_string() for at in shown if at not in clean})
    good = np.flatnonzero(records.state == GOOD)[:ROWS]
    taken: dict[str, object] = {}
    for at in shown:
        name = names[at] or f"column {at + 1}"
        taken[name] = numbers[at].values[:ROWS] if at in clean else texts.as_pandas(columns[at], None)[:ROWS].array
    return pd.DataFrame(taken, index=pd.Index(records.line[good], name=records.positions.noun))


def _proposals(
    records: Records, names: Sequence[str], schema: Schema, numbers: dict[int, Numbers], features: dict[str, int]
) -> Iterator[Proposal]:
    likely = candidates(names, schema)
    if schema.id and not matched([schema.id], names) and not any(each.id for each in likely):
        likely = (*_by_values(records, names, schema, [each.theirs for each in likely]), *likely)
    for found in likely:
        at = list(names).index(found.theirs)
        column = records.columns({at: pa.large_string()})[at]
        distinct, rows = len(column.unique()), len(column)
        if found.id and distinct < rows:
            continue  # an id that stands there twice is none
        evidence = f"{count(distinct, 'different value')} in the first {count(rows, 'row')}"
        yield Proposal(
            f"map:{found.theirs}:{found.ours}", f"{found.theirs} is your {found.ours}",
            f"{evidence}, one a row" if found.id else evidence, columns=((found.theirs, found.ours),),
        )  # fmt: skip
    told = [(name, commas(name, numbers[at].wrong)) for name, at in features.items()]
    good = int(np.count_nonzero(records.state == GOOD))
    most = [found for _, found in told if found is not None and found.rows * 2 > good]
    if most:
        example = most[0].told[0]
        points = any(found is not None and has_points(found) for _, found in told)
        where = str(most[0].column) if len(most) == 1 else count(len(most), "column")
        share = max(found.rows for found in most) / good
        evidence = f"{share:.1%} of their cells have a decimal comma".replace("%", " %")
        yield Proposal(
            "decimal", f"Read {example} as {_plain(example)} in {where}", evidence, decimal=",",
            thousands="." if points else None,
        )  # fmt: skip


def _by_values(
    records: Records, names: Sequence[str], schema: Schema, taken: Sequence[str]
) -> tuple[Candidate, ...]:  # fmt: skip
    """The column that is the id, where its values say so of one column only: short, without spaces, each another."""
    free = [name for name in _free(names, schema, Given()) if name not in taken]
    if not schema.id or len(free) > COLUMNS:
        return ()
    at = [list(names).index(name) for name in free]
    columns = records.columns(dict.fromkeys(at, pa.large_string()))
    like = [
        name for name, place in zip(free, at, strict=True)
        if len(columns[place].unique()) == len(columns[place]) > 1
        and compute.all(compute.match_substring_regex(columns[place], _ID)).as_py()
    ]  # fmt: skip
    return (Candidate(like[0], schema.id, id=True),) if len(like) == 1 else ()


def _plain(example: str) -> str:
    return Numerals(",", ".").plain(example) or example
