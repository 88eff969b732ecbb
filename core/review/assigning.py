"""Cases assigned to somebody, who is offered them first; after a while everybody is.

An assignment says who is to look; it claims nothing and hides nothing, and whoever opens a case by its number may judge
it. It stays with a case through runs that change it, and ends when somebody else is named or nobody is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select, update

from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.errors import BadOptionError, RefusedError, UnknownItemError
from core.review.cases import number_of
from core.store.database import Database
from core.store.tables import cases
from core.wording import count

#: Cases assigned in one step.
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Assignment:
    """One step. `to`: whose the cases became, None for nobody's; `before`: by case, whose each was."""

    to: str | None
    before: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, eq=False)
class Assigning:
    """Assigns the cases of a home."""

    accounts: Accounts
    audit: AuditLog
    database: Database

    def assign(self, wanted: Sequence[str], to: str | None, *, by: str, now: datetime) -> Assignment:
        """Assign open cases, all or none; `to` None takes assignments away. What is so already is left as it is.

        Raises NotAllowedError, UnknownItemError for a case that there is not, RefusedError where one is closed or they
        are more than MOST, and BadOptionError for somebody who cannot judge.
        """
        by = self.accounts.authorise(by, "assign cases").name
        if len(wanted) > MOST:
            raise RefusedError(f"{len(wanted):,} cases are too many to assign at once. Choose at most {MOST:,}.")
        person = None if to is None else self._who_judges(to)
        with self.database.writing() as connection:
            before = {case: _open(connection, case) for case in dict.fromkeys(wanted)}
            changed = {case: whose for case, whose in before.items() if whose != person}
            _put(connection, dict.fromkeys(changed, person), by, now)
            self._note(changed, person, by, now)
        return Assignment(person, changed)

    def undo(self, step: Assignment, *, by: str, now: datetime) -> int:
        """Give the cases of a step back to whom they were assigned before; how many. Those that were judged or assigned
        anew since are left as they are. Raises NotAllowedError.
        """
        by = self.accounts.authorise(by, "assign cases").name
        with self.database.writing() as connection:
            standing = {case: whose for case, whose in step.before.items() if _stands(connection, case, step.to)}
            _put(connection, standing, by, now)
            if standing:
                self._note(standing, step.to, by, now, what="undo assign")
        return len(standing)

    def _who_judges(self, name: str) -> str:
        person = self.accounts.current(name)
        if person is None or not person.may("judge"):
            why = "has no account here" if person is None else f"is {person.role} here, a role that judges nobody"
            raise BadOptionError("to", f"{name[:80]} {why}. Name a reviewer, a lead or an admin.")
        return person.name

    def _note(
        self, changed: Mapping[str, str | None], to: str | None, by: str, now: datetime, *, what: str = "assign"
    ) -> None:  # fmt: skip
        if changed:
            details = {"to": to, "cases": list(changed)[:20], "count": len(changed)}
            self.audit.note(
                who=by, what=what, about=count(len(changed), "case"), details=details, now=now, ahead=True
            )  # fmt: skip


def _open(connection: Connection, case: str) -> str | None:
    """Whose an open case is."""
    asked = select(cases.c.status, cases.c.assigned_to).where(cases.c.number == number_of(case))
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise UnknownItemError("case", case)
    if row.status != "open":
        raise RefusedError(f"Case {case} is closed. Only cases that wait can be assigned.")
    whose: str | None = row.assigned_to
    return whose


def _stands(connection: Connection, case: str, to: str | None) -> bool:
    asked = select(cases.c.status, cases.c.assigned_to).where(cases.c.number == number_of(case))
    row = connection.execute(asked).one_or_none()
    return row is not None and (row.status, row.assigned_to) == ("open", to)


def _put(connection: Connection, wanted: Mapping[str, str | None], by: str, now: datetime) -> None:
    for case, to in wanted.items():
        whose = {"assigned_to": to, "assigned_by": by if to else None, "assigned_at": now if to else None}
        connection.execute(update(cases).where(cases.c.number == number_of(case)).values(whose))
