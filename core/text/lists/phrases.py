"""The owner's phrases: words and patterns by category, found in how a text reads, as evidence and never as a verdict.

`data/phrases.toml` has `format = 1` and a table for each category, with `phrases = [...]` and `patterns = [...]` (see
`core.text.lists.pattern`). They fit whole words, whatever their case, and however they are hidden. All are looked for
at once, one code point after another, so that the time does not depend on how many there are.

A version keeps the list that it was trained with, as it was written: it counts by that one for ever.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core import formats
from core.errors import BadOptionError
from core.store.strict_json import legible
from core.text.lists import lines
from core.text.lists.pattern import Pattern, PatternError, backward, literal, parsed, united
from core.text.normalise import normalised

FORMAT: Final = 1
FILE: Final = "phrases.toml"
MOST_CATEGORIES, MOST_PHRASES, LONGEST, MOST_POSITIONS = 50, 5_000, 200, 100_000
#: Bytes of a file that are read, and characters of a category's name.
MOST_BYTES, LONGEST_NAME = 2_000_000, 40
#: Steps that are remembered; beyond these all are forgotten, and found again.
_MOST_STEPS: Final = 50_000
_State = frozenset[int]
_NOWHERE: Final[_State] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase of a category, from code point `start` up to `end` of the text as sent."""

    category: str
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Phrases:
    """Patterns, each with its category. `source`: the file that says them, as it was written."""

    patterns: tuple[tuple[str, Pattern], ...]
    source: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the file, 64 hexadecimal digits: two lists with the same digest count the same."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    def number(self, category: str) -> int:
        """How many phrases and patterns a category has."""
        return sum(name == category for name, _ in self.patterns)

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(category for category, _ in self.patterns))

    def hits(self, text: str) -> tuple[Hit, ...]:
        """Where phrases stand in a text, in order: of each as long and as early as it fits, none in itself."""
        read = normalised(text)
        last: dict[int, int] = {}
        found = set()
        for start, end, number in sorted(
            (_begin(self._backward[number], read.text, end), -end, number)
            for number, end in self._machine.ends(read.text)
        ):
            if start >= last.get(number, 0):
                last[number] = -end
                found.add(Hit(self.patterns[number][0], int(read.at[start]), int(read.at[-end - 1]) + 1))
        return tuple(sorted(found, key=lambda hit: (hit.start, hit.end, hit.category)))

    def counts(self, texts: Sequence[str | None]) -> dict[str, npt.NDArray[np.float64]]:
        """How many phrases of each category stand in each text (n,), NaN where it is missing."""
        found = {category: np.zeros(len(texts)) for category in self.categories}
        for at, text in enumerate(texts):
            if text is None:
                for each in found.values():
                    each[at] = np.nan
            else:
                for hit in self.hits(text):
                    found[hit.category][at] += 1
        return found

    @cached_property
    def _backward(self) -> list[Pattern]:
        return [backward(pattern) for _, pattern in self.patterns]

    @cached_property
    def _machine(self) -> _Machine:
        return _Machine([pattern for _, pattern in self.patterns])


