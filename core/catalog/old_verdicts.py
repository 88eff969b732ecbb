"""Verdicts past their time: all lines on a user become blanks that the chain accepts, once the last one is that old.

They stay, however old, while something counts them: the user waits for review again, live figures are of a run that has
drawn the user, or they are the proof that automatic removal rests on. What a version has learnt from them it keeps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pandas as pd
from sqlalchemy import bindparam, delete, select

from core.feedback.ledger import Ledger
from core.planning.backlog import PERIOD_DAYS
from core.planning.inclusions import Inclusions
from core.retraining.schedule import Schedule
from core.review.automation.automation import Automation
from core.review.decisions.effects import Effects
from core.scoring.runs import Runs
from core.store import chained_log, log_line
from core.store.database import Database
from core.store.tables import OPEN, cases, judged_texts
from core.wording import count

_ALL: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Past:
    """`users` whose verdicts go, how many `verdicts` these are, and by how many bytes the files shrink.

    `learnt` says what a version has learnt from them, `stays` what is past its time and stays, "" for nothing.
    """

    users: frozenset[str]
    verdicts: int
    size: int
    learnt: str
    stays: str


@dataclass(frozen=True, slots=True, eq=False)
class OldVerdicts:
    """The verdicts of a home, by their age."""

    automation: Automation
    database: Database
    effects: Effects
    inclusions: Inclusions
    ledger: Ledger
    runs: Runs
    schedule: Schedule

    def before(self, moment: datetime) -> Past:
        """What is from before a moment; nothing is changed."""
        old, needed = self._old(moment), self._needed()
        users = old.difference(needed.keys())
        rows = self.ledger.frame()
        ours = rows[rows["user"].isin(users)]
        lines, size = chained_log.room(self.ledger.path, _belongs(ours["id"]))
        kept = [needed[user] for user in old if user in needed]
        stays = ", ".join(f"{kept.count(why):,} {why}" for why in dict.fromkeys(kept))
        return Past(
            users, lines, size, self._learnt(ours), stays and f"Verdicts past their time stay on users: {stays}."
        )

    def blank(self, users: Collection[str], moment: datetime) -> None:
        """Blank all verdicts on these users, but for those who were judged since, and delete the texts beside them.

        Done again after a crash, it goes on. Raises StorageError.
        """
        self.effects.catch_up()  # what is blank cannot be applied to a case any more
        ours = delete(judged_texts).where(judged_texts.c.user == bindparam("of"))
        with self.database.writing(erasing=True) as connection:  # whoever judges waits
            if whose := [{"of": user} for user in self._old(moment).intersection(users)]:
                connection.execute(ours, whose)
        with chained_log.locked(self.ledger.path):
            gone = self._old(moment).intersection(users)
            rows = self.ledger.frame()
            chained_log.forget(self.ledger.path, _belongs(rows["id"][rows["user"].isin(gone)]))
        self.ledger.refresh()

    def _old(self, moment: datetime) -> frozenset[str]:
        """The users whose last verdict is from before a moment."""
        self.ledger.refresh()
        last = self.ledger.frame().groupby("user")["time"].max()
        return frozenset(last.index[last < pd.Timestamp(moment)])

    def _needed(self) -> dict[str, str]:
        """Users whose verdicts something counts, and what."""
        return dict(reversed([*self._counted()]))  # of several reasons the first one is told

    def _counted(self) -> Iterator[tuple[str, str]]:
        yield from ((user, "on whom automatic removal rests") for user in self.automation.rests_on())
        with self.database.connect() as connection:
            waiting = connection.execute(select(cases.c.user).where(OPEN)).scalars().all()
        yield from ((user, "who wait for review") for user in waiting)
        planned = [run for run in self.runs.recent(_ALL) if self.runs.planned(run.id)]
        for run in planned:
            if run.created > planned[0].created - timedelta(days=PERIOD_DAYS):
                drawn = self.inclusions.of(run)
                chosen = () if drawn is None else drawn["user"][drawn["chosen"]]
                yield from ((user, "whom live figures count") for user in chosen)

    def _learnt(self, rows: pd.DataFrame) -> str:
        last = self.schedule.last()
        learnt = int((rows.index < int(last.position or 0)).sum())
        if not learnt:
            return ""
        return f"{last.version} has learnt from {count(learnt, 'verdict')}, and the next retraining cannot"


def _belongs(ids: pd.Series[str]) -> chained_log.Belongs:
    cells = frozenset(map(log_line.encode, ids))

    def belongs(row: Sequence[str]) -> bool:
        return bool(row) and row[0] in cells

    return belongs
