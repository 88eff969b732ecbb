"""Cursors: where a list goes on. Opaque to clients, and good for the list alone that has given them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Annotated, Final

from fastapi import Query

from app.api.problem_details import Problem

#: What a list and a number of its entries are called in a query.
Cursor = Annotated[
    str | None, Query(max_length=200, description="`next` of an answer, to go on from it; without, the list begins.")
]
#: Largest number in one.
_MOST: Final = 10**18


def made(of: str, *position: int) -> str:
    """A cursor of a list, named with its filters: what comes after this position is to be given next."""
    told = json.dumps([_digest(of), *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def position(text: str, of: str, numbers: int = 1) -> tuple[int, ...]:
    """The position in a cursor of this list. Raises Problem (422) for anything else.

    >>> position(made("runs", 7), "runs")
    (7,)
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        digest, *found = json.loads(base64.b64decode(padded, b"-_", validate=True))
    except (binascii.Error, UnicodeError, ValueError, TypeError, RecursionError):
        raise _broken() from None
    if digest != _digest(of) or len(found) != numbers or not all(type(n) is int and 0 <= n <= _MOST for n in found):
        raise _broken()
    return tuple(found)


def _digest(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()[:12]


def _broken() -> Problem:
    why = (
        "this is no cursor of this list. Send `next` of the answer before as it stands, with the same parameters, or "
        "leave it out to begin again."
    )
    return Problem(422, "bad_cursor", f"cursor: {why}", errors=[{"pointer": "query cursor", "detail": why}])
