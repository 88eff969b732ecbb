"""Universal Binary JSON as XGBoost writes it, read as data: bounded by what is there, never by what it says of itself.

A part of the format (https://ubjson.org, draft 12) and nothing beside it: objects without a count, arrays with one,
texts, whole and floating numbers. Whoever reads a file first with this reader knows what XGBoost will see in it.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: Objects and arrays inside each other; a model has seven.
MOST_NESTED: Final = 16
#: Values of a file in all, those of a typed array counted as one: a model has about twenty for each tree.
MOST_VALUES: Final = 5_000_000
#: Bytes of a name or a text.
MOST_TEXT: Final = 10_000
_NUMBERS: Final = {
    ord(marker): struct.Struct(f">{code}") for marker, code in zip("iUIlLdD", "bBhiqfd", strict=True)
}  # fmt: skip
_TYPES: Final = {
    ord(marker): np.dtype(code) for marker, code in zip("UlLd", ("u1", ">i4", ">i8", ">f4"), strict=True)
}  # fmt: skip
_COUNT: Final = struct.Struct(">q")
_OBJECT, _END, _ARRAY, _TEXT, _LONG, _TYPED, _COUNTED = b"{}[SL$#"

Array = npt.NDArray[Any]


def read(content: bytes) -> object:
    """The one value that the bytes hold: a dict, a list, an array (m,) over the bytes, a text or a number.

    Raises ValueError, with a clause that says what is wrong, for anything else than such a file from end to end.
    """
    reader = _Reader(content)
    value = reader.value(0)
    if reader.at != len(content):
        raise ValueError(f"goes on after its end, at byte {reader.at:,}")
    return value


class _Reader:
    """Reads on from byte `at`."""

    def __init__(self, content: bytes) -> None:
        self._content, self._size = content, len(content)
        self.at, self._values = 0, 0

    def value(self, nested: int) -> object:
        self._values += 1
        if self._values > MOST_VALUES:
            raise ValueError(f"has more than {MOST_VALUES:,} values")
        marker = self._byte()
        if (number := _NUMBERS.get(marker)) is not None:
            return number.unpack(self._taken(number.size))[0]
        if marker == _TEXT:
            return self._text()
        if nested == MOST_NESTED:
            raise ValueError(f"is nested more than {MOST_NESTED} deep")
        if marker == _OBJECT:
            return self._object(nested + 1)
        if marker == _ARRAY:
            return self._array(nested + 1)
        raise ValueError(f"has no value at byte {self.at - 1:,}")

    def _object(self, nested: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while self._peek() != _END:
            name = self._text()
            if name in found:
                raise ValueError(f"has {name!r} twice in one place")
            found[name] = self.value(nested)
        self.at += 1
        return found

    def _array(self, nested: int) -> list[object] | Array:
        marker = self._byte()
        if marker == _TYPED:
            kind = _TYPES.get(self._byte())
            if kind is None or self._byte() != _COUNTED:
                raise ValueError(f"has an array of no known type at byte {self.at - 1:,}")
            size = self._count(kind.itemsize)
            return np.frombuffer(self._taken(size * kind.itemsize), kind)
        if marker != _COUNTED:
            raise ValueError(f"has an array without its length at byte {self.at - 1:,}")
        return [self.value(nested) for _ in range(self._count(1))]

    def _text(self) -> str:
        size = self._count(1)
        if size > MOST_TEXT:
            raise ValueError(f"has a text of {size:,} bytes")
        return self._taken(size).decode("utf-8")  # UnicodeDecodeError is a ValueError

    def _count(self, each: int) -> int:
        """How many follow, of at least `each` bytes: no more than there are bytes left."""
        if self._byte() != _LONG:
            raise ValueError(f"has no length at byte {self.at - 1:,}")
        count: int = _COUNT.unpack(self._taken(_COUNT.size))[0]
        if not 0 <= count * each <= self._size - self.at:
            raise ValueError(f"says that {count:,} values follow byte {self.at:,}, where it has {self._size:,} bytes")
        return count

    def _taken(self, size: int) -> bytes:
        self.at += size
        if self.at > self._size:
            raise ValueError(f"ends early, at byte {self._size:,}")
        return self._content[self.at - size : self.at]

    def _peek(self) -> int:
        if self.at >= self._size:
            raise ValueError(f"ends early, at byte {self._size:,}")
        return self._content[self.at]

    def _byte(self) -> int:
        number = self._peek()
        self.at += 1
        return number
