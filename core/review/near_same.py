"""Messages that wait and read the same as another one, or nearly: what is right of one is mostly right of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import or_, select

from core.policy.snoozing import snoozed
from core.review.cases import Case, id_of
from core.store.database import Database
from core.store.tables import OPEN, cases
from core.text import normalise

#: The share of their words that two messages have in common, from which they are nearly the same.
LEAST: Final = 0.75
#: Cases looked at, in the order of the queue.
MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Near:
    """A case that waits, by its id: who wrote it, what, and how alike it is, from LEAST to 1."""

    case: str
    user: str
    text: str
    alike: float


@dataclass(frozen=True, slots=True, eq=False)
class NearSame:
    """Looks for them among the cases of a home."""

    database: Database

    def waiting(self, case: Case, texts: Sequence[str], *, by: str, now: datetime) -> tuple[Near, ...]:
        """Open cases that `by` may judge now whose text is nearly that of this one, the most alike first.

        texts: the features that are texts, of which the first is looked at that the case has. What a text was disguised
        by is undone; words are compared as sets (Jaccard).
        """
        name = next((each for each in texts if case.context.get(each)), None)
        if name is None:
            return ()
        free = or_(cases.c.claimed_until.is_(None), cases.c.claimed_until <= now, cases.c.claimed_by == by)
        columns = (cases.c.number, cases.c.user, cases.c.context)
        offered = (OPEN, free, ~snoozed(now), cases.c.not_for != by)
        ours = select(*columns).where(*offered, cases.c.number != case.number)
        with self.database.connect() as connection:
            rows = connection.execute(ours.order_by(cases.c.priority, cases.c.number).limit(MOST)).all()
        said = [(row.number, row.user, text) for row in rows if isinstance(text := row.context.get(name), str)]
        if not said:
            return ()
        read = normalise.plain([str(case.context[name]), *(text for *_, text in said)])
        own, *others = (set(each.split()) for each in read)
        near = [
            Near(id_of(number), user, text, shared)
            for (number, user, text), words in zip(said, others, strict=True)
            if (shared := _shared(own, words)) >= LEAST
        ]
        return tuple(sorted(near, key=lambda each: -each.alike))


def _shared(one: set[str], other: set[str]) -> float:
    both = one | other
    return len(one & other) / len(both) if both else 1.0
