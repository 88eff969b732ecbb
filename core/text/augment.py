"""Texts as people would write them who make mistakes, or hide words: what a model also learns from, by a seed.

Only words of four letters or more are changed, each with a probability; a text in which none was is left out of the
answer of `augmented`, as it would only say the same twice.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Final, Literal

Way = Literal["swap", "drop", "double", "leet", "spaced", "dotted"]
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_LEET: Final = MappingProxyType(
    {"a": "4@", "b": "8", "e": "3", "g": "9", "i": "1!", "l": "1|", "o": "0", "s": "5$", "t": "7+"}
)


#: Those of the option *augment*; what is spaced or dotted is undone, and need not be learnt.
WAYS: Final[tuple[Way, ...]] = ("swap", "swap", "drop", "double", "leet")


def augmented(
    texts: Sequence[str | None], seed: int, *, share: float = 0.5, ways: Sequence[Way] = WAYS
) -> list[tuple[int, str]]:
    """One more text for each that has words to change: which text it is of, and what became of it.

    share: how probable it is for a word to be changed. The ways of a text are drawn for each word; one that is named
    twice is as probable again.
    """
    random_of = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    found = []
    for at, text in enumerate(texts):
        made = changed(text, random_of, share, ways) if text is not None else None
        if made is not None and made != text:
            found.append((at, made))
    return found


def changed(text: str, random_of: random.Random, share: float, ways: Sequence[Way]) -> str:
    """A text in which each word of four letters or more was changed with the probability `share`."""

    def word(found: re.Match[str]) -> str:
        if random_of.random() >= share:
            return found[0]
        return _WAYS[ways[random_of.randrange(len(ways))]](found[0], random_of)

    return _WORD.sub(word, text)


def _swap(word: str, random_of: random.Random) -> str:
    """Two letters inside the word change places, where they differ."""
    places = [at for at in range(1, len(word) - 2) if word[at] != word[at + 1]]
    if not places:
        return word
    at = places[random_of.randrange(len(places))]
    return f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}"


def _drop(word: str, random_of: random.Random) -> str:
    at = random_of.randrange(1, len(word))
    return word[:at] + word[at + 1 :]


def _double(word: str, random_of: random.Random) -> str:
    at = random_of.randrange(1, len(word))
    return word[:at] + word[at - 1] + word[at:]


def _leet(word: str, random_of: random.Random) -> str:
    """Up to all letters that have a sign are written by it."""
    return "".join(
        _LEET[small][random_of.randrange(len(_LEET[small]))] if small in _LEET and random_of.random() < 0.7 else each
        for each in word for small in (each.lower(),)
    )  # fmt: skip


def _spaced(word: str, random_of: random.Random) -> str:  # noqa: ARG001 - every way is asked alike
    return " ".join(word)


def _dotted(word: str, random_of: random.Random) -> str:  # noqa: ARG001
    return ".".join(word)


_WAYS: Final = MappingProxyType[str, Callable[[str, random.Random], str]](
    {"swap": _swap, "drop": _drop, "double": _double, "leet": _leet, "spaced": _spaced, "dotted": _dotted}
)
