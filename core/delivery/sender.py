"""Sends decisions to the webhook: in the order of their numbers, at least once, one sender at a time.

The cursor of the consumer `webhook` moves once the receiver has taken a batch. Whoever dies in between has the next
sender offer the same numbers again; a receiver acts on a decision only where its number is above the last it has acted
on for that user.

A receiver that cannot take a batch now is offered it again, after pauses that double. One that refuses it for good is
offered its halves, down to the one decision that it refuses, which becomes a dead letter; so does one that it fails
over again and again while it takes those of other users. Nothing else is ever left out.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pandas as pd

from core import locks
from core.access.audit import AuditLog
from core.delivery.dead_letters import DeadLetters
from core.delivery.webhook import Answer, Takes
from core.errors import BadOptionError, RefusedError, StorageError
from core.review.decisions.effects import Effects
from core.review.decisions.outbox import Batch, Outbox
from core.review.decisions.removals import Removals
from core.store import database as databases
from core.store.database import Database
from core.wording import count

#: The consumer whose cursor says how far the webhook has taken the decisions.
CONSUMER: Final = "webhook"
#: Decisions of one request.
MOST: Final = 100
#: Seconds before a batch is offered again; twice as many before each further time, up to the longest.
FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 300.0
#: Times that a receiver may fail over a batch before its first decision is offered alone, and over that one, while it
#: takes those of others, before it is a dead letter.
TRIES: Final = 5
TRIES_ALONE: Final = 10
#: A decision that waits for longer is an incident.
LATE: Final = timedelta(minutes=15)
_MARK: Final = "webhook"


@dataclass(frozen=True, slots=True)
class Round:
    """How many decisions were taken and which numbers refused; `failure`: why it ended before all were offered."""

    taken: int = 0
    dead: tuple[int, ...] = ()
    failure: str = ""
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the webhook has not taken: how many decisions, since when the oldest waits, why the last try failed."""

    waiting: int
    oldest: datetime | None
    dead: int
    failure: str

    def late(self, now: datetime) -> bool:
        return self.oldest is not None and now - self.oldest > LATE

    def sentence(self, now: datetime) -> str:
        """What is wrong with it, "" for nothing."""
        told = []
        if self.oldest is not None and self.late(now):
            minutes = (now - self.oldest).total_seconds() / 60
            told.append(f"{count(self.waiting, 'decision')} wait for the webhook, the first for {minutes:,.0f} min.")
            told.append(self.failure)
        if self.dead:
            told.append(f"The webhook has refused {count(self.dead, 'decision')} for good.")
        return " ".join(filter(None, told))


class _MovedError(Exception):
    """Somebody else has moved the cursor meanwhile."""


class _NotNowError(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.failure)


@dataclass(slots=True, eq=False)
class _Stuck:
    """How often the receiver has failed over the decision that is next, in a batch and alone."""

    number: int = 0
    together: int = 0
    alone: int = 0

    def at(self, number: int) -> None:
        if number != self.number:
            self.number, self.together, self.alone = number, 0, 0


