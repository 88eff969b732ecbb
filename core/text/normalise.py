"""Text as it reads: what hides words from a program, but not from a person, is undone, and each place is kept.

Undone are: characters that nobody sees, stacked marks, letters of another script inside a word, l33t, words written
s p a c e d or d.o.t.t.e.d, and letters repeated more than twice. A word in one script stays in it. What is written
in another form of the same characters (NFKC), in capitals, or with more white space reads the same, and is no undoing.

What this module makes of a text decides its number for ever, so that a change of it is another version.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.text.undo import look_alikes, marks
from core.text.undo.draft import CASED, CODES, SMALL, Draft, Ints, Place

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text as it reads; `at` (len(text),): the code point of the text as sent that each of its own is from."""

    text: str
    at: Ints
    places: tuple[Place, ...] = ()

    @property
    def undone(self) -> int:
        return len(self.places)


#: What nobody sees; controls of Latin-1 come of wrong encodings, and hide nothing.
_CONTROL: Final = "\x80-\x84\x86-\x9f"
_HIDING: Final = (
    "\x00-\x08\x0e-\x1b\x7f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\U0010f800-\U0010ffff"
)
_UNSEEN: Final = re.compile(f"[{_HIDING}{_CONTROL}]+")
#: Emoji, and Arabic and Indian scripts, need some of it: it is undone between letters of others, and what turns the
#: direction of a text round everywhere.
_HIDDEN: Final = re.compile(f"(?<=[{CASED}])[{_HIDING}]++(?=[{CASED}])|[\u202d\u202e]+")
#: Signs that read the same; among them those that Windows-1252 has where Latin-1 has controls.
_SAME: Final = dict(
    zip("‘’‚‛ʼʹ′`´\x91\x92“”„‟«»″\x93\x94–—‒―−‐‑\x96\x97İıΣς", "'" * 11 + '"' * 9 + "-" * 9 + "iiσσ", strict=True)
)
_SAME_SIGN: Final = re.compile(f"[{''.join(_SAME)}]")
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
    rf"\b[{SMALL}](?:(?P<gap>[ ]{{1,3}}|[.,·•]{{1,2}})[{SMALL}](?:(?P=gap)[{SMALL}]){{2,}}"
    rf"|(?P<sign>[\-_*~^+|/]{{1,2}})[{SMALL}](?:(?P=sign)[{SMALL}])+)(?![^\W_])"
)
#: A letter three times or more.
_REPEAT: Final = re.compile(rf"([{SMALL}])\1\1+")
_ASCII_REPEAT: Final = re.compile(r"([a-z])\1\1+")
#: Words that are one letter, three times.
_WORDS_OF_ONE: Final = frozenset({"www", "xxx", "iii"})
_ALONE: Final = re.compile(r"\b\w{3}\b")
_SMALL_LETTER: Final = re.compile(f"[{SMALL}]")
_GAPS: Final = re.compile(r"\s+")
#: The longest text that is kept for a while, and how many are.
_MOST_KEPT, _MOST_TEXTS = 20_000, 16
_LATELY: Final[ContextVar[dict[str, Normalised] | None]] = ContextVar("lately", default=None)


def normalised(text: str) -> Normalised:
    """A text as it reads, with the place that each of its code points came from. Takes time linear in its length."""
    lately = _LATELY.get()
    if lately is None or len(text) > _MOST_KEPT:
        return _normalised(text)
    found = lately.get(text)
    if found is None:
        if len(lately) >= _MOST_TEXTS:
            lately.clear()
        found = lately[text] = _normalised(text)
    return found


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """While it lasts, a text that is asked for again is not read again: one user's is, by its number, its words and
    its places. No text is held beyond it.
    """
    token = _LATELY.set({})
    try:
        yield
    finally:
        _LATELY.reset(token)


def _normalised(text: str) -> Normalised:
    draft = _read(text) if _odd([text])[0] else _clean(text)
    draft.at.flags.writeable = False
    return Normalised(draft.text, draft.at, tuple(sorted(draft.places, key=lambda place: (place.start, place.end))))


def _read(text: str) -> Draft:
    draft = Draft(text)
    for step in _STEPS:
        step(draft)
    return draft


def _clean(text: str) -> Draft:
    """A text in which nothing is odd."""
    draft = Draft(text)
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

    codes = np.frombuffer("".join(texts).encode(CODES, "surrogatepass"), np.uint32)
    first = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=first[1:])
    found = np.empty(len(texts), np.bool_)
    scan.odd(codes, first, scan.KINDS, found)
    odd: list[bool] = found.tolist()
    return odd


def _unseen(draft: Draft) -> None:
    """Drop what nobody sees."""
    spans = [run.span() for run in _UNSEEN.finditer(draft.text)]
    if spans:
        for run in _HIDDEN.finditer(draft.text):
            draft.note(*run.span(), "unseen")
        draft.drop(spans)


def _look_alikes(draft: Draft) -> None:
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


def _small(draft: Draft) -> None:
    draft.text = draft.text.lower()


def _same(draft: Draft) -> None:
    draft.text = _SAME_SIGN.sub(lambda sign: _SAME[sign[0]], draft.text)


def _spaced(draft: Draft) -> None:
    """Close the gaps of words written letter by letter."""
    spans = []
    for run in _SPACED.finditer(draft.text):
        start, end = run.span()
        gap = len(run["gap"] or run["sign"])
        draft.note(start, end, "spaced")
        spans += [(at, at + gap) for at in range(start + 1, end, gap + 1)]
    draft.drop(spans)


def _leet(draft: Draft) -> None:
    def word(found: re.Match[str]) -> str:
        start = found.start(1) - found.start()
        core = found[1].rstrip("!(+|")
        if not _READ_AS_LETTERS.search(core) or _MEANT.fullmatch(core):
            return found[0]
        draft.note(found.start(1), found.start(1) + len(core), "leet")
        made = "".join(_LEET.get(each, each) for each in core)
        return found[0][:start] + made + found[0][start + len(core) :]

    draft.text = _LEET_WORD.sub(word, draft.text)


def _repeats(draft: Draft) -> None:
    """Two of a letter are left of more. At the end of a word they are for emphasis, and hide nothing."""
    spans = []
    for run in (_ASCII_REPEAT if draft.text.isascii() else _REPEAT).finditer(draft.text):
        if run[0] in _WORDS_OF_ONE and _ALONE.match(draft.text, run.start()):
            continue
        if _SMALL_LETTER.match(draft.text, run.end()):
            draft.note(*run.span(), "repeat")
        spans.append((run.start() + 2, run.end()))
    draft.drop(spans)


def _gaps(draft: Draft) -> None:
    """One space for white space, none at the ends."""
    joined = " ".join(draft.text.split())
    if joined == draft.text:
        return
    draft.drop([(gap.start() + 1, gap.end()) for gap in _GAPS.finditer(draft.text) if gap.end() - gap.start() > 1])
    start = len(draft.text) - len(draft.text.lstrip())
    draft.at = draft.at[start : start + len(joined)]
    draft.text = joined


_STEPS: Final[tuple[Callable[[Draft], None], ...]] = (
    _same, _unseen, marks.stacked, marks.composed, marks.struck, _look_alikes, _small, _spaced, _leet, _repeats, _gaps,
)  # fmt: skip
