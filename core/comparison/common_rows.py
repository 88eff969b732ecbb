"""The rows on which versions may be compared: labelled users that none of them was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.comparison.paired_metrics import Contender
from core.data import split
from core.data.datasets import Dataset
from core.data.split import Split
from core.errors import TooFewRowsError, listed
from core.evaluation.resample import Floats
from core.ports import DatasetStore
from core.registry.registry import Model
from core.schema.schema import Schema
from core.scoring.scorer import Scorer
from core.training import training
from core.wording import count


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Labelled users (n,) that no compared version learnt from, of the `labelled` ones of a dataset.

    `trained_on`: version -> how many of the labelled users it was trained on. `untold`: versions of which that cannot
    be told: they come from homes with another salt, or were pulled without word of who they learnt from. `copies`:
    users left out because they share every feature with one learnt from.
    """

    name: str
    frame: pd.DataFrame
    label: Floats
    labelled: int
    trained_on: Mapping[str, int]
    untold: tuple[str, ...]
    copies: int = 0

    @property
    def sentence(self) -> str:
        """How many users are compared, how many are left out and why, and what cannot be told."""
        left = self.labelled - len(self.label)
        said = f"{self.name}: {count(len(self.label), 'user')}, {count(int(self.label.sum()), 'spammer')}"
        if left:
            learnt = listed(sorted(name for name, n in self.trained_on.items() if n))
            alike = f", and {self.copies:,} who share every feature with such a user," if self.copies else ""
            said += f"; {left - self.copies:,} that {learnt} learnt from{alike} are left out"
        if self.untold:
            come, they = ("comes from a workspace", "it") if len(self.untold) == 1 else ("come from workspaces", "they")
            said += f". {listed(self.untold)} {come} with another salt, or without word of who was learnt from: "
            said += f"{they} may have learnt from these users"
        return f"{said}."


@dataclass(frozen=True, slots=True, eq=False)
class CommonRows:
    """The rows on which versions may be compared."""

    datasets: DatasetStore
    split: Split

    def rows(self, models: Sequence[Model], dataset: Dataset, schema: Schema) -> Rows:
        """The users of a dataset on which these versions may be compared.

        Raises SchemaError without a label, TooFewRowsError when no user, or none of a class, is left.
        """
        frame = self.datasets.frame(dataset.id)
        frame = frame[~np.isnan(training.labels(frame, schema))]
        salt = self.split.salt()
        fresh, trained_on, untold = np.ones(len(frame), bool), {}, []
        for model in models:
            users = model.users() if model.metadata.data.salt == split.digest(salt) else None
            if users is not None:
                known = split.learnt(frame, schema, salt, users)
                trained_on[model.version] = int(known.sum())
                fresh &= ~known
            else:
                untold.append(model.version)
        copies = split.copies_of(frame, [name for name in schema.names if name in frame], ~fresh)
        fresh &= ~copies
        kept = frame[fresh]
        label = training.labels(kept, schema)
        _enough(label, dataset.name, learnt=not fresh.all())
        return Rows(dataset.name, kept, label, len(frame), trained_on, tuple(dict.fromkeys(untold)), int(copies.sum()))


def contender(rows: Rows, model: Model) -> Contender:
    """A version's scores of the rows.

    Raises WrongFeaturesError when the dataset lacks a feature of it, NoScoreError when it gives somebody no score.
    """
    scored = Scorer(model).score(rows.frame).checked()
    return Contender(model.version, scored.probability, categories=scored.categories)


def _enough(label: Floats, name: str, *, learnt: bool) -> None:
    positives = int(label.sum())
    if not 0 < positives < len(label):
        what = f"What the compared versions have not learnt from in {name}" if learnt else name
        raise TooFewRowsError(what, positives, len(label) - positives, 1)
