"""The column that says who is a spammer, or of which category a violation is; and which rows belong together."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import SchemaError
from core.schema.column import key


def meaning(label: str) -> str | float:
    """What a label is compared by: `1` and `1.0` are the same."""
    try:
        return float(label)
    except ValueError:
        return key(label)


@dataclass(frozen=True, slots=True)
class Label:
    """The label column, the text of its positive value (a spammer) and of its negative one. With `categories`, each of
    them is a positive value, and `positive` says nothing.
    """

    column: str
    positive: str = "1"
    negative: str = "0"
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(meaning(text) == meaning(self.negative) for text in self.positives):
            raise SchemaError(f"The label {self.column} has the same positive and negative value.")
        if self.categories and len({meaning(text) for text in self.categories}) < max(2, len(self.categories)):
            raise SchemaError(
                f"The categories of the label {self.column} must be two or more, and differ in more than case: "
                "for one, write positive."
            )
        if any(not text.strip() or not text.isprintable() for text in self.categories):
            raise SchemaError(f"The label {self.column} has a category in which nothing can be seen: take it out.")

    @property
    def positives(self) -> tuple[str, ...]:
        """The values that mean a spammer."""
        return self.categories or (self.positive,)

    @property
    def values(self) -> tuple[str, ...]:
        """Everything that the column may say, as it is written."""
        return (*self.positives, self.negative)


@dataclass(frozen=True, slots=True)
class Thread:
    """The column that says which rows belong together, and the one by which they are ordered, if there is one."""

    column: str
    order: str | None = None
