"""The chain from a file to a recorded run: read, store, score and explain, apply the policy, record."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
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
from core.policy.decide import Hits, flagged
from core.policy.policy import Policy
from core.ports import DatasetStore
from core.registry.registry import Model, Registry
from core.schema.schema import Schema
from core.scoring.decisions.deciding import Deciding
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
    """A run together with what it was made from, still in memory. `frame`: the dataset's rows; `results` and `reasons`
    as the run has them; `hits`: of the rules of the policy, by name.
    """

    run: Run
    dataset: Dataset
    frame: pd.DataFrame
    results: pd.DataFrame
    reasons: pd.DataFrame
    hits: Mapping[str, Hits]


@dataclass(frozen=True, slots=True, eq=False)
class FileScoring:
    """Scores files."""

    datasets: DatasetStore
    deciding: Deciding
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
        which: Which = "all",
        top: int = TOP,
        progress: Progress = _quiet,
        job: str = "",
        ready: Callable[[Checked], None] = lambda _checked: None,
    ) -> Scoring:
        """Read a file, store its rows, score and explain them; a row that the model gives no score is rejected.

        which: whose scores are explained, by up to `top` reasons. job: the one that does it, where there is one (see
        `runs.record`).

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
            scored = Scorer(model).score_in_blocks(checked.frame, told, top=0 if which == "none" else top)
            dataset = storing.result()
        dataset, frame, scored = self._with_scores(dataset, checked.frame, scored, now)
        decided = self.deciding.of_file(policy, frame, scored, schema, now=now)
        reasons = explained(frame, scored, model, decided.flagged, which)
        run = self.runs.record(
            dataset, scored, decided, frame.index, policy, name=name, now=now, started=started, job=job, reasons=reasons
        )  # fmt: skip
        return Scoring(run, dataset, frame, self.runs.scores(run.id), reasons, decided.hits)

    def score_stored(self, dataset: Dataset, schema: Schema, model: Model, policy: Policy, *, now: datetime) -> Run:
        """Score and explain the users of a stored dataset; a row that the model gives no score is rejected.

        Raises WrongFeaturesError when the model was trained on other columns.
        """
        started = time.monotonic()
        frame = self.datasets.frame(dataset.id)
        whole, frame, scored = self._with_scores(dataset, frame, Scorer(model).score(frame, top=TOP), now)
        decided = self.deciding.of_file(policy, frame, scored, schema, now=now)
        return self.runs.record(
            whole, scored, decided, frame.index, policy, name=dataset.name, now=now, started=started,
            reasons=explained(frame, scored, model, decided.flagged, "all"),
        )  # fmt: skip

    def decide_anew(self, run: Run, schema: Schema, policy: Policy, *, now: datetime) -> Run:
        """Decide the users of a run by another policy, and by the lists as they stand now: a run of its own, with the
        same scores and reasons. The run of before stays as it is.

        Raises UnknownItemError when its users are gone.
        """
        started, scores = time.monotonic(), self.runs.scores(run.id)
        dataset, frame = self.datasets.find(run.dataset), self.datasets.frame(run.dataset).loc[scores.index]
        scored = Scored.of(scores, run.model)
        decided = self.deciding.of_file(policy, frame, scored, schema, now=now)
        return self.runs.record(
            dataset, scored, decided, frame.index, policy, name=f"{run.name} ({run.id} decided anew)", now=now,
            started=started, reasons=self.runs.reasons(run.id),
        )  # fmt: skip

    def _with_scores(
        self, dataset: Dataset, frame: pd.DataFrame, scored: Scored, now: datetime
    ) -> tuple[Dataset, pd.DataFrame, Scored]:
        """The users who have a score, and the dataset of which the others are rejected; as it is where nobody is."""
        finite = scored.finite
        if finite.all():
            return dataset, frame, scored
        return self.datasets.without(dataset, frame.index[~finite], now=now), frame[finite], scored.only(finite)

    def explain_run(self, report: Report, *, run: str, which: Which = "all", top: int = TOP) -> None:
        """The job that adds the reasons of a run that was stored without."""
        found = self.runs.find(run)
        model = self.registry.load(found.model)
        frame = self.datasets.frame(found.dataset, model.metadata.names)
        scored = Scorer(model).score_in_blocks(
            frame, lambda done, of: report(done, of, f"Reasons for {done:,} of {of:,} users"), top=top
        )
        severity = self.runs.scores(run)["severity"].loc[frame.index].to_numpy()
        self.runs.save_reasons(run, explained(frame, scored, model, flagged(severity), which))


def explained(
    frame: pd.DataFrame, scored: Scored, model: Model, flagged: npt.NDArray[np.bool_], which: Which
) -> pd.DataFrame:  # fmt: skip
    """`reason_1` ... of all users of a frame (n rows), indexed by input row; of the `flagged` (n,), or of none."""
    if scored.strongest is None or which == "none":
        empty = {f"reason_{j + 1}": pd.array([], "str") for j in range(TOP)}
        return pd.DataFrame(empty, index=frame.index[:0])
    chosen = np.ones(len(frame), bool) if which == "all" else flagged
    return texts(frame[chosen], model.metadata.names, scored.strongest.only(chosen))
