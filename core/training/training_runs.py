"""Every training run of a home, promoted or not, with what was chosen, how it did, and its scores of the test part.

`data/candidates/t-0001/`: `candidate.json` and `scores.parquet` (key, label, probability of each user of the test
part). Runs of XGBoost are versions of the registry as well; of the others this is all that is kept, for only their
scores are ever compared. Nothing in it is ever changed. Runs of before cases had ids like theirs are called `c-0001`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core import formats
from core.data.split import Keys
from core.errors import UnknownItemError
from core.evaluation.cautions import Caution
from core.evaluation.metrics import Figures
from core.files import add_digests, replacing, within, write_text
from core.registry.metadata import Data

FORMAT: Final = 2
#: Before format 2 a run knew nothing of what speaks against it; pages worked it out.
_UPGRADES: Final[Mapping[int, formats.Upgrade]] = MappingProxyType({1: lambda raw: {**raw, "cautions": None}})
IDENTITY: Final = re.compile(r"[ct]-\d{4,}")
_ABOUT: Final = "candidate.json"
_SCORES: Final = "scores.parquet"
_TRIALS: Final = "trials.json"
_COLUMNS: Final = ("key", "label", "probability")


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting tried in a search; `value`: mean PR-AUC over the folds judged, None when none was.

    A pruned trial was given up after some of its folds, so that its value is not to be held against a complete one.
    """

    number: int
    state: Literal["complete", "pruned", "failed"]
    value: float | None
    parameters: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True)
class Validation:
    """How a recipe does on the users it learnt from, each scored by a model that had not seen this user.

    `pr_auc` is that of all of them together, `folds` that of each fold; `brier` and `ece` are after calibration.
    """

    pr_auc: float
    brier: float
    ece: float
    folds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """A training run. `id` is "" until it is kept, `version` "" unless it is published in the registry.

    `figures`: on the test part. `folds`: PR-AUC of each fold on users it did not see; `training_pr_auc`: on a sample
    of those learnt from. `rounds`: of boosting, None for families without. `validation`: with the options chosen,
    `without`: with natural weights and no hard negatives, None when nothing else was chosen. `notes`: sentences that
    belong beside the figures. `cautions`: what speaks against these, None where nobody has looked.
    """

    created: datetime
    by: str | None
    family: str
    options: Mapping[str, Any]
    data: Data
    figures: Figures
    folds: tuple[float, ...]
    training_pr_auc: float
    rounds: int | None
    seconds: float
    seed: int
    version: str = ""
    search: tuple[Trial, ...] = ()
    validation: Validation | None = None
    without: Validation | None = None
    notes: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] | None = None
    id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Of the users of a test part, sorted by key: keys (n,), label (n,) of 0 and 1, probability (n,) in [0, 1]."""

    keys: Keys
    label: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]

    @classmethod
    def of(cls, keys: Keys, label: npt.ArrayLike, probability: npt.ArrayLike) -> Scores:
        """From users in any order."""
        order = np.argsort(keys, kind="stable")
        y, p = np.asarray(label, np.float64), np.asarray(probability, np.float64)
        return cls(keys[order], y[order], p[order])


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRuns:
    """The training runs of a home, kept in `candidates`."""

    candidates: Path
    jobs: Path

    def keep(self, run: TrainingRun, scores: Scores) -> str:
        """Store a training run under the next number and return its id. Nobody ever sees half of one."""
        self.candidates.mkdir(parents=True, exist_ok=True)
        number = max((int(name[2:]) for name in self._names()), default=0) + 1
        while True:
            identity = f"t-{number:04d}"
            try:
                with replacing(self.candidates / identity) as folder:
                    folder.mkdir()
                    _write(folder, replace(run, id=identity), scores)
                    add_digests(folder)
            except OSError:
                if not (self.candidates / identity).exists():
                    raise
                number += 1  # another run was kept under this number meanwhile
            else:
                return identity

    def listed(self) -> tuple[TrainingRun, ...]:
        """All training runs of this home, newest first."""
        return tuple(self.find(name) for name in reversed(self.identities()))

    def identities(self) -> tuple[str, ...]:
        """The ids of all training runs of this home, oldest first."""
        return tuple(sorted(self._names(), key=lambda name: int(name[2:])))

    def find(self, identity: str) -> TrainingRun:
        """Raises UnknownItemError when this home has no such training run."""
        return _from_json(formats.load(self._folder(identity) / _ABOUT, known=FORMAT, upgrades=_UPGRADES))

    def scores(self, identity: str) -> Scores:
        """Its scores of the test part of its dataset. Raises UnknownItemError when this home has no such run."""
        frame = pd.read_parquet(self._folder(identity) / _SCORES)
        return Scores(*(frame[column].to_numpy() for column in _COLUMNS))

    def note_trials(self, job: str, trials: Sequence[Trial]) -> None:
        """Write down the trials that a job has made so far, for whoever watches it."""
        write_text(within(self.jobs, job) / _TRIALS, json.dumps([asdict(trial) for trial in trials]))

    def trials_so_far(self, job: str) -> tuple[Trial, ...]:
        """The trials that a job has ended so far, in the order of their numbers; none when there was no search."""
        path = within(self.jobs, job) / _TRIALS
        if not path.is_file():
            return ()
        return tuple(Trial(**raw) for raw in json.loads(path.read_text(encoding="utf-8")))

    def _names(self) -> list[str]:
        if not self.candidates.is_dir():
            return []
        return [entry.name for entry in self.candidates.iterdir() if IDENTITY.fullmatch(entry.name)]

    def _folder(self, identity: str) -> Path:
        folder = within(self.candidates, identity)
        if not IDENTITY.fullmatch(identity) or not (folder / _ABOUT).is_file():
            raise UnknownItemError("training run", identity)
        return folder


def _write(folder: Path, run: TrainingRun, scores: Scores) -> None:
    columns = (scores.keys, scores.label, scores.probability)
    pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True))).to_parquet(folder / _SCORES, index=False)
    text = json.dumps(_as_json(run), indent=1, ensure_ascii=False)
    (folder / _ABOUT).write_text(text + "\n", encoding="utf-8", newline="\n")


def _as_json(run: TrainingRun) -> dict[str, Any]:
    named = {"created": run.created.isoformat(), "figures": run.figures.as_json()}
    return {"format": FORMAT, **asdict(replace(run, options=dict(run.options))), **named}


def _from_json(raw: Mapping[str, Any]) -> TrainingRun:
    return TrainingRun(
        **{
            **raw,
            "created": datetime.fromisoformat(raw["created"]),
            "data": Data(**raw["data"]),
            "figures": Figures.from_json(raw["figures"]),
            "folds": tuple(raw["folds"]),
            "search": tuple(Trial(**trial) for trial in raw["search"]),
            "validation": _validation(raw["validation"]),
            "without": _validation(raw["without"]),
            "notes": tuple(raw["notes"]),
            "cautions": None if raw["cautions"] is None else tuple(map(Caution.from_json, raw["cautions"])),
        }
    )


def _validation(raw: Mapping[str, Any] | None) -> Validation | None:
    return None if raw is None else Validation(**{**raw, "folds": tuple(raw["folds"])})
