"""Lists: users, or values of a context column, of whom somebody has decided what the score may not change.

`block` puts them into the highest band, `allow` into the lowest, `snooze` keeps them out of review for a while. An
entry is never changed or taken out of the store: it ends, by a person or by itself, and says who ended it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from core.errors import BadOptionError
from core.policy.bands import Band
from core.policy.rules import Effect
from core.policy.users import Bools, Users, fold

ListName = Literal["block", "allow", "snooze"]
#: In the order of their precedence.
LISTS: Final[tuple[ListName, ...]] = get_args(ListName)
#: What each does.
EFFECTS: Final[Mapping[ListName, tuple[Effect, Band]]] = MappingProxyType(
    {"block": ("exactly", "auto_remove"), "allow": ("exactly", "allow"), "snooze": ("at most", "monitor")}
)
#: Stands for the id of a user where a column is named.
USER: Final = ""
MOST_VALUE: Final = 300
#: Values added at once: more are sooner a file that somebody mistook for a list.
MOST_AT_ONCE: Final = 100_000
#: Users who are looked up one by one.
_FEW: Final = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One value on one list. `column`: of the context, or USER; `by` and `at`: who put it there, and when; `ended` and
    `ended_by`: when and by whom it was taken off, None and "" while it stands.
    """

    number: int
    list: ListName
    column: str
    value: str
    reason: str
    by: str
    at: datetime
    expires: datetime | None
    ended: datetime | None
    ended_by: str


@dataclass(frozen=True, slots=True)
class Lists:
    """What stands on the lists at a moment: by list and column, the values as they are compared."""

    values: Mapping[tuple[ListName, str], frozenset[str]]

    def __bool__(self) -> bool:
        return bool(self.values)

    def matches(self, users: Users) -> Iterator[tuple[ListName, Effect, Band, Bools]]:
        """Whom each list matches, in the order of precedence: (n,) each."""
        columns = sorted({column for _, column in self.values})  # USER is "" and so comes first
        for by_id in (True, False):
            for name in LISTS:
                for column in columns:
                    wanted = self.values.get((name, column))
                    if wanted and (column == USER) == by_id:
                        yield name, *EFFECTS[name], _matched(users, column, wanted)


NO_LISTS: Final = Lists(MappingProxyType({}))


def compared(column: str, value: str) -> str:
    """The form in which a value of a list is compared: ids exactly, context without regard to case."""
    return value if column == USER else fold(value)


def checked(column: str, values: Sequence[str]) -> tuple[str, ...]:
    """Values for a list, without spaces around them, each once. Raises BadOptionError that says which is unusable."""
    if len(values) > MOST_AT_ONCE:
        raise BadOptionError("value", f"{len(values):,} at once; at most {MOST_AT_ONCE:,} are taken. Is it a list?")
    found: dict[str, str] = {}
    for number, value in enumerate(values, 1):
        text = value.strip()
        if not text or len(text) > MOST_VALUE or not text.isprintable():
            said = (
                "is empty"
                if not text
                else "cannot be seen in full"
                if len(text) <= MOST_VALUE
                else (f"has {len(text):,} characters, and at most {MOST_VALUE} are taken")
            )
            raise BadOptionError("value", f"entry {number:,} {said}. Nothing was added.")
        found.setdefault(compared(column, text), text)
    if not found:
        raise BadOptionError("value", "give at least one.")
    return tuple(found.values())


def _matched(users: Users, column: str, wanted: frozenset[str]) -> Bools:
    if column == USER:
        ids = users.ids()
        if ids is None:
            return np.zeros(len(users), bool)
        if len(users) <= _FEW:  # of a long list, pandas would make a table first
            return np.array([each in wanted for each in ids], bool)
        return pd.Series(ids).isin(wanted).to_numpy(bool)
    texts = users.texts(column)
    return np.zeros(len(users), bool) if texts is None else texts.where(wanted.__contains__)


def named(name: str) -> ListName:
    """The list of this name. Raises BadOptionError."""
    for each in LISTS:
        if each == name.strip().casefold():
            return each
    raise BadOptionError("list", f"{name[:40]!r} is none of {', '.join(LISTS)}.")
