"""What of a repo may come into a home: known files of known formats, whole, and none that could run code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from core.errors import DamagedModelError, UnsafeFileError
from core.errors import listed as in_words
from core.hub import sandbox
from core.model import tree_check
from core.registry import bundle, registry
from core.registry.registry import BASELINE, NEEDED, SUMS, TREES, USERS
from core.registry.version_files import CATEGORIES, HEADS, PHRASES, TEXTS
from core.store.strict_json import legible

README: Final = "README.md"
NATIVE: Final = (*NEEDED, USERS, *TEXTS, PHRASES, CATEGORIES, *HEADS, SUMS)
#: What else a repo may hold; it is not taken.
BESIDE: Final = frozenset({README, bundle.METRICS, ".gitattributes", "LICENSE", "LICENSE.md", "LICENSE.txt"})
#: Formats that run code when they are loaded, or can be made to.
CODE: Final = frozenset(
    {".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".bin", ".ckpt", ".npy", ".npz", ".h5", ".hdf5", ".keras",
     ".mar", ".model", ".py", ".so", ".dll", ".sh", ".exe"}
)  # fmt: skip
#: Largest file taken, in bytes: a hundred times what a version of 450,000 users needs.
MOST: Final[Mapping[str, int]] = {
    TREES: tree_check.MOST_BYTES, BASELINE: 100_000_000, USERS: 500_000_000,
    **dict.fromkeys((*TEXTS, *HEADS), 64_000_000),
}  # fmt: skip
_MOST_TEXT: Final = 5_000_000


def most(name: str) -> int:
    """Largest file taken under this name, in bytes."""
    return MOST.get(name, _MOST_TEXT)


def accepted(sizes: Mapping[str, int | None], place: str) -> list[str]:
    """The native files among those of a repo: path -> bytes, None where that is not known.

    Raises UnsafeFileError when it holds anything that has no place in a version, or lacks what a version needs.
    """
    for name, size in sizes.items():
        if name in BESIDE:
            continue
        if name not in NATIVE:
            raise UnsafeFileError(place, legible(name), _why_not(name))
        if size is not None and size > most(name):
            raise UnsafeFileError(place, name, f"has {size:,} bytes, and no more than {most(name):,} are taken")
    if absent := [name for name in (*NEEDED, SUMS) if name not in sizes]:
        raise UnsafeFileError(place, in_words(absent), f"{'is' if len(absent) == 1 else 'are'} not there")
    return [name for name in NATIVE if name in sizes]


def _why_not(name: str) -> str:
    if PurePosixPath(name).suffix.lower() in CODE:
        return (
            "is of a format that can run code on whoever loads it, as a pickle does. "
            f"Only {in_words((*NEEDED, SUMS))} are taken: have the version uploaded as those"
        )
    if "/" in name or "\\" in name:
        return "is a path into another folder, and a version has none"
    return "is no file of a version"


def prove(folder: Path, place: str) -> None:
    """Raises UnsafeFileError unless every checksum fits, every file can be read, and the model scores many users.

    XGBoost and Arrow see what somebody else made in a process of its own only (`core.hub.sandbox`).
    """
    try:
        registry.looked_at(folder)
    except DamagedModelError as error:
        raise UnsafeFileError(place, error.file, legible(error.sentence, 200)) from error
    if (found := sandbox.fault(folder)) is not None:
        raise UnsafeFileError(place, *found)
