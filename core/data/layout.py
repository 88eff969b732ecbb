"""Which column of a file is which: id, label, features and context, found by name in any order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from core.data.problems import Problem
from core.data.understanding import candidates
from core.errors import FileProblemError, MissingColumnsError, SchemaError, UnusableInputError, listed
from core.schema.schema import Schema, key, matched

Unusable = TypeVar("Unusable", bound=UnusableInputError)
#: Name of the id column where a home has no ids: the number of the record in the file.
ROW_NUMBER: Final = "row_number"
#: Columns that results add to a user's row; a column of an upload with such a name must step aside.
RESULTS: Final = frozenset(
    {"score", "confidence", "band", "action", "n_missing", "novel_features", "probability", "margin"}
    | {"prediction_id", "model_version", "policy_version", ROW_NUMBER}
)
_REASON: Final = re.compile(r"reason_[0-9]+")


def is_result(name: str) -> bool:
    """Whether results have a column of this name.

    >>> is_result(" Score "), is_result("reason_3"), is_result("X3")
    (True, True, False)
    """
    return key(name) in RESULTS or bool(_REASON.fullmatch(key(name)))


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions in the header. `features` follow the schema's order and leave out the absent ones."""

    id: int | None
    label: int | None
    features: dict[str, int]
    context: dict[str, int]
    absent: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    unnamed: tuple[str, ...]


def lay_out(
    name: str, header: Sequence[str], schema: Schema, *, allow_missing: bool = False, need_label: bool = False
) -> Layout:
    """Match a header with a schema.

    Raises FileProblemError when nothing matches, MissingColumnsError when something needed is absent, and
    SchemaError when a label is needed but the schema names none.
    """
    label = schema.label.column if schema.label else None
    if need_label and label is None:
        raise SchemaError("The schema names no label column: add a [label] table to data/schema.toml.")
    if schema.id is None and key(ROW_NUMBER) in map(key, (*schema.inputs, label or "")):
        raise SchemaError(f"The schema has no id column, so {ROW_NUMBER} is taken: rename that column.")
    found = matched(wanted(schema), header)
    if not found:
        sentence = f"not one known column is in the header. Expected {listed(wanted(schema))}; found {listed(header)}."
        raise _advised(FileProblemError(name, "no_known_column", sentence), header, schema)
    needed = [column for column in (schema.id, label if need_label else None) if column and column not in found]
    if needed:
        raise _advised(MissingColumnsError(name, needed), header, schema)
    absent = tuple(column for column in schema.inputs if column not in found)
    if absent and not allow_missing:
        raise _advised(MissingColumnsError(name, absent, can_allow=True), header, schema)
    context, renamed, unnamed = _context(header, schema, found)
    return Layout(
        id=found.get(schema.id) if schema.id else None,
        label=found.get(label) if label else None,
        features={column: found[column] for column in schema.inputs if column in found},
        # A moment as it is written is for people, and what the model gets of it has other names.
        context=context | {name: found[name] for name in schema.moments if name in found},
        absent=absent,
        renamed=renamed,
        unnamed=unnamed,
    )


def _advised(error: Unusable, header: Sequence[str], schema: Schema) -> Unusable:
    """The same, and which columns of the file may be those that are missing."""
    if advice := candidates.advice(header, schema):
        error.add_note(advice)
    return error


def wanted(schema: Schema) -> tuple[str, ...]:
    """Every column that the schema names."""
    label = schema.label.column if schema.label else None
    return (*filter(None, [schema.id, label]), *schema.inputs, *schema.beside)


def _context(
    header: Sequence[str], schema: Schema, found: dict[str, int]
) -> tuple[dict[str, int], tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Context columns under the names they get: the schema's first, then all that the schema does not name."""
    known = {found[column]: column for column in schema.beside if column in found}
    further = {at: name or f"column {at + 1}" for at, name in enumerate(header) if at not in found.values()}
    taken = {key(column) for column in (*wanted(schema), *header)} - {""}
    context: dict[str, int] = {}
    renamed: list[tuple[str, str]] = []
    for at, column in {**known, **further}.items():
        name = column
        if is_result(column) or not header[at]:
            name = _free(f"input_{column}" if is_result(column) else column, taken)
        if is_result(column):
            renamed.append((column, name))
        taken.add(key(name))
        context[name] = at
    unnamed = tuple(name for name, at in context.items() if not header[at])
    return context, tuple(renamed), unnamed


def _free(name: str, taken: set[str]) -> str:
    """The name, with underscores added until no other column has it."""
    while key(name) in taken:
        name += "_"
    return name


def about_layout(layout: Layout, rows: int) -> list[Problem]:
    """What is said of the columns of a file with so many accepted rows."""
    absent = [
        ("absent_column", name, f"{name} is absent: its values are missing in every row.") for name in layout.absent
    ]
    renamed = [
        ("renamed_column", new, f"The column {old} has the name of a result: it is kept as {new}.")
        for old, new in layout.renamed
    ]
    unnamed = [
        ("unnamed_column", name, f'A column has no name: it is kept as "{name}". Name it in the header.')
        for name in layout.unnamed
    ]
    return [Problem(code, name, rows, False, sentence) for code, name, sentence in (*absent, *renamed, *unnamed)]
