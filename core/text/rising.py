"""Words that rise: those that more of some texts have than of the texts that a model has learnt from.

A model has no words, only how many of its texts had each bucket. So a word is named from the new texts, and compared
with its bucket, which other words may share: it is never said to have risen more than it has.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.text.kernels import grams, parts
from core.text.normalise import plain
from core.text.text_model import TextModel

#: Texts that must have a word for it to be named: what few write may tell who they are.
LEAST_TEXTS: Final = 5
#: How probable it may be that any word at all is named though none has risen.
_ERROR: Final = 0.05


@dataclass(frozen=True, slots=True)
class Rise:
    """A word as it reads, how many of the new texts have it, and the share of texts then and before."""

    word: str
    texts: int
    share: float
    before: float


def rising(model: TextModel, texts: Sequence[str | None], *, most: int = 20) -> tuple[Rise, ...]:
    """The words that have risen, beyond what chance makes of so many words, those first of which that is plainest.

    By the log-likelihood ratio of T. Dunning, "Accurate methods for the statistics of surprise and coincidence",
    Computational Linguistics 19 (1993), with the level of Bonferroni.
    """
    read = plain([text for text in texts if text is not None])
    counted = Counter(word for text in read for word in words(text))
    often = {word: number for word, number in counted.items() if number >= LEAST_TEXTS and word[0].isalnum()}
    if not often or not model.texts:
        return ()
    seen = np.zeros(grams.BUCKETS, np.int64)
    seen[model.buckets] = model.seen
    found = []
    for word, number in often.items():
        before = int(seen[word_bucket(word)])
        rise = Rise(word, number, number / len(read), before / model.texts)
        surprise = _surprise(number, len(read), before, model.texts)
        if rise.share > rise.before and math.erfc(math.sqrt(surprise / 2)) < _ERROR / len(often):
            found.append((surprise, rise))
    return tuple(rise for _, rise in sorted(found, key=lambda each: (-each[0], each[1].word))[:most])


def words(text: str) -> set[str]:
    """The distinct words of a text as it reads."""
    codes = grams.codes(text)
    start, stop, word = np.empty((3, len(codes)), np.int32)
    n = parts.words(codes, grams.kinds(codes), start, stop, word)
    return {text[begin:end] for begin, end in zip(start[:n].tolist(), stop[:n].tolist(), strict=True)}


def word_bucket(word: str) -> int:
    """The bucket of a word as it reads."""
    codes = grams.codes(word)
    bucket, start, stop = np.empty((3, grams.PER_CODE * len(codes) + grams.MORE), np.int32)
    return int(bucket[grams.occurrences(codes, 0, len(codes), grams.kinds(codes), bucket, start, stop) - 1])


def _surprise(number: int, of: int, before: int, of_before: int) -> float:
    """Twice the log-likelihood ratio of two shares, about chi-squared with one degree of freedom where they are one."""
    together = (number + before) / (of + of_before)
    return 2 * (
        _log_likelihood(number, of, number / of) + _log_likelihood(before, of_before, before / of_before)
        - _log_likelihood(number, of, together) - _log_likelihood(before, of_before, together)
    )  # fmt: skip


def _log_likelihood(number: int, of: int, share: float) -> float:
    some = number * math.log(share) if number else 0.0
    return some + (of - number) * math.log1p(-share) if number < of else some
