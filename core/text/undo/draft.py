"""A text on its way to how it reads: what it is by now, and where in the text as sent each of its code points was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Kind = Literal["unseen", "marks", "styled", "look-alike", "leet", "spaced", "repeat"]
#: Small letters of the scripts that have capitals; then capitals, too.
SMALL: Final = "a-z\u00b5\u00df-\u00f6\u00f8-\u024f\u03ac-\u03ce\u0430-\u045f\u0461-\u0481\u048b-\u052f\u1e00-\u1eff"
CASED: Final = f"A-Z\u00c0-\u00d6\u00d8-\u00de\u0370-\u03ab\u0400-\u042f{SMALL}"
#: From so many spans on they are taken out by a mask.
_MANY_SPANS: Final = 64
CODES: Final = "utf-32-le"


class Place(NamedTuple):
    """Something undone, from code point `start` up to `end` of the text as sent."""

    start: int
    end: int
    kind: Kind


class Draft:
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
            codes = np.frombuffer(self.text.encode(CODES, "surrogatepass"), np.uint32)
            self.text = codes[keep].tobytes().decode(CODES, "surrogatepass")
        else:
            parts, last = [], 0
            for start, end in spans:
                keep[start:end] = False
                parts.append(self.text[last:start])
                last = end
            self.text = "".join(parts) + self.text[last:]
        self.at = at[keep]
