"""Every seam of the program: what a part promises to those who use it, whoever keeps the promise.

A store may be another one tomorrow, and a family of models may lead that is not there yet: whoever implements one of
these is given to its users by `core.home`, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

    from core.access.stored_users import StoredUsers
    from core.data.datasets import Dataset
    from core.data.intake import Checked
    from core.feedback.ledger import Said
    from core.feedback.standing import Standing
    from core.feedback.verdict import Verdict
    from core.model.learner import Judge, Margins, Matrix, Options, Rows, Share, Strongest, Watched
    from core.monitoring.channels import Answer
    from core.policy.policy import Policy
    from core.schema.schema import Schema
    from core.store.verify import Verified


class VerdictStore(Protocol):
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


class Stored(NamedTuple):
    """A verdict that was stored just now, and what stands of its user with it; None where nothing does."""

    verdict: Verdict
    stands: Standing | None


class ApplyVerdicts(Protocol):
    """Changes what follows from verdicts that were stored just now, after all that was stored before them."""

    def __call__(self, stored: Sequence[Stored], /) -> None: ...


class VerdictEffects(Protocol):
    """What changes together with a verdict: its case, and the decision that the platform is told."""

    def transaction(self) -> AbstractContextManager[ApplyVerdicts]:
        """All that is applied while this lasts holds at its end, or none of it where something is raised.

        One at a time, over all processes. A `VerdictStore` stores verdicts inside it and applies them last.
        """


class DatasetStore(Protocol):
    """Keeps the rows of files; a dataset never changes, and the same content is the same dataset."""

    @property
    def users(self) -> StoredUsers:
        """What keeps users from being forgotten while what was read here is being stored elsewhere."""

    def put(
        self, checked: Checked, schema: Schema, *, now: datetime, allow_missing: bool = False,
        need_label: bool = False, by: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Store what was read, as brought `by` somebody; on disk when this returns. What is there already is
        given back as it is.
        """

    def put_parts(
        self, dataset: Dataset, parts: Callable[[], Iterator[pa.Table]], unwhole: Collection[str],
        rejected: pd.DataFrame,
    ) -> Dataset:  # fmt: skip
        """As `put`, of accepted rows that come in parts, each a table that pandas made.

        unwhole: features of whole numbers that are not whole, or missing, in some of them.
        """

    def without(self, dataset: Dataset, rows: pd.Index[int], *, now: datetime) -> Dataset:
        """The dataset in which these input rows are rejected ones."""

    def find(self, identity: str) -> Dataset:
        """What is known of a dataset without its rows. Raises UnknownItemError."""

    def stored(self) -> tuple[Dataset, ...]:
        """All of them, newest first."""

    def frame(self, identity: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The accepted rows, or some of their columns, by input row. Raises UnknownItemError."""

    def forgotten(self, identity: str) -> tuple[int, ...]:
        """The input rows of users who were forgotten. Raises UnknownItemError."""

    def columns(self, identity: str) -> frozenset[str]:
        """The names of the columns stored, and of the row number. Raises UnknownItemError."""

    def batches(self, identity: str) -> Iterator[pd.DataFrame]:
        """As `frame`, in order, some rows at a time. Raises UnknownItemError."""

    def one(self, identity: str, row: int) -> pd.Series[Any]:
        """One accepted row by its input row. Raises UnknownItemError."""

    def row_of(self, identity: str, user: str) -> int | None:
        """The latest input row of a user, or None."""

    def rows_of(self, identity: str, user: str) -> tuple[int, ...]:
        """All input rows of a user, in order."""

    def rejected(self, identity: str) -> pd.DataFrame:
        """The rejected rows: line, row, column, code, sentence, record. Raises UnknownItemError."""


class PolicyStore(Protocol):
    """Keeps every policy there ever was; one of them is in force."""

    def in_force(self) -> Policy:
        """The policy by which scores are decided now; it does not say whether automation removes."""

    def deciding(self, model: str) -> Policy:
        """The same for users scored by this version of the model, as armed as it is now."""

    def save(self, policy: Policy, *, by: str, now: datetime) -> Policy:
        """Put a policy in force, under its own version. Raises RefusedError when it was made from an older one."""


class Learner(Protocol):
    """A fitted model."""

    def margin(self, x: Matrix, /) -> Margins:
        """Uncalibrated log-odds, (n, f) -> (n,)."""


class Predictor(Learner, Protocol):
    """A fitted model that may lead: what a version is made of."""

    @property
    def rounds(self) -> int:
        """Of boosting."""

    def bias(self, features: int, /) -> float:
        """What contributions are added to for the margin, in log-odds."""

    def reloaded(self) -> Predictor:
        """As it is when it comes from its file."""

    def save(self, path: Path, /) -> None:
        """Write the file that `LeadingFamily.loaded` reads."""


class Explainer(Protocol):
    """Exact SHAP values of a predictor: with its bias they add up to the margin."""

    def contributions(self, features: Matrix, /) -> npt.NDArray[np.float32]:
        """In log-odds, (n, f) -> (n, f); missing values (NaN) get theirs too."""

    def strongest(self, features: Matrix, k: int, /) -> tuple[npt.NDArray[np.float32], Strongest]:
        """Margins of features (n, f), and the k largest contributions above 0 of each row."""


class Draw(Protocol):
    """What a search asks for the next value of a parameter (as `optuna.Trial` does)."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...
    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int: ...


class Family(Protocol):
    """A way to learn. `name`: in words. `can_lead`: whether one of it may be promoted."""

    @property
    def name(self) -> str: ...
    @property
    def can_lead(self) -> bool: ...
    @property
    def available(self) -> bool:
        """Whether its library is installed."""

    def options(self, rows: int, /) -> Options:
        """What works well on sets of so many rows."""

    def space(self, draw: Draw, /) -> dict[str, Any]:
        """The parameters of one trial of a search."""

    def note(self, rows: int, /) -> str:
        """What has to be known when it learns from so many rows, as a sentence, or ""."""
        ...

    def watched(self, seen: Rows, unseen: Matrix, judge: Judge, options: Options, seed: int, told: Share, /) -> Watched:
        """Learn from the rows seen, judged on the others on the way."""

    def fitted(self, rows: Rows, options: Options, seed: int, rounds: int | None, told: Share, /) -> Learner:
        """Learn from rows, for so many rounds where the family has rounds."""


class LeadingFamily(Family, Protocol):
    """A family whose models may be promoted: they are stored, checked before they are loaded, and explained."""

    def features(self, content: bytes, /) -> int:
        """How many features a stored model has. Raises ValueError, with a clause, unless the file is sound."""

    def categories(self, content: bytes, /) -> tuple[int, ...]:
        """Of each feature how many categories its splits name: 0 for numbers, -1 where there is no split."""

    def loaded(self, content: bytes, /) -> Predictor:
        """The model of a file. Raises ValueError, with a clause, unless it is sound."""

    def explainer(self, predictor: Predictor, /) -> Explainer:
        """What explains a model of this family. Raises TypeError for another one."""


class AlertChannel(Protocol):
    """A place where people read alerts."""

    @property
    def name(self) -> str: ...

    def post(self, text: str, now: datetime) -> Answer:
        """Deliver a message, once. What the other side does is told by the answer, never raised."""
