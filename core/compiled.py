"""Loops that numba compiles, and keeps compiled for the next process where it can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled by numba, which keeps what it has compiled for the next process, where it can."""
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # neither the folder of this file nor one of the user may be written
        return njit(nogil=True)(function)
