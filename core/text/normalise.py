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
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from core.text import look_alikes

VERSION: Final = 1
Ints = npt.NDArray[np.int64]
Kind = Literal["unseen", "marks", "styled", "look-alike", "leet", "spaced", "repeat"]


class Place(NamedTuple):
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
#: Small letters of the scripts that have capitals; then capitals, too.
_SMALL: Final = "a-z\u00b5\u00df-\u00f6\u00f8-\u024f\u03ac-\u03ce\u0430-\u045f\u0461-\u0481\u048b-\u052f\u1e00-\u1eff"
_CASED: Final = f"A-Z\u00c0-\u00d6\u00d8-\u00de\u0370-\u03ab\u0400-\u042f{_SMALL}"
#: What nobody sees; controls of Latin-1 come of wrong encodings, and hide nothing.
_CONTROL: Final = "\x80-\x84\x86-\x9f"
_HIDING: Final = (
    "\x00-\x08\x0e-\x1b\x7f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_UNSEEN: Final = re.compile(f"[{_HIDING}{_CONTROL}]+")
#: Emoji, and Arabic and Indian scripts, need some of it: it is undone between letters of others, and what turns the
#: direction of a text round everywhere.
_HIDDEN: Final = re.compile(f"(?<=[{_CASED}])[{_HIDING}]++(?=[{_CASED}])|[\u202d\u202e]+")
#: Marks of a run that are kept: to put more in order takes the square of their number.
_MOST_MARKS: Final = 8
_STACKED: Final = re.compile(f"[{_STACKING}]{{3,}}")
#: A letter with a mark that is no letter of its own, twice in a row: as h̷a̷t̷e̷ is written.
_STRUCK: Final = re.compile(f"(?:[{_CASED}][{_STACKING}]{{1,2}}){{2,}}")
_MARKS: Final = re.compile(f"[{_STACKING}]+")
#: Signs that read the same; among them those that Windows-1252 has where Latin-1 has controls.
_SAME: Final = dict(
    zip("‘’‚‛ʼʹ′`´\x91\x92“”„‟«»″\x93\x94–—‒―−‐‑\x96\x97İıΣς", "'" * 11 + '"' * 9 + "-" * 9 + "iiσσ", strict=True)
)
_SAME_SIGN: Final = re.compile(f"[{''.join(_SAME)}]")
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
_SIGNS: Final = re.escape("".join(_LEET))
#: What has letters and signs between spaces, without marks around it; no mention.
_LEET_WORD: Final = re.compile(
    rf"(?<!\S)[#\"'(|+]*+(?!@)([a-z']*+(?!!++(?![a-z]))[{_SIGNS}][{_SIGNS}a-z']*+)(?=[.,;:?!)\"']*+(?!\S))"
)
#: Signs between letters, or one at an end that is often read so.
_READ_AS_LETTERS: Final = re.compile(rf"[a-z][{_SIGNS}]++[a-z]|^[$!][a-z]|[a-z][$@]$")
#: Numbers with a unit, names with a number, two words at a mark, and other digits and signs that mean themselves.
_MEANT: Final = re.compile(
    r"[$+]?[\d.,:]+[a-z]{1,3}\d*|[a-z']+\$?\d+|\d{1,2}[a-z']+|.*\d{3}.*|\d+[('].*|[a-z']{4,}\(.*"
    r"|[a-z']{3,}!+[a-z']{3,}|[a-z']{2,}@[a-z]{4,}|.*@.*@.*|[a-z']{3,}[|+][a-z']{3,}|[^a-z]+"
)
_SPACED: Final = re.compile(
    rf"\b[{_SMALL}](?:(?P<gap>[ ]{{1,3}}|[.,·•]{{1,2}})[{_SMALL}](?:(?P=gap)[{_SMALL}]){{2,}}"
    rf"|(?P<sign>[\-_*~^+|/]{{1,2}})[{_SMALL}](?:(?P=sign)[{_SMALL}])+)(?![^\W_])"
)
#: A letter three times or more.
_REPEAT: Final = re.compile(rf"([{_SMALL}])\1\1+")
_ASCII_REPEAT: Final = re.compile(r"([a-z])\1\1+")
#: Words that are one letter, three times.
_WORDS_OF_ONE: Final = frozenset({"www", "xxx", "iii"})
_ALONE: Final = re.compile(r"\b\w{3}\b")
_SMALL_LETTER: Final = re.compile(f"[{_SMALL}]")
_GAPS: Final = re.compile(r"\s+")
#: The longest text that is kept for a while.
_MOST_KEPT: Final = 20_000
#: From so many spans on they are taken out by a mask.
_MANY_SPANS: Final = 64
_CODES: Final = "utf-32-le"


def normalised(text: str) -> Normalised:
    """A text as it reads, with the place that each of its code points came from. Takes time linear in its length."""
    return _lately(text) if len(text) <= _MOST_KEPT else _normalised(text)


def _normalised(text: str) -> Normalised:
    draft = _read(text) if _odd([text])[0] else _clean(text)
    draft.at.flags.writeable = False
    return Normalised(draft.text, draft.at, tuple(sorted(draft.places, key=lambda place: (place.start, place.end))))


#: One user's text is asked for several times, one time after the other: by its number, its counts, its words.
_lately = functools.lru_cache(maxsize=16)(_normalised)


def _read(text: str) -> _Draft:
    draft = _Draft(text)
    for step in _STEPS:
        step(draft)
    return draft


def _clean(text: str) -> _Draft:
    """A text in which nothing is odd."""
    draft = _Draft(text)
    draft.text = text.lower()
    _gaps(draft)
    return draft


def plain(texts: Sequence[str]) -> list[str]:
    """The texts as they read, alone: one look at all of them says which need more than small letters."""
    if len(texts) == 1:  # which may lately have been asked for
        return [normalised(texts[0]).text]
    return [
        _read(text).text if each else " ".join(text.lower().split())
        for text, each in zip(texts, _odd(texts), strict=True)
    ]


def places(texts: Sequence[str]) -> list[tuple[Place, ...]]:
    """What was undone in each text, alone, in no order."""
    return [tuple(_read(text).places) if each else () for text, each in zip(texts, _odd(texts), strict=True)]


def _odd(texts: Sequence[str]) -> list[bool]:
    # Imported here: numba takes a while, and whoever only names what is in here need not wait for it.
    from core.text.kernels import scan

    codes = np.frombuffer("".join(texts).encode(_CODES, "surrogatepass"), np.uint32)
    first = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=first[1:])
    found = np.empty(len(texts), np.bool_)
    scan.odd(codes, first, scan.KINDS, found)
    odd: list[bool] = found.tolist()
    return odd


