"""What the columns of this home are: id, label, features and context, read from `data/schema.toml`.

The file, for people to edit:

    format = 1
    context = ["username", "country"]      # shown and filterable, never given to the model

    [id]                                   # leave out: the row number serves as id
    column = "user_id"

    [label]                                # needed only to train and to evaluate
    column = "label"
    positive = "1"
    negative = "0"

    [features]
    X1 = { kind = "count", min = 0 }
    X20 = { kind = "flag", min = 0, max = 1 }

Names are matched without regard to case and surrounding spaces (`key`). Above the tables, beside `context`, a home may
say what besides an empty cell, NA, null and the like means that an id, a label or a number is missing:

    missing = ["-", "unknown", "-999"]
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from core.errors import NewerFormatError, SchemaError, listed
from core.files import write_text

FORMAT: Final = 1
#: Begins the names of columns that files of a home have besides those of the schema.
RESERVED: Final = "trustdesk:"
Kind = Literal["count", "flag", "code", "real"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
WHOLE: Final = frozenset({"count", "flag", "code"})


def key(name: str) -> str:
    """The form in which column names are compared.

    >>> key("  User_ID ") == key("user_id")
    True
    """
    return name.strip().casefold()


@dataclass(frozen=True, slots=True)
class Column:
    """A feature: its name, its kind and, where known, the lowest and highest allowed value."""

    name: str
    kind: Kind = "real"
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SchemaError(f"{self.name} has the kind {self.kind!r}; known kinds are {listed(KINDS)}.")
        for bound in (self.low, self.high):
            if bound is not None and not math.isfinite(bound):
                raise SchemaError(f"{self.name} has a range that is not a number.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise SchemaError(f"{self.name} has min {self.low:g} above max {self.high:g}.")

    @property
    def whole(self) -> bool:
        """Whether values are expected to be whole numbers."""
        return self.kind in WHOLE


def _meaning(label: str) -> str | float:
    """What a label is compared by: `1` and `1.0` are the same."""
    try:
        return float(label)
    except ValueError:
        return key(label)


@dataclass(frozen=True, slots=True)
class Label:
    """The label column, the text of its positive value (a spammer) and of its negative one."""

    column: str
    positive: str = "1"
    negative: str = "0"

    def __post_init__(self) -> None:
        if _meaning(self.positive) == _meaning(self.negative):
            raise SchemaError(f"The label {self.column} has the same positive and negative value.")


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of one home. Cannot exist without a feature or with a name used twice."""

    features: tuple[Column, ...]
    id: str | None = None
    label: Label | None = None
    context: tuple[str, ...] = field(default=())
    missing: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.features:
            raise SchemaError("The schema names no feature: there is nothing to score on.")
        names = [*self.names, *self.context, *filter(None, [self.id, self.label.column if self.label else None])]
        seen: dict[str, str] = {}
        for name in names:
            if not name.strip():
                raise SchemaError("The schema has a column without a name.")
            if name.startswith(RESERVED):
                raise SchemaError(f"The schema names {name}: names that begin with {RESERVED} are Trustdesk's own.")
            if key(name) in seen:
                raise SchemaError(
                    f"The schema names {seen[key(name)]} and {name}: names must differ in more than case."
                )
            seen[key(name)] = name
        labels = {_meaning(text) for text in (self.label.positive, self.label.negative)} if self.label else set()
        for mark in self.missing:
            if not mark.strip() or not mark.isprintable():
                raise SchemaError("missing in the schema has a text in which nothing can be seen: take it out.")
            if _meaning(mark) in labels:
                raise SchemaError(f"The schema says that {mark} is missing, and that it is a label: it cannot be both.")

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in the order in which the model sees them."""
        return tuple(column.name for column in self.features)

    def feature(self, name: str) -> Column:
        return next(column for column in self.features if column.name == name)

    def only(self, names: Collection[str]) -> Schema:
        """The schema of those features that are among these names."""
        return replace(self, features=tuple(column for column in self.features if column.name in names))

    @property
    def fingerprint(self) -> str:
        """Changes whenever a reading of the same bytes could change; 64 hexadecimal digits."""
        return hashlib.sha256(dumps(self).encode()).hexdigest()


def load(path: Path) -> Schema:
    """Read a schema file.

    Raises SchemaError when the file is absent, is no TOML, or contradicts itself, NewerFormatError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise SchemaError(
            f"This home has no {path.name} in {path.parent}. "
            "Write one with: python3 -m app schema users.csv --label LABEL"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"{path.name} cannot be read: {error}.") from error
    try:
        return loads(text)
    except RecursionError as error:
        raise SchemaError(f"{path.name} is not valid TOML: it is nested too deep.") from error
    except ValueError as error:  # a TOMLDecodeError, or a number of thousands of digits
        raise SchemaError(f"{path.name} is not valid TOML: {error}.") from error


