"""Columns that are no facts about users, told from their values and from where they stand in the file.

An index that was saved along, a second id, a number that runs with the rows, a column that is filled in once somebody
has been found out: a model learns from all of them, figures look splendid, and the next file has nothing of the kind.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import ks_2samp, rankdata

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
#: Rows, and users of either class, below which nothing is said: in a small table anything may be different by chance.
FEW_ROWS: Final = 20
FEW: Final = 10
#: Rows from which whole numbers that never repeat are an id whatever they look like.
MANY_ROWS: Final = 100
#: Share of equal steps from row to row in a number that runs with them; the others are where files were joined.
RUNNING: Final = 0.9
#: Rank correlation with the row number from which a column follows the order of the file.
FOLLOWS: Final = 0.98
#: Chance of spammers standing where they stand in the file if their place meant nothing.
BY_CHANCE: Final = 1e-6
#: Ids that a few rows share are ids all the same.
DISTINCT: Final = 0.99
_DIGITS: Final = 6
#: Whole numbers from the lowest to the highest for each that occurs; more than one in fifty absent is a gap.
_GAPLESS: Final = 1.02
_FILLED: Final = 0.95
#: How programs name an index that was saved without a name.
_UNNAMED: Final = re.compile(r"unnamed: ?\d+.*|\.\.\.\d+|_c0|level_\d+|__index_level_\d+__", re.IGNORECASE)


def reason(name: str, values: Floats, label: Floats | None = None) -> str:
    """Why a column of numbers (n,), NaN where missing, is no fact about users, in words that follow its name; else "".

    label (n,): 1 for a spammer, 0, NaN where not known; rows in the order of the file.
    """
    if _UNNAMED.fullmatch(name.strip()):
        return "an index that was saved with the table"
    if why := filled(~np.isnan(values), label):
        return why
    known = values[~np.isnan(values)]
    if runs(known) or numbers(known):
        return "a number that runs with the rows of the file"
    if identifies(known):
        return "different in every row, like a second id"
    if label is not None and follows(values) and by_place(label):
        return "it follows the order of the file, and the order of the file gives the label away"
    return ""


def runs(known: Floats) -> bool:
    """Whether nearly every value is the one before and the same step more."""
    if len(known) < FEW_ROWS:
        return False
    steps, often = np.unique(np.diff(known), return_counts=True)
    at = int(often.argmax())
    return bool(steps[at] != 0 and often[at] >= RUNNING * (len(known) - 1))


def numbers(known: Floats) -> bool:
    """Whether values (k,) number rows without a gap, in whatever order: also of some files joined into one."""
    if len(known) < MANY_ROWS or not (np.trunc(known) == known).all():
        return False
    distinct = len(np.unique(known))
    return bool(distinct >= len(known) / 2 and known.max() - known.min() + 1 <= _GAPLESS * distinct)


def identifies(known: Floats) -> bool:
    """Whether whole numbers (k,) tell their rows apart, beyond what a large count does by chance."""
    if len(known) < FEW_ROWS or not (np.trunc(known) == known).all():
        return False
    distinct = len(np.unique(known))
    low, high = float(np.abs(known).min()), float(np.abs(known).max())
    alike = low >= 10**_DIGITS and high < 10 * low  # as many digits, or nearly: counts are not like that
    if distinct < len(known):
        return alike and distinct >= DISTINCT * len(known)
    # Pairs that would share a value if values were drawn at random from as wide a range.
    expected = len(known) ** 2 / (2 * (float(known.max()) - float(known.min()) + 1))
    return alike or len(known) >= MANY_ROWS or expected >= 3


def follows(values: Floats) -> bool:
    """Whether the values (n,), NaN where missing, rise or fall with the row number."""
    at = np.flatnonzero(~np.isnan(values))
    known = values[at]
    if len(known) < FEW_ROWS or len(np.unique(known)) < len(known) / 10:
        return False
    return bool(abs(np.corrcoef(rankdata(known), np.arange(len(known)))[0, 1]) >= FOLLOWS)


def by_place(label: Floats) -> bool:
    """Whether spammers and legitimate users of labels (n,) stand in other places of the file than by chance."""
    spammers, legitimate = np.flatnonzero(label == 1), np.flatnonzero(label == 0)
    if min(len(spammers), len(legitimate)) < FEW:
        return False
    return bool(ks_2samp(spammers, legitimate, method="asymp").pvalue < BY_CHANCE)


def filled(there: Bools, label: Floats | None) -> str:
    """Why a column with cells there (n,) tells of the label by being filled in at all; "" where it does not."""
    if label is None:
        return ""
    spammers, legitimate = there[label == 1], there[label == 0]
    if min(len(spammers), len(legitimate)) < FEW:
        return ""
    of_spammers, of_legitimate = float(spammers.mean()), float(legitimate.mean())
    whom = "spammers" if of_spammers > of_legitimate else "legitimate users"
    if abs(of_spammers - of_legitimate) >= _FILLED or (of_legitimate == 0 and of_spammers >= 1 / 2):
        return f"filled in for {whom} and hardly anybody else, so that it is known after the label"
    return ""
