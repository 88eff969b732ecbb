"""A first schema from a table: what each column seems to be, never what it means.

A column of numbers becomes a feature, and so do words that users share, yes and no, dates, and what people write
(`core.data.proposal.columns`); everything else is context, and so is a column that is no fact about users
(`core.data.proposal.telltale`). Kinds are told from the values only; codes (numbers that stand for something) look like
counts, so a person must say which columns are codes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.data import cells
from core.data.cells import Floats, Marks, Numbers
from core.data.formats.about import about_commas, about_reading, commas
from core.data.formats.header import read_header
from core.data.formats.limits import in_memory
from core.data.formats.numerals import Numerals
from core.data.formats.options import NOTHING, Given
from core.data.layout import is_result
from core.data.problems import Finding, quoted
from core.data.proposal import columns, label_words, telltale
from core.data.proposal.columns import Choice
from core.data.proposal.label_words import Meaning, Value, meaning
from core.data.records import Bools, Records, found
from core.data.streaming.source import source_of, understood, whole
from core.errors import BadOptionError, FileProblemError, listed
from core.schema.schema import Column, Label, Schema, key, matched
from core.wording import count, percent

#: Share of numbers among the cells that are not missing, from which a column is a feature.
ENOUGH: Final = 0.95

#: What is said of columns that do not reach the model.
_REASONS: Final = {
    "text": "words that hardly any users share: shown as context, never given to the model",
    "constant": "the same in every row: context, as nothing can be learnt from it",
    "mixed": "numbers with other cells among them: context. Mend the cells, or give --kind NAME=category",
    "chosen": "left out as you say: context, never given to the model",
    "empty": "empty in every row: context until there are values",
    "result": "named like a result of ours: context, and renamed when read",
}


@dataclass(frozen=True, slots=True)
class Looked:
    """A column beside id and label: its name, its kind ("context" where it does not reach the model), and why."""

    name: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Inferred:
    """A schema to look through, what a person should know before using it, and how many columns the file has beside
    id and label, and how many of them reach the model.
    """

    schema: Schema
    notes: tuple[str, ...]
    columns: int = 0
    reach: int = 0
    looked_at: tuple[Looked, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """A column, looked at: the feature it can be, or None and why not; `why` in words of its own where it has some."""

    name: str
    feature: Column | None
    reason: str = ""
    note: str | None = None
    distinct: bool = False
    why: str = ""


def infer(  # noqa: PLR0913 - all that a person may say of a file
    name: str,
    payload: bytes | Path,
    *,
    id: str | None = None,  # noqa: A002 - the word of the command line and of the schema
    label: str | None = None,
    positive: str | None = None,
    negative: str | None = None,
    missing: Sequence[str] = (),
    kinds: Sequence[str] = (),
    given: Given = NOTHING,
) -> Inferred:
    """Propose a schema for a file, read as was `given`. `missing`: what says so besides the built-in marks; `kinds`:
    what a person says of some columns (see `columns.chosen`).

    Raises FileProblemError when the file cannot be read as a table or has no column to learn from, BadOptionError when
    `id`, `label`, `positive`, `negative` or `kinds` cannot be used, UnclearLabelError where somebody has to say who the
    spammers are, and UnclearColumnError where a column can be read in two ways. With `negative` a label may have more
    than two values: each of the others is a category.
    """
    source, wanted = source_of(name, payload, given, in_memory()), [text for text in (id, label) if text]
    text = whole(source)
    header = read_header(name, text, wanted, given)
    records = found(name, text, header, source.positions)
    at_id, at_label = _position(name, records, "--id", id), _position(name, records, "--label", label)
    if at_id is not None and at_id == at_label:
        raise BadOptionError("--label", f"{label} is the id column: give another.")
    for option, value in (("--positive", positive), ("--negative", negative)):
        if value is not None and at_label is None:
            raise BadOptionError(option, "say which column is the label: --label NAME.")
    marks = Marks.of(missing)
    rest = [at for at, column in enumerate(records.header) if column and at not in (at_id, at_label)]
    told, said = (None, None) if at_label is None else _label(records, at_label, positive, negative, marks)
    choices = columns.chosen(kinds)
    for column in choices:
        if column not in {key(records.header[at]) for at in rest}:
            raise BadOptionError("--kind", f"{name} has no column {column}; it has {listed(records.header)}.")
    seen, texts, with_commas = list[_Seen](), dict[str, Any](), list[Finding]()
    for at, cells_of, numbers, there in _columns(records, rest, marks, Numerals.of(given)):
        each = _look(records.header[at], cells_of, numbers, there, said, marks, choices)
        if (comma := commas(records.header[at], numbers.wrong)) is not None:
            with_commas.append(comma)
            if each.feature and each.feature.kind == "category" and comma.rows * 2 > len(records):
                each = _Seen(each.name, None, "text")
        seen.append(each)
        if each.feature and each.feature.moment:
            texts[each.name] = cells_of
    related = columns.related([column.feature for column in seen if column.feature], texts)
    by_name = {column.name: column for column in related}
    seen = [replace(each, feature=by_name.get(each.name)) if each.feature else each for each in seen]
    features = tuple(related)
    read = about_reading(understood(source, header), given, len(records))
    about = [problem.sentence for problem in (*read, *about_commas(with_commas, len(records)))]
    if not features:
        why = "not one of its columns holds numbers, or words that users share: there is nothing to score on."
        raise FileProblemError(name, "no_numbers", " ".join([why, *about]))
    schema = Schema(
        features=features,
        id=None if at_id is None else records.header[at_id],
        label=told,
        context=tuple(column.name for column in seen if column.feature is None),
        missing=tuple(missing),
    )
    notes = (*about, *_notes(records, seen, schema, said))
    return Inferred(schema, notes, len(rest), len(features), tuple(map(_looked, seen)))


def _position(name: str, records: Records, option: str, column: str | None) -> int | None:
    if column is None:
        return None
    found = matched([column], records.header)
    if not column.strip() or not found:
        raise BadOptionError(option, f"{name} has no column {column}; it has {listed(records.header)}.")
    return found[column]


def _columns(
    records: Records, positions: list[int], marks: Marks, numerals: Numerals
) -> Iterator[tuple[int, Any, Numbers, Bools]]:  # fmt: skip
    """Of each column its text, its numbers, and where it has a cell that is not missing."""
    texts = records.columns(dict.fromkeys(positions, cells.TEXT), marks.nulls, null_text=True)
    for at in positions:
        column = texts.pop(at)
        yield at, column, cells.judged(column, marks, numerals), column.is_valid().to_numpy()


def _look(
    name: str, texts: Any, numbers: Numbers, there: Bools, label: Floats | None, marks: Marks,
    choices: Mapping[str, Choice],
) -> _Seen:  # fmt: skip
    if (choice := choices.get(key(name))) is not None:
        words = [text.strip() for text in texts.unique().to_pylist() if text is not None and not marks.missing(text)]
        return _Seen(name, choice.column(name, words), "chosen")
    known = numbers.values[~np.isnan(numbers.values)]
    wrong = 0 if numbers.wrong is None else len(numbers.wrong.at)
    if is_result(name):
        return _Seen(name, None, "result")
    if not known.size and not wrong:
        return _Seen(name, None, "empty")
    if known.size < ENOUGH * (known.size + wrong):
        return _text(name, texts, there, label, marks, numbers=known.size > wrong)
    whole = bool((np.trunc(known) == known).all())
    distinct = whole and 1 < known.size == len(numbers.values) == len(np.unique(known))
    if why := telltale.reason(name, numbers.values, label):
        return _Seen(name, None, "telltale", None, distinct, why)
    return _Seen(name, _feature(name, known, whole=whole), "", _stray(name, numbers), distinct)


def _text(name: str, texts: Any, there: Bools, label: Floats | None, marks: Marks, *, numbers: bool) -> _Seen:
    """A column of text; numbers: whether most of it are numbers, among which words would be levels."""
    found, reason, why = columns.of_texts(name, texts, there, label, marks)
    if found is not None and found.kind == "category" and numbers:
        return _Seen(name, None, "mixed")
    return _Seen(name, found, reason, why=why)


def _looked(seen: _Seen) -> Looked:
    if seen.feature is not None:
        return Looked(seen.name, seen.feature.kind, seen.note or "")
    why = seen.why or _REASONS.get(seen.reason, "")
    return Looked(seen.name, columns.CONTEXT, why)


def header(name: str, payload: bytes | Path, given: Given = NOTHING) -> tuple[str, ...]:
    """The names of the columns of a file, read as was `given`. Raises FileProblemError."""
    source = source_of(name, payload, given, in_memory())
    return tuple(filter(None, read_header(name, whole(source), (), given).names))


def _feature(name: str, known: Floats, *, whole: bool) -> Column:
    if not whole or known.min() < 0:
        return Column(name, "real")
    if known.max() <= 1:
        return Column(name, "flag", 0, 1)
    return Column(name, "count", 0)


def _stray(name: str, numbers: Numbers) -> str | None:
    if numbers.wrong is None:
        return None
    total, first = len(numbers.wrong.at), quoted(str(numbers.wrong.texts[0].as_py()))
    verb, rows = ("is not a number", "its row") if total == 1 else ("are not numbers", "their rows")
    return f"{name}: {count(total, 'cell')} {verb} (the first is {first}): {rows} will be rejected."


def _label(
    records: Records, at: int, positive: str | None, negative: str | None, marks: Marks
) -> tuple[Label, Floats]:  # fmt: skip
    """The label, and what it says of each good record, (n,): 1 for a spammer, 0, NaN where it is missing."""
    name = records.header[at]
    column = records.columns({at: pa.large_string()})[at]
    values = _values(column, marks, {meaning(each) for each in (positive, negative) if each is not None})
    found = label_words.label(name, values, positive, negative)
    no, positives = meaning(found.negative), {*map(meaning, found.positives)}
    codes, distinct = pd.factorize(column.to_pandas())
    said = [meaning(text) for text in distinct]
    of_text = np.array([1.0 if each in positives else 0.0 if each == no else np.nan for each in said])
    return found, of_text[codes]


def _values(column: Any, marks: Marks, named: Collection[Meaning]) -> dict[Meaning, Value]:
    """Labels that are not missing, by what they are compared by: the first way each is written, and its rows. `named`:
    what a person says is a label, such as "none".
    """
    found: dict[Meaning, Value] = {}
    for text, rows in ((each["values"], each["counts"]) for each in pc.value_counts(column).to_pylist()):
        if meaning(text) in named or not marks.missing(text):
            known = found.get(meaning(text), Value(text.strip(), 0))
            found[meaning(text)] = Value(known.text, known.rows + rows)
    return found


def _notes(records: Records, seen: list[_Seen], schema: Schema, label: Floats | None) -> Iterator[str]:
    if schema.id is None:
        yield "No column is named as the id: the row number serves as one."
        for column in seen:
            if column.distinct:
                so = "or the model will learn from it" if column.feature else "if it says who the user is"
                yield f"{column.name} is different in every row: name it with --id, {so}."
    if schema.label is not None and label is not None:
        yield from _label_notes(schema.label, label)
    yield from (column.note for column in seen if column.note)
    yield from columns.told(schema.features)
    yield from _telltales(seen)
    for reason, words in _REASONS.items():
        names = [each.name for each in seen if each.reason == reason and not each.why and each.feature is None]
        if names:
            yield f"{listed(names)}: {words}."
    unnamed = [f"column {at}" for at, column in enumerate(records.header, 1) if not column]
    if unnamed:
        yield f"{listed(unnamed)}: without a name in the header, kept as context."
    if records.unusable:
        yield f"{count(records.unusable, 'row')} cannot be split into the header's columns and will be rejected."


def _telltales(seen: list[_Seen]) -> Iterator[str]:
    """Columns that are no facts about users, those for the same reason in one sentence."""
    for why in dict.fromkeys(column.why for column in seen if column.why):
        alike = [column for column in seen if column.why == why]
        names = listed([column.name for column in alike])
        shown = all(column.reason == "text" for column in alike)
        so = "shown as context, where it tells reviewers the answer" if shown else "context, never given to the model"
        yield f"{names}: {why}; {so}. Move it to [features] only if it is a fact known of every new user."


def _label_notes(label: Label, said: Floats) -> Iterator[str]:
    share = float(np.nanmean(said))
    if label.categories:
        names = listed([quoted(each) for each in label.categories])
        yield (
            f"{label.column}: {names} are categories, each of them a violation: {percent(share)} of the rows. "
            f"{quoted(label.negative)} is none."
        )
        return
    who = f"{label.column} {quoted(label.positive)} is taken for a spammer: {percent(share)} of the users"
    yield (
        f"{who}. If that is the wrong way round, give --positive {quoted(label.negative)}."
        if share > 1 / 2
        else f"{who}."
    )
