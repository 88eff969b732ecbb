"""The outbox: what the platform is told to do with users whom a person has judged, or automation has removed.

Decisions are numbered in the order in which they are committed, and never changed. A consumer takes what follows its
cursor, acts, and confirms, which moves the cursor.

What exactly once means: every decision is in exactly one confirmed batch of each consumer. Of two processes of one
consumer that took the same batch, one confirms and the other is told that it was late. A consumer that fails between
acting and confirming gets the same numbers again: no one can know what it had done, so it leaves out the numbers it
has acted on. A file is published first and confirmed then, which no other process can come between: whenever the
process dies, the decisions are in the file or will be given again, or both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import pandas as pd
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from core.errors import BadOptionError, RefusedError
from core.feedback.verdict import Judgement
from core.review.cases import FORGOTTEN
from core.scoring.table_marks import Mark, exactly
from core.store import database
from core.store.database import Database
from core.store.tables import cursors, decisions

Decision = Literal["remove", "keep", "none"]
UPHELD: Final = "upheld"
#: What is told when nothing was decided, or no longer is.
NONE: Final[Decision] = "none"
_BY_LABEL: Final[dict[Judgement | None, Decision]] = {"spammer": "remove", "legitimate": "keep"}
_COLUMNS: Final = [column.name for column in decisions.c]
#: Columns of before removals were explained.
_BEFORE: Final = _COLUMNS.index("statement")
#: A table of decisions, numbered.
MARK: Final = Mark("decisions", lambda columns: any(exactly(*_COLUMNS[:end])(columns) for end in (_BEFORE, None)))
_MOST_NAME: Final = 80
# Made once: an import asks for 20,000 users, and making a statement takes longer than running it.
_LAST_OF: Final = (
    select(decisions).where(decisions.c.user == bindparam("of")).order_by(decisions.c.number.desc()).limit(1)
)
_ADD: Final = insert(decisions)


def decision_of(label: Judgement | None) -> Decision:
    """What a platform is told of a user about whom this stands."""
    return _BY_LABEL.get(label, NONE)


@dataclass(frozen=True, slots=True)
class Batch:
    """The decisions numbered above `after` up to `last`, one a row, indexed by number."""

    consumer: str
    after: int
    last: int
    decisions: pd.DataFrame


def add(  # noqa: PLR0913 - what a platform has to know of a decision
    connection: Connection,
    *,
    user: str,
    case: str,
    verdict: str,
    label: Judgement | None,
    who: str,
    why: str,
    at: datetime,
    appeal: bool = False,
    statement: str = "",
    known: Callable[[str], bool] = lambda _verdict: True,
) -> int | None:
    """Tell what now stands about a user; the number, or None when there is nothing new to say.

    label: what the verdicts say that stand by now (`core.feedback.standing`), None where they do not say: then a
    removal by automation stands where there was one. Spammer means remove, legitimate keep. statement: for who is
    removed. A decision that stands already is told again only when an appeal upheld it; a verdict is told once.
    `reversal_of` of a change is the number of the decision it takes back. known: whether a verdict is still kept; what
    rests on one that is not stands until somebody says otherwise, or is unsure in the same case.
    """
    decision = decision_of(label)
    last = _last(connection, user)
    if decision == NONE and last is not None and _automatic(connection, user):
        decision = "remove"
    standing = NONE if last is None else last.decision
    if decision == NONE and last is not None and last.verdict and not known(last.verdict):
        decision = NONE if case and last.case == case else standing
    upheld = appeal and decision == standing != NONE and last is not None and last.verdict != verdict
    if decision == standing and not upheld:
        return None
    told = {
        "time": at, "user": user, "case": case, "verdict": verdict, "decision": decision, "who": who,
        "why": ": ".join(filter(None, (UPHELD, why))) if upheld else why,
        "reversal_of": last.number if last is not None and standing not in {NONE, decision} else None,
        "statement": statement if decision == "remove" else "",
    }  # fmt: skip
    inserted = connection.execute(_ADD, told).inserted_primary_key
    return int(inserted[0]) if inserted else None


def remove(
    connection: Connection, *, user: str, who: str, why: str, statement: str, evidence: str, at: datetime
) -> bool:
    """Tell that automation removes a user; False, and nothing is told, where something stands about the user."""
    last = _last(connection, user)
    if last is not None and last.decision != NONE:
        return False
    told = {
        "time": at, "user": user, "case": "", "verdict": "", "decision": "remove", "who": who, "why": why,
        "reversal_of": None, "statement": statement, "evidence": evidence,
    }  # fmt: skip
    connection.execute(_ADD, told)
    return True


def _automatic(connection: Connection, user: str) -> bool:
    """Whether automation has removed a user, whatever became of it."""
    ours = select(decisions.c.number).where(decisions.c.user == user, decisions.c.verdict == "").limit(1)
    return connection.execute(ours).scalar_one_or_none() is not None


@dataclass(frozen=True, slots=True, eq=False)
class Outbox:
    """The decisions of a home for its platform."""

    database: Database

    def since(self, number: int, most: int = 10_000) -> pd.DataFrame:
        """Decisions after a number, the oldest first, indexed by number; moves no cursor."""
        with self.database.connect() as connection:
            return _since(connection, number, most)

    def take(self, consumer: str, most: int = 10_000) -> Batch:
        """What a consumer has not confirmed yet. Taking twice gives the same; raises BadOptionError for a bad name."""
        _check_name(consumer)
        with self.database.connect() as connection:
            after = _cursor(connection, consumer)
            frame = _since(connection, after, most)
        return Batch(consumer, after, int(frame.index[-1]) if len(frame) else after, frame)

    def confirm(self, batch: Batch, *, now: datetime, publish: Callable[[], None] = lambda: None) -> bool:
        """Move the consumer's cursor past a batch; False, and nothing moved, when another process has done so
        meanwhile.

        publish: makes seen what was made of the batch; called right before, while nobody else of this home can confirm,
        and not at all by who was late. What it raises is raised here, and nothing is moved. Who is told False must
        discard what it made of the batch.
        """
        with self.database.writing() as connection:
            if _cursor(connection, batch.consumer) != batch.after:
                return False
            publish()
            row = {"number": batch.last, "at": now}
            moved = connection.execute(update(cursors).where(cursors.c.consumer == batch.consumer).values(row)).rowcount
            if not moved:
                connection.execute(insert(cursors).values(row | {"consumer": batch.consumer}))
        return True

    def rewind(self, consumer: str, number: int, *, now: datetime) -> None:
        """Move the cursor of a consumer back to a number, so that what follows it is given once more."""
        with self.database.writing() as connection:
            ours = update(cursors).where(cursors.c.consumer == consumer, cursors.c.number > number)
            connection.execute(ours.values(number=number, at=now))

    def waiting(self, consumer: str) -> tuple[int, datetime | None]:
        """How many decisions a consumer has not confirmed, and when the first of them was made."""
        with self.database.connect() as connection:
            later = (decisions.c.number > _cursor(connection, consumer)) & (decisions.c.user != FORGOTTEN)
            found = connection.execute(select(func.count(), func.min(decisions.c.time)).where(later)).one()
        return int(found[0]), found[1]

    def confirm_numbers(self, consumer: str, after: int, last: int, *, now: datetime) -> bool:
        """As `confirm`, of the decisions after a number up to another one; False, and nothing moved, where a process of
        the consumer has confirmed them before.

        Raises BadOptionError for a bad name or for numbers that no decision has, and RefusedError where the consumer
        has not confirmed all before these, or only some of these.
        """
        _check_name(consumer)
        with self.database.writing() as connection:
            before, newest = _cursor(connection, consumer), _newest(connection)
            if not after <= last <= max(newest, after):
                raise BadOptionError("last", f"give a number from {after} to {newest}, the newest decision there is.")
            if before >= last:
                return False
            if before != after:
                raise RefusedError(f"{consumer} has confirmed up to {before}. Read its decisions again from there.")
        return self.confirm(Batch(consumer, after, last, _frame([])), now=now)

    def given(self, who: str) -> int:
        """The greatest number that somebody was given, as far as `note_given` knows; 0 before that."""
        with self.database.connect() as connection:
            return int(database.mark(connection, _given_to(who)) or 0)

    def note_given(self, who: str, number: int) -> None:
        """Somebody was given the decisions up to a number."""
        with self.database.writing() as connection:
            if number > int(database.mark(connection, _given_to(who)) or 0):
                database.set_mark(connection, _given_to(who), str(number))

    def confirmed(self) -> int:
        """The number of the last decision that any consumer has confirmed, 0 before that."""
        with self.database.connect() as connection:
            return connection.execute(select(func.max(cursors.c.number))).scalar_one() or 0

    def of_user(self, user: str) -> pd.DataFrame:
        """All decisions about a user, the oldest first, indexed by number."""
        with self.database.connect() as connection:
            return _frame(
                connection.execute(select(decisions).where(decisions.c.user == user).order_by("number")).all()
            )


def _last(connection: Connection, user: str) -> Row[Any] | None:
    return connection.execute(_LAST_OF, {"of": user}).one_or_none()


def _cursor(connection: Connection, consumer: str) -> int:
    found = select(cursors.c.number).where(cursors.c.consumer == consumer)
    return connection.execute(found).scalar_one_or_none() or 0


def _newest(connection: Connection) -> int:
    return connection.execute(select(func.max(decisions.c.number))).scalar_one() or 0


def _given_to(who: str) -> str:
    return f"decisions given to {who}"


def _since(connection: Connection, number: int, most: int) -> pd.DataFrame:
    ours = (decisions.c.number > number) & (decisions.c.user != FORGOTTEN)  # of whom nobody can be told
    later = select(decisions).where(ours).order_by(decisions.c.number).limit(most)
    return _frame(connection.execute(later).all())


def _frame(rows: Any) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=_COLUMNS).astype({"reversal_of": "Int64"})
    return frame.set_index("number")


def _check_name(consumer: str) -> None:
    if not consumer.strip() or len(consumer) > _MOST_NAME or not consumer.isprintable():
        raise BadOptionError("consumer", f"give a name of 1 to {_MOST_NAME} printable characters.")
