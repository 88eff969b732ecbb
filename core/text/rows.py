"""Texts as rows of hashed n-grams, found once and learnt from many times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

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
        first = np.zeros(len(texts) + 1, np.int64)
        buckets, counts = [], []
        for start, end in chunks(texts):
            bucket, count, ends = _counted(plain([text or "" for text in texts[start:end]]))
            buckets.append(bucket)
            counts.append(count)
            first[start + 1 : end + 1] = first[start] + ends
        return cls(_one(buckets, np.int32), _one(counts, np.uint8), first, missing, np.arange(len(missing)))

    def only(self, chosen: Array) -> TextRows:
        """Some of the rows, by their places or by a mask; nothing is copied but the places."""
        return TextRows(self.bucket, self.counts, self.first, self.missing, self.chosen[np.asarray(chosen)])

    def joined(self, other: TextRows) -> TextRows:
        """These rows, and then the others."""
        first = np.concatenate([self.first, self.first[-1] + other.first[1:]])
        chosen = np.concatenate([self.chosen, other.chosen + len(self.missing)])
        return TextRows(
            np.concatenate([self.bucket, other.bucket]), np.concatenate([self.counts, other.counts]), first,
            np.concatenate([self.missing, other.missing]), chosen,
        )  # fmt: skip

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


def _one(parts: Sequence[Array], kind: type[np.generic]) -> Array:
    if not parts:
        return np.empty(0, kind)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _counted(texts: Sequence[str]) -> tuple[Array, Array, Array]:
    """Buckets, counts and where the buckets of each text end."""
    from core.text.kernels import grams  # noqa: PLC0415 - the compiler is half a second's import

    codes = grams.codes("".join(texts))
    lengths = np.array([len(text) for text in texts], np.int64)
    first = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(lengths, out=first[1:])
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
