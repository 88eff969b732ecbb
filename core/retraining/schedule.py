"""When it is time to retrain: enough new verdicts, and enough time since the last attempt."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from core import formats
from core.feedback.ledger import Ledger
from core.files import write_text
from core.retraining.settings import Learning, LearningOptions
from core.retraining.training_set import labels_given
from core.wording import count

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Last:
    """The last attempt: when, the version it made, and where the verdicts it learnt from end (`Ledger.position`).

    `failed`: the sentence that says why the last attempt made none, "" when it did; the others are then older.
    """

    at: datetime | None = None
    version: str = ""
    position: str = ""
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """Whether it is time, after so many new verdicts; `sentence` says why or why not."""

    new: int
    is_due: bool
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """When a home is to be retrained, and when it was, by `path`."""

    learning: LearningOptions
    ledger: Ledger
    path: Path

    def due(self, *, now: datetime) -> Due:
        """Whether it is time to retrain this home. Raises BadOptionError when its settings cannot be used."""
        before = self.last()
        waited = None if before.at is None else now - before.at
        return decided(self.new_verdicts(before), waited, self.learning.load())

    def new_verdicts(self, before: Last) -> int:
        """How many verdicts stand that say what a user is and that the last retraining has not seen."""
        known = self.ledger
        known.refresh()
        given = labels_given(known.effective())
        return int((given.index >= int(before.position or 0)).sum())

    def last(self) -> Last:
        """What is known of the last attempt in this home."""
        path = self.path
        if not path.is_file():
            return Last()
        raw = formats.load(path, known=FORMAT)
        return Last(datetime.fromisoformat(raw["at"]), raw["version"], raw["position"], raw["failed"])

    def note_done(self, version: str, position: str, *, now: datetime) -> None:
        """Write down that a retraining made a version from the verdicts up to a position."""
        self._write(Last(now, version, position))

    def note_failure(self, why: str, *, now: datetime) -> None:
        """Write down why a retraining made none: the next attempt waits for the interval, as after any other."""
        self._write(replace(self.last(), at=now, failed=why))

    def _write(self, noted: Last) -> None:
        at = noted.at.isoformat() if noted.at else None
        told = {"at": at, "version": noted.version, "position": noted.position, "failed": noted.failed}
        write_text(self.path, json.dumps({"format": FORMAT} | told, indent=1) + "\n")


def decided(new: int, waited: timedelta | None, learning: Learning) -> Due:
    """The same from the number of new verdicts and the time since the last attempt, None when there was none.

    >>> decided(3, None, Learning(min_samples=5)).sentence
    'Not yet: 3 of 5 new verdicts have come in.'
    """
    if new < learning.min_samples:
        return Due(new, False, f"Not yet: {new:,} of {learning.min_samples:,} new verdicts have come in.")
    left = 0.0 if waited is None else learning.retrain_interval - waited.total_seconds()
    if left > 0:
        return Due(new, False, f"Not yet: {count(new, 'new verdict')}, but {left:,.0f} s of the interval are left.")
    return Due(new, True, f"It is time: {count(new, 'new verdict')} have come in.")
