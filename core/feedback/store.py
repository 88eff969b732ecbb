"""What any store of feedback promises. The default, a CSV file, is `core.feedback.csv_store`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import pandas as pd

from core.feedback.ledger import Said
from core.feedback.verdict import Verdict
from core.store.verify import Verified


class FeedbackStore(Protocol):
    """Keeps every verdict ever given; what was said before is never changed, only followed by something newer."""

    def record(self, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
        """Store all of these or none; they are on disk when this returns. The stored verdicts, in the order given.

        A verdict stored before is given back as it is stored, so repeating a call adds nothing. Raises RefusedError
        when an id stands for something else already, or when `supersedes` names what is not there, what was
        replaced or withdrawn before, or a verdict on another user; StorageError when the disk is full.
        """

    def revise(
        self, predictions: Collection[str], decide: Callable[[Mapping[str, Sequence[Said]]], Sequence[Verdict]]
    ) -> tuple[Verdict, ...]:  # fmt: skip
        """As `record`, of what `decide` makes of all that was said of these predictions; nothing comes in between.

        `decide` may be called again when it is refused, and changes nothing itself. Raises what it raises.
        """

    def read(self) -> pd.DataFrame:
        """All verdicts in the order they were stored; the columns are those of `Ledger.frame`."""

    def verify(self) -> Verified:
        """Whether all that is stored is as it was written."""

    def set_aside(self) -> int:
        """How many unfinished, never acknowledged verdicts were found after a crash and set aside."""

    def forget(self, user: str, *, by: str, now: datetime) -> int:
        """Blank all that is stored about a user; `verify` still holds. How many verdicts; 0 when done before."""
