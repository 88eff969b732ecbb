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

from core.policy.snoozing import snoozed
from core.review.guidance import Guidance
from core.store import database
from core.store.tables import OPEN, cases
from core.wording import count

_MARK: Final = "places of the day"


@dataclass(frozen=True, slots=True)
class Places:
    """How many users are to be queued: `random` is the number expected, of whom more or fewer may be drawn; so is
    `audit`, of those who are drawn to audit automatic removal.
    """

    certain: int
    uncertain: int
    random: float
    audit: float = 0.0

    @property
    def free(self) -> float:
        return self.certain + self.uncertain + self.random + self.audit


@dataclass(frozen=True, slots=True)
class Given:
    """What of a day's capacity plans have given away: `used`, with what was carried over, and of it `random`."""

    day: str = ""
    used: float = 0.0
    random: float = 0.0


@dataclass(frozen=True, slots=True)
class Tally:
    """The queue at a moment of a day: `open` cases, of them `random` ones, for an audit or not, and `uncertain` ones,
    and cases `judged` so far today.
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
        late = self.flagged - self.today
        if late <= 0:
            return 0
        return math.ceil(self._before + late / self.a_day) if self.a_day and self.capacity else None

    @property
    def _before(self) -> float:
        """Days from tomorrow on that open cases take, before the flagged who wait have their turn."""
        return max(self.carried - self.capacity, 0) / self.capacity

    @property
    def full(self) -> bool:
        """Whether no place is free."""
        return self.today + self.uncertain + self.random <= 0

    @property
    def sentence(self) -> str:
        """Who is reviewed today, who waits, and for how long."""
        if self.full:
            return f"{self._nobody} {self.waiting or 'No other flagged user waits.'}"
        told = [f"{self._open}."] if self.carried else []
        told.append(self.waiting or "No flagged user waits.")
        others = [f"about {self.random:,.0f} drawn at random"] * (round(self.random) > 0)
        others += [f"{self.uncertain:,} the model is unsure of"] * (self.uncertain > 0)
        return " ".join([*told, f"Also reviewed today: {' and '.join(others)}."] if others else told)

    @property
    def waiting(self) -> str:
        """'4,975 flagged users: 160 today, the last in 31 days at 200 reviews a day.'"""
        if not self.flagged:
            return ""
        if self.today and (days := self.days) is not None:
            last = f", the last in {count(days, 'day')}" if days else ""
            return f"{count(self.flagged, 'flagged user')}: {self.today:,} today{last} at {self._pace}."
        more = self.flagged - self.today
        users = f"{count(more, 'more flagged user')} {'waits' if more == 1 else 'wait'}"
        if self.days is None:
            them = "that one" if more == 1 else "them"
            return f"{users}, and no day has a place for {them}: raise the reviews a day in Guidance."
        return f"{users}: {'' if more == 1 else 'they are '}reviewed {self._when(self.days)} at {self._pace}."

    def _when(self, last: int) -> str:
        """From which day on the flagged who wait are reviewed, until the last."""
        first = math.floor(self._before) + 1
        if first == last:
            return "tomorrow" if first == 1 else f"in {count(first, 'day')}"
        return f"from tomorrow on, the last in {count(last, 'day')}" if first == 1 else f"in {first:,} to {last:,} days"

    @property
    def _pace(self) -> str:
        return f"{count(self.capacity, 'review')} a day"

    @property
    def _open(self) -> str:
        return f"{count(self.carried, 'open case')} {'comes' if self.carried == 1 else 'come'} first"

    @property
    def _nobody(self) -> str:
        if not self.capacity:
            return "There are no reviews a day: a lead sets them in Guidance."
        taken = "is taken" if self.capacity == 1 else "are all taken"
        return f"Today's {count(self.capacity, 'place')} {taken}{f': {self._open}' if self.carried else ''}."


def places(rules: Guidance, tally: Tally, given: Given, *, unseen: bool, audit: float = 0.0) -> Places:
    """The free places of a day. given: of this day, or the default; unseen: whether somebody could not be drawn so far.

    Of these at least one is then drawn at random: else nothing could ever be said of the users of that file. audit: as
    many are asked for to audit automatic removal; they come out of the random share first.
    """
    room = min(rules.capacity - tally.open - tally.judged, math.floor(rules.capacity - given.used + 0.5))
    if room <= 0:
        return Places(0, 0, 0.0)
    random = min(float(room), max(rules.random_a_day - max(tally.random, given.random), float(unseen)))
    audit = min(audit, room / 2)
    random = min(max(random - audit, float(unseen)), room - audit)
    left = math.floor(room - random - audit + 1e-9)
    uncertain = max(min(rules.uncertain, left // 2) - tally.uncertain, 0)
    return Places(left - uncertain, uncertain, random, audit)


def outlook(rules: Guidance, tally: Tally, found: Places, *, flagged: int) -> Outlook:
    """What these places mean for so many flagged users; what they leave over goes to the random draw."""
    today = min(found.certain, flagged)
    usual = places(rules, Tally(0, 0, 0, 0), Given(), unseen=False)
    return Outlook(
        rules.capacity, tally.open, flagged, today, found.random + found.audit + found.certain - today, found.uncertain,
        usual.certain,
    )  # fmt: skip


def tally(connection: Connection, now: datetime) -> Tally:
    """The queue as it is. Cases of users who are snoozed take no place of a day."""
    by_stratum = select(cases.c.stratum, func.count()).where(OPEN, ~snoozed(now)).group_by(cases.c.stratum)
    found = {row[0]: int(row[1]) for row in connection.execute(by_stratum)}
    since = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    judged = select(func.count()).select_from(cases).where(cases.c.judged_at >= since, cases.c.judgement.is_not(None))
    return Tally(
        sum(found.values()), found.get("random", 0) + found.get("audit", 0), found.get("uncertain", 0),
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
