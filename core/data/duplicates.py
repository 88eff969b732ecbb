"""Users who share every feature, and those among them who carry opposite labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Hashes = npt.NDArray[np.uint64]
#: Step and multipliers of splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))


@dataclass(frozen=True, slots=True)
class Alike:
    """`users` share every feature with another user, in `groups`; `copies` rows would go if each were kept once.

    `opposed` of the users, labelled ones, are in groups with both labels; `opposed_groups` counts these.
    """

    users: int
    groups: int
    copies: int
    opposed: int
    opposed_groups: int


def alike(frame: pd.DataFrame, names: Sequence[str], label: npt.NDArray[Any] | None = None) -> Alike:
    """Users (n rows) with the same values of the features `names`; missing equals missing, 0 equals -0.

    label (n,): 1 for a spammer, 0, NaN where not known.
    """
    _, group, size = np.unique(row_hashes(frame, names), return_inverse=True, return_counts=True)
    shared = size > 1
    known = np.full(len(frame), np.nan) if label is None else np.asarray(label, np.float64)
    spammers = np.bincount(group[known == 1], minlength=len(size))
    legitimate = np.bincount(group[known == 0], minlength=len(size))
    torn = (spammers > 0) & (legitimate > 0)
    return Alike(
        users=int(size[shared].sum()),
        groups=int(shared.sum()),
        copies=int((size - 1).sum()),
        opposed=int((spammers + legitimate)[torn].sum()),
        opposed_groups=int(torn.sum()),
    )


def row_hashes(frame: pd.DataFrame, names: Sequence[str]) -> Hashes:
    """A hash of the features of each row, (n,): the same for the same values.

    64 bits: that any two of 458,798 different rows share one has a probability of 6e-9.
    """
    hashes = np.zeros(len(frame), np.uint64)
    for name in names:
        values = frame[name].to_numpy(np.float64, copy=True)
        values += 0.0  # turns -0.0 into 0.0
        values[np.isnan(values)] = np.nan  # one of the many NaN there are
        hashes *= _STEP
        hashes ^= _mixed(values.view(np.uint64))
    return hashes


def _mixed(bits: Hashes) -> Hashes:
    """Spread every bit over all 64, in place."""
    bits += _STEP
    for shift, factor in _MIX:
        bits ^= bits >> shift
        bits *= factor
    bits ^= bits >> np.uint64(31)
    return bits
