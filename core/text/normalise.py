"""Text as it reads: what hides words from a program, but not from a person, is undone, and each place is kept.

Undone are: characters that nobody sees, stacked marks, letters of another script inside a word, l33t, words written
s p a c e d or d.o.t.t.e.d, and letters repeated more than twice. A word in one script stays in it. What is written
in another form of the same characters (NFKC), in capitals, or with more white space reads the same, and is no undoing.

What this module makes of a text decides its number for ever, so that a change of it is another version.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from core.text import look_alikes

VERSION: Final = 1
Ints = npt.NDArray[np.int64]
Kind = Literal["unseen", "marks", "styled", "look-alike", "leet", "spaced", "repeat"]


@dataclass(frozen=True, slots=True)
class Place:
    """Something undone, from code point `start` up to `end` of the text as sent."""

    start: int
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text as it reads; `at` (len(text),): the code point of the text as sent that each of its own is from."""

    text: str
    at: Ints
    places: tuple[Place, ...] = ()

    @property
    def undone(self) -> int:
        return len(self.places)


#: Marks that may stand on a letter without end; what the stacked ones of "Zalgo" texts are taken from.
_STACKING: Final = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
#: Letters of the scripts that have capitals, without them.
_SMALL: Final = "a-z\u00b5\u00df-\u00f6\u00f8-\u024f\u03ac-\u03ce\u0430-\u045f\u0461-\u0481\u048b-\u052f\u1e00-\u1eff"
_CASED: Final = f"A-Z\u00c0-\u00d6\u00d8-\u00de\u0370-\u03ab\u0400-\u042f{_SMALL}"
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
#: What turns the direction of a text round is undone wherever it stands.
_OVERRIDE: Final = re.compile("[\u202d\u202e]")
_LETTER: Final = re.compile(f"[{_CASED}]")
#: Marks of a run that are kept: to put more in order takes the square of their number.
_MOST_MARKS: Final = 8
_STACKED: Final = re.compile(f"[{_STACKING}]{{3,}}")
#: A letter with a mark that is no letter of its own, twice in a row: as h̷a̷t̷e̷ is written.
_STRUCK: Final = re.compile(f"(?:[{_CASED}][{_STACKING}]{{1,2}}){{2,}}")
_MARKS: Final = re.compile(f"[{_STACKING}]+")
_SAME: Final = str.maketrans("‘’‚‛ʼʹ′`´“”„‟«»″–—‒―−‐‑İıΣς", "'''''''''\"\"\"\"\"\"\"-------iiσσ")
#: Latin letters in forms of their own: full-width, mathematical, circled, in brackets.
_STYLED: Final = re.compile(
    "[\uff21-\uff3a\uff41-\uff5a\u249c-\u24e9\u2100-\u214f\U0001d400-\U0001d6a3\U0001f110-\U0001f149]{2,}"
)
_ALL_LETTERS: Final = re.compile(r"[^\W\d_]+")
_ASCII_LETTER: Final = re.compile("[A-Za-z]")
_CYRILLIC: Final = re.compile(f"[{look_alikes.CYRILLIC_RANGE}]")
_ANYWHERE: Final = re.compile(f"[{''.join(look_alikes.ANYWHERE)}]+")
_LOOK_ALIKE: Final = re.compile(f"[{''.join(look_alikes.LATIN)}]")
_ONLY_LOOK_ALIKES: Final = re.compile(f"[A-Za-z{''.join(look_alikes.LATIN)}]+")
_LEET: Final = dict(zip("4@31!05$78|9(+€", "aaeiiosstblgcte", strict=True))
_LEET_SIGNS: Final = re.escape("".join(_LEET))
_LEET_WORD: Final = re.compile(
    rf"(?<!\S)[#\"'(]?([{_LEET_SIGNS}a-z']*[a-z][{_LEET_SIGNS}a-z']*)(?=[.,;:?!)\"']*(?!\S))"
)
_LEET_SIGN: Final = re.compile(f"[{_LEET_SIGNS}]")
#: Numbers with a unit, names with a number, and what else has digits and means them.
_MEANT: Final = re.compile(
    r"[\d.,:]+[a-z]{1,3}\d*|[a-z']+\d+|\d[a-z]+|.*\d{3}.*|[a-z']+[(|+][a-z']+|[a-z']{3,}!+[a-z']{3,}|@.*|.*[a-z]\("
)
_SPACED: Final = re.compile(
    rf"(?<![^\W_])[{_SMALL}](?P<gap>[ ]{{1,3}}|[.\-_*~^+|/,·•]{{1,2}})[{_SMALL}](?:(?P=gap)[{_SMALL}])+(?![^\W_])"
)
_REPEAT: Final = re.compile(rf"([{_SMALL}])\1{{2,}}")
_GAPS: Final = re.compile(r"\s+")
#: Without any of this, a text in small letters reads as it is written.
_ODD: Final = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\U0010ffff`]|([a-z])\1\1|[a-z'][4@31!05$78|9(+]+[a-z]|[4@31!05$78|9(+]{1,2}[a-z]"
    r"|(?<![a-z0-9])[a-z][ .\-_*~^+|/,]{1,3}[a-z][ .\-_*~^+|/,]{1,3}[a-z](?![a-z0-9])"
)


def normalised(text: str) -> Normalised:
    """A text as it reads, with the place that each of its code points came from. Takes time linear in its length."""
    draft = _Draft(text)
    if _odd(text):
        for step in _STEPS:
            step(draft)
    else:
        draft.text = text.lower()
    draft.close_gaps()
    return Normalised(draft.text, draft.at, tuple(sorted(draft.places, key=lambda place: (place.start, place.end))))


def plain(texts: Sequence[str]) -> list[str]:
    """The text alone of each, which takes less time where few have something to undo."""
    return [normalised(text).text if _odd(text) else " ".join(text.lower().split()) for text in texts]


def _odd(text: str) -> bool:
    return _ODD.search(text.lower()) is not None


class _Draft:
    """A text on its way to how it reads: every step changes it and keeps where its code points came from."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at: Ints = np.arange(len(text))
        self.places: list[Place] = []

    def note(self, start: int, end: int, kind: Kind) -> None:
        """Keep that something was undone from `start` up to `end` of the text as it stands."""
        self.places.append(Place(int(self.at[start]), int(self.at[end - 1]) + 1, kind))

    def drop(self, spans: Sequence[tuple[int, int]]) -> None:
        """Take spans out that are in order and apart."""
        if not spans:
            return
        keep = np.ones(len(self.text), np.bool_)
        parts, last = [], 0
        for start, end in spans:
            keep[start:end] = False
            parts.append(self.text[last:start])
            last = end
        self.text = "".join(parts) + self.text[last:]
        self.at = self.at[keep]

    def replace(self, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]) -> None:
        """Put something as long in the place of each match."""
        self.text = pattern.sub(by, self.text)

    def close_gaps(self) -> None:
        """One space for white space, none at the ends."""
        joined = " ".join(self.text.split())
        if joined == self.text:
            return
        spans = [(gap.start() + 1, gap.end()) for gap in _GAPS.finditer(self.text) if gap.end() - gap.start() > 1]
        self.drop(spans)
        start = len(self.text) - len(self.text.lstrip())
        self.at = self.at[start : start + len(joined)]
        self.text = joined


def _unseen(draft: _Draft) -> None:
    """Drop what nobody sees. Emoji, Arabic and Indian scripts need some of it, so that it counts in others alone."""
    spans = []
    text = draft.text
    for found in _UNSEEN.finditer(text):
        start, end = found.span()
        spans.append((start, end))
        inside = start and _LETTER.match(text, start - 1) and _LETTER.match(text, end)
        if inside or _OVERRIDE.search(text, start, end):
            draft.note(start, end, "unseen")
    draft.drop(spans)


def _marks(draft: _Draft) -> None:
    """Drop marks that are stacked; of others so many that they are soon put in order."""
    _drop_marks(draft, _STACKED)
    joiners, _ = _joiners()
    draft.drop(
        [(run.start() + _MOST_MARKS, run.end()) for run in re.finditer(f"[{joiners}]{{{_MOST_MARKS},}}", draft.text)]
    )


def _struck(draft: _Draft) -> None:
    """Drop marks that strike letters through, or stand on them where no language has them."""
    _drop_marks(draft, _STRUCK)


def _drop_marks(draft: _Draft, pattern: re.Pattern[str]) -> None:
    spans = []
    for run in pattern.finditer(draft.text):
        draft.note(run.start(), run.end(), "marks")
        spans += [each.span() for each in _MARKS.finditer(draft.text, run.start(), run.end())]
    draft.drop(spans)


def _composed(draft: _Draft) -> None:
    """NFKC. A cluster is what Unicode puts together: its parts come from the places of the cluster's own."""
    if unicodedata.is_normalized("NFKC", draft.text):
        return
    for run in _STYLED.finditer(draft.text):
        draft.note(*run.span(), "styled")
    texts, ats, last = [], [], 0
    for cluster in _joiners()[1].finditer(draft.text):
        start, end = cluster.span()
        made = unicodedata.normalize("NFKC", cluster[0])
        if made == cluster[0]:
            continue
        texts += [draft.text[last:start], made]
        ats += [draft.at[last:start], draft.at[start + np.minimum(np.arange(len(made)), end - start - 1)]]
        last = end
    draft.text = "".join([*texts, draft.text[last:]])
    draft.at = np.concatenate([*ats, draft.at[last:]])


@functools.cache
def _joiners() -> tuple[str, re.Pattern[str]]:
    """What joins the character before it under NFKC, as a class of a pattern; and a pattern of what it may change."""
    first = (unicodedata.normalize("NFKD", chr(each))[0] for each in range(0x300, 0x1F252))
    joining = "".join(
        chr(0x300 + i) for i, each in enumerate(first) if unicodedata.combining(each) or each in _COMPOSING
    )
    return joining, re.compile(f"[^\x00-\x7f][{joining}]*|[\x00-\x7f][{joining}]+")


#: Characters that are no marks and yet are put together with the one before: vowels of Hangul and of India.
_COMPOSING: Final = frozenset(
    "\u09be\u09d7\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0cc2\u0cd5\u0cd6\u0d3e\u0d57\u0dcf\u0ddf\u102e\u1b35"
    "\U0001133e\U00011357\U000114b0\U000114ba\U000114bd\U000115af\U00011930\U00011127"
    + "".join(map(chr, [*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]))
)


def _look_alikes(draft: _Draft) -> None:
    def anywhere(run: re.Match[str]) -> str:
        draft.note(*run.span(), "look-alike")
        return "".join(look_alikes.ANYWHERE[each] for each in run[0])

    if draft.text.isascii():
        return
    draft.replace(_ANYWHERE, anywhere)
    if not (_LOOK_ALIKE.search(draft.text) and _ASCII_LETTER.search(draft.text)):
        return
    # In a Latin text whose other letters all look Latin, words of these alone are meant to be read so, too.
    latin = not any(map(_foreign, _ALL_LETTERS.findall(draft.text)))

    def word(found: re.Match[str]) -> str:
        text = found[0]
        if text.isascii() or not (latin or _ASCII_LETTER.search(text)):
            return text
        made = text
        if _ONLY_LOOK_ALIKES.fullmatch(text):
            made = "".join(look_alikes.LATIN.get(each, each) for each in text)
        elif _CYRILLIC.search(text) and all(each in look_alikes.CYRILLIC for each in _ASCII_LETTER.findall(text)):
            made = "".join(look_alikes.CYRILLIC.get(each, each) for each in text)
        if made != text:
            draft.note(*found.span(), "look-alike")
        return made

    draft.replace(_ALL_LETTERS, word)


def _foreign(word: str) -> bool:
    """Whether some letter of a word is of another script, and looks like none of the Latin one."""
    return not word.isascii() and any(each > "\u024f" and each not in look_alikes.LATIN for each in word)


def _small(draft: _Draft) -> None:
    draft.text = draft.text.translate(_SAME).lower()


def _spaced(draft: _Draft) -> None:
    """Close the gaps of words written letter by letter."""
    spans = []
    for run in _SPACED.finditer(draft.text):
        start, end = run.span()
        gap = len(run["gap"])
        draft.note(start, end, "spaced")
        spans += [(at, at + gap) for at in range(start + 1, end, gap + 1)]
    draft.drop(spans)


def _leet(draft: _Draft) -> None:
    def word(found: re.Match[str]) -> str:
        start = found.start(1) - found.start()
        core = found[1].rstrip("!(")
        if not _LEET_SIGN.search(core) or _MEANT.fullmatch(core):
            return found[0]
        draft.note(found.start(1), found.start(1) + len(core), "leet")
        made = "".join(_LEET.get(each, each) for each in core)
        return found[0][:start] + made + found[0][start + len(core) :]

    draft.replace(_LEET_WORD, word)


def _repeats(draft: _Draft) -> None:
    """Two of a letter are left of more."""
    spans = []
    for run in _REPEAT.finditer(draft.text):
        draft.note(*run.span(), "repeat")
        spans.append((run.start() + 2, run.end()))
    draft.drop(spans)


_STEPS: Final[tuple[Callable[[_Draft], None], ...]] = (
    _unseen, _marks, _composed, _struck, _look_alikes, _small, _spaced, _leet, _repeats,
)  # fmt: skip
