"""Retrain: history and feedback make a candidate, the gate judges it, and only then anything may change.

Nothing is replaced on the way: the candidate is published as a version of its own in one step, and the champion serves
until somebody, or automation that a named person has switched on, promotes another. Killed at any moment, it leaves
the home as it was or with one more whole version.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from core import locks
from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.access.stored_users import users_stay
from core.data import split
from core.data.split import Split
from core.errors import (
    RefusedError,
    StorageError,
    TextsErasedError,
    TrustdeskError,
    UnknownItemError,
    listed,
    stored,
)
from core.evaluation import metrics
from core.evaluation.cautions import leaks
from core.evaluation.metrics import Thresholds
from core.feedback import judged_texts
from core.feedback.ledger import Ledger
from core.jobs import Report
from core.model.encoding import Encoding
from core.model.families import FAMILIES, LEADING, NATURAL
from core.model.learner import Progress
from core.planning.inclusions import Inclusions
from core.ports import DatasetStore
from core.registry import baseline, registry
from core.registry.metadata import Data, Metadata
from core.registry.registry import Model, Parts, Registry
from core.retraining import fit, gate, new_words
from core.retraining.fit import Fitted, How
from core.retraining.gate import Gate, GateReports
from core.retraining.schedule import Schedule
from core.retraining.settings import Learning, LearningOptions
from core.retraining.training_set import TrainingSet, labels_given, training_set
from core.schema import schema as schemas
from core.schema.levels import written
from core.schema.schema import Schema
from core.store.database import Database
from core.training import crossfit, description, run_cautions, training
from core.training.judging import with_segments
from core.training.training_runs import Scores, TrainingRun, TrainingRuns
from core.wording import count

#: Steps told: folds, the final fit, judging, the gate, storing.
STEPS = 12


@dataclass(frozen=True, slots=True)
class Request:
    """How to retrain, by whom (None: the scheduler), and from which scores on each band begins."""

    thresholds: Thresholds
    how: How = "full"
    by: str | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Retrained:
    """The version published, what the gate says of it, and whether it was promoted at once."""

    version: str
    gate: Gate
    promoted: bool


@dataclass(frozen=True, slots=True, eq=False)
class Retraining:
    """Learns from the history and the verdicts of a home."""

    accounts: Accounts
    audit: AuditLog
    database: Database
    datasets: DatasetStore
    gate_reports: GateReports
    inclusions: Inclusions
    learning: LearningOptions
    ledger: Ledger
    registry: Registry
    schedule: Schedule
    split: Split
    training_runs: TrainingRuns
    data: Path
    models: Path
    schema_file: Path

    def retrain(
        self, asked: Request, *, now: datetime, progress: Progress = lambda _what, _share: None
    ) -> Retrained:  # fmt: skip
        """Learn from all history and the feedback so far, and publish a candidate with what the gate says of it.

        Raises NotAllowedError for who may not retrain, RefusedError when there is nothing new, when no version's users
        are in this home or another retraining is under way, and what `fit` and `gate` raise. A failure is noted.
        """
        if asked.by is not None:
            asked = replace(asked, by=self.accounts.authorise(asked.by, "retrain").name)
        with self._alone():
            try:
                return self._retrained(asked, now, progress)
            except TrustdeskError as error:
                with contextlib.suppress(StorageError):  # a full disk is what is to be told, not that it is
                    self.schedule.note_failure(str(error), now=now)
                raise

    def retrain_now(
        self, report: Report, *, thresholds: Thresholds, how: How = "full", by: str | None = None,
        seed: int = 0,
    ) -> None:  # fmt: skip
        """The job behind the page and the scheduler."""
        request = Request(thresholds, how, by, seed)
        retrained = self.retrain(request, now=datetime.now(UTC), progress=training.Overall(report, STEPS))
        report.keep(
            {"version": retrained.version, "verdict": retrained.gate.verdict, "sentence": retrained.gate.sentence}
        )

    @users_stay
    def _retrained(self, request: Request, now: datetime, progress: Progress) -> Retrained:
        started = time.monotonic()
        progress("Reading history and feedback", 0.0)
        source, learning = self._source(), self.learning.load()
        fitted = _fitted(source, self.datasets, learning, request, progress)
        progress("Judging on the test part", 0.0)
        parts, run, scores = _described(source, fitted, request, now, started)
        progress("Holding it against the champion", 0.0)
        candidate = Model(
            "the candidate", self.models, parts.predictor, parts.calibration, parts.metadata, None, parts.texts,
            parts.head, source.champion.phrases,
        )  # fmt: skip
        found = gate.check(
            source.champion, candidate, source.users.judges, source.users.golden, source.schema, request.thresholds,
            said=source.users.sentence, seed=request.seed, now=now,
        )  # fmt: skip
        progress("Storing", 0.0)
        version = self.registry.publish(parts)
        found = replace(found, candidate=version)
        with stored(f"{version} is stored and not live, without all that is known of it: retrain again."):
            self.gate_reports.keep(found)
            self.training_runs.keep(replace(run, version=version), scores)
            self.schedule.note_done(version, source.position, now=now)
        facts = {"how": request.how, "verdict": found.verdict, "gain": found.gain, "champion": source.champion.version}
        self.audit.note(
            who=request.by or "watch", what="retrain", about=version, why=found.sentence, details=facts, now=now
        )  # fmt: skip
        return Retrained(version, found, self._promoted(learning, found, now))

    def _source(self) -> _Source:
        champion, schema, known = self.registry.load(), schemas.load(self.schema_file), self.ledger
        data, history = self._history(champion)
        known.refresh()
        feedback, position = self.inclusions.as_of_now(known.effective()), known.position
        needed = (*schema.names, *([schema.label.column] if schema.label else []))
        if absent := [name for name in needed if name not in history]:
            raise RefusedError(
                f"The users of the history ({data.name}) were stored without {listed(absent)}, which data/schema.toml "
                "names now. Train once on a file of labelled users that has all columns; then feedback is added to it."
            )
        if gone := [name for name in schema.texts if written(name) not in history]:
            raise TextsErasedError(gone)
        feedback = judged_texts.beside(feedback, schema.texts, self.database)
        erased = judged_texts.erased(feedback, schema.texts)
        feedback = feedback[~erased]
        if labels_given(feedback).empty:
            raise RefusedError(
                "No verdict says yet what a user is: there is nothing new to learn from. Review some cases."
            )
        salt = self.split.salt()
        seen = champion.users() if data.salt == split.digest(salt) else None
        users = training_set(
            history, feedback, schema, salt, seen=seen, moved=self.split.moved(), share=self.split.share
        )  # fmt: skip
        return _Source(champion, data, schema, users, position, int(erased.sum()))

    def _history(self, champion: Model) -> tuple[Data, pd.DataFrame]:
        """The users the champion learnt from; where this home has them not, those of the newest version that it has."""
        others = (each.metadata.data for each in self.registry.listing() if each.metadata is not None)
        for data in (champion.metadata.data, *others):
            with contextlib.suppress(UnknownItemError):
                return data, self.datasets.frame(data.dataset)
        raise RefusedError(
            f"The users that {champion.version} learnt from ({champion.metadata.data.name}) are not in this workspace, "
            "and verdicts alone are no training set. Train once on a file of labelled users; after that, feedback is "
            "added to it."
        )

    def _promoted(self, learning: Learning, found: Gate, now: datetime) -> bool:
        """Promote it where that may be done without anybody looking: in the name of who switched that on.

        A leak makes the figures of the gate mean nothing: then a person has to look.
        """
        if not learning.automatic or found.verdict != "promote":
            return False
        if leaks(self.registry.describe(found.candidate).cautions or ()):
            return False
        why = f"Automatically, as {learning.promoter} has set: {found.sentence}"[: registry.MOST_WHY]
        self.registry.promote(found.candidate, by=learning.promoter, why=why, now=now)
        return True

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self.data.mkdir(parents=True, exist_ok=True)
        with locks.held_now(self.data / "retrain.lock") as ours:
            if not ours:
                raise RefusedError("A retraining is under way in this workspace. Wait for it to end.")
            yield


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """Everything that a candidate comes from."""

    champion: Model
    data: Data
    schema: Schema
    users: TrainingSet
    position: str
    erased: int


def _fitted(
    source: _Source, datasets: DatasetStore, learning: Learning, request: Request, progress: Progress
) -> Fitted:  # fmt: skip
    learnt, champion, name = source.users.learnt, source.champion, source.data.name
    if request.how == "full":
        levels = new_words.extended(champion.metadata.levels, learnt, source.schema, datasets)
        return fit.full(learnt, champion, source.schema, levels=levels, name=name, seed=request.seed, progress=progress)
    return fit.warm(
        learnt, champion, batch=learning.batch_size, rate=learning.learning_rate, name=name, seed=request.seed,
        progress=progress,
    )  # fmt: skip


def _described(
    source: _Source, fitted: Fitted, request: Request, now: datetime, started: float
) -> tuple[Parts, TrainingRun, Scores]:  # fmt: skip
    """The version, and the run that made it. Its figures are those on the test part, like those of any version."""
    users, names = source.users, source.champion.metadata.names
    test = users.judges.only(users.test)
    crossfit.both_classes(test.label, f"the test part of {source.data.name}")
    levels, learnt_from = fitted.levels, fitted.features
    judged_on = Encoding(levels, fitted.texts, source.champion.phrases).matrix(test.frame, names)
    of_learnt, of_test = (fitted.calibration.probability(fitted.predictor.margin(x)) for x in (learnt_from, judged_on))
    learnt = np.ones(len(users.learnt), bool)
    figures = metrics.judge(test.label, of_test, request.thresholds, seed=request.seed)
    figures = with_segments(figures, test.frame, source.schema, test.label, of_test)
    data = replace(
        source.data, rows=sum(map(len, users.all)), positives=int(sum(part.label.sum() for part in users.all)),
        trained_on=len(users.learnt), tested_on=len(test),
    )  # fmt: skip
    metadata = Metadata(
        created=now, data=data, figures=figures,
        features=(
            *description.profiles(users.learnt.frame, source.schema, learnt, levels),
            *description.counted(learnt_from, names, source.champion.metadata.counted),
        ),
        seed=request.seed, rounds=fitted.rounds, parameters=dict(fitted.parameters), libraries=description.libraries(),
        seconds=round(time.monotonic() - started, 1), bias=fitted.predictor.bias(len(names)),
        augmented=source.champion.metadata.augmented, notice=source.champion.metadata.notice,
        parent=source.champion.version, trained_by=request.by or "watch",
    )  # fmt: skip
    # Those whom reviewers are shown are no sample of the users: held against these, everybody else would have drifted.
    as_learnt, as_tested = users.learnt.as_population(), test.as_population()
    profile = baseline.of(
        names, np.concatenate([learnt_from[as_learnt], judged_on[as_tested]]),
        np.concatenate([users.learnt.label[as_learnt], test.label[as_tested]]),
        np.concatenate([of_learnt[as_learnt], of_test[as_tested]]),
        np.arange(len(as_learnt) + len(as_tested)) >= len(as_learnt), seed=request.seed,
    )  # fmt: skip
    options = {"class_weight": NATURAL, "hard_negatives": False, "parameters": metadata.parameters,
               "retrained": request.how, **({"augment": True} if metadata.augmented else {})}  # fmt: skip
    run = TrainingRun(
        created=now, by=metadata.trained_by, family=LEADING, options=options, data=data, figures=figures,
        folds=fitted.folds, training_pr_auc=metrics.pr_auc(users.learnt.label, of_learnt, users.learnt.weight),
        rounds=fitted.rounds, seconds=metadata.seconds, seed=request.seed, notes=_notes(source, fitted, request.how),
    )  # fmt: skip
    scores = Scores.of(test.keys, test.label, of_test)
    of_users = run_cautions.of_users(users.learnt.frame, users.learnt.label, source.schema, in_order=False)
    run = replace(run, cautions=(*of_users, *run_cautions.of_run(run, scores)))
    metadata = replace(metadata, cautions=run.cautions)
    lists = next(iter(source.champion.phrases.values()), None)
    parts = Parts(
        fitted.predictor, fitted.calibration, metadata, profile, users.learnt.keys, fitted.texts, fitted.head, lists
    )
    return parts, run, scores


def _notes(source: _Source, fitted: Fitted, how: How) -> tuple[str, ...]:
    """Whom it learnt from and whom it could not, and how it went about it where there are many."""
    text = FAMILIES[LEADING].note(len(source.users.learnt)) if how == "full" else ""
    left = f"{count(source.erased, 'verdict')} left out, whose texts were erased at their end." if source.erased else ""
    fresh = new_words.sentence(source.champion.metadata.levels, fitted.levels)
    return tuple(filter(None, (source.users.sentence, left, text, fresh)))
