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

With `format = 2` a feature may be more than a number (see `Column`):

    country = { kind = "category", missing = ["??"] }
    premium = { kind = "flag", yes = ["J"], no = ["N"] }
    fee = { kind = "real", unit = "€", thousands = "." }
    signed_up = { kind = "date", parts = ["age", "weekday"], at = "seen_at", since = ["first_order"] }

Without `at` its age is told at `as_of`, a date above the tables; where there is none, at the day on which users are
read.

With `format = 3` a feature may be a text, of which `max` characters are kept, and a label may have categories, each of
which is a "yes", in place of one positive value. Who wrote a message, and which ones belong together in which order,
are context that people and rules have, never the model:

    body = { kind = "text", max = 10000 }

    [label]
    column = "type"
    negative = "not_cyberbullying"
    categories = ["age", "ethnicity"]

    [author]
    column = "author"

    [thread]
    column = "conversation"
    order = "sent_at"

With `format = 4` a category may say how many of its words a version knows at most:

    city = { kind = "category", levels = 40 }
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from core.errors import NewerFormatError, SchemaError
from core.files import write_text
from core.schema import label_text
from core.schema.column import KINDS, WHOLE, Column, Kind, key
from core.schema.column_text import column_of, entry_of, quoted
from core.schema.label import Label, Thread, meaning

__all__ = [
    "FORMAT", "KINDS", "RESERVED", "WHOLE", "Column", "Kind", "Label", "Schema", "Thread", "dumps", "key", "load",
    "loads", "matched", "missing_of", "save",
]  # fmt: skip

#: The newest format. What a schema of an earlier one can say is written as one, and read as ever.
FORMAT: Final = 4
#: Begins the names of columns that files of a home have besides those of the schema.
RESERVED: Final = "trustdesk:"


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of one home. Cannot exist without a feature or with a name used twice."""

    features: tuple[Column, ...]
    id: str | None = None
    label: Label | None = None
    context: tuple[str, ...] = field(default=())
    missing: tuple[str, ...] = field(default=())
    #: The moment at which ages are told that no column gives one for.
    as_of: date | None = None
    #: The column that says who wrote a row.
    author: str | None = None
    thread: Thread | None = None

    def __post_init__(self) -> None:
        if not self.features:
            raise SchemaError("The schema names no feature: there is nothing to score on.")
        self._check_moments()
        features = dict.fromkeys([column.name for column in self.features])
        if len(features) < len(self.features):
            features_twice = [column.name for column in self.features]
            raise SchemaError(f"The schema names {max(features_twice, key=features_twice.count)} twice.")
        derived = [name for name in self.names if name not in features]
        names = [
            *features,
            *derived,
            *self.beside,
            *filter(None, [self.id, self.label.column if self.label else None]),
        ]
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
        labels = {meaning(text) for text in self.label.values} if self.label else set()
        for mark in self.missing:
            if not mark.strip() or not mark.isprintable():
                raise SchemaError("missing in the schema has a text in which nothing can be seen: take it out.")
            if meaning(mark) in labels:
                raise SchemaError(f"The schema says that {mark} is missing, and that it is a label: it cannot be both.")

    def _check_moments(self) -> None:
        """Every column that another one names is a moment, and something is left to score on."""
        moments = {column.name for column in self.features if column.moment}
        for column in self.features:
            for other in filter(None, (column.at, *column.since)):
                if other not in moments or other == column.name:
                    raise SchemaError(f"{column.name} names {other}, which is no other date or time of the schema.")
        if not any(True for column in self.features for _ in column.derived()):
            raise SchemaError("The schema names dates alone, and no part of them: there is nothing to score on.")

    @property
    def derived(self) -> tuple[Column, ...]:
        """The columns that a model gets, in its order: the features, and in place of a moment what is told of it."""
        return tuple(each for column in self.features for each in column.derived())

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in the order in which the model sees them."""
        return tuple(each.name for each in self.derived)

    @property
    def measures(self) -> tuple[str, ...]:
        """The columns of the model whose values say something by themselves: all but the texts, whose numbers do no
        more than tell them apart. What is counted in a text is among them.
        """
        return tuple(each.name for each in self.derived if each.kind != "text")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The features by the names that a file has."""
        return tuple(column.name for column in self.features)

    @property
    def categories(self) -> tuple[str, ...]:
        """The features that are words."""
        return tuple(column.name for column in self.features if column.kind == "category")

    @property
    def texts(self) -> tuple[str, ...]:
        """The features that are texts."""
        return tuple(column.name for column in self.features if column.kind == "text")

    @property
    def worded(self) -> tuple[str, ...]:
        """The features whose words stand beside their numbers: categories and texts."""
        return tuple(column.name for column in self.features if column.worded)

    @property
    def beside(self) -> tuple[str, ...]:
        """The context columns that the schema names, author and thread among them."""
        thread = (self.thread.column, self.thread.order) if self.thread else ()
        further = dict.fromkeys(name for name in (self.author, *thread) if name is not None)
        return (*self.context, *(name for name in further if name not in self.context))

    @property
    def moments(self) -> tuple[str, ...]:
        """The features that are dates or times."""
        return tuple(column.name for column in self.features if column.moment)

    @property
    def dated(self) -> tuple[str, ...]:
        """The moments whose age is told at `as_of`."""
        return tuple(column.name for column in self.features if column.dated)

    @property
    def format(self) -> int:
        spoken = self.author is not None or self.thread is not None or (self.label and self.label.categories)
        return max([3 if spoken else 2 if self.as_of else 1, *(column.format for column in self.features)])

    def feature(self, name: str) -> Column:
        """A column of the model."""
        return next(column for column in self.derived if column.name == name)

    def only(self, names: Collection[str]) -> Schema:
        """The schema of those features of which the model gets one of these columns, and of what these stand on."""
        kept = {column.name for column in self.features if any(each.name in names for each in column.derived())}
        stood_on = {other for column in self.features if column.name in kept for other in (column.at, *column.since)}
        return replace(self, features=tuple(each for each in self.features if each.name in kept | stood_on))

    def at(self, day: date) -> Schema:
        """The same, with ages as of a day where somebody has to say so and nobody has."""
        return replace(self, as_of=day) if self.dated and self.as_of is None else self

    @property
    def fingerprint(self) -> str:
        """Changes whenever a reading of the same bytes could change; 64 hexadecimal digits."""
        return hashlib.sha256(dumps(self).encode()).hexdigest()


def load(path: Path, today: date | None = None) -> Schema:
    """Read a schema file; ages are told at its `as_of`, or today.

    Raises SchemaError when the file is absent, is no TOML, or contradicts itself, NewerFormatError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise SchemaError(
            f"This workspace has no {path.name} in {path.parent}. "
            "Write one with: python3 -m app schema users.csv --label LABEL"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"{path.name} cannot be read: {error}.") from error
    try:
        return loads(text).at(today or datetime.now(UTC).date())
    except RecursionError as error:
        raise SchemaError(f"{path.name} is not valid TOML: it is nested too deep.") from error
    except ValueError as error:  # a TOMLDecodeError, or a number of thousands of digits
        raise SchemaError(f"{path.name} is not valid TOML: {error}.") from error


