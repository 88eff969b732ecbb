"""The chain from a file to a recorded run: read, store, score, apply the policy, record; then the reasons."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data import intake
from core.data.datasets import Dataset
from core.data.intake import Checked
from core.jobs import Report
from core.model import shap_values
from core.model.shap_values import Helper
from core.policy.decide import decide
from core.policy.policy import Policy
from core.ports import DatasetStore
from core.registry import registry
from core.registry.registry import Model, Registry
from core.schema.schema import Schema
from core.scoring.export import TOP
from core.scoring.reasons import texts
from core.scoring.runs import Run, Runs
from core.scoring.scorer import Scored, Scorer

Which = Literal["flagged", "all", "none"]
#: Told what is being done, and how much of how much.
Progress = Callable[[str, int, int], None]


def _quiet(_what: str, _done: int, _of: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Scoring:
    """A run together with what it was made from, still in memory. `frame`: the dataset's rows."""

    run: Run
    dataset: Dataset
    frame: pd.DataFrame
    results: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class FileScoring:
    """Scores files."""

    datasets: DatasetStore
    registry: Registry
    runs: Runs

    def score_file(  # noqa: PLR0913 - one argument for each noun of the chain
        self,
        name: str,
        payload: bytes | Path,
        schema: Schema,
        model: Model,
        policy: Policy,
        *,
        now: datetime,
        allow_missing: bool = False,
        progress: Progress = _quiet,
        job: str = "",
        ready: Callable[[Checked], None] = lambda _checked: None,
    ) -> Scoring:
        """Read a file, store its rows and score them; a row that the model gives no score is rejected.

        job: the one that does it, where there is one (see `runs.record`).

        `ready` is given what was read before anything is stored; what it raises is raised here. Also raises the errors
        of `intake.read`, FileProblemError where not one row is accepted, and WrongFeaturesError when the model was
        trained on other columns.
        """
        started = time.monotonic()
        progress(f"Reading {name}", 0, 0)
        checked = intake.read(name, payload, schema, allow_missing=allow_missing)
        checked.refuse_unusable()
        ready(checked)
        # Writing the rows and scoring them take a core each, so neither waits for the other.
        with ThreadPoolExecutor(1) as pool:
            storing = pool.submit(self.datasets.put, checked, schema, now=now, allow_missing=allow_missing)
            told = functools.partial(progress, f"Scoring {name}")
            scored = Scorer(model).score_in_blocks(checked.frame, told)
            dataset = storing.result()
        dataset, frame, scored = self._with_scores(dataset, checked.frame, scored, now)
        run = self.runs.record(
            dataset, scored, frame.index, policy, name=name, now=now, started=started, job=job
        )  # fmt: skip
        return Scoring(run, dataset, frame, self.runs.scores(run.id))

    def score_stored(self, dataset: Dataset, model: Model, policy: Policy, *, now: datetime) -> Run:
        """Score the users of a stored dataset; a row that the model gives no score is rejected.

        Raises WrongFeaturesError when the model was trained on other columns.
        """
        started = time.monotonic()
        frame = self.datasets.frame(dataset.id, model.metadata.names)
        whole, frame, scored = self._with_scores(dataset, frame, Scorer(model).score(frame), now)
        return self.runs.record(whole, scored, frame.index, policy, name=dataset.name, now=now, started=started)

    def _with_scores(
        self, dataset: Dataset, frame: pd.DataFrame, scored: Scored, now: datetime
    ) -> tuple[Dataset, pd.DataFrame, Scored]:
        """The users who have a score, and the dataset of which the others are rejected; as it is where nobody is."""
        finite = scored.finite
        if finite.all():
            return dataset, frame, scored
        return self.datasets.without(dataset, frame.index[~finite], now=now), frame[finite], scored.only(finite)

    def explain_run(self, report: Report, *, run: str, which: Which = "flagged", top: int = TOP) -> None:
        """The job that fills in the reasons of a run behind the page that shows its scores."""
        found = self.runs.find(run)
        model = self.registry.load(found.model)
        with model.explainer.helping(model.folder / registry.TREES) as helper:
            report(0, found.flagged if which == "flagged" else found.users, "Preparing the trees")
            frame = self.datasets.frame(found.dataset, model.metadata.names)
            probability = self.runs.scores(run)["probability"].to_numpy()
            reasons = explained(
                frame, probability, model, found.policy, which=which, top=top, helper=helper,
                progress=lambda done, of: report(done, of, f"Reasons for {done:,} of {of:,} users"),
            )  # fmt: skip
        self.runs.save_reasons(run, reasons)


def explained(  # noqa: PLR0913 - what a reason depends on
    frame: pd.DataFrame,
    probability: npt.NDArray[np.float64],
    model: Model,
    policy: Policy,
    *,
    which: Which = "flagged",
    top: int = TOP,
    helper: Helper | None = None,
    progress: shap_values.Progress = lambda _done, _of: None,
) -> pd.DataFrame:
    """`reason_1` to `reason_<top>` of the flagged or of all rows, indexed by input row.

    frame: the users (n rows) with the model's features; probability: (n,).
    """
    names = model.metadata.names
    chosen = frame if which == "all" else frame[decide(policy, probability).flagged & (which == "flagged")]
    values = model.explainer.contributions(Scorer(model).matrix(chosen), helper=helper, progress=progress)
    return texts(chosen, names, values, top)
