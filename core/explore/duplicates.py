"""Users who share every feature, and those among them who carry opposite labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data.split import row_hashes

Ints = npt.NDArray[np.int64]


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


def groups(frame: pd.DataFrame, names: Sequence[str]) -> Ints:
    """The group of each user who shares every feature with another, (n,), 0 for those who share them with nobody.

    Groups are numbered from 1, the largest first, equally large ones in the order of their first rows.
    """
    _, first, group, size = np.unique(
        row_hashes(frame, names), return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -size))
    number = np.empty(len(size), np.int64)
    number[order] = np.arange(1, len(size) + 1)
    return np.where(size > 1, number, 0)[group]


def duplicates(group: Ints, users: pd.DataFrame) -> pd.DataFrame:
    """The users (n rows, any columns, indexed by input row) who are in a group (n,) of `groups`, group by group.

    Columns: group, row (the index), then those of `users`.
    """
    at = np.flatnonzero(group > 0)
    at = at[np.argsort(group[at], kind="stable")]
    return _beside({"group": group[at], "row": users.index[at]}, users.iloc[at])


def opposites(group: Ints, label: npt.NDArray[Any], ids: pd.Series[Any], users: pd.DataFrame) -> pd.DataFrame:
    """Users alike in every feature with opposite labels, side by side: in each line a spammer and a legitimate user
    of one group, empty (missing) where the group has no more of them.

    group (n,) as of `groups`, label (n,) of 1, 0 and NaN, ids (n,) and users (n rows) with the features, both indexed
    by input row. Columns: group, spammer_row, spammer, legitimate_row, legitimate (ids), then those of `users`.
    """
    known = np.asarray(label, np.float64)
    torn = np.isin(group, group[known == 1]) & np.isin(group, group[known == 0]) & (group > 0)
    spammers = _ranked(group, torn & (known == 1), ids, "spammer")
    legitimate = _ranked(group, torn & (known == 0), ids, "legitimate")
    merged = spammers.merge(legitimate, on=["group", "place"], how="outer", sort=True)
    row = merged["spammer_row"].fillna(merged["legitimate_row"]).astype(users.index.dtype)
    return _beside({str(name): merged[name].array for name in merged if name != "place"}, users.loc[row])


def _ranked(group: Ints, values: npt.NDArray[np.bool_], ids: pd.Series[Any], who: str) -> pd.DataFrame:
    """Those kept: group, place among those of their group (from 0), row and id."""
    at = np.flatnonzero(values)
    rows = pd.Series(ids.index[at]).astype("Int64")
    frame = pd.DataFrame({"group": group[at], f"{who}_row": rows, who: ids.array[at]})
    return frame.assign(place=frame.groupby("group").cumcount())


def _beside(first: dict[str, Any], rest: pd.DataFrame) -> pd.DataFrame:
    """Columns of our own before those of a file; one of these with a name that is taken is called `input_<name>`."""
    taken, names = set(first), []
    for given in map(str, rest):
        name = given
        while name in taken:
            name = f"input_{name}"
        taken.add(name)
        names.append(name)
    return pd.concat([pd.DataFrame(first), rest.set_axis(names, axis=1).reset_index(drop=True)], axis=1)


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
