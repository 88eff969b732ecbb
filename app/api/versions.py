"""Versions of the API: the paths of `/v1`, and those of before it, which go on beside it."""

from __future__ import annotations

from typing import Final

V1: Final = "/v1"


def versioned(path: str) -> bool:
    """Whether it is a path of `/v1`, where what is not described is refused in the query too."""
    return path.startswith(f"{V1}/")


def unversioned(path: str) -> str:
    """The path without its version.

    >>> unversioned("/v1/predict"), unversioned("/predict"), unversioned("/v10")
    ('/predict', '/predict', '/v10')
    """
    return path.removeprefix(V1) if versioned(path) else path
