"""Predictions from outside: a CSV of what another model said of users, read and checked.

Two forms. `id,y_true,y_proba` is matched with other predictions, or with a dataset, by id. `y_test,y_pred,y_proba`
names nobody: it is compared only with predictions of the very same `y_test`, row by row. In either form `y_score`, of
any range, or `y_pred` alone, 0 or 1, may stand where there are no probabilities.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from core.comparison.paired_metrics import Contender, Kind
from core.data import cells
from core.data.formats.limits import in_memory
from core.data.formats.numerals import PLAIN, Numerals
from core.data.formats.options import DELIMITERS, NOTHING, Given, ReadingOptions
from core.data.problems import quoted
from core.data.streaming.source import Source, source_of, whole
from core.errors import BadOptionError, FileProblemError, TooFewRowsError, UnusableInputError
from core.evaluation.resample import Floats
from core.wording import count

BY_ID: Final = ("id", "y_true", "y_proba")
BY_ROW: Final = ("y_test", "y_pred", "y_proba")
#: How pandas and databases write what is true.
_TRUTH: Final[Mapping[str, str]] = {"true": "1", "false": "0"}
#: An id on a page may be long; a cell beyond this is a broken quote that swallowed the rest of the file.
_LONGEST: Final = 10_000
#: Rows that are shown of a file before it is kept.
FIRST: Final = 8
#: What a model says, the best first.
_SAYS: Final[Mapping[str, Kind]] = {"y_proba": "probability", "y_score": "score", "y_pred": "label"}
_KNOWN: Final = frozenset({*BY_ID, *BY_ROW, *_SAYS})


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a model said of n users: label (n,) of 0 and 1, probability (n,) in [0, 1].

    `ids` (n,) of texts where the file has them; `flagged` (n,), the other model's own verdicts, where it has those.
    `kind`: what `probability` holds where the model gave none; `note` says how that came, for a sentence.
    """

    name: str
    label: Floats
    probability: Floats
    ids: npt.NDArray[np.object_] | None = None
    flagged: npt.NDArray[np.bool_] | None = None
    kind: Kind = "probability"
    note: str = ""

    @property
    def contender(self) -> Contender:
        return Contender(self.name, self.probability, self.kind, self.note, of_file=True)


