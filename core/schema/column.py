"""A feature as the schema of a home describes it: its kind, what it may hold, what a model gets of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal, get_args

from core.errors import SchemaError, listed
from core.schema.languages import LANGUAGES

Kind = Literal["count", "flag", "code", "real", "category", "date", "time", "text", "weekday", "language"]
#: Those that a schema names; a weekday is only told of a moment, and a language of a text.
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)[:-2]
#: Kinds that came after format 1 of the schema, and with which one.
SINCE: Final[Mapping[str, int]] = {"category": 2, "date": 2, "time": 2, "text": 3}
#: The format that lets a category say how many words a version knows of it.
LEVELS_SINCE: Final = 4
WHOLE: Final = frozenset({"count", "flag", "code", "weekday", "language"})
MOMENTS: Final = frozenset({"date", "time"})
#: What a model can learn of a moment; it never learns the moment itself, which no later user has.
Part = Literal["age", "weekday", "hour"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: Levels of a category, at most: what the histogram boosting of scikit-learn can hold, beside one for all others.
MOST_LEVELS: Final = 250
#: Characters kept of a text where nothing else is said, and at most.
CHARACTERS: Final = 10_000
MOST_CHARACTERS: Final = 1_000_000


def key(name: str) -> str:
    """The form in which column names are compared.

    >>> key("  User_ID ") == key("user_id")
    True
    """
    return name.strip().casefold()


@dataclass(frozen=True, slots=True)
class Column:
    """A feature: its name, its kind and, where known, the lowest and highest allowed value.

    `missing`: what says so in this column besides the marks of the home. `yes`, `no`: the words of a flag, none where
    it is written as 1 and 0. `unit`, `thousands`: what stands beside and within a number. Of a moment: `parts` that the
    model gets, `at` the column whose moment its age is told at ("": the moment of all rows), `since` other moments to
    which the days are counted, and `form` the way it is written ("": as ISO 8601 has it). Of a text `high` is how many
    of its characters are kept. Of a category a version knows up to `levels` words, 0 for as many as there may be.
    """

    name: str
    kind: Kind = "real"
    low: float | None = None
    high: float | None = None
    missing: tuple[str, ...] = ()
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    unit: str = ""
    thousands: str = ""
    parts: tuple[Part, ...] = ()
    at: str = ""
    since: tuple[str, ...] = ()
    form: str = ""
    levels: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise SchemaError(f"{self.name} has the kind {self.kind!r}; known kinds are {listed(KINDS)}.")
        for bound in (self.low, self.high):
            if bound is not None and not math.isfinite(bound):
                raise SchemaError(f"{self.name} has a range that is not a number.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise SchemaError(f"{self.name} has min {self.low:g} above max {self.high:g}.")
        self._check_settings()

    def _check_settings(self) -> None:
        moment, number = self.kind in MOMENTS, self.kind in WHOLE | {"real"}
        for name, given, fits in (
            ("min or max", (self.low, self.high) != (None, None), number or self.kind == "text"),
            ("min", self.low is not None, number),
            ("yes or no", bool(self.yes or self.no), self.kind == "flag"),
            ("unit or thousands", bool(self.unit or self.thousands), number and self.kind != "flag"),
            ("levels", bool(self.levels), self.kind == "category"),
            ("parts, at, since or form", bool(self.parts or self.at or self.since or self.form), moment),
        ):
            if given and not fits:
                raise SchemaError(f"{self.name} has {name}, which a {self.kind} does not have.")
        if self.kind == "text" and not (1 <= self.characters <= MOST_CHARACTERS and (self.high or 1) % 1 == 0):
            most = f"{MOST_CHARACTERS:,}"
            raise SchemaError(f"{self.name} has max {self.high:g}; it is a whole number of characters, up to {most}.")
        if not 0 <= self.levels <= MOST_LEVELS:
            raise SchemaError(f"{self.name} has {self.levels} levels; choose from 1 to {MOST_LEVELS}.")
        if bool(self.yes) != bool(self.no) or {*map(key, self.yes)} & {*map(key, self.no)}:
            raise SchemaError(f"{self.name} needs words for yes and others for no.")
        words = (*self.yes, *self.no, *self.missing)
        if any(not word.strip() or not word.isprintable() for word in words):
            raise SchemaError(f"{self.name} has a word in which nothing can be seen: take it out.")
        if both := {*map(key, self.missing)} & {*map(key, self.yes + self.no)}:
            raise SchemaError(f"{self.name} says that {min(both)} is missing, and that it is a yes or no.")
        if self.thousands and self.thousands not in {",", ".", " ", "'", "_"}:
            raise SchemaError(f"{self.name} has {self.thousands!r} as thousands; it can be one of , . ' _ and a space.")
        if self.unit and (any(letter.isdigit() for letter in self.unit) or {*self.unit} & {*"+-.,"}):
            raise SchemaError(f"{self.name} has the unit {self.unit!r}: a unit has no digit, sign or point.")
        if unknown := [part for part in self.parts if part not in PARTS]:
            raise SchemaError(f"{self.name} has the part {unknown[0]!r}; known parts are {listed(PARTS)}.")
        if self.kind == "date" and "hour" in self.parts:
            raise SchemaError(f"{self.name} is a date, which has no hour: make it a time, or leave hour out.")
        if self.at and "age" not in self.parts:
            raise SchemaError(f"{self.name} has at without the age among its parts.")

    @property
    def whole(self) -> bool:
        """Whether values are expected to be whole numbers."""
        return self.kind in WHOLE

    @property
    def moment(self) -> bool:
        return self.kind in MOMENTS

    @property
    def format(self) -> int:
        """The first format of the schema that has such a column."""
        if self.levels:
            return LEVELS_SINCE
        return SINCE.get(self.kind, 1 if self == Column(self.name, self.kind, self.low, self.high) else 2)

    @property
    def later(self) -> bool:
        """Whether a schema of format 1 has no such column."""
        return self.format > 1

    @property
    def worded(self) -> bool:
        """Whether its words stand beside its numbers in a table of users (see `core.schema.levels.written`)."""
        return self.kind in {"category", "text"}

    @property
    def characters(self) -> int:
        """How many characters of a text are kept."""
        return CHARACTERS if self.high is None else int(self.high)

    @property
    def dated(self) -> bool:
        """Whether it is told by the moment of all rows."""
        return "age" in self.parts and not self.at

    @property
    def said(self) -> tuple[str, ...]:
        """What 0, 1 ... are called, nothing where numbers are said as such."""
        if self.kind == "weekday":
            return WEEKDAYS
        if self.kind == "language":
            return LANGUAGES
        return (self.no[0], self.yes[0]) if self.yes else ()

    def derived(self) -> Iterator[Column]:
        """The columns that a model gets of it: itself, with what is counted in it where it is a text, or of a moment
        what can be told of it.
        """
        return iter(_derived(self) if self.kind == "text" or self.moment else (self,))


@lru_cache(maxsize=1_024)  # asked for with each user that is scored alone
def _derived(column: Column) -> tuple[Column, ...]:
    if column.kind == "text":
        counted = (replace(each, name=f"{column.name} ({each.name})") for each in TEXT_PARTS.values())
        return (replace(column, high=None), *counted)  # its number has no range
    told = (replace(_PARTS[part], name=f"{column.name} ({_NAMES[part]})") for part in column.parts)
    return (*told, *(Column(f"{column.name} (days since {other})", "real") for other in column.since))


def phrase_column(text: str, category: str) -> str:
    """What a model calls how many of the owner's phrases of a category stand in a text.

    >>> phrase_column("body", "drugs")
    'body (phrases: drugs)'
    """
    return f"{text} (phrases: {category})"


_NAMES: Final[dict[Part, str]] = {"age": "age in days", "weekday": "weekday", "hour": "hour"}
_PARTS: Final[dict[Part, Column]] = {
    "age": Column("", "real", 0), "weekday": Column("", "weekday", 0, 6), "hour": Column("", "count", 0, 23),
}  # fmt: skip
#: What is counted in a text, by the keys of `core.text.derived.parts`; shares are those of its characters, of capitals
#: those of its letters.
TEXT_PARTS: Final[Mapping[str, Column]] = {
    "characters": Column("characters", "count", 0),
    "words": Column("words", "count", 0),
    "links": Column("links", "count", 0),
    "mentions": Column("mentions", "count", 0),
    "contacts": Column("contacts", "count", 0),
    "prices": Column("prices", "count", 0),
    "capitals": Column("capitals", "real", 0, 1),
    "digits": Column("digits", "real", 0, 1),
    "exclamations": Column("exclamations", "count", 0),
    "questions": Column("questions", "count", 0),
    "undone": Column("undone", "count", 0),
    "foreign": Column("non-ASCII", "real", 0, 1),
    "language": Column("language", "language"),
}
