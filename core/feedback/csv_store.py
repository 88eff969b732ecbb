"""The default store of feedback: `data/feedback/feedback.csv`, one verdict a line, appended and chained.

A verdict on features that the file has no column for begins a new file, with these added; see `core.store.chained_log`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd

from core.access.audit import AuditLog
from core.errors import RefusedError
from core.feedback.ledger import Ledger, Said
from core.feedback.table import CATEGORY, FIELDS, cells
from core.feedback.verdict import Verdict
from core.ports import Stored, VerdictEffects
from core.store import chained_log, log_line
from core.store.group_commit import GroupCommit
from core.store.verify import Chain, Verified, verify

_USER: Final = list(FIELDS).index("user")
#: What a reviewer says. The same id with the same of these is the same verdict, come again a moment later.
_SAID: Final = ("case", "prediction", "user", "reviewer", "verdict", "reason", "notes", "supersedes")

#: What is to be stored, decided once all is known that was said of the predictions.
Decide = Callable[[Mapping[str, Sequence[Said]]], Sequence[Verdict]]
Answer = tuple[Verdict, ...] | RefusedError


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants stored: `decide` is called with what was said of `predictions`, while nobody else writes."""

    predictions: frozenset[str]
    decide: Decide


class CsvStore:
    """A `VerdictStore`; all of its promises hold between threads and between processes.

    Threads that record at once share one wait for the disk. What a verdict changes is applied in the transaction in
    which its line is written, from the verdict itself: the line is read by whoever comes later.
    """

    def __init__(self, ledger: Ledger, audit: AuditLog, effects: VerdictEffects) -> None:
        self._ledger, self._audit, self._effects, self._path = ledger, audit, effects, ledger.path
        self._chain = Chain(ledger.path)
        self._together: GroupCommit[Wish, Answer] = GroupCommit(self._commit)

    def record(self, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
        given = tuple(verdicts)
        return self._ask(Wish(frozenset(), lambda _said: given)) if given else ()

    def revise(self, predictions: Collection[str], decide: Decide) -> tuple[Verdict, ...]:
        return self._ask(Wish(frozenset(predictions), decide))

    def read(self) -> pd.DataFrame:
        self._ledger.refresh()
        return self._ledger.frame()

    def verify(self) -> Verified:
        return verify(self._path)

    def set_aside(self) -> int:
        return chained_log.set_aside(self._path)

    def forget(self, user: str, *, by: str, now: datetime) -> int:
        cell = log_line.encode(user)
        gone = chained_log.forget(self._path, lambda row: bool(user) and row[_USER : _USER + 1] == [cell])
        if gone:  # the log says that it was done, not to whom: the name is what is to be forgotten
            self._audit.note(who=by, what="forget", about="a user's feedback", details={"verdicts": gone}, now=now)
        return gone

    def _ask(self, wish: Wish) -> tuple[Verdict, ...]:
        answer = self._together.ask(wish)
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    def _commit(self, wishes: Sequence[Wish]) -> list[Answer]:
        with self._effects.transaction() as apply, chained_log.locked(self._path):
            self._chain.check()
            self._ledger.refresh()
            batch = _Batch(self._ledger)
            answers = [batch.decide(wish) for wish in wishes]
            fields, features = batch.fields(), batch.features()
            rows = [cells(verdict, fields, features) for verdict in batch.fresh.values()]
            chained_log.append(self._path, (*fields, *features), rows)
            apply(list(batch.stored()))
        return answers


class _Batch:
    """What is to be written at once: `fresh` verdicts by id, none of which the ledger has."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.fresh: dict[str, Verdict] = {}
        self._successors: dict[str, str] = {}

    def decide(self, wish: Wish) -> Answer:
        """The verdicts as stored, those that are new added to the batch; or why none of them is."""
        before = dict(self.fresh), dict(self._successors)
        try:
            return tuple(self._one(verdict) for verdict in wish.decide(self._said(wish.predictions)))
        except RefusedError as error:
            self.fresh, self._successors = before
            return error

    def fields(self) -> tuple[str, ...]:
        """The fields of the file to write to: those there are, and the category where one is said."""
        said = CATEGORY in self._ledger.fields or any(verdict.category for verdict in self.fresh.values())
        return tuple(name for name in FIELDS if name != CATEGORY or said)

    def features(self) -> tuple[str, ...]:
        """The columns of the file to write to: those there are, and what is new."""
        new = (name for verdict in self.fresh.values() for name in verdict.features)
        return tuple(dict.fromkeys((*self._ledger.features, *new)))

    def stored(self) -> Iterator[Stored]:
        """The fresh verdicts, in the order in which they are written."""
        of_user: defaultdict[str, list[Verdict]] = defaultdict(list)
        for verdict in self.fresh.values():
            of_user[verdict.user].append(verdict)
            yield Stored(verdict, self._ledger.standing_with(of_user[verdict.user]))

    def _said(self, predictions: Collection[str]) -> dict[str, list[Said]]:
        found = self._ledger.said(predictions) if predictions else {}
        for verdict in self.fresh.values() if predictions else ():
            if verdict.prediction in predictions:
                found.setdefault(verdict.prediction, []).append(Said.of(verdict))
        return found

    def _one(self, verdict: Verdict) -> Verdict:
        if (stored := self._find(verdict.id)) is not None:
            _check_repeat(stored, verdict)
            return stored
        if verdict.supersedes:
            self._check_supersedes(verdict)
            self._successors[verdict.supersedes] = verdict.id
        self.fresh[verdict.id] = verdict
        return verdict

    def _find(self, identity: str) -> Verdict | None:
        return self.fresh.get(identity) or self._ledger.verdict(identity)

    def _check_supersedes(self, verdict: Verdict) -> None:
        before = self._find(verdict.supersedes)
        later = self._successors.get(verdict.supersedes) or self._ledger.successor(verdict.supersedes)
        if before is None or before.user != verdict.user:
            raise RefusedError(f"There is no verdict {verdict.supersedes} on {verdict.user} that could be replaced.")
        if later is not None:
            raise RefusedError(f"Verdict {verdict.supersedes} was replaced before, by {later}. Load the case again.")
        if before.verdict == "withdrawn":
            raise RefusedError(
                f"Verdict {verdict.supersedes} is an undo, which cannot be replaced. Judge the case anew."
            )


def _check_repeat(stored: Verdict, verdict: Verdict) -> None:
    changed = [name for name in _SAID if getattr(stored, name) != getattr(verdict, name)]
    if changed:
        raise RefusedError(
            f"Verdict {verdict.id} is stored with another {changed[0]}. To change a verdict, record one with a new id."
        )
