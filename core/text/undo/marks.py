"""Marks and forms of letters: what Unicode puts together is (NFKC), and what is heaped on letters to hide them goes."""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from core.text.undo.draft import CASED, Draft

#: Marks that may stand on a letter without end; what the stacked ones of "Zalgo" texts are taken from.
_STACKING: Final = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
#: Marks of a run that are kept: to put more in order takes the square of their number.
_MOST_MARKS: Final = 8
_STACKED: Final = re.compile(f"[{_STACKING}]{{3,}}")
#: A letter with a mark that is no letter of its own, twice in a row: as h̷a̷t̷e̷ is written.
_STRUCK: Final = re.compile(f"(?:[{CASED}][{_STACKING}]{{1,2}}){{2,}}")
_MARKS: Final = re.compile(f"[{_STACKING}]+")
#: Latin letters in forms of their own: full-width, mathematical, circled, in brackets.
_STYLED: Final = re.compile(
    "[\uff21-\uff3a\uff41-\uff5a\u249c-\u24e9\u2100-\u214f\U0001d400-\U0001d6a3\U0001f110-\U0001f149]{2,}"
)


def stacked(draft: Draft) -> None:
    """Drop marks that are stacked; of others so many that they are soon put in order."""
    if draft.text.isascii():
        return
    _drop_marks(draft, _STACKED)
    draft.drop([(run.start() + _MOST_MARKS, run.end()) for run in _joiners().many.finditer(draft.text)])


def struck(draft: Draft) -> None:
    """Drop marks that strike letters through, or stand on them where no language has them."""
    if not draft.text.isascii():
        _drop_marks(draft, _STRUCK)


def _drop_marks(draft: Draft, pattern: re.Pattern[str]) -> None:
    spans = []
    for run in pattern.finditer(draft.text):
        draft.note(run.start(), run.end(), "marks")
        spans += [each.span() for each in _MARKS.finditer(draft.text, run.start(), run.end())]
    draft.drop(spans)


def composed(draft: Draft) -> None:
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
