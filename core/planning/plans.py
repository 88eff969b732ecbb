"""From scored runs to the queue: today's places are filled by the plan of the day, and by hand besides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from core import locks
from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.feedback.strata import STRATA
from core.jobs import Report
from core.planning import audits, day
from core.planning.backlog import Backlog, Backlogs
from core.planning.choosing import AUDIT, CERTAIN, RANDOM, UNCERTAIN, Choice, Pool, Positions, choose
from core.planning.day import Given, Outlook, Places, Tally
from core.planning.entries import Entries
from core.policy.automation.removal import Removal
from core.ports import PolicyStore
from core.review.decisions.effects import Effects
from core.review.enqueue import Enqueuing, Entry, Queued
from core.review.guidance import Guidance, GuidanceStore
from core.scoring.runs import Runs
from core.store.database import Database
from core.wording import count

#: Who fills a day's places where nobody asked for it, in the audit log.
WHO: Final = "daily plan"


@dataclass(frozen=True, slots=True)
class Planned:
    """`certain`, `uncertain`, `random` users of the plan and those drawn to `audit` automatic removal, what became of
    them in the queue, and who waits.
    """

    certain: int
    uncertain: int
    random: int
    queued: Queued
    outlook: Outlook
    audit: int = 0

    @property
    def sentence(self) -> str:
        """'20 users are new in the queue: ...', for a person."""
        if not self.certain + self.uncertain + self.random + self.audit:
            return f"Nobody is new in the queue. {self.outlook.sentence}"
        parts = [
            f"{self.certain:,} flagged", f"{self.random:,} drawn at random",
            f"{self.uncertain:,} the model is unsure of",
        ]  # fmt: skip
        parts += [f"{self.audit:,} to audit automatic removal"] * bool(self.audit)
        also = [f"{self.queued.updated:,} waited already and are updated"] * bool(self.queued.updated)
        also += [f"{self.queued.known:,} were judged before on the same values"] * bool(self.queued.known)
        also += [f"{self.queued.skipped:,} are left as they are"] * bool(self.queued.skipped)
        told = "".join(f"; {each}" for each in also)
        waiting = self.outlook.waiting
        users = count(self.queued.new, "user")
        return f"{users} {'is' if self.queued.new == 1 else 'are'} new in the queue ({', '.join(parts)}){told}." + (
            f" {waiting}" if waiting else ""
        )


@dataclass(frozen=True, slots=True, eq=False)
class Plans:
    """Who of the scored users is reviewed."""

    accounts: Accounts
    audit: AuditLog
    backlogs: Backlogs
    database: Database
    effects: Effects
    enqueuing: Enqueuing
    entries: Entries
    guidance: GuidanceStore
    policies: PolicyStore
    runs: Runs
    data: Path

    def outlook(self, *, now: datetime) -> Outlook:
        """Who is reviewed today if its places are filled now, and who waits; changes nothing."""
        self.effects.catch_up()
        backlog, today = self.backlogs.read(), self._today(now)
        return today.outlook(backlog.pool, today.places(backlog))

    def fill(self, *, by: str, now: datetime) -> Planned:
        """Fill the free places of today from all stored runs. On the same day again, it fills what is free by then.

        Raises NotAllowedError.
        """
        return self._filled(self.accounts.authorise(by, "send to review").name, now, None)

    def top_up(self, *, now: datetime) -> Planned:
        """The same where nobody asks for it: the day before somebody did."""
        return self._filled(WHO, now, None)

    def choose(self, places: Places, *, by: str, now: datetime) -> Planned:
        """Fill so many places, whatever the day has. Raises NotAllowedError."""
        return self._filled(self.accounts.authorise(by, "send to review").name, now, places)

    def queue_run(self, run: str, *, by: str, now: datetime) -> Planned:
        """Fill today's places, asked for at a run: its users take part as those of all runs do.

        Raises NotAllowedError and UnknownItemError.
        """
        by = self.accounts.authorise(by, "send to review").name
        self.runs.find(run)
        return self._filled(by, now, None)

    def queue_job(self, report: Report, *, by: str, run: str = "") -> None:
        """The job that fills today's places behind the page that asked for it."""
        report(0, 0, "Choosing who is reviewed today")
        now = datetime.now(UTC)
        planned = self.queue_run(run, by=by, now=now) if run else self.fill(by=by, now=now)
        report(1, 1, planned.sentence)

    def top_up_job(self, report: Report) -> None:
        """The job that fills a day's places by itself."""
        report(0, 0, "Choosing who is reviewed today")
        report(1, 1, self.top_up(now=datetime.now(UTC)).sentence)

    def due(self, *, now: datetime) -> bool:
        """Whether the places of this day wait to be filled by themselves: those of a day before were filled."""
        with self.database.connect() as connection:
            last = day.last(connection)
        return last not in {"", day.day_of(now)}

    def _filled(self, by: str, now: datetime, places: Places | None) -> Planned:
        self.data.mkdir(parents=True, exist_ok=True)
        # Of two who fill at once the second finds the places taken.
        with self.entries.datasets.users.in_use(), locks.held(self.data / "plan.lock"):
            self.effects.catch_up()  # who was judged just before a crash is known, too
            self.effects.automation.check(now=now)
            backlog, today = self.backlogs.read(), self._today(now)
            asked = today.places(backlog) if places is None else places
            choice = choose(backlog.pool, asked, lambda chosen: self.backlogs.features(backlog, chosen))
            # The queue first: what a crash leaves out of the plans is chosen again, and known by then.
            queued = self.enqueuing.enqueue(self._entries(backlog, choice), now=now, last=True)
            self._save(backlog, choice)
            with self.database.writing() as connection:
                day.give(connection, today.given_with(choice))
        planned = _planned(choice, queued, today.outlook(backlog.pool, asked))
        self.audit.note(who=by, what="fill the queue", about=day.day_of(now), why=planned.sentence, now=now)
        return planned

    def _today(self, now: datetime) -> _Today:
        with self.database.connect() as connection:
            tally, given = day.tally(connection, now), day.given(connection, now)
        return _Today(self.guidance.load(), tally, given, self.policies.in_force().removal)

    def _entries(self, backlog: Backlog, choice: Choice) -> list[Entry]:
        new = np.flatnonzero(choice.new)
        found: list[Entry] = []
        for run, ours in backlog.by_run(new):
            at = new[ours]
            chosen = pd.DataFrame(
                {"user": backlog.name[at], "stratum": [STRATA[code] for code in choice.stratum[at]],
                 "inclusion": np.where(choice.stratum[at] == AUDIT, choice.audited[at], choice.inclusion[at]),
                 "blind": choice.blind[at]}, index=backlog.row[at],
            )  # fmt: skip
            found += self.entries.of(run, chosen)
        return found

    def _save(self, backlog: Backlog, choice: Choice) -> None:
        """Bring the plans of the runs up to date: inclusions rise only, and who was chosen stays so."""
        everybody = np.flatnonzero(backlog.pool.drawable | (choice.stratum >= 0))
        for run, ours in backlog.by_run(everybody):
            at, before = everybody[ours], self.runs.plan(run.id)
            # Where somebody could not be chosen yet, a run has no plan: its labels would not speak for everybody.
            if (choice.inclusion[at] > 0).all() and (before is not None or backlog.pool.drawable[at].all()):
                self.runs.save_plan(run.id, _risen(before, backlog, choice, at))