def read(name: str, payload: bytes | Path, given: Given = NOTHING) -> Predictions:
    """Read predictions in either form, as was `given`; the columns may come in any order, others are ignored.

    Raises FileProblemError, which names the first line that cannot be used, or TooFewRowsError for one class only.
    """
    source, numerals = source_of(name, payload, given, in_memory()), Numerals.of(given)
    header, (truth, says), records, lines = _records(source)
    columns = {column: [record[header.index(column)] for record in records] for column in header if column in _KNOWN}
    kind, note = _SAYS[says], ""
    numbers = None if kind == "label" else _numbers(name, says, columns[says], lines, numerals)
    said = _classes(name, says, columns, lines) if numbers is None else numbers
    outside = (said < 0) | (said > 1)
    if kind == "probability" and outside.any():
        at = int(outside.argmax())
        kind, note = "score", f" (y_proba is not from 0 to 1, such as {quoted(columns[says][at])} on line {lines[at]})"
    label = _classes(name, truth, columns, lines)
    positives = int(label.sum())
    if not 0 < positives < len(label):
        raise TooFewRowsError(name, positives, len(label) - positives, 1)
    if truth == BY_ID[1]:
        return Predictions(name, label, said, ids=_ids(name, columns["id"], lines), kind=kind, note=note)
    flagged = _classes(name, "y_pred", columns, lines) == 1 if "y_pred" in columns else None
    return Predictions(name, label, said, flagged=flagged, kind=kind, note=note)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a file of predictions begins with, before it is kept: how it is read, its first rows as they stand, and the
    `predictions`, None where it is refused, and why. `comma`: whether it would be read with a decimal comma.
    """

    options: ReadingOptions
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    predictions: Predictions | None
    refusal: UnusableInputError | None = None
    comma: bool = False

    @property
    def plain(self) -> bool:
        """Whether there is nothing to look at."""
        return self.refusal is None and self.options.plain and self.options.format in ("CSV", "Parquet")


def look(name: str, payload: bytes | Path, given: Given = NOTHING) -> Look:
    """Look at a file of predictions. Raises FileProblemError where it is no table, BadOptionError as `read` does."""
    source = source_of(name, payload, given, in_memory())
    lines = [tuple(record) for _, record in islice(_lines(source), FIRST + 1)]
    header, rows = (lines[0], tuple(lines[1:])) if lines else ((), ())
    options = source.options.writing(given)
    if options.format == "CSV":
        options = replace(options, delimiter=_delimiter(source, whole(source).decode()))
    try:
        return Look(options, header, rows, read(name, payload, given))
    except (FileProblemError, TooFewRowsError) as refusal:
        return Look(
            options, header, rows, None, refusal, comma=given.decimal is None and _with_comma(name, payload, given)
        )


def _with_comma(name: str, payload: bytes | Path, given: Given) -> bool:
    """Whether a file that is refused is read with a decimal comma."""
    try:
        read(name, payload, replace(given, decimal=",", thousands=None))
    except (FileProblemError, TooFewRowsError):
        return False
    return True


def base_name(name: str) -> str:
    """The name of a file without its folders, whatever system wrote them.

    >>> base_name("a/b/theirs.csv"), base_name("C:\\\\x\\\\theirs.csv")
    ('theirs.csv', 'theirs.csv')
    """
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2] or name


def apart(name: str, taken: Sequence[str]) -> str:
    """The name, with a number where others are called so already.

    >>> apart("theirs.csv", ["theirs.csv", "theirs.csv (2)"])
    'theirs.csv (3)'
    """
    numbered = (f"{name} ({number})" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(each for each in numbered if each not in taken)


def together(predictions: Sequence[Predictions]) -> tuple[Floats, tuple[Contender, ...]]:
    """The common label (n,) of predictions for the same users, and each as a contender in the same order of rows.

    Raises BadOptionError when forms, ids or labels differ.
    """
    first = predictions[0]
    contenders = [first.contender]
    for other in predictions[1:]:
        if (first.ids is None) != (other.ids is None):
            raise BadOptionError(other.name, f"one of it and {first.name} has ids, the other has none: give both ids.")
        if first.ids is None:
            _same_rows(first, other)
            contenders.append(other.contender)
        else:
            if len(other.label) != len(first.label):
                raise BadOptionError(
                    other.name,
                    f"it has {len(other.label):,} ids and {first.name} {len(first.label):,}: "
                    "give predictions of the same users.",
                )  # fmt: skip
            contenders.append(on(other, first.ids, first.label, of=first.name))
    return first.label, tuple(contenders)


def on(
    predictions: Predictions, ids: npt.ArrayLike, label: npt.ArrayLike, *, of: str
) -> Contender:  # fmt: skip
    """The predictions for users with these ids (n,) and label (n,), in their order; those for others are left out.

    `of`: where ids and label come from, for the sentence. Raises BadOptionError when the predictions have no ids, lack
    some, or contradict the label.
    """
    if predictions.ids is None:
        raise BadOptionError(predictions.name, f"it has no ids to match with {of}: give id, y_true and y_proba.")
    place = {key: at for at, key in enumerate(predictions.ids.tolist())}
    wanted = [str(key) for key in np.asarray(ids, object).tolist()]
    absent = [key for key in wanted if key not in place]
    if absent:
        raise BadOptionError(
            predictions.name,
            f"it lacks {count(len(absent), 'id')} of {of}, such as {quoted(absent[0])}: "
            "give predictions of the same users.",
        )  # fmt: skip
    rows = np.array([place[key] for key in wanted], np.int64)
    differs = np.flatnonzero(predictions.label[rows] != np.asarray(label, np.float64))
    if len(differs):
        raise BadOptionError(
            predictions.name,
            f"y_true differs from {of} for {count(len(differs), 'user')}, such as {quoted(wanted[differs[0]])}: "
            "one of the two has wrong labels.",
        )  # fmt: skip
    return replace(predictions.contender, probability=predictions.probability[rows])


def _same_rows(first: Predictions, other: Predictions) -> None:
    if not np.array_equal(first.label, other.label):
        raise BadOptionError(
            other.name,
            f"y_test differs from that of {first.name}: without ids only predictions of the same rows, "
            "in the same order, can be compared.",
        )  # fmt: skip


def _records(source: Source) -> tuple[list[str], tuple[str, str], list[list[str]], list[int]]:
    """Header, its form, records and the line each ends on or its number; blank lines are skipped.

    The header is judged before any row is read: a file that is no predictions at all may be large.
    """
    name, found = source.name, _lines(source)
    header = [cell.strip() for cell in next(found, (0, []))[1]]
    form = _form(name, header)
    records, lines = [], []
    for line, record in found:
        if len(record) != len(header):
            raise _wrong(name, line, f"has {count(len(record), 'cell')}, the header {len(header)}")
        records.append(record)
        lines.append(line)
    return header, form, records, lines


def _lines(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with the line it ends on."""
    name, text = source.name, whole(source).decode()
    sign = _delimiter(source, text)
    reader, quotes = csv.reader(io.StringIO(text), delimiter=sign, strict=True), '"' in text
    try:
        for record in reader:
            if not record or not any(map(str.strip, record)):
                continue
            if quotes and max(map(len, record)) > _LONGEST:
                raise _wrong(name, reader.line_num, "has a cell that is too long: a quote may not have been closed")
            yield reader.line_num, record
    except csv.Error as error:
        raise _wrong(name, reader.line_num, f"is not CSV ({error})") from error


