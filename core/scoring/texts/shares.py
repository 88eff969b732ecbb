"""What each word of a text contributes to a score, and the words that say most, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.text.shown import escaped
from core.text.text_model import Word

#: How much more a word may count in the score than it does in the model of texts.
STEEPEST: Final = 3.0
#: Phrases that a reason names, and characters of each.
MOST, LONGEST = 3, 40
#: Characters between two words of one phrase.
_BETWEEN: Final = 2


def shared(words: Sequence[Word], push: float) -> tuple[Word, ...]:
    """The words with their shares of the contribution of their text, log-odds: these add up to it.

    The model turns the margin of the text, bias + sum of parts, into a contribution. Each word gets its part times
    what a unit of the sum is worth there, from 0 to `STEEPEST`; where the contribution is another one than that, as
    when it goes the other way, the rest is shared by the sizes of the parts.
    """
    total, size = sum(word.part for word in words), sum(abs(word.part) for word in words)
    if not size:
        return tuple([Word(word.start, word.end, push / len(words), word.undone) for word in words])
    slope = min(max(push / total, 0.0), STEEPEST) if total else 0.0
    rest = (push - slope * total) / size
    return tuple([
        Word(word.start, word.end, slope * word.part + rest * abs(word.part), word.undone) for word in words
    ])  # fmt: skip


def phrases(text: str, words: Sequence[Word], *, up: bool = True, most: int = MOST) -> tuple[Word, ...]:
    """The words that contribute most upwards (or downwards), the strongest first; neighbours are one phrase."""
    sign = 1.0 if up else -1.0
    wanted = sorted((word for word in words if sign * word.part > 0), key=lambda word: -sign * word.part)[: 2 * most]
    joined: list[Word] = []
    for word in sorted(wanted, key=lambda word: word.start):
        last = joined[-1] if joined else None
        near = last is not None and word.start - last.end <= _BETWEEN and not text[last.end : word.start].strip()
        if last is not None and near and word.end - last.start <= LONGEST:
            joined[-1] = Word(last.start, word.end, last.part + word.part, last.undone or word.undone)
        else:
            joined.append(word)
    return tuple(sorted(joined, key=lambda word: -sign * word.part)[:most])


def quoted(text: str, words: Sequence[Word]) -> str:
    """The words as a reason names them.

    >>> quoted("get free crypto", [Word(4, 15, 1.5, False)])
    '"free crypto"'
    """
    return ", ".join(f'"{_short(escaped(text[word.start : word.end]))}"' for word in words)


def _short(text: str) -> str:
    bare = " ".join(text.split())
    return bare if len(bare) <= LONGEST else f"{bare[: LONGEST - 1]}…"