class _Draft:
    """A text on its way to how it reads: every step changes it and keeps where its code points came from."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places: list[Place] = []
        self._at: Ints | None = None

    @property
    def at(self) -> Ints:
        """The code point of the text as sent that each of its own is from."""
        if self._at is None:
            self._at = np.arange(len(self.text))
        return self._at

    @at.setter
    def at(self, at: Ints) -> None:
        self._at = at

    def note(self, start: int, end: int, kind: Kind) -> None:
        """Keep that something was undone from `start` up to `end` of the text as it stands."""
        if self._at is None:
            self.places.append(Place(start, end, kind))
        else:
            self.places.append(Place(int(self._at[start]), int(self._at[end - 1]) + 1, kind))

    def drop(self, spans: Sequence[tuple[int, int]]) -> None:
        """Take spans out that are in order and apart."""
        if not spans:
            return
        at, keep = self.at, np.ones(len(self.text), np.bool_)
        if len(spans) > _MANY_SPANS:
            edges = np.zeros(len(self.text) + 1, np.int8)
            starts, ends = np.array(spans).T
            np.add.at(edges, starts, 1)
            np.add.at(edges, ends, -1)
            keep = np.cumsum(edges[:-1], dtype=np.int8) == 0
            codes = np.frombuffer(self.text.encode(_CODES, "surrogatepass"), np.uint32)
            self.text = codes[keep].tobytes().decode(_CODES, "surrogatepass")
        else:
            parts, last = [], 0
            for start, end in spans:
                keep[start:end] = False
                parts.append(self.text[last:start])
                last = end
            self.text = "".join(parts) + self.text[last:]
        self.at = at[keep]


def _unseen(draft: _Draft) -> None:
    """Drop what nobody sees."""
    spans = [run.span() for run in _UNSEEN.finditer(draft.text)]
    if spans:
        for run in _HIDDEN.finditer(draft.text):
            draft.note(*run.span(), "unseen")
        draft.drop(spans)


def _marks(draft: _Draft) -> None:
    """Drop marks that are stacked; of others so many that they are soon put in order."""
    if draft.text.isascii():
        return
    _drop_marks(draft, _STACKED)
    draft.drop([(run.start() + _MOST_MARKS, run.end()) for run in _joiners().many.finditer(draft.text)])


def _struck(draft: _Draft) -> None:
    """Drop marks that strike letters through, or stand on them where no language has them."""
    if not draft.text.isascii():
        _drop_marks(draft, _STRUCK)


def _drop_marks(draft: _Draft, pattern: re.Pattern[str]) -> None:
    spans = []
    for run in pattern.finditer(draft.text):
        draft.note(run.start(), run.end(), "marks")
        spans += [each.span() for each in _MARKS.finditer(draft.text, run.start(), run.end())]
    draft.drop(spans)


def _composed(draft: _Draft) -> None:
    """NFKC. A cluster is what Unicode puts together: its parts come from the places of the cluster's own."""
    if draft.text.isascii() or unicodedata.is_normalized("NFKC", draft.text):
        return
    for run in _STYLED.finditer(draft.text):
        draft.note(*run.span(), "styled")
    texts: list[str] = []
    at: list[int] = []
    last = 0
    for cluster in _joiners().clusters.finditer(draft.text):
        start, end = cluster.span()
        made = unicodedata.normalize("NFKC", cluster[0])
        if made == cluster[0]:
            continue
        texts += [draft.text[last:start], made]
        at += range(last, start)
        at += [min(start + i, end - 1) for i in range(len(made))]
        last = end
    at += range(last, len(draft.text))
    draft.at, draft.text = draft.at[at], "".join([*texts, draft.text[last:]])