def _delimiter(source: Source, text: str) -> str:
    """The sign between cells: what was given, or else the one that the first line has most of."""
    head = text.lstrip().partition("\n")[0]
    return source.given.delimiter or max(DELIMITERS.values(), key=head.count)


def _form(name: str, header: list[str]) -> tuple[str, str]:
    """The columns of the truth and of what the model says."""
    repeated = sorted({cell for cell in header if header.count(cell) > 1 and cell in _KNOWN})
    if repeated:
        raise FileProblemError(name, "not_predictions", f"the column {repeated[0]} is there twice: keep one.")
    says = next((column for column in _SAYS if column in header), None)
    if says is not None and {"id", "y_true"} <= set(header):
        return "y_true", says
    if says is not None and "y_test" in header:
        return "y_test", says
    raise FileProblemError(
        name, "not_predictions",
        f"predictions need the columns {', '.join(BY_ID)}, or {', '.join(BY_ROW)}; without probabilities give "
        "y_score (any numbers, higher for spammers) or y_pred (0 or 1) in place of y_proba.",
    )  # fmt: skip


def _numbers(name: str, column: str, texts: list[str], lines: list[int], numerals: Numerals = PLAIN) -> Floats:
    if not texts:
        raise FileProblemError(name, "no_rows", "there is a header, but no prediction below it.")
    known = {text: cells.judge(text, numerals=numerals) for text in set(texts)}  # labels are two texts, many times over
    judged = [known[text] for text in texts]
    for verdict, text, line in zip(judged, texts, lines, strict=True):
        if isinstance(verdict, str):
            raise _wrong(name, line, f"has {column} {quoted(text)}, which is not a number")
        if np.isnan(verdict):
            raise _wrong(name, line, f"has no {column}")
    return np.array(judged, np.float64)


def _classes(name: str, column: str, columns: dict[str, list[str]], lines: list[int]) -> Floats:
    texts = [_TRUTH.get(text.strip().lower(), text) for text in columns[column]]
    values = _numbers(name, column, texts, lines)
    _refuse(name, column, (values != 0) & (values != 1), columns, lines, "is neither 0 nor 1")
    return values


def _refuse(
    name: str, column: str, bad: npt.NDArray[np.bool_], columns: dict[str, list[str]], lines: list[int], why: str
) -> None:  # fmt: skip
    if bad.any():
        at = int(bad.argmax())
        more = f" (and {count(int(bad.sum()) - 1, 'more line')})" if bad.sum() > 1 else ""
        raise _wrong(name, lines[at], f"has {column} {quoted(columns[column][at])}, which {why}{more}")


def _ids(name: str, texts: list[str], lines: list[int]) -> npt.NDArray[np.object_]:
    first: dict[str, int] = {}
    for text, line in zip(texts, lines, strict=True):
        key = text.strip()
        if not key:
            raise _wrong(name, line, "has no id")
        if key in first:
            raise _wrong(name, line, f"has the id {quoted(key)}, which is on line {first[key]} already")
        first[key] = line
    return np.array(list(first), object)


def _wrong(name: str, line: int, what: str) -> FileProblemError:
    return FileProblemError(name, "bad_predictions", f"line {line} {what}. Correct the file and try again.")
