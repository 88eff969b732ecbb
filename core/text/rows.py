"""Texts as rows of hashed n-grams, found once and learnt from many times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.text.kernels import grams
from core.text.normalise import plain

#: Code points of texts hashed at a time: what is worked in has a few hundred bytes for each.
CHUNK: Final = 500_000
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class TextRows:
    """The distinct n-grams of texts. Row i, in the order of `chosen`, has those from `first` to `first + size` there.

    bucket: int32 (all n-grams,); counts: uint8, how often each comes in its text, 255 for more; first: int64
    (texts + 1,); missing: (texts,); chosen: int64 (n,), which texts these rows are of.
    """

    bucket: Array
    counts: Array
    first: Array
    missing: npt.NDArray[np.bool_]
    chosen: Array

    def __len__(self) -> int:
        return len(self.chosen)

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> TextRows:
        """The rows of texts as they were sent; a text that is missing has none of anything, and its margin is NaN."""
        missing = np.array([text is None for text in texts], np.bool_)
        parts = [_counted(chunk) for chunk in _chunks(texts)]
        sizes = [np.diff(ends, prepend=0) for _, _, ends in parts]
        return cls(
            np.concatenate([np.empty(0, np.int32), *(bucket for bucket, _, _ in parts)]),
            np.concatenate([np.empty(0, np.uint8), *(counts for _, counts, _ in parts)]),
            np.concatenate([[0], np.cumsum(np.concatenate([np.empty(0, np.int64), *sizes]))]),
            missing,
            np.arange(len(missing)),
        )

    def only(self, chosen: Array) -> TextRows:
        """Some of the rows, by their places or by a mask; nothing is copied but the places."""
        return TextRows(self.bucket, self.counts, self.first, self.missing, self.chosen[np.asarray(chosen)])

    @property
    def absent(self) -> npt.NDArray[np.bool_]:
        """Of which rows the text is missing (n,)."""
        return self.missing[self.chosen]


def chunks(texts: Sequence[str | None]) -> Iterator[tuple[int, int]]:
    """From where up to where texts have some CHUNK code points together."""
    start = size = 0
    for at, text in enumerate(texts):
        length = 1 if text is None else len(text) + 1
        if size and size + length > CHUNK:
            yield start, at
            start, size = at, 0
        size += length
    if size:
        yield start, len(texts)


def _chunks(texts: Sequence[str | None]) -> Iterator[list[str]]:
    for start, end in chunks(texts):
        yield plain([text or "" for text in texts[start:end]])


def _counted(texts: Sequence[str]) -> tuple[Array, Array, Array]:
    """Buckets, counts and where the buckets of each text end."""
    codes = grams.codes("".join(texts))
    lengths = np.array([len(text) for text in texts], np.int64)
    first = np.concatenate([[0], np.cumsum(lengths)])
    most = np.minimum(grams.PER_CODE * lengths + grams.MORE, grams.BUCKETS)
    longest = int(grams.PER_CODE * lengths.max() + grams.MORE)
    slots = min(1 << (2 * longest - 1).bit_length(), grams.BUCKETS)
    bucket, counts = np.empty(int(most.sum()), np.int32), np.empty(int(most.sum()), np.uint8)
    ends = np.empty(len(texts), np.int64)
    used = grams.count(
        codes, first, grams.kinds(codes), bucket, counts, ends, np.zeros(slots, np.int32),
        np.empty((3, longest), np.int32),
    )  # fmt: skip
    return bucket[:used].copy(), counts[:used].copy(), ends