@dataclass(frozen=True, slots=True)
class _Joiners:
    """What joins the character before it under NFKC: too many of it, and what it may change together with that."""

    many: re.Pattern[str]
    clusters: re.Pattern[str]


@functools.cache
def _joiners() -> _Joiners:
    first = (unicodedata.normalize("NFKD", chr(each))[0] for each in range(0x300, 0x1F252))
    every = "".join(chr(0x300 + i) for i, each in enumerate(first) if unicodedata.combining(each) or each in _COMPOSING)
    many = re.compile(f"[{every}]{{{_MOST_MARKS + 1},}}")
    return _Joiners(many, re.compile(f"[^\x00-\x7f][{every}]*|[\x00-\x7f][{every}]+"))


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
    draft.text = _ANYWHERE.sub(anywhere, draft.text)
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

    draft.text = _ALL_LETTERS.sub(word, draft.text)


def _foreign(word: str) -> bool:
    """Whether some letter of a word is of another script, and looks like none of the Latin one."""
    return not word.isascii() and any(each > "\u024f" and each not in look_alikes.LATIN for each in word)


def _small(draft: _Draft) -> None:
    draft.text = draft.text.lower()


def _same(draft: _Draft) -> None:
    draft.text = _SAME_SIGN.sub(lambda sign: _SAME[sign[0]], draft.text)


def _spaced(draft: _Draft) -> None:
    """Close the gaps of words written letter by letter."""
    spans = []
    for run in _SPACED.finditer(draft.text):
        start, end = run.span()
        gap = len(run["gap"] or run["sign"])
        draft.note(start, end, "spaced")
        spans += [(at, at + gap) for at in range(start + 1, end, gap + 1)]
    draft.drop(spans)


def _leet(draft: _Draft) -> None:
    def word(found: re.Match[str]) -> str:
        start = found.start(1) - found.start()
        core = found[1].rstrip("!(+|")
        if not _READ_AS_LETTERS.search(core) or _MEANT.fullmatch(core):
            return found[0]
        draft.note(found.start(1), found.start(1) + len(core), "leet")
        made = "".join(_LEET.get(each, each) for each in core)
        return found[0][:start] + made + found[0][start + len(core) :]

    draft.text = _LEET_WORD.sub(word, draft.text)


def _repeats(draft: _Draft) -> None:
    """Two of a letter are left of more. At the end of a word they are for emphasis, and hide nothing."""
    spans = []
    for run in (_ASCII_REPEAT if draft.text.isascii() else _REPEAT).finditer(draft.text):
        if run[0] in _WORDS_OF_ONE and _ALONE.match(draft.text, run.start()):
            continue
        if _SMALL_LETTER.match(draft.text, run.end()):
            draft.note(*run.span(), "repeat")
        spans.append((run.start() + 2, run.end()))
    draft.drop(spans)


def _gaps(draft: _Draft) -> None:
    """One space for white space, none at the ends."""
    joined = " ".join(draft.text.split())
    if joined == draft.text:
        return
    draft.drop([(gap.start() + 1, gap.end()) for gap in _GAPS.finditer(draft.text) if gap.end() - gap.start() > 1])
    start = len(draft.text) - len(draft.text.lstrip())
    draft.at = draft.at[start : start + len(joined)]
    draft.text = joined


_STEPS: Final[tuple[Callable[[_Draft], None], ...]] = (
    _same, _unseen, _marks, _composed, _struck, _look_alikes, _small, _spaced, _leet, _repeats, _gaps,
)  # fmt: skip