def loads(text: str) -> Schema:
    """The schema written in `text`; raises SchemaError, NewerFormatError, and ValueError when it is no TOML."""
    raw = tomllib.loads(text)
    if isinstance(found := raw.get("format"), int) and found > FORMAT:
        raise NewerFormatError("data/schema.toml", f"format {found}, this one reads {FORMAT}")
    if type(found) is not int or not 1 <= found <= FORMAT:
        raise SchemaError(f"The schema has format {raw.get('format')!r}; this program reads formats 1 to {FORMAT}.")
    features = raw.get("features")
    context = raw.get("context", [])
    if not isinstance(features, dict):
        raise SchemaError("The schema has no [features] table.")
    if not isinstance(context, list) or not all(isinstance(name, str) for name in context):
        raise SchemaError("context must be a list of column names.")
    missing = raw.get("missing", [])
    if not isinstance(missing, list) or not all(isinstance(text, str) for text in missing):
        raise SchemaError('missing must be a list of texts, such as ["-", "unknown"].')
    label, as_of = raw.get("label"), raw.get("as_of")
    if as_of is not None and (found < 2 or type(as_of) is not date):
        raise SchemaError("as_of must be a date, such as 2026-11-01, in a schema of format 2 or later.")
    if found < 3 and (early := [name for name in ("author", "thread") if name in raw]):
        raise SchemaError(f"[{early[0]}] came with format 3: write format = 3.")
    return Schema(
        features=tuple(column_of(name, entry, found) for name, entry in features.items()),
        id=label_text.text(raw["id"], "column", "id") if "id" in raw else None,
        label=label_text.label_of(label, found) if label is not None else None,
        context=tuple(context),
        missing=tuple(missing),
        as_of=as_of,
        author=label_text.text(raw["author"], "column", "author") if "author" in raw else None,
        thread=label_text.thread_of(raw["thread"]) if "thread" in raw else None,
    )


def dumps(schema: Schema) -> str:
    """The text of a schema file; `loads(dumps(schema)) == schema`."""
    lines = [f"format = {schema.format}", f"context = [{', '.join(map(quoted, schema.context))}]"]
    if schema.missing:
        lines.append(f"missing = [{', '.join(map(quoted, schema.missing))}]")
    if schema.as_of is not None:
        lines.append(f"as_of = {schema.as_of.isoformat()}")
    if schema.id is not None:
        lines += ["", "[id]", f"column = {quoted(schema.id)}"]
    lines += label_text.lines(schema.label, schema.author, schema.thread)
    lines += ["", "[features]", *(entry_of(column) for column in schema.features)]
    return "\n".join(lines) + "\n"


def missing_of(path: Path) -> tuple[str, ...]:
    """What a schema file that is to be written anew says of missing values; nothing where it cannot be read."""
    try:
        return load(path).missing
    except (SchemaError, NewerFormatError):
        return ()


def save(schema: Schema, path: Path) -> None:
    write_text(path, dumps(schema))


def matched(names: Iterable[str], header: Sequence[str]) -> dict[str, int]:
    """Where each wanted name stands in a header, compared by `key`; absent names are left out."""
    at = {key(column): position for position, column in enumerate(header)}
    return {name: at[key(name)] for name in names if key(name) in at}
