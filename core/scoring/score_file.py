"""The chain from a file to a recorded run, block after block: read, score and explain, apply the policy, record.

The rows of a file are never in memory all at once. What is done is kept in parts until the run is recorded, so that
the same work goes on where it was interrupted.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pandas as pd

from core.access.stored_users import users_stay
from core.data.datasets import Dataset
from core.data.formats.limits import Limits
from core.data.formats.options import NOTHING, Given
from core.data.intake import refuse_unusable
from core.data.streaming.reading import Reading
from core.data.streaming.source import source_of
from core.data.streaming.storing import described, rejected
from core.data.streaming.unfinished import Unfinished, Work
from core.data.streaming.windows import WINDOW
from core.jobs import Report
from core.policy.decide import Hits, flagged
from core.policy.policy import Policy
from core.ports import DatasetStore
from core.registry.registry import Model, Registry
from core.schema.schema import Schema
from core.scoring.decisions.deciding import Deciding
from core.scoring.decisions.score_table import Parts
from core.scoring.export import TOP
from core.scoring.runs import Run, Runs, id_of
from core.scoring.scorer import Scored, Scorer
from core.scoring.streaming import block_scoring
from core.scoring.streaming.block_scoring import BlockScoring, Done, Order, Piece, Which, explained, nobody
from core.scoring.streaming.engines import HERE, Engine
from core.store import frames

#: Told what is being done, and how much of how much.
Progress = Callable[[str, int, int], None]


def _quiet(_what: str, _done: int, _of: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Scoring:
    """A run together with what it was made from, as it is stored. `frame`: the dataset's rows; `results` and `reasons`
    as the run has them; `hits`: of the rules of the policy, by name.
    """

    run: Run
    dataset: Dataset
    hits: Mapping[str, Hits]
    _datasets: DatasetStore = field(repr=False)
    _runs: Runs = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        return self._datasets.frame(self.dataset.id)

    @property
    def results(self) -> pd.DataFrame:
        return self._runs.scores(self.run.id)

    @property
    def reasons(self) -> pd.DataFrame:
        stored = self._runs.reasons(self.run.id)
        return nobody(self.results.index) if stored is None else stored


class Pieces(Protocol):
    """Gives the users of a run piece by piece, with their features or without."""

    def __call__(self, *, features: bool) -> Iterator[Piece]: ...


@dataclass(frozen=True, slots=True, eq=False)
class FileScoring:
    """Scores files. `window`: bytes of a file that are read at a time; `limits`: gives those in force."""

    datasets: DatasetStore
    deciding: Deciding
    registry: Registry
    runs: Runs
    unfinished: Unfinished
    window: int = WINDOW
    limits: Callable[[], Limits] = Limits

    def score_file(  # noqa: PLR0913 - one argument for each noun of the chain
        self,
        name: str,
        payload: bytes | Path,
        schema: Schema,
        model: Model,
        policy: Policy,
        *,
        now: datetime,
        given: Given = NOTHING,
        allow_missing: bool = False,
        which: Which = "all",
        top: int = TOP,
        progress: Progress = _quiet,
        job: str = "",
        by: str | None = None,
        restart: bool = False,
        engine: Engine = HERE,
        ready: Callable[[], None] = lambda: None,
        deliver: Callable[[Scoring, Pieces], None] = lambda _scoring, _pieces: None,
    ) -> Scoring:
        """Read a file, score and explain its users, store all that; a row that the model gives no score is rejected.

        given: what was said of how to read it. which: whose scores are explained, by up to `top` reasons. job: the one
        that does it, where there is one (see `runs.record`). by: who brought the file. engine: what scores the blocks.
        Where the same was interrupted before, it goes on from there, unless it is to `restart`.

        `ready` is called once rows were rejected, before anything is stored for good, and `deliver` at the end, with
        the users piece by piece, as often as it asks for them; until it is back, the work is not done. What they raise
        is raised here. Also raises the errors of `intake.read`, FileProblemError where not one row is accepted, and
        WrongFeaturesError when the model was trained on other columns.
        """
        started = time.monotonic()
        progress(f"Reading {name}", 0, 0)
        decider = self.deciding.decider(policy, schema, now=now)
        source = source_of(name, payload, given, self.limits())
        order = Order(schema, model, decider, allow_missing, which, top)
        with self.unfinished.work(order.key(source.sha256, job), now=now, restart=restart) as work:
            reading = Reading(source, schema, work.folder, allow_missing=allow_missing, window=self.window)
            began = 0.0 if work.state is None else Done.from_json(work.state).seconds
            done = BlockScoring(work, reading, order, engine, ready).go(functools.partial(progress, f"Scoring {name}"))
            read = done.read
            refuse_unusable(name, read.received, read.accepted, reading.problems(read))
            progress(f"Storing {name}", 0, 0)
            number = self.runs.begin(name=name, model=model.version, policy=policy, now=now, work=work.token)
            with ThreadPoolExecutor(1) as pool:
                whole = described(reading, read, order.identity(source.sha256), now, by)
                storing = pool.submit(self._stored, whole, work, done)

                def stored() -> (
                    Dataset
                ):  # whose users were forgotten is in none of its runs, also of the file given again
                    dataset = storing.result()
                    frames.forget_in(self.runs.folder / id_of(number), self.datasets.forgotten(whole.id))
                    return dataset

                parts = Parts(lambda: work.tables("scores"), lambda: work.tables("reasons"), done.counts)
                with self.datasets.users.in_use():
                    run = self.runs.store(
                        number, stored, parts, seconds=lambda: began + time.monotonic() - started, job=job,
                        work=work.token,
                    )  # fmt: skip
            scoring = Scoring(run, storing.result(), done.hits, self.datasets, self.runs)
            deliver(scoring, functools.partial(block_scoring.pieces, work, done, schema))
            self.runs.ended(work.token)
        return scoring

    def _stored(self, dataset: Dataset, work: Work, done: Done) -> Dataset:
        """The dataset of a file, without the rows that have no score where there are such."""
        whole = self.datasets.put_parts(dataset, lambda: work.tables("rows"), done.read.unwhole, rejected(work))
        return self.datasets.without(whole, pd.Index(done.unscored), now=dataset.created) if done.unscored else whole

    @users_stay
    def score_stored(
        self, dataset: Dataset, schema: Schema, model: Model, policy: Policy, *, now: datetime, name: str = ""
    ) -> Run:
        """Score and explain the users of a stored dataset; a row that the model gives no score is rejected.

        name: of the run, by default that of the dataset.

        Raises WrongFeaturesError when the model was trained on other columns.
        """
        started = time.monotonic()
        frame = self.datasets.frame(dataset.id)
        whole, frame, scored = self._with_scores(dataset, frame, Scorer(model).score(frame, top=TOP), now)
        decided = self.deciding.of_file(policy, frame, scored, schema, now=now)
        return self.runs.record(
            whole, scored, decided, frame.index, policy, name=name or dataset.name, now=now, started=started,
            reasons=explained(frame, scored, model, decided.flagged, "all"),
        )  # fmt: skip

    @users_stay
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

    @users_stay
    def explain_run(self, report: Report, *, run: str, which: Which = "all", top: int = TOP) -> None:
        """The job that adds the reasons of a run that was stored without."""
        found = self.runs.find(run)
        model = self.registry.load(found.model)
        words = model.encoding.columns
        there = self.datasets.columns(found.dataset)
        columns = [*model.metadata.columns, *(name for name in words if name in there)]
        frame = self.datasets.frame(found.dataset, columns)
        scored = Scorer(model).score_in_blocks(
            frame, lambda done, of: report(done, of, f"Reasons for {done:,} of {of:,} users"), top=top
        )
        severity = self.runs.scores(run)["severity"].loc[frame.index].to_numpy()
        self.runs.save_reasons(run, explained(frame, scored, model, flagged(severity), which))
