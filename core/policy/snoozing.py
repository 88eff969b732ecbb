"""Users who are snoozed by their ids: until the entry ends, their open cases are put away from the queue.

Nothing of a case changes by that: it is put away for as long as an entry of the snooze list stands for its user, and
comes back by itself, with its age counted on. A snooze of a value of the context acts when users are scored, and puts
no case away.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, exists, select

from core.access.accounts import Accounts
from core.policy.list_store import Grounds, ListStore, column_of, entry_of
from core.policy.lists import USER, Entry
from core.schema import schema as schemas
from core.store.database import Database, listed
from core.store.tables import cases, list_entries


@dataclass(frozen=True, slots=True)
class Snooze:
    """One step of `by`, made `at`. `users`: the ids that it snoozed until `until`; `standing`: how many were snoozed
    already, and are so until their own end.
    """

    users: tuple[str, ...]
    standing: int
    until: datetime
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Snoozing:
    """Snoozes the users of a home."""

    accounts: Accounts
    database: Database
    lists: ListStore
    schema_file: Path

    def snooze(self, users: Sequence[str], *, until: datetime, reason: str, by: str, now: datetime) -> Snooze:
        """Put ids on the snooze list, all or none. Who is snoozed already stays so until the end given then.

        Raises NotAllowedError, and BadOptionError without a reason, for an end that has passed, and where users have
        no ids.
        """
        by = self.accounts.authorise(by, "snooze users").name
        place = column_of(USER, schemas.load(self.schema_file))
        added = self.lists.add("snooze", place, users, Grounds(reason, by, now, until))
        return Snooze(added.values, added.standing, until, by, now)

    def wake(self, users: Sequence[str], *, by: str, now: datetime) -> int:
        """End snoozes before their time; how many. Raises NotAllowedError."""
        by = self.accounts.authorise(by, "snooze users").name
        standing = list(self.standing(users, now=now))
        return self.lists.remove("snooze", USER, standing, by=by, now=now) if standing else 0

    def undo(self, step: Snooze, *, by: str, now: datetime) -> int:
        """End the snoozes of a step, but for those that have ended since; how many. Raises NotAllowedError."""
        found = self.standing(step.users, now=now)
        ours = [user for user, each in found.items() if (each.by, each.at) == (step.by, step.at)]
        return self.wake(ours, by=by, now=now)

    def standing(self, users: Sequence[str], *, now: datetime) -> dict[str, Entry]:
        """By user, the entry by which each of these is snoozed now; without those who are not."""
        asked = listed(json.dumps(list(users)))
        ours = select(list_entries).where(*in_force(now), list_entries.c.compared.in_(asked))
        with self.database.connect() as connection:
            return {row.compared: entry_of(row) for row in connection.execute(ours)}


def snoozed(now: datetime) -> ColumnElement[bool]:
    """Whether the user of a row of `tables.cases` is snoozed."""
    return exists().where(*in_force(now), list_entries.c.compared == cases.c.user)


def in_force(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What a row of `tables.list_entries` satisfies that snoozes a user now, settled or not what has ended."""
    ours = (list_entries.c.list == "snooze", list_entries.c.column == USER, list_entries.c.ended.is_(None))
    return (*ours, list_entries.c.expires > now)