@dataclass(frozen=True, slots=True)
class _Today:
    """What is set, how the queue is, what of the day was given away, and what the policy asks of automatic removal."""

    rules: Guidance
    tally: Tally
    given: Given
    removal: Removal

    def places(self, backlog: Backlog) -> Places:
        removed = backlog.removed_a_day
        many = audits.a_day(self.removal.audits(removed), self.rules.random_a_day)
        audit = audits.expected(int(backlog.pool.audits.new.sum()), many, removed)
        return day.places(self.rules, self.tally, self.given, unseen=backlog.pool.unseen, audit=audit)

    def outlook(self, pool: Pool, places: Places) -> Outlook:
        return day.outlook(self.rules, self.tally, places, flagged=pool.waiting)

    def given_with(self, choice: Choice) -> Given:
        """With what this choice has taken, as it was expected before the draw."""
        before = self.given.used or self.tally.open + self.tally.judged
        return Given(self.given.day, before + choice.used, self.given.random + choice.drawn)


def _risen(before: pd.DataFrame | None, backlog: Backlog, choice: Choice, at: Positions) -> pd.DataFrame:
    """`stratum`, `inclusion`, `chosen`, `blind`, `audited` of the users of a run, by the latest input row."""
    # Who was certain by the plan of an earlier run, and is not reached in this one yet, waits as the drawn do.
    code = np.where(choice.stratum[at] >= 0, choice.stratum[at], RANDOM)
    chosen = backlog.pool.chosen[at] | ((choice.stratum[at] >= 0) & (backlog.pool.draw[at] < choice.inclusion[at]))
    found = pd.DataFrame(
        {"stratum": pd.Categorical.from_codes(code, pd.Index(STRATA)), "inclusion": choice.inclusion[at],
         "chosen": chosen, "blind": choice.blind[at], "audited": choice.audited[at]}, index=pd.Index(backlog.row[at]),
    )  # fmt: skip
    if before is None:
        return found.sort_index()
    known = found.index.intersection(before.index)
    kept = known[choice.stratum[at][found.index.get_indexer(known)] < 0]
    found.loc[kept, "stratum"] = before.loc[kept, "stratum"].astype("str")
    found.loc[known, "blind"] |= before.loc[known, "blind"]
    others = before.loc[before.index.difference(found.index)]
    return pd.concat([others, found]).sort_index()


def _planned(choice: Choice, queued: Queued, outlook: Outlook) -> Planned:
    certain, uncertain, random, audit = (
        int((choice.new & (choice.stratum == each)).sum()) for each in (CERTAIN, UNCERTAIN, RANDOM, AUDIT)
    )
    return Planned(certain, uncertain, random, queued, outlook, audit)