def load(path: Path) -> Phrases | None:
    """The phrases of a home, None where it has no such file, or one without any. Raises as `loads` does."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise BadOptionError(FILE, f"it cannot be read: {error.strerror}.") from error
    if len(content) > MOST_BYTES:
        raise BadOptionError(FILE, f"it has more than {MOST_BYTES:,} bytes: keep fewer phrases.")
    try:
        found = loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        at = content.count(b"\n", 0, error.start) + 1
        raise BadOptionError(FILE, f"line {at} is not in UTF-8: save the file as UTF-8.") from error
    return found if found.patterns else None


def loads(text: str) -> Phrases:
    """The phrases of a file. Raises BadOptionError for what is wrong with it, NewerFormatError."""
    try:
        raw = tomllib.loads(text)
        number = raw.pop("format", 1)
        formats.number(number, FILE, FORMAT)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadOptionError(FILE, f"it cannot be read as TOML: {legible(str(error))}.") from error
    except ValueError as error:
        raise BadOptionError(FILE, f"it {error}.") from error
    if len(raw) > MOST_CATEGORIES:
        raise BadOptionError(FILE, f"it has {len(raw)} categories; {MOST_CATEGORIES} are possible.")
    patterns = list[tuple[str, Pattern]]()
    positions = 0
    for name in raw:
        for pattern in _patterns(text, raw, name):
            patterns.append((name, pattern))
            positions += len(pattern.letters)
            if len(patterns) > MOST_PHRASES or positions > MOST_POSITIONS:
                raise BadOptionError(
                    FILE,
                    f"it has more than {MOST_PHRASES:,} phrases, or these more than {MOST_POSITIONS:,} characters.",
                )
    return Phrases(tuple(patterns), text)


def _patterns(source: str, raw: Mapping[str, Any], category: str) -> Iterator[Pattern]:
    table = raw[category]
    where = f"[{legible(category, LONGEST_NAME)}]"
    if not isinstance(table, Mapping) or table.keys() - {"phrases", "patterns"}:
        raise BadOptionError(FILE, f"{where} must be a table with phrases, patterns, or both.")
    if not category.strip() or not category.isprintable() or len(category) > LONGEST_NAME:
        raise BadOptionError(FILE, f"{where} needs a name that can be seen, of up to {LONGEST_NAME} characters.")
    for kind, made in (("phrases", _phrase), ("patterns", parsed)):
        for at, each in enumerate(_texts(table.get(kind, []), f"{kind} of {where}")):
            try:
                if len(each) > LONGEST:
                    raise PatternError(f"has more than {LONGEST} characters")  # noqa: TRY301 - told as the others are
                yield made(each.lower() if kind == "patterns" else each)
            except PatternError as error:
                line = lines.of_entry(source, each, _before(raw, category, kind, at))
                place = f"on line {line}, " if line else ""
                raise BadOptionError(
                    FILE, f'{place}entry {at + 1} in {kind} of {where}: "{legible(each, 60)}" {error}.'
                ) from error


def _before(raw: Mapping[str, Any], category: str, kind: str, at: int) -> int:
    """How many entries of the file say the same as one of them, and stand before it."""
    found = 0
    for name, table in raw.items():
        for each, entries in table.items() if isinstance(table, Mapping) else ():
            given = entries if isinstance(entries, list) else []
            own = (name, each) == (category, kind)
            found += (given[:at] if own else given).count(raw[category][kind][at])
            if own:
                return found
    return found


def _texts(given: Any, where: str) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise BadOptionError(FILE, f"{where} must be a list of texts.")
    return given


def _phrase(text: str) -> Pattern:
    read = normalised(text).text
    if not read:
        raise PatternError("has nothing that can be seen")
    return literal(read)


def _begin(pattern: Pattern, text: str, end: int) -> int:
    """Where the longest begins that ends here. pattern: backward. It is no longer than its positions."""
    found, state = end, pattern.first
    for at in range(end - 1, -1, -1):
        here = [each for each in state if pattern.letters[each].has(text[at])]
        if not here:
            break
        if _edge(text, at) and not pattern.last.isdisjoint(here):
            found = at
        state = _NOWHERE.union(*(pattern.after[each] for each in here))
    return found


def _edge(text: str, at: int) -> bool:
    """Whether no word goes on here."""
    return at == 0 or at == len(text) or not (_in_word(text[at - 1]) and _in_word(text[at]))


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


class _Machine:
    """All patterns at once. What is between two code points is the set of positions that fit up to there."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._all, self._whose = united(patterns)
        self._steps: dict[tuple[_State, str, bool], _State] = {}
        self._ends: dict[_State, frozenset[int]] = {}
        self._first: dict[str, _State] = {}

    def ends(self, text: str) -> list[tuple[int, int]]:
        """The number of each pattern that fits somewhere in a text, and where that ends."""
        found: list[tuple[int, int]] = []
        state = _NOWHERE
        word = False
        for at, character in enumerate(text):
            before, word = word, _in_word(character)
            edge = not (before and word)
            if edge and state:
                found += [(number, at) for number in self._ending(state)]
            step = (state, character, edge)
            known = self._steps.get(step)
            state = self._step(step) if known is None else known
        return found + [(number, len(text)) for number in self._ending(state)]

    def _step(self, step: tuple[_State, str, bool]) -> _State:
        state, character, edge = step
        possible = _NOWHERE.union(*(self._all.after[each] for each in state))
        found = self._having(possible, character)
        if edge:
            first = self._first.get(character)
            if first is None:
                first = self._first[character] = self._having(self._all.first, character)
            found |= first
        if len(self._steps) >= _MOST_STEPS:
            self._steps.clear()
            self._ends.clear()
            self._first.clear()
        self._steps[step] = found
        return found

    def _having(self, positions: _State, character: str) -> _State:
        return frozenset(each for each in positions if self._all.letters[each].has(character))

    def _ending(self, state: _State) -> frozenset[int]:
        found = self._ends.get(state)
        if found is None:
            found = self._ends[state] = frozenset(self._whose[each] for each in state & self._all.last)
        return found
