"""Whether verdicts, cases and decisions agree: the first are a file, the other two a database that follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import pandas as pd
from sqlalchemy import select

from core.feedback.ledger import Ledger
from core.review.cases import FORGOTTEN, id_of
from core.review.decisions import effects
from core.review.decisions.outbox import NONE, decision_of
from core.store.database import Database
from core.store.tables import cases, decisions

#: What a case holds of the verdict that decided it, by the column of the feedback that says the same.
_SAID: Final = {"user": "user", "judgement": "verdict", "judged_by": "reviewer", "judged_at": "time"}
_OF_CASE: Final = (cases.c.number, cases.c.status, cases.c.prediction, cases.c.reopened, cases.c.verdict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many `cases` and `decisions` were held against the feedback, and a sentence for each that contradicts it."""

    cases: int
    decisions: int
    contradictions: tuple[str, ...]


class _Row(NamedTuple):
    number: int
    id: str
    time: datetime
    case: str
    prediction: str
    user: str
    reviewer: str
    verdict: Any

    def __str__(self) -> str:
        return f"row {self.number + 1} of the feedback ({self.id})"


@dataclass(frozen=True, slots=True)
class _Feedback:
    """What the files say. `known`: their rows by the id of the verdict, but for those forgotten, if `forgotten`.

    `valid` and `standing` (`Ledger.valid`, `.effective`) are without users of whom not all was applied yet.
    """

    known: Mapping[str, _Row]
    valid: tuple[_Row, ...]
    standing: tuple[_Row, ...]
    forgotten: bool


@dataclass(frozen=True, slots=True, eq=False)
class Consistency:
    """Holds what a home has stored of its verdicts against each other."""

    database: Database
    ledger: Ledger

    def check(self) -> Agreement:
        """Look at every case and every decision; changes nothing.

        A row of a sentence counts the verdicts of all feedback files from 1, forgotten ones too. Raises
        FileProblemError when a line of the feedback cannot be read.
        """
        with self.database.connect() as connection:  # one moment of the database, then a later one of the files
            judged = connection.execute(select(*_OF_CASE, *(cases.c[name] for name in _SAID))).all()
            told = connection.execute(select(decisions).order_by(decisions.c.number)).all()
            applied = effects.applied(connection)
        self.ledger.refresh()
        feedback = self._feedback(applied)
        return Agreement(len(judged), len(told), (*_of_cases(judged, feedback), *_of_decisions(told, feedback)))

    def _feedback(self, applied: int) -> _Feedback:
        everything = _rows(self.ledger.frame())
        later = {row.user for row in everything if row.number >= applied}
        valid, standing = (
            tuple(row for row in _rows(frame) if row.user not in later)
            for frame in (self.ledger.valid(), self.ledger.effective())
        )
        forgotten = len(everything) < int(self.ledger.position)
        return _Feedback({row.id: row for row in everything}, valid, standing, forgotten)


def _rows(frame: pd.DataFrame) -> list[_Row]:
    return list(map(_Row, frame.index.tolist(), *(frame[name].tolist() for name in _Row._fields[1:])))


def _of_cases(judged: Iterable[Any], feedback: _Feedback) -> Iterator[str]:
    decided = {(row.case, row.user, row.prediction): row for row in feedback.valid}
    for case in judged:
        name, row = id_of(case.number), feedback.known.get(case.verdict or "")
        if case.status == "open" and not case.reopened and (by := decided.get((name, case.user, case.prediction))):
            yield f"Case {name} is open, but {by} has judged it."
        if not case.verdict or case.user == FORGOTTEN:
            continue
        if row is None and not feedback.forgotten:
            yield f"Case {name} was decided by the verdict {case.verdict}, which the feedback does not have."
        elif row is not None:
            for of_it, what in _SAID.items():
                if (here := getattr(case, of_it)) != (there := getattr(row, what)):
                    yield f"Case {name} has {here} as {what}, {row} has {there}."


def _of_decisions(told: Iterable[Any], feedback: _Feedback) -> Iterator[str]:
    last = {decision.user: decision for decision in told}
    automatic = {decision.user for decision in told if not decision.verdict}
    for decision in filter(lambda each: each.verdict, told):
        row = feedback.known.get(decision.verdict)
        if row is None and not feedback.forgotten:
            yield f"Decision {decision.number} rests on {decision.verdict}, which the feedback does not have."
        elif row is not None and (decision.user, decision.who) != (row.user, row.reviewer):
            of_it = f"Decision {decision.number} is by {decision.who} on {decision.user}"
            yield f"{of_it}, {row} is by {row.reviewer} on {row.user}."
    for row in feedback.standing:
        decision = last.get(row.user)
        due = decision_of(row.verdict)
        if due == NONE and row.user in automatic:
            due = "remove"
        if due == NONE and decision and feedback.forgotten and decision.verdict not in feedback.known:
            due = decision.decision  # what rests on a verdict that was blanked stands until somebody says otherwise
        if (decision.decision if decision else NONE) != due:
            was = f'was told "{decision.decision}" by decision {decision.number}' if decision else "was told nothing"
            yield f"R{str(row)[1:]} says {row.verdict} of {row.user}, but the platform {was}."
