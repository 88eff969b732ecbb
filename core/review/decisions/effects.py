"""What a verdict changes: its case, and what the platform is told of the user.

The verdict is a line of the feedback file, which is the truth; case and decision are in the database. All three are
one transaction there: while it lasts the line is written, and only then the other two are. Whoever dies in between
leaves a line that the database does not know of; the next transaction applies it first, each line once and in order.
Right after it, automation is disarmed where the verdict shows that it must be.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from core.feedback import judged_texts
from core.feedback.ledger import Ledger
from core.feedback.verdict import Judgement, Verdict
from core.policy.automation.removal import Removal
from core.ports import ApplyVerdicts, Stored
from core.review import cases, queue
from core.review.automation.automation import Automation
from core.review.decisions import outbox
from core.store import database
from core.store.database import Database
from core.store.numbered import Numbering

_MARK: Final = "feedback"


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """The `VerdictEffects` of a home."""

    automation: Automation
    database: Database
    ledger: Ledger
    numbering: Numbering

    @contextlib.contextmanager
    def transaction(self) -> Iterator[ApplyVerdicts]:
        said: list[datetime] = []
        with self.database.writing() as connection:
            yield functools.partial(self._apply, connection, said)
        if said:  # verdicts stand by now, whatever comes of this
            self.automation.check(now=max(said))

    def catch_up(self) -> None:
        """Apply what was stored and never applied: what a crash left, or a file that was brought here."""
        with self.transaction() as apply:
            self.ledger.refresh()
            apply(())

    def _apply(self, connection: Connection, said: list[datetime], stored: Sequence[Stored]) -> None:
        left, position = self.ledger.news(database.mark(connection, _MARK))
        if left or stored:
            self.numbering.settle(connection)
            removal = self.automation.policies.in_force().removal
            fresh = {each.verdict.id for each in stored}

            def known(verdict: str) -> bool:
                return verdict in fresh or self.ledger.verdict(verdict) is not None

            for each in (*(Stored(verdict, self.ledger.standing(verdict)) for verdict in left), *stored):
                _apply(connection, each, removal, known)
                judged_texts.keep(connection, each.verdict)
        database.set_mark(connection, _MARK, Ledger.further(position, len(stored)))
        said += [verdict.time for verdict in (*left, *(each.verdict for each in stored))]


def applied(connection: Connection) -> int:
    """How many rows of the feedback the database knows of."""
    return int(database.mark(connection, _MARK) or 0)


def _apply(connection: Connection, stored: Stored, removal: Removal, known: Callable[[str], bool]) -> None:
    verdict, stands = stored
    if verdict.verdict == "withdrawn":
        case = _reopened(connection, stored)
    else:
        case = _closed(connection, verdict, verdict.verdict)
    outbox.add(
        connection, user=verdict.user, case=case or verdict.case, verdict=verdict.id,
        label=None if stands is None else stands.label, who=verdict.reviewer,
        why=": ".join(filter(None, (verdict.reason, verdict.notes))), at=verdict.time,
        appeal=verdict.stratum == "appeal" and verdict.verdict != "withdrawn",
        statement=removal.statement(verdict.reason), known=known,
    )  # fmt: skip


def _reopened(connection: Connection, stored: Stored) -> str | None:
    """The case in whose name the platform is told that a verdict was taken back."""
    verdict, stands = stored
    # Where another verdict decided the case since, that one stands.
    case = cases.decided_by(connection, verdict.user, verdict.supersedes)
    if case:
        queue.back(connection, case, now=verdict.time)
    # What stands again is the decision of the case that made it.
    return stands.case if stands is not None and stands.label else case


def _closed(connection: Connection, verdict: Verdict, judgement: Judgement) -> str | None:
    """The case that a verdict decides, None where there is none."""
    # By user and prediction too: in another database than the one it was given for, an id is another case.
    case = cases.asking(connection, verdict.user, verdict.prediction, verdict.case)
    if case is None and verdict.supersedes:
        case = cases.decided_by(connection, verdict.user, verdict.supersedes)
    if case:
        queue.close(connection, case, verdict=verdict.id, judgement=judgement, by=verdict.reviewer, at=verdict.time,
                    category=verdict.category)  # fmt: skip
    return case
