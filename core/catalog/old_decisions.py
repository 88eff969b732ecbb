"""Decisions past their time: what the platform was told of a user goes, once all that was told of the user is that old.

It stays, however old, until every consumer has confirmed it, while it is a dead letter of the webhook, and while a
verdict on the user is left, with which it has to agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, String, cast, delete, func, select

from core.delivery.sender import CONSUMER, Sender
from core.feedback.ledger import Ledger
from core.review.cases import FORGOTTEN
from core.store.database import Database
from core.store.tables import cursors, dead_letters, decisions
from core.wording import count


@dataclass(frozen=True, slots=True)
class Past:
    """The `numbers` of decisions that go, how many characters they hold, and what is past its time and `stays`."""

    numbers: frozenset[int]
    size: int
    stays: str


@dataclass(frozen=True, slots=True, eq=False)
class OldDecisions:
    """The decisions of a home, by their age."""

    database: Database
    ledger: Ledger
    sender: Sender

    def before(self, moment: datetime, *, without: Collection[str]) -> Past:
        """What is from before a moment; nothing is changed. without: users whose verdicts go, too."""
        self.ledger.refresh()
        judged = frozenset(self.ledger.frame()["user"]).difference(without)
        with self.database.connect() as connection:
            return self._past(connection, moment, judged)

    def delete(self, numbers: Collection[int], moment: datetime) -> None:
        """Delete these decisions, but for those that something needs by now. Raises StorageError."""
        self.ledger.refresh()
        judged = frozenset(self.ledger.frame()["user"])
        with self.database.writing(erasing=True) as connection:
            for number in self._past(connection, moment, judged).numbers.intersection(numbers):
                connection.execute(delete(decisions).where(decisions.c.number == number))

    def _past(self, connection: Connection, moment: datetime, judged: Collection[str]) -> Past:
        texts = [each for each in decisions.c if isinstance(each.type, String)]
        size = sum((func.length(each) for each in texts), func.length(cast(decisions.c.time, String)))
        told = connection.execute(
            select(decisions.c.number, decisions.c.user, decisions.c.time, size.label("size"))
        ).all()
        # Those of forgotten users say nothing of each other.
        of = {row.number: row.user if row.user != FORGOTTEN else row.number for row in told}
        last = {of[row.number]: row for row in sorted(told, key=lambda row: row.number)}
        new = {of[row.number] for row in told if row.time >= moment}
        letters = {of.get(number) for number in connection.execute(select(dead_letters.c.number)).scalars()}
        confirmed, by = self._confirmed(connection)
        going, kept = dict[int, int](), Counter[str]()
        for row in told:
            whom = of[row.number]
            if row.time >= moment:
                continue
            if last[whom].number > confirmed:
                kept[by] += 1
            elif whom in letters:
                kept["the webhook has refused it or another one on the same user"] += 1
            elif whom in judged:
                kept["a verdict on the same user is left"] += 1
            elif whom in new:
                kept["a newer one is on the same user"] += 1
            else:
                going[row.number] = row.size
        stays = "; ".join(f"{count(number, 'decision')}, as {why}" for why, number in kept.items())
        return Past(frozenset(going), sum(going.values()), stays and f"Past their time and kept: {stays}.")

    def _confirmed(self, connection: Connection) -> tuple[int, str]:
        """Up to which number every consumer has confirmed, and why not beyond it."""
        known = {row.consumer: row.number for row in connection.execute(select(cursors))}
        if self.sender.backlog() is not None:
            known.setdefault(CONSUMER, 0)
        if not known:
            return 0, "no consumer has ever confirmed one"
        late = min(known, key=known.__getitem__)
        return known[late], f"the consumer {late} has confirmed none after number {known[late]:,}"
