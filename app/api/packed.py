"""Bodies that come packed: unpacked piece by piece, so that none is ever in memory that is larger than may be."""

from __future__ import annotations

import zlib
from typing import Final

from app.api.problem_details import Problem

#: Codings of a body that are read, as RFC 9110 names them; a body without any is as it is.
GZIP: Final = frozenset({"gzip", "x-gzip"})
PLAIN: Final = frozenset({"", "identity"})
#: Bytes of a piece: a thousandth of that may unpack to it.
PIECE: Final = 256 * 1024
#: zlib, told to read the format of gzip.
_FORMAT: Final = 16 + zlib.MAX_WBITS


class Packed:
    """A body in the format of gzip (RFC 1952): of one member, or of several one after another."""

    def __init__(self) -> None:
        self._left = b""
        self._member = zlib.decompressobj(_FORMAT)
        self._begun = False

    def give(self, packed: bytes) -> None:
        """Have more of it to unpack."""
        self._left += packed
        self._begun = self._begun or bool(packed)

    def take(self) -> bytes:
        """The next piece; nothing where more must be given. Raises Problem (400) for what is not gzip."""
        piece = b""
        while self._left and not piece:
            if self._member.eof:
                self._member = zlib.decompressobj(_FORMAT)
            try:
                piece = self._member.decompress(self._left, PIECE)
            except zlib.error:
                raise _not_gzip("it is something else, or damaged") from None
            self._left = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return piece

    def check_whole(self) -> None:
        """Raises Problem (400) where the body ends before gzip does."""
        if self._begun and not self._member.eof:
            raise _not_gzip("it is cut off")


def _not_gzip(why: str) -> Problem:
    return Problem(400, "not_gzip", f"The body is called gzip by Content-Encoding, and cannot be unpacked: {why}.")
