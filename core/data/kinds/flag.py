"""Yes or no, in the words of the schema: whatever else is written is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from core.data.cells import Marks
from core.schema.column import Column, key
from core.schema.levels import plain

CODE: Final = "not_a_flag"
#: Words that answer a question, by `key`: yes first. What else two words mean only a person knows.
PAIRS: Final = (
    ("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"), ("ja", "nein"), ("j", "n"), ("oui", "non"), ("o", "n"),
    ("si", "no"), ("sí", "no"), ("sim", "não"), ("s", "n"), ("wahr", "falsch"), ("vrai", "faux"), ("on", "off"),
    ("1", "0"),
)  # fmt: skip


def judge(column: Column, marks: Marks) -> Callable[[str], float | str]:
    """A cell -> 1 or 0, NaN where it is missing, or that it is neither."""
    words = {key(plain(word)): 1.0 for word in column.yes} | {key(plain(word)): 0.0 for word in column.no}

    def value(text: str) -> float | str:
        found = words.get(key(plain(text)))
        return found if found is not None else float("nan") if marks.missing(text) else CODE

    return value


def allowed(column: Column) -> str:
    """
    >>> allowed(Column("premium", "flag", yes=("J", "ja"), no=("N",)))
    'J, ja for yes or N for no'
    """
    return f"{', '.join(column.yes)} for yes or {', '.join(column.no)} for no"


def pair(words: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Which of the words that a column has mean yes and which no, as they are written; None where that is not plain.

    >>> pair(["N", "J"]), pair(["yes", "No", "yes"]), pair(["DE", "PH"]), pair(["y", "n", "j"])
    ((('J',), ('N',)), (('yes',), ('No',)), None, None)
    """
    written: dict[str, list[str]] = {}
    for word in dict.fromkeys(words):
        written.setdefault(key(plain(word)), []).append(plain(word))
    for yes, no in PAIRS:
        if written.keys() == {yes, no}:
            return tuple(dict.fromkeys(written[yes])), tuple(dict.fromkeys(written[no]))
    return None
