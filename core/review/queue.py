"""The queue: who is to be judged next, and by whom, so that no two people ever judge one case at once.

How cases come into it: `core.review.enqueue`. A case is held by a reviewer in one
session, until the claim ends; another tab is another holder, and a holder has one case at a time. All that changes
the queue happens one change at a time (`database.writing`), over all processes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from core.errors import RefusedError
from core.feedback.strata import Stratum
from core.feedback.verdict import Judgement
from core.review import ordering
from core.review.cases import FORGOTTEN, NOBODY, Case, CaseFilters, id_of, number_of, read
from core.review.guidance import GuidanceStore
from core.store.database import Database
from core.store.tables import OPEN, cases

LEASE: Final = timedelta(minutes=10)
_EVERYTHING: Final = CaseFilters()
_UNJUDGED: Final = {
    "verdict": None, "judgement": None, "judged_by": None, "judged_at": None, "judged_category": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Queue:
    """The queue of a home."""

    database: Database
    guidance: GuidanceStore

    def claim(
        self, by: str, *, now: datetime, lease: timedelta = LEASE, filters: CaseFilters = _EVERYTHING,
        session: str = "", but: Collection[str] = (),
    ) -> Case | None:  # fmt: skip
        """The case this holder has, else the first free one, that passes; None when there is none.

        `but`: ids of cases not to give. The holder lets go of any other case. An appeal is never given to who decided.
        What is assigned to somebody comes first for them, and for nobody else for `Guidance.assigned_hours`.
        """
        passing = [OPEN, *filters.conditions(now), cases.c.not_for != by]
        alone = now - timedelta(hours=self.guidance.load().assigned_hours)
        if but:
            passing.append(cases.c.number.not_in([number_of(case) for case in but]))
        with self.database.writing() as connection:
            mine = _first(connection, [*passing, _held_by(by, session), cases.c.claimed_until > now])
            for offered in (cases.c.assigned_to == by, _for_all(alone)):
                mine = _first(connection, [*passing, _free(now), offered]) if mine is None else mine
            _let_go(connection, by, session)
            return None if mine is None else _give(connection, mine, by, session, now + lease)

    def take(self, case: str, by: str, *, now: datetime, lease: timedelta = LEASE, session: str = "") -> Case:
        """Claim one case that is free, or that the same person holds in another session.

        Raises RefusedError when it is closed, somebody else's, or not for this reviewer.
        """
        with self.database.writing() as connection:
            found = read(connection, case)
            if found.status == "closed":
                raise RefusedError(f"Case {case} is closed. Reopen it to judge it again.")
            if found.not_for == by:
                raise RefusedError(
                    f"Case {case} is an appeal against a decision of {by}. Somebody else must decide it."
                )
            if found.claimed(now) and found.claimed_by != by:
                raise RefusedError(f"Case {case} is assigned to {found.claimed_by}. Choose another one.")
            _let_go(connection, by, session)
            return _give(connection, found.number, by, session, now + lease)

    def renew(self, case: str, by: str, *, now: datetime, lease: timedelta = LEASE, session: str = "") -> bool:
        """Hold a case for another lease; whether it was still this holder's.

        Called before a verdict is recorded, so that nobody else gets the case while it is. A claim that has ended can
        be renewed while nobody has claimed the case and no run has changed it since.
        """
        with self.database.writing() as connection:
            held = update(cases).where(OPEN, cases.c.number == number_of(case), _held_by(by, session))
            return connection.execute(held.values(claimed_until=now + lease)).rowcount == 1

    def release(self, case: str, by: str, *, session: str = "") -> bool:
        """Let go of a case; whether this holder had it."""
        with self.database.writing() as connection:
            held = update(cases).where(OPEN, cases.c.number == number_of(case), _held_by(by, session))
            return connection.execute(held.values(NOBODY)).rowcount == 1

    def reopen(self, case: str, *, by: str, note: str, now: datetime, stratum: Stratum = "appeal") -> Case:
        """Have a decided case judged again, by somebody else than who decided it, next before all that wait as long.

        `by` asks for it and is named with the note. Asking twice with one note reopens once. Raises UnknownItemError,
        and RefusedError when there is no note, the case is open, or the user has another open case.
        """
        if not note.strip():
            raise RefusedError(f"Say in a note why case {case} is to be judged again.")
        text = f"{by}: {note.strip()}"
        hours = self.guidance.load().service_hours
        with self.database.writing() as connection:
            found = read(connection, case)
            if found.status == "open" and found.reopened == text:
                return found
            _refuse_unless_decided(connection, found)
            place = float(ordering.places(ordering.HIGHEST, now.timestamp(), hours))
            ordered = {"queued": now, "value": ordering.HIGHEST, "priority": place, "updated": now}
            again = {"stratum": stratum, "inclusion": None, "reopened": text, "not_for": found.judged_by or ""}
            _set(connection, found.number, {"status": "open"} | NOBODY | _UNJUDGED | ordered | again)
            return read(connection, case)

    def contest(self, case: str, *, by: str, note: str, now: datetime) -> Case:
        """Have an open case that nobody was asked about before judged next, for this note. Raises UnknownItemError."""
        hours = self.guidance.load().service_hours
        with self.database.writing() as connection:
            found = read(connection, case)
            place = float(ordering.places(ordering.HIGHEST, found.queued.timestamp(), hours))
            ordered = {"value": ordering.HIGHEST, "priority": place, "updated": now}
            _set(connection, found.number, ordered | {"reopened": f"{by}: {note.strip()}"})
            return read(connection, case)


def close(
    connection: Connection, case: str, *, verdict: str, judgement: Judgement, by: str, at: datetime,
    category: str = "",
) -> bool:  # fmt: skip
    """Close a case by a verdict, or put the verdict that supersedes it in its place; whether that changed anything.

    A case that was reopened is not closed by what was said before that and came in later. Raises UnknownItemError. Who
    may judge is asked before the verdict is recorded (`renew`): what was recorded stands.
    """
    found = read(connection, case)
    if found.status == "closed" and found.verdict == verdict:
        return False
    if found.status == "open" and found.reopened and at < found.queued:
        return False
    judged = {"verdict": verdict, "judgement": judgement, "judged_by": by, "judged_at": at,
              "judged_category": category}  # fmt: skip
    _set(connection, found.number, {"status": "closed"} | NOBODY | judged)
    return True


def back(connection: Connection, case: str, *, now: datetime, lease: timedelta = LEASE, session: str = "") -> bool:
    """Undo a close: the case is open, where it was in the queue, and held by who had judged it.

    When the user has another open case by now, this one stays closed, without judgement, and False is returned; so it
    is when the case is open already. Raises UnknownItemError.
    """
    found = read(connection, case)
    if found.status == "open":
        return False
    if _open_case(connection, found.user) is not None:
        _set(connection, found.number, _UNJUDGED)
        return False
    by = found.judged_by or ""
    _let_go(connection, by, session)
    claimed = {"claimed_by": by, "claimed_session": session, "claimed_until": now + lease}
    _set(connection, found.number, {"status": "open"} | _UNJUDGED | claimed)
    return True


def _refuse_unless_decided(connection: Connection, case: Case) -> None:
    if case.user == FORGOTTEN and not case.prediction:
        raise RefusedError(f"The user of case {case.id} was forgotten: there is nothing left to judge.")
    if case.status == "open":
        raise RefusedError(f"Case {case.id} is open: there is no decision to judge again.")
    if (other := _open_case(connection, case.user)) is not None:
        raise RefusedError(f"User {case.user} has an open case already, {id_of(other)}. Judge that one.")


def _first(connection: Connection, conditions: Sequence[Any]) -> int | None:
    ordered = select(cases.c.number).where(*conditions).order_by(cases.c.priority, cases.c.number).limit(1)
    return connection.execute(ordered).scalar_one_or_none()


def _open_case(connection: Connection, user: str) -> int | None:
    return connection.execute(select(cases.c.number).where(OPEN, cases.c.user == user)).scalar_one_or_none()


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(cases.c.claimed_until.is_(None), cases.c.claimed_until <= now)


def _for_all(alone: datetime) -> ColumnElement[bool]:
    """Offered to everybody: nobody's, or assigned before a moment."""
    return or_(cases.c.assigned_to.is_(None), cases.c.assigned_at <= alone)


def _held_by(by: str, session: str) -> ColumnElement[bool]:
    return and_(cases.c.claimed_by == by, cases.c.claimed_session == session)


def _let_go(connection: Connection, by: str, session: str) -> None:
    connection.execute(update(cases).where(OPEN, _held_by(by, session)).values(NOBODY))


def _give(connection: Connection, number: int, by: str, session: str, until: datetime) -> Case:
    _set(connection, number, {"claimed_by": by, "claimed_session": session, "claimed_until": until})
    return read(connection, id_of(number))


def _set(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    connection.execute(update(cases).where(cases.c.number == number).values(values))
