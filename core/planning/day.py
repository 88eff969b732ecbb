"""The day's places: how many users are reviewed today, for which reason, and how long the others wait.

Capacity is a promise of so many reviews a day. What is carried over is part of it and comes first; of the places that
are left, `random_share` of the capacity is for users drawn at random, some for users the model is unsure of, and the
rest for the flagged users of all runs. A day is a day in UTC, as on Monitor.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, func, select

from core.review.guidance import Guidance
from core.store import database
from core.store.tables import OPEN, cases
from core.wording import count

_MARK: Final = "places of the day"


@dataclass(frozen=True, slots=True)
class Places:
    """How many users are to be queued: `random` is the number expected, of whom more or fewer may be drawn."""

    certain: int
    uncertain: int
    random: float

    @property
    def free(self) -> float:
        return self.certain + self.uncertain + self.random


@dataclass(frozen=True, slots=True)
class Given:
    """What of a day's capacity plans have given away: `used`, with what was carried over, and of it `random`."""

    day: str = ""
    used: float = 0.0
    random: float = 0.0


@dataclass(frozen=True, slots=True)
class Tally:
    """The queue at a moment of a day: `open` cases, of them `random` and `uncertain` ones, and cases `judged` so far
    today.
    """

    open: int
    random: int
    uncertain: int
    judged: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """Who is reviewed today if its places are filled now, and who waits.

    `flagged`: all flagged users of stored runs who are neither queued nor judged; `today`: those of them who get a
    place; `random` (expected) and `uncertain` users besides; `carried`: open cases, which come first; `a_day`: places
    for flagged users on a day without anything carried over.
    """

    capacity: int
    carried: int
    flagged: int
    today: int
    random: float
    uncertain: int
    a_day: int

    @property
    def days(self) -> int | None:
        """In how many days the last of the flagged is reviewed; None where no day has a place for them."""
        late, wait = self.flagged - self.today, max(self.carried - self.capacity, 0)
        if late <= 0:
            return 0
        return math.ceil(wait / self.capacity) + math.ceil(late / self.a_day) if self.a_day and self.capacity else None

    @property
    def full(self) -> bool:
        """Whether no place is free."""
        return self.today + self.uncertain + self.random <= 0

    @property
    def sentence(self) -> str:
        """Who is reviewed today, who waits, and for how long."""
        told = [f"{count(self.carried, 'case')} carried over come first."] if self.carried else []
        if self.full:
            return " ".join([*told, self._nobody, self.waiting]).strip()
        told.append(self.waiting or "No flagged user waits.")
        others = [f"{self.random:,.0f} drawn at random"] * (round(self.random) > 0)
        others += [f"{self.uncertain:,} the model is unsure of"] * (self.uncertain > 0)
        return " ".join([*told, f"Also reviewed today: {' and '.join(others)}."] if others else told)

    @property
    def waiting(self) -> str:
        """'4,975 flagged users: 160 today, the last in 31 days at 200 reviews a day.'"""
        if not self.flagged:
            return ""
        start = f"{count(self.flagged, 'flagged user')}: {self.today:,} today"
        if (days := self.days) is None:
            return f"{start}, and no day has a place for the others: raise the reviews a day in Guidance."
        last = f", the last in {count(days, 'day')}" if days else ""
        return f"{start}{last} at {count(self.capacity, 'review')} a day."

    @property
    def _nobody(self) -> str:
        if not self.capacity:
            return "There are no reviews a day: a lead sets them in Guidance."
        return f"Today's {count(self.capacity, 'place')} are taken."


def places(rules: Guidance, tally: Tally, given: Given, *, unseen: bool) -> Places:
    """The free places of a day. given: of this day, or the default; unseen: whether somebody could not be drawn so far.

    Of these at least one is then drawn at random: else nothing could ever be said of the users of that file.
    """
    room = min(rules.capacity - tally.open - tally.judged, math.floor(rules.capacity - given.used + 0.5))
    if room <= 0:
        return Places(0, 0, 0.0)
    random = min(float(room), max(rules.random_a_day - max(tally.random, given.random), float(unseen)))
    left = math.floor(room - random + 1e-9)
    uncertain = max(min(rules.uncertain, left // 2) - tally.uncertain, 0)
    return Places(left - uncertain, uncertain, random)


def outlook(rules: Guidance, tally: Tally, found: Places, *, flagged: int) -> Outlook:
    """What these places mean for so many flagged users; what they leave over goes to the random draw."""
    today = min(found.certain, flagged)
    usual = places(rules, Tally(0, 0, 0, 0), Given(), unseen=False)
    return Outlook(
        rules.capacity, tally.open, flagged, today, found.random + found.certain - today, found.uncertain, usual.certain
    )


def tally(connection: Connection, now: datetime) -> Tally:
    """The queue as it is."""
    by_stratum = select(cases.c.stratum, func.count()).where(OPEN).group_by(cases.c.stratum)
    found = {row[0]: int(row[1]) for row in connection.execute(by_stratum)}
    since = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    judged = select(func.count()).select_from(cases).where(cases.c.judged_at >= since, cases.c.judgement.is_not(None))
    return Tally(
        sum(found.values()), found.get("random", 0), found.get("uncertain", 0),
        connection.execute(judged).scalar_one(),
    )  # fmt: skip


def given(connection: Connection, now: datetime) -> Given:
    """What plans have given away on the day of this moment."""
    text = database.mark(connection, _MARK)
    found = Given(**json.loads(text)) if text else Given()
    return found if found.day == day_of(now) else Given(day_of(now))


def last(connection: Connection) -> str:
    """The day whose places were filled last, "" before any was."""
    text = database.mark(connection, _MARK)
    return Given(**json.loads(text)).day if text else ""


def give(connection: Connection, what: Given) -> None:
    database.set_mark(connection, _MARK, json.dumps(asdict(what)))


def day_of(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()
