"""What is found in a file, counted while it is read: findings of parts add up to those of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """Rows of one kind in one column; `first`: where the first of them stands, by row or line; `told`: what a sentence
    says of that one, nothing where it is not known.
    """

    kind: str
    column: str | None
    rows: int
    first: int
    told: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return self.kind, self.column

    def __add__(self, later: Finding) -> Finding:
        """With those of the same kind that stand further down."""
        return Finding(self.kind, self.column, self.rows + later.rows, self.first, self.told)


class Findings:
    """Those of a file so far."""

    def __init__(self, found: Iterable[Finding] = ()) -> None:
        self._found: dict[Key, Finding] = {}
        self.add(found)

    def add(self, found: Iterable[Finding]) -> None:
        """Those of the rows that follow."""
        for each in found:
            before = self._found.get(each.key)
            self._found[each.key] = each if before is None else before + each

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found.values())

    def of(self, kinds: Iterable[str], column: str) -> Iterator[Finding]:
        """Those of a column, in the order of the kinds."""
        return (self._found[kind, column] for kind in kinds if (kind, column) in self._found)

    def as_json(self) -> list[list[Any]]:
        return [[each.kind, each.column, each.rows, each.first, list(each.told)] for each in self]

    @classmethod
    def from_json(cls, raw: list[list[Any]]) -> Findings:
        return cls(Finding(kind, column, rows, first, tuple(told)) for kind, column, rows, first, told in raw)