def loads(text: str) -> Schema:
    """The schema written in `text`; raises SchemaError, NewerFormatError, and ValueError when it is no TOML."""
    raw = tomllib.loads(text)
    if isinstance(found := raw.get("format"), int) and found > FORMAT:
        raise NewerFormatError("data/schema.toml", f"format {found}, this one reads {FORMAT}")
    if found != FORMAT:
        raise SchemaError(f"The schema has format {raw.get('format')!r}; this program reads format {FORMAT}.")
    features = raw.get("features")
    context = raw.get("context", [])
    if not isinstance(features, dict):
        raise SchemaError("The schema has no [features] table.")
    if not isinstance(context, list) or not all(isinstance(name, str) for name in context):
        raise SchemaError("context must be a list of column names.")
    missing = raw.get("missing", [])
    if not isinstance(missing, list) or not all(isinstance(text, str) for text in missing):
        raise SchemaError('missing must be a list of texts, such as ["-", "unknown"].')
    label = raw.get("label")
    return Schema(
        features=tuple(_column(name, entry) for name, entry in features.items()),
        id=_text(raw["id"], "column", "id") if "id" in raw else None,
        label=_label(label) if label is not None else None,
        context=tuple(context),
        missing=tuple(missing),
    )


def dumps(schema: Schema) -> str:
    """The text of a schema file; `loads(dumps(schema)) == schema`."""
    lines = [f"format = {FORMAT}", f"context = [{', '.join(map(_quoted, schema.context))}]"]
    if schema.missing:
        lines.append(f"missing = [{', '.join(map(_quoted, schema.missing))}]")
    if schema.id is not None:
        lines += ["", "[id]", f"column = {_quoted(schema.id)}"]
    if schema.label is not None:
        lines += ["", "[label]", f"column = {_quoted(schema.label.column)}"]
        lines += [f"positive = {_quoted(schema.label.positive)}", f"negative = {_quoted(schema.label.negative)}"]
    lines += ["", "[features]", *(_entry(column) for column in schema.features)]
    return "\n".join(lines) + "\n"


def missing_of(path: Path) -> tuple[str, ...]:
    """What a schema file that is to be written anew says of missing values; nothing where it cannot be read."""
    try:
        return load(path).missing
    except (SchemaError, NewerFormatError):
        return ()


def save(schema: Schema, path: Path) -> None:
    write_text(path, dumps(schema))


def _column(name: str, entry: object) -> Column:
    if not isinstance(entry, Mapping):
        raise SchemaError(f'{name} must look like {{ kind = "count", min = 0 }}.')
    unknown = set(entry) - {"kind", "min", "max"}
    if unknown:
        raise SchemaError(f"{name} has {listed(sorted(unknown))}; known settings are kind, min and max.")
    return Column(name, cast(Kind, entry.get("kind", "real")), _bound(name, entry, "min"), _bound(name, entry, "max"))


def _bound(name: str, entry: Mapping[str, Any], which: str) -> float | None:
    value = entry.get(which)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SchemaError(f"{which} of {name} is {value!r}, not a number.")
    try:
        return float(value)
    except OverflowError:
        return math.inf  # which no range may be


def _label(entry: object) -> Label:
    return Label(
        _text(entry, "column", "label"),
        _text(entry, "positive", "label", default="1"),
        _text(entry, "negative", "label", default="0"),
    )


def _text(entry: object, name: str, table: str, *, default: str | None = None) -> str:
    value = entry.get(name, default) if isinstance(entry, Mapping) else None
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise SchemaError(f"[{table}] must give {name} as text.")
    return str(value)


def _entry(column: Column) -> str:
    parts = [f"kind = {_quoted(column.kind)}"]
    parts += [f"min = {_number(column.low)}"] if column.low is not None else []
    parts += [f"max = {_number(column.high)}"] if column.high is not None else []
    return f"{_bare_or_quoted(column.name)} = {{ {', '.join(parts)} }}"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(float(value))


def _bare_or_quoted(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _quoted(name)


def _quoted(text: str) -> str:
    # A TOML basic string escapes as JSON does, except that DEL must be escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def matched(names: Iterable[str], header: Sequence[str]) -> dict[str, int]:
    """Where each wanted name stands in a header, compared by `key`; absent names are left out."""
    at = {key(column): position for position, column in enumerate(header)}
    return {name: at[key(name)] for name in names if key(name) in at}
