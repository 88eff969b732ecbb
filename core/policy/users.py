"""What rules and lists look at: columns of users, made ready once and asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import BadOptionError, listed
from core.policy.rules import ORDER, PRESENCE, TEXT, Condition, Rule
from core.schema.schema import Schema, key

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Kind = Literal["number", "text"]
#: Columns that every user has, whatever the file holds: the calibrated score, features without a value, features
#: outside the training range, and in how many earlier runs the user stands.
OWN: Final = ("score", "n_missing", "n_novel", "times_seen")
#: And, where the label has categories, of which one a violation would be, and how likely it is of that one.
CATEGORY: Final = "category"
CATEGORY_PROBABILITY: Final = "category_probability"


@dataclass(frozen=True, slots=True)
class Kinds:
    """The columns that conditions may name, and what they hold. `own_id`: the column of ids, "" where rows have none;
    `categories`: those of the label, () where it has none.

    A column of the home that has the name of one of `own` is hidden by it.
    """

    kinds: Mapping[str, Kind]
    own_id: str
    categories: tuple[str, ...] = ()

    @property
    def own(self) -> tuple[str, ...]:
        """Columns that are Trustdesk's own answers about a user."""
        return (*OWN, CATEGORY, CATEGORY_PROBABILITY) if self.categories else OWN

    @classmethod
    def of(cls, schema: Schema) -> Kinds:
        spoken = [column.name for column in schema.derived if column.worded or column.said]
        spoken += schema.moments
        texts = [*filter(None, [schema.id]), *schema.beside]
        named: dict[str, Kind] = dict.fromkeys(map(key, texts), "text")
        named |= dict.fromkeys(map(key, schema.names), "number")
        named |= dict.fromkeys(map(key, spoken), "text")
        named |= dict.fromkeys(OWN, "number")
        categories = schema.label.categories if schema.label else ()
        if categories:
            named |= {CATEGORY: "text", CATEGORY_PROBABILITY: "number"}
        return cls(named, key(schema.id) if schema.id else "", categories)

    def check(self, rules: Sequence[Rule]) -> None:
        """Raises BadOptionError where a condition names a column that there is not, or holds text against numbers."""
        for rule in rules:
            for number, condition in enumerate(rule.conditions, 1):
                if sentence := self._fault(condition):
                    field_, words = sentence
                    raise BadOptionError(f"rule {rule.name}, condition {number}, {field_}", words)

    def fault(self, rule: Rule) -> str:
        """What is wrong with the first condition that cannot be held against these columns; "" where all can."""
        found = next(filter(None, map(self._fault, rule.conditions)), None)
        return found[1].rstrip(".") if found else ""

    def _fault(self, condition: Condition) -> tuple[str, str] | None:
        name = key(condition.column)
        kind = self.kinds.get(name)
        if kind is None and name in {CATEGORY, CATEGORY_PROBABILITY}:
            return (
                "column",
                "the label of this workspace has no categories: data/schema.toml names them, under [label].",
            )
        if kind is None:
            return "column", f"this workspace has no column {condition.column}; it has {listed(list(self.kinds))}."
        if condition.operator in PRESENCE:
            return None
        if self.categories and name == CATEGORY:
            return _of_text(condition) or self._unknown_category(condition)
        return _of_text(condition) if kind == "text" else _of_number(condition)

    def _unknown_category(self, condition: Condition) -> tuple[str, str] | None:
        known = {*map(fold, self.categories)}
        unknown = [value for value in condition.values if fold(str(value)) not in known]
        if condition.operator in TEXT or not unknown:
            return None
        return "value", f"{unknown[0]!r} is none of the categories {listed(list(self.categories))}."


def _of_text(condition: Condition) -> tuple[str, str] | None:
    if condition.operator in ORDER:
        return "operator", f"{condition.column} holds text, and {condition.operator} compares numbers."
    return None


def _of_number(condition: Condition) -> tuple[str, str] | None:
    if condition.operator in TEXT:
        return "operator", f"{condition.column} holds numbers, and {condition.operator} looks at text."
    if texts := [value for value in condition.values if isinstance(value, str)]:
        return "value", f"{condition.column} holds numbers, and {texts[0]!r} is none."
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Texts of users (n,): `codes`, positions in the distinct texts, -1 where missing; `folded`: these as they are
    compared.
    """

    codes: npt.NDArray[np.intp]
    folded: npt.NDArray[np.object_]

    @classmethod
    def of(cls, texts: Any) -> Texts:
        """Of a series or an array of texts, None or NaN where missing."""
        codes, values = pd.factorize(texts)
        return cls(codes, np.array([fold(str(text)) for text in values], object))

    def where(self, holds: Callable[[str], bool]) -> Bools:
        """Whose text fulfils something, (n,); a missing one fulfils nothing."""
        answers = np.array([*map(holds, self.folded), False], bool)
        return np.asarray(answers[self.codes])


@dataclass(slots=True, eq=False)
class Users:
    """Users (n,) as rules see them.

    columns: by `key` of the name, values (n,) of features, with NaN for missing, or texts (n,) of context and ids, with
    None for missing; probability, missing and novel: (n,), the last two how many features are missing and outside the
    training range. seen: by ids, in how many earlier runs each stands.
    """

    columns: Mapping[str, Any]
    probability: Floats
    missing: npt.NDArray[np.int64]
    novel: npt.NDArray[np.int64]
    kinds: Kinds
    seen: Callable[[Sequence[str]], npt.NDArray[np.int64]]
    _texts: dict[str, Texts | None] = field(default_factory=dict)
    _numbers: dict[str, Floats | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.probability)

    def numbers(self, column: str) -> Floats | None:
        """The values of a column, NaN where missing; None where these users do not have it."""
        name = key(column)
        if name not in self._numbers:
            self._numbers[name] = self._numbers_of(name)
        return self._numbers[name]

    def texts(self, column: str) -> Texts | None:
        """The texts of a column; None where these users do not have it."""
        name = key(column)
        if name not in self._texts:
            found = self.columns.get(name)
            self._texts[name] = None if found is None else Texts.of(found)
        return self._texts[name]

    def knows(self, column: str) -> bool:
        """Whether the home has such a column, whatever these users have."""
        return key(column) in self.kinds.kinds

    def is_number(self, column: str) -> bool:
        return self.kinds.kinds.get(key(column)) == "number"

    def ids(self) -> Any:
        """Who they are, (n,), None where missing; None where rows have no ids."""
        return self.columns.get(self.kinds.own_id) if self.kinds.own_id else None

    def _numbers_of(self, name: str) -> Floats | None:
        if name == "score":
            return self.probability
        if name == "n_missing":
            return self.missing.astype(np.float64)
        if name == "n_novel":
            return self.novel.astype(np.float64)
        if name == "times_seen":
            return self._times_seen()
        found = self.columns.get(name)
        return None if found is None else np.asarray(found, np.float64)

    def _times_seen(self) -> Floats:
        ids = self.ids()
        if ids is None:
            return np.zeros(len(self))
        codes, names = pd.factorize(ids)
        counts = np.append(self.seen([str(name) for name in names]), 0)
        return counts[codes].astype(np.float64)


def fold(text: str) -> str:
    """The form in which texts are compared."""
    return text.strip().casefold()
