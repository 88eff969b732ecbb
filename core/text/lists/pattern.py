"""Patterns of text that take a bounded time: a part of regular expressions in which nothing repeats without end.

There are characters, `.`, classes such as `[a-z0-9]` or `[^ ]`, `\\d`, `\\w` and `\\s`, groups, `|`, `?`, `{m}` and
`{m,n}`. A pattern becomes its positions (V. M. Glushkov, "The abstract theory of automata", 1961): which may come
first, which after which, and which last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

#: Repeats, groups in each other, and positions of a pattern, at most.
MOST_TIMES, DEEPEST, MOST_POSITIONS = 30, 8, 500
#: Parts that are read, those of a repeated group each time: groups may also be empty.
MOST_ATOMS: Final = 2_000
_PLAIN: Final = frozenset(".\\[](){}|?*+^$-/#@!&%=<>:;,\"'~ ")


class PatternError(ValueError):
    """What is wrong with a pattern, as a clause that goes on after it."""


@dataclass(frozen=True, slots=True)
class Letters:
    """Characters: those of ranges from first to last, digits, word characters or white space; or all others."""

    ranges: tuple[tuple[str, str], ...] = ()
    kinds: frozenset[str] = frozenset()
    others: bool = False

    def has(self, character: str) -> bool:
        within = (
            any(first <= character <= last for first, last in self.ranges)
            or ("w" in self.kinds and (character.isalnum() or character == "_"))
            or ("d" in self.kinds and character.isdecimal())
            or ("s" in self.kinds and character.isspace())
        )
        return within is not self.others


@dataclass(frozen=True, slots=True)
class Pattern:
    """The positions of a pattern: the characters of each, and which of them come first, after each, and last."""

    letters: tuple[Letters, ...]
    first: frozenset[int]
    after: tuple[frozenset[int], ...]
    last: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Part:
    first: frozenset[int]
    last: frozenset[int]
    empty: bool


_NOTHING: Final = _Part(frozenset(), frozenset(), True)


def literal(text: str) -> Pattern:
    """A pattern of these characters, one after the other."""
    n = len(text)
    return Pattern(
        tuple(Letters(((each, each),)) for each in text),
        frozenset({0}),
        tuple(frozenset({at + 1} if at + 1 < n else ()) for at in range(n)),
        frozenset({n - 1}),
    )


def parsed(text: str) -> Pattern:
    """The pattern that a text says. Raises PatternError for what is none, or might take long."""
    reader = _Reader(text)
    whole = reader.choice(0)
    if reader.at < len(text):
        reader.refuse("has a ) without its (")
    if whole.empty:
        reader.refuse("also fits where nothing is")
    return Pattern(tuple(reader.letters), whole.first, tuple(map(frozenset, reader.after)), whole.last)


class _Reader:
    """Reads a pattern from left to right, and numbers its positions."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = self.atoms = 0
        self.letters: list[Letters] = []
        self.after: list[set[int]] = []

    def refuse(self, clause: str) -> NoReturn:
        raise PatternError(clause)

    def choice(self, depth: int) -> _Part:
        """What stands between `|`."""
        if depth > DEEPEST:
            self.refuse(f"has more than {DEEPEST} groups in each other")
        parts = [self._sequence(depth)]
        while self._next("|"):
            parts.append(self._sequence(depth))
        return _Part(
            frozenset().union(*(part.first for part in parts)), frozenset().union(*(part.last for part in parts)),
            any(part.empty for part in parts),
        )  # fmt: skip

    def _sequence(self, depth: int) -> _Part:
        whole = _NOTHING
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            whole = self._joined(whole, self._repeated(depth))
        return whole

    def _repeated(self, depth: int) -> _Part:
        start = self.at
        part = self._atom(depth)
        least, most = self._times()
        if self.at < len(self.text) and self.text[self.at] in "?{*+":
            self._times()
            self.refuse("repeats what repeats already: put it once, as {m,n}")
        whole = _NOTHING if most == 0 else part
        after = self.at
        for time in range(1, most):
            self.at = start
            whole = self._joined(whole, self._or_nothing(self._atom(depth), time >= least))
        self.at = after
        return self._or_nothing(whole, least == 0)

    def _or_nothing(self, part: _Part, may: bool) -> _Part:  # noqa: FBT001
        return _Part(part.first, part.last, part.empty or may)

    def _times(self) -> tuple[int, int]:
        if self._next("?"):
            return 0, 1
        if self.at < len(self.text) and self.text[self.at] in "*+":
            self.refuse(f"has {self.text[self.at]}, which repeats without end: write how often, such as {{0,20}}")
        if not self._next("{"):
            return 1, 1
        end = self.text.find("}", self.at)
        least, comma, most = self.text[self.at : end].partition(",")
        if end < 0 or not (least.isascii() and least.isdigit()) or (comma and not (most.isascii() and most.isdigit())):
            self.refuse("has a { that does not say how often: write {3} or {0,20}")
        if len(least) > 3 or len(most) > 3 or max(int(least), int(most or 0)) > MOST_TIMES:
            self.refuse(f"repeats something more than {MOST_TIMES} times")
        if comma and int(most) < int(least):
            self.refuse("repeats something at least more often than at most")
        self.at = end + 1
        return int(least), int(most) if comma else int(least)

    def _atom(self, depth: int) -> _Part:
        self.atoms += 1
        if self.atoms > MOST_ATOMS:
            self._refuse_size()
        character = self.text[self.at]
        self.at += 1
        if character == "(":
            if self._next("?"):
                self.refuse("has (?, which is not known here: groups begin with ( alone")
            part = self.choice(depth + 1)
            if not self._next(")"):
                self.refuse("has a ( without its )")
            return part
        if character in "*+?{":
            self.refuse(f"has {character} where nothing stands that could repeat")
        if character in "^$":
            self.refuse(
                f"has {character}: patterns fit at words, wherever they stand; write \\{character} for the sign"
            )
        if character == "[":
            return self._position(self._class())
        if character == ".":
            return self._position(Letters(others=True))
        if character == "\\":
            return self._position(self._escaped())
        return self._position(Letters(((character, character),)))

    def _class(self) -> Letters:
        others = self._next("^")
        ranges: list[tuple[str, str]] = []
        kinds: set[str] = set()
        while not self._next("]"):
            if self.at >= len(self.text):
                self.refuse("has a [ without its ]")
            first = self._in_class()
            kinds |= first.kinds
            if not first.ranges:
                continue
            low = high = first.ranges[0][0]
            if self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2] not in {"]", ""}:
                self.at += 1
                last = self._in_class()
                if not last.ranges or last.ranges[0][0] < low:
                    self.refuse("has a range in [ ] that ends before it begins")
                high = last.ranges[0][0]
            ranges.append((low, high))
        if not ranges and not kinds:
            self.refuse("has [] in which nothing stands")
        return Letters(tuple(ranges), frozenset(kinds), others)

    def _in_class(self) -> Letters:
        if self.at >= len(self.text):
            self.refuse("has a [ without its ]")
        character = self.text[self.at]
        self.at += 1
        return self._escaped() if character == "\\" else Letters(((character, character),))

    def _escaped(self) -> Letters:
        character = self.text[self.at : self.at + 1]
        self.at += 1
        if character and character in "dws":
            return Letters(kinds=frozenset(character))
        if not character or character not in _PLAIN:
            self.refuse(f"has \\{character}, which is not known here")
        return Letters(((character, character),))

    def _position(self, letters: Letters) -> _Part:
        if len(self.letters) >= MOST_POSITIONS:
            self._refuse_size()
        self.letters.append(letters)
        self.after.append(set())
        only = frozenset({len(self.letters) - 1})
        return _Part(only, only, False)

    def _refuse_size(self) -> NoReturn:
        self.refuse(f"is too large: written out, it has more than {MOST_POSITIONS} characters")

    def _joined(self, one: _Part, other: _Part) -> _Part:
        for at in one.last:
            self.after[at] |= other.first
        return _Part(
            one.first | other.first if one.empty else one.first, one.last | other.last if other.empty else other.last,
            one.empty and other.empty,
        )  # fmt: skip

    def _next(self, character: str) -> bool:
        there = self.text[self.at : self.at + 1] == character
        self.at += there
        return there


def backward(pattern: Pattern) -> Pattern:
    """The pattern of the same texts, read from their end."""
    before: list[set[int]] = [set() for _ in pattern.letters]
    for at, after in enumerate(pattern.after):
        for each in after:
            before[each].add(at)
    return Pattern(pattern.letters, pattern.last, tuple(map(frozenset, before)), pattern.first)


def united(patterns: Sequence[Pattern]) -> tuple[Pattern, tuple[int, ...]]:
    """One pattern of all, and the number of the pattern that each of its positions is of."""
    letters: list[Letters] = []
    first: set[int] = set()
    after: list[frozenset[int]] = []
    last: set[int] = set()
    whose: list[int] = []
    for number, pattern in enumerate(patterns):
        begin = len(letters)
        letters += pattern.letters
        first |= {begin + at for at in pattern.first}
        after += [frozenset(begin + at for at in each) for each in pattern.after]
        last |= {begin + at for at in pattern.last}
        whose += [number] * len(pattern.letters)
    return Pattern(tuple(letters), frozenset(first), tuple(after), frozenset(last)), tuple(whose)