@dataclass(frozen=True, slots=True, eq=False)
class Sender:
    """Sends the decisions of a home."""

    audit: AuditLog
    database: Database
    dead_letters: DeadLetters
    effects: Effects
    outbox: Outbox
    removals: Removals
    data: Path
    _stuck: _Stuck = field(default_factory=_Stuck, init=False)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock of this home's sender. Raises RefusedError when another one holds it."""
        self.data.mkdir(parents=True, exist_ok=True)
        with locks.held_now(self.data / "webhook.lock") as ours:
            if not ours:
                raise RefusedError("Another process sends the decisions of this workspace already. One is enough.")
            yield

    def run(
        self, to: Takes, *, every: float, now: Callable[[], datetime], told: Callable[[Round], None],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        """Send for ever; `every`: seconds between two looks where nothing is left to send."""
        failed = 0
        while True:
            done = self.round(to, now=now)
            told(done)
            failed = failed + 1 if done.failure and not done.taken else int(bool(done.failure))
            pause = min(FIRST_WAIT * 2 ** min(failed - 1, 20), LONGEST_WAIT) if failed else every
            wait(max(pause, min(done.wait, LONGEST_WAIT)))

    def round(self, to: Takes, *, now: Callable[[], datetime]) -> Round:
        """Send what waits, until nothing does or the receiver cannot take it now."""
        taken, dead, failure, wait = 0, list[int](), "", 0.0
        try:
            self.effects.catch_up()  # verdicts whose decisions a crash has left undone
            self.removals.catch_up(now=now())
            while len((batch := self.outbox.take(CONSUMER, MOST)).decisions):
                self._note_given(batch, now())
                with contextlib.suppress(_MovedError):  # somebody has moved the cursor: from there, then
                    for number, refused in self._offered(to, batch.decisions, batch.after, now):
                        taken, dead = taken + (not refused), [*dead, number] if refused else dead
        except _NotNowError as error:
            failure, wait = str(error), error.answer.wait
        except StorageError as error:  # the database is busy, or gone: the next round looks again
            return Round(taken, tuple(dead), str(error))
        with contextlib.suppress(StorageError):  # a later round notes it
            self._note(failure)
        return Round(taken, tuple(dead), failure, wait)

    def again(self, to: Takes, *, now: Callable[[], datetime]) -> Round:
        """Offer the dead letters once more, each alone; what is taken is one no more."""
        taken, dead = 0, list[int]()
        for letter in self.dead_letters.listed():
            decision = self.outbox.since(letter.number - 1, 1)
            decision = decision[decision.index == letter.number]
            answer = to.post(decision, now=now()) if len(decision) else Answer(200)  # of a user who was erased
            if not (answer.taken or answer.refused):
                return Round(taken, tuple(dead), answer.failure, answer.wait)
            if answer.taken:
                self.dead_letters.drop(letter.number)
                taken += len(decision)
            else:
                self.dead_letters.keep(letter.number, answer.failure, now=now())
                dead.append(letter.number)
        return Round(taken, tuple(dead))

    def replay(self, number: int, *, now: datetime) -> int:
        """Have the webhook offered all decisions from a number on once more; how many there are.

        Raises BadOptionError for a number that it was not offered yet: what comes before would be left out.
        """
        cursor = self.outbox.take(CONSUMER, 1).after
        if not 1 <= number <= cursor:
            raise BadOptionError("--from", f"the webhook has taken numbers 1 to {cursor}; {number} is none of them.")
        self.outbox.rewind(CONSUMER, number - 1, now=now)
        return cursor - number + 1

    def backlog(self) -> Backlog | None:
        """What the webhook has not taken; None where this home has never sent to one."""
        with self.database.connect() as connection:
            noted = databases.mark(connection, _MARK)
        if not noted:
            return None
        waiting, oldest = self.outbox.waiting(CONSUMER)
        return Backlog(waiting, oldest, self.dead_letters.count(), json.loads(noted)["failure"])

    def _offered(
        self, to: Takes, decisions: pd.DataFrame, after: int, now: Callable[[], datetime]
    ) -> Iterator[tuple[int, bool]]:
        """Offer decisions in order; each number, and whether it was refused, once the cursor is past it."""
        self._stuck.at(int(decisions.index[0]))
        if self._stuck.together >= TRIES and len(decisions) > 1:
            yield from self._first_alone(to, decisions, after, now)
            return
        answer = to.post(decisions, now=now())
        if answer.refused and len(decisions) > 1:
            half = len(decisions) // 2
            yield from self._offered(to, decisions[:half], after, now)
            yield from self._offered(to, decisions[half:], int(decisions.index[half - 1]), now)
        elif answer.taken or answer.refused:
            yield from self._settled(answer, decisions, after, now())
        else:
            self._stuck.together += answer.status > 0
            raise _NotNowError(answer)

    def _first_alone(
        self, to: Takes, decisions: pd.DataFrame, after: int, now: Callable[[], datetime]
    ) -> Iterator[tuple[int, bool]]:
        """Offer the first of several over which the receiver has failed, and where it fails again, that of another."""
        first = decisions[:1]
        answer = to.post(first, now=now())
        if not (answer.taken or answer.refused):
            other = decisions[decisions["user"] != first["user"].iloc[0]][:1]
            # In order still: it is the next one of its user, and comes again in its turn.
            self._stuck.alone += answer.status > 0 and len(other) > 0 and to.post(other, now=now()).taken
            if self._stuck.alone < TRIES_ALONE:
                raise _NotNowError(answer)
        yield from self._settled(answer, first, after, now())

    def _settled(
        self, answer: Answer, decisions: pd.DataFrame, after: int, now: datetime
    ) -> Iterator[tuple[int, bool]]:
        """Move the cursor past decisions that were taken, or past one that is a dead letter now."""
        if not answer.taken:
            self.dead_letters.keep(int(decisions.index[0]), answer.failure, now=now)
        last = int(decisions.index[-1])
        if not self.outbox.confirm(Batch(CONSUMER, after, last, decisions), now=now):
            raise _MovedError
        yield from ((int(number), not answer.taken) for number in decisions.index)

    def _note_given(self, batch: Batch, now: datetime) -> None:
        """A note of who is given a number for the first time: a database that is lost counts on above all of these."""
        if batch.last > self.outbox.given(CONSUMER):
            facts = {"decisions": len(batch.decisions), "last": batch.last}
            self.audit.note(who=CONSUMER, what="export decisions", about=CONSUMER, details=facts, now=now)
            self.outbox.note_given(CONSUMER, batch.last)

    def _note(self, failure: str) -> None:
        text = json.dumps({"failure": failure})
        with self.database.connect() as connection:
            known = databases.mark(connection, _MARK)
        if known != text:
            with self.database.writing() as connection:
                databases.set_mark(connection, _MARK, text)
