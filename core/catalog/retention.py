"""Texts at their end: what people wrote longer ago than the home keeps it is erased, wherever it lies.

Verdicts, their chain, figures, scores and ids stay: a verdict holds the number of a text and no word of it. A dataset
loses its columns of text, and what was rejected of it the records; a run its words in reasons; a case the text that was
judged. Whatever needs such a text from then on says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pandas as pd

from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.access.message_options import MessageOptions
from core.data.datasets import Dataset, Datasets
from core.errors import TrustdeskError
from core.feedback import judged_texts
from core.feedback.judged_texts import Kept
from core.feedback.ledger import Ledger
from core.feedback.table import column
from core.review.cases import Cases
from core.schema import schema as schemas
from core.scoring.runs import Run, Runs
from core.scoring.texts import unquoted
from core.wording import count

#: Under whose name it is done where nobody asks for it by hand.
WATCH: Final = "watch"
_EVERY_RUN: Final = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Due:
    """What is past its time: datasets with columns of text, their runs, cases and how many of these are open, and texts
    beside verdicts. `until`: everything written down before it.
    """

    until: datetime
    datasets: tuple[Dataset, ...]
    runs: tuple[Run, ...]
    cases: tuple[int, ...]
    open: int
    judged: tuple[Kept, ...]

    def __bool__(self) -> bool:
        return bool(self.datasets or self.cases or self.judged)

    @property
    def sentence(self) -> str:
        """What would be erased, or that nothing would."""
        since = f"{self.until:%Y-%m-%d %H:%M} UTC"
        if not self:
            return f"No text from before {since} is left."
        texts = sum(each.accepted for each in self.datasets)
        parts = [f"{count(len(self.datasets), 'dataset')} with {count(texts, 'message')}"] * bool(self.datasets)
        parts += [f"the words in reasons of {count(len(self.runs), 'run')}"] * bool(self.runs)
        waits = f", {self.open:,} of them waiting for review" if self.open else ""
        parts += [f"{count(len(self.cases), 'case')}{waits}"] * bool(self.cases)
        parts += [f"{count(len(self.judged), 'text')} beside verdicts"] * bool(self.judged)
        return f"Texts from before {since}: {'; '.join(parts)}."


@dataclass(frozen=True, slots=True, eq=False)
class Retention:
    """Erases texts at their end."""

    accounts: Accounts
    audit: AuditLog
    cases: Cases
    datasets: Datasets
    ledger: Ledger
    options: MessageOptions
    runs: Runs
    schema_file: Path

    def due(self, *, now: datetime) -> Due | None:
        """What is past its time; None where the home states no time. Raises BadOptionError."""
        until = self.options.load().end(now)
        texts = schemas.load(self.schema_file).texts if until else ()
        if until is None:
            return None
        datasets = tuple(each for each in self.datasets.with_texts(texts) if each.created < until)
        ids = {each.id for each in datasets}
        runs = tuple(run for run in self.runs.recent(_EVERY_RUN) if run.dataset in ids) if ids else ()
        cases, waiting = self.cases.with_texts(texts, until, ids)
        return Due(until, datasets, runs, cases, waiting, tuple(self._judged(texts, until)))

    def erase(self, due: Due, *, by: str, now: datetime) -> None:
        """Erase what is due, for ever. Done again after a crash, it goes on. Raises NotAllowedError."""
        self._erase(due, self.accounts.authorise(by, "delete data").name, now)

    def news(self, *, now: datetime) -> tuple[str, ...]:
        """Erase what is due, as the home has set, for who goes on whatever happens: a sentence where something was."""
        try:
            due = self.due(now=now)
            if not due:
                return ()
            self._erase(due, WATCH, now)
        except TrustdeskError as error:
            return (str(error),)
        return (f"Erased. {due.sentence}",)

    def _erase(self, due: Due, by: str, now: datetime) -> None:
        texts = schemas.load(self.schema_file).texts
        facts = {
            "until": due.until.isoformat(), "datasets": [each.id for each in due.datasets],
            "runs": [run.id for run in due.runs], "cases": len(due.cases), "texts": len(due.judged),
        }  # fmt: skip
        self.audit.note(who=by, what="erase texts", about="texts at their end", details=facts, now=now, ahead=True)
        self.cases.erase_texts(due.cases, texts)
        judged_texts.erase(due.judged, self.cases.database)
        self.cases.database.settle()
        for run in due.runs:
            if (told := self.runs.reasons(run.id)) is not None:
                self.runs.save_reasons(run.id, unquoted.reasons(told))
        for each in due.datasets:  # last: a dataset that has texts has them looked for again
            self.datasets.erase_texts(each.id, texts)

    def _judged(self, texts: tuple[str, ...], until: datetime) -> Iterator[Kept]:
        """The texts beside verdicts none of which was given since."""
        kept = judged_texts.kept(self.cases.database)
        if not kept:
            return
        self.ledger.refresh()
        frame = self.ledger.frame()
        late = frame[pd.to_datetime(frame["time"], utc=True) >= until]
        fresh = {
            (user, name, number)
            for name in texts if column(name) in late
            for user, number in zip(late["user"], late[column(name)], strict=True)
        }  # fmt: skip
        yield from (each for each in kept if each not in fresh)
