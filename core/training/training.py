"""From a stored, labelled dataset to a training run kept and a version published: fit, judge, describe, store."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from core import formats
from core.access.stored_users import users_stay
from core.data import split
from core.data.datasets import Dataset
from core.data.split import Bools, Keys, Split
from core.data.split import Parts as UserParts
from core.errors import SchemaError, stored
from core.evaluation.metrics import Figures, Thresholds
from core.files import write_kept
from core.jobs import Report
from core.model import encoding
from core.model.encoding import Encoding
from core.model.families import LEADING, NATURAL, Recipe
from core.model.learner import Labels, Progress
from core.ports import DatasetStore
from core.registry import baseline
from core.registry.metadata import Data, Metadata, Trained
from core.registry.registry import Model, Parts, Registry
from core.schema import schema as schemas
from core.schema.schema import Schema
from core.text.lists import phrases
from core.training import description, run_cautions, train, tune
from core.training.judging import Judging, with_segments
from core.training.kinds import Kinds
from core.training.stacking import Texts
from core.training.train import Candidate
from core.training.training_runs import Scores, TrainingRun, TrainingRuns
from core.training.tune import Budget

FORMAT: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """Trains and judges models on the datasets of a home."""

    datasets: DatasetStore
    registry: Registry
    split: Split
    training_runs: TrainingRuns
    judged_folder: Path
    schema_file: Path
    phrases_file: Path

    def learn(  # noqa: PLR0913 - what a version is made of
        self,
        dataset: Dataset,
        schema: Schema,
        thresholds: Thresholds,
        *,
        now: datetime,
        seed: int = 0,
        notice: str = "",
        by: str | None = None,
        progress: Progress = lambda _what, _share: None,
    ) -> str:
        """Train the leading family as it comes on a labelled dataset; returns the version published. See `run`."""
        about = About(now, notice, by)
        return self.run(dataset, schema, thresholds, about=about, seed=seed, progress=progress).version

    @users_stay
    def run(  # noqa: PLR0913 - what a training run is made of
        self, dataset: Dataset, schema: Schema, thresholds: Thresholds, *, about: About,
        recipe: Recipe = Recipe(),  # noqa: B008 - frozen
        budget: Budget = Budget(),  # noqa: B008
        seed: int = 0, progress: Progress = lambda _what, _share: None,
        watcher: tune.Watcher = lambda _trials: None,
    ) -> TrainingRun:  # fmt: skip
        """Learn from a labelled dataset, keep the run and, where its family can lead, publish it as a version.

        `thresholds`: band -> score above which it begins, for the figures. With a `budget` settings are searched for
        first. Nobody promotes the version here; its parent is the champion now. Raises SchemaError without a
        label, TooFewRowsError with too few of either class, BadOptionError for phrases that cannot be used.
        """
        started, parent = time.monotonic(), self.registry.champion() or ""
        frame = self.datasets.frame(dataset.id)
        label, salt, parts = labels(frame, schema), self.split.salt(), self._parts(dataset, frame, schema)
        keys, words = parts.keys, encoding.learnt(frame, schema, ~parts.test)
        lists = phrases.load(self.phrases_file) if schema.texts else None
        encoded = Encoding(words, phrases=dict.fromkeys(schema.texts, lists) if lists else {})
        names = (*schema.names, *encoded.counted)
        features = encoded.matrix(frame, names)
        candidate = train.fit(
            features, label, parts, thresholds, name=dataset.name, levels=encoding.sizes(names, words),
            texts=Texts.of_frame(frame, schema, names), kinds=Kinds.of_frame(frame, schema), seed=seed, recipe=recipe,
            budget=budget, progress=progress, watcher=watcher,
        )  # fmt: skip
        features = candidate.features
        judging = candidate.judging
        told = with_segments(candidate.figures, frame[judging], schema, label[judging], candidate.score)
        candidate = replace(candidate, figures=told)
        progress("Storing", 0.0)
        data, version = _data(dataset, candidate, salt), ""
        kept, scores = _kept(candidate, data, about), Scores.of(keys[judging], label[judging], candidate.score)
        of_users = run_cautions.of_users(frame, label, schema, copies=parts.copies)
        kept = replace(kept, cautions=(*of_users, *run_cautions.of_run(kept, scores, self.split.share)))
        if recipe.learner.can_lead:
            score = candidate.calibration.probability(candidate.learner.margin(features))
            profiles = description.profiles(frame, schema, ~candidate.test, words)
            profiles += description.counted(features[~candidate.test], names, encoded.counted)
            metadata = _metadata(candidate, data, profiles, about, started)
            version = self.registry.publish(
                Parts(
                    candidate.predictor,
                    candidate.calibration,
                    replace(metadata, parent=parent, cautions=kept.cautions),
                    baseline.of(names, features, label, score, candidate.test, seed=seed),
                    keys[~candidate.test],
                    candidate.texts,
                    candidate.head,
                    lists,
                ),
            )
        kept = replace(kept, version=version, seconds=round(time.monotonic() - started, 1))
        with stored(f"{version} is stored and not live; its training run is not.") if version else nullcontext():
            identity = self.training_runs.keep(kept, scores)
        return replace(kept, id=identity)

    def _parts(self, dataset: Dataset, frame: pd.DataFrame, schema: Schema) -> UserParts:
        """The parts of users, noted for ever; who had a part in this home keeps it."""
        if not schema.texts and not split.copied_rows(frame, schema.names).any():
            return self.split.parts(frame, schema)
        learnt, judged = self._given(dataset, frame, schema)
        found = self.split.parts(frame, schema, learnt=learnt, judged=judged)
        self.split.keep(found)
        return found

    def _given(self, dataset: Dataset, frame: pd.DataFrame, schema: Schema) -> tuple[Bools, Bools]:
        """Whom (n,) a version of this home has learnt from, and whom (n,) a training run was judged on."""
        own = self.split.salt()
        keys = split.keys(frame, schema, own)
        who = split.identities(frame, schema, own) if schema.texts else keys
        runs, listed = self.training_runs.listed(), self.registry.listing()
        before = {run.data.dataset for run in runs} | {each.metadata.data.dataset for each in listed if each.metadata}
        if dataset.id in before:
            test = split.in_test(keys, self.split.moved(), self.split.share)
            return ~test, test
        learnt, judged = np.zeros(len(keys), bool), np.zeros(len(keys), bool)
        salt = split.digest(own)
        for each in listed:
            if each.metadata is not None and each.metadata.data.salt == salt:
                users = self.registry.load(each.version).users()
                learnt |= False if users is None else split.learnt(frame, schema, own, users)
        for run in runs:
            if run.data.salt == salt:
                of_run = self.training_runs.scores(run.id).keys
                judged |= np.isin(keys, of_run) | np.isin(who, of_run)
        return learnt, judged & ~learnt

    def _held_out(self, dataset: Dataset, schema: Schema, learnt_from: Keys | None) -> Bools:
        """Of the users of a file that a model was trained on, (n,): those of the test part without a copy among those
        it has learnt from.
        """
        salt, moved, share = self.split.salt(), self.split.moved(), self.split.share
        held, learnt, hashes = [np.empty(0, bool)], [np.empty(0, bool)], [np.empty(0, np.uint64)]
        for frame in self.datasets.batches(dataset.id):
            test = split.in_test(split.keys(frame, schema, salt), moved, share)
            learnt.append(~test if learnt_from is None else split.learnt(frame, schema, salt, learnt_from))
            held.append(test & ~learnt[-1])
            hashes.append(split.row_hashes(frame, schema.names))
        found, those = np.concatenate(held), np.concatenate(hashes)
        # Whether a user is a copy of another one is told by all of them.
        found[found] = ~np.isin(those[found], those[np.concatenate(learnt)])
        return found

    def train_stored(  # noqa: PLR0913 - what a person chooses on the page
        self, report: Report, *, dataset: str, thresholds: Thresholds, family: str = LEADING,
        class_weight: float | str = NATURAL, hard_negatives: bool = False, augment: bool = False,
        search_minutes: float = 0, search_trials: int = 0, seed: int = 0, by: str | None = None, notice: str = "",
    ) -> None:  # fmt: skip
        """The job behind a page: a training run on a stored dataset, its trials told while it goes on."""
        recipe, budget = Recipe(family, class_weight, hard_negatives, augment), Budget(search_minutes, search_trials)
        self.training_runs.note_trials(report.identity, ())  # those of a job of this id that went before
        found, schema = self.datasets.find(dataset), schemas.load(self.schema_file)
        self.run(
            found, schema, thresholds,
            about=About(datetime.now(UTC), notice, by), recipe=recipe, budget=budget, seed=seed,
            progress=Overall(report, train.steps(recipe, budget, found.accepted, texts=bool(schema.texts))),
            watcher=lambda trials: self.training_runs.note_trials(report.identity, trials),
        )  # fmt: skip

    def judged(
        self, model: Model, dataset: Dataset, schema: Schema, thresholds: Thresholds,
        *, scoring: Callable[[int, int], None] = lambda _done, _of: None,
        progress: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> Judged:  # fmt: skip
        """Judge a model on the labelled rows of a dataset; a few at a time are in memory.

        scoring: told how many of the rows are scored; progress: of how many draws for the intervals there are.
        Raises TooFewRowsError when a class is absent, NoScoreError when the model gives somebody no score.
        """
        salt = self.split.salt()
        same_home = split.digest(salt) == model.metadata.data.salt
        only_test_part = same_home and dataset.sha256 == model.metadata.data.sha256
        learnt_from = model.users() if same_home else None
        overlap = None if learnt_from is None else 0
        held = self._held_out(dataset, schema, learnt_from) if only_test_part else None
        judging, done = Judging(model, schema, dataset.accepted), 0
        for frame in self.datasets.batches(dataset.id):
            scoring(done, dataset.accepted)
            if learnt_from is not None:
                overlap = (overlap or 0) + int(split.learnt(frame, schema, salt, learnt_from).sum())
            rows = frame if held is None else frame[held[done : done + len(frame)]]
            rows, done = rows[~np.isnan(labels(rows, schema))], done + len(frame)
            judging.add(rows, labels(rows, schema))
        return Judged(judging.figures(dataset.name, thresholds, progress=progress), overlap, only_test_part)

    def judge_stored(self, report: Report, *, model: str, dataset: str, thresholds: Thresholds) -> None:
        """The job behind a page: judge a version on a stored dataset and keep the result."""
        found = self.judged(
            self.registry.load(model), self.datasets.find(dataset), schemas.load(self.schema_file),
            thresholds, progress=lambda done, of: report(done, of, "Drawing samples for the intervals"),
        )  # fmt: skip
        raw = {"figures": found.figures.as_json(), "overlap": found.overlap, "only_test_part": found.only_test_part}
        write_kept(self.judged_file(model, dataset), json.dumps({"format": FORMAT, **raw}))

    def judged_before(self, model: str, dataset: str) -> Judged | None:
        """What `judge_stored` found, or None."""
        path = self.judged_file(model, dataset)
        if not path.is_file():
            return None
        raw = formats.load(path, known=FORMAT)
        return Judged(Figures.from_json(raw["figures"]), raw["overlap"], raw["only_test_part"])

    def judged_file(self, model: str, dataset: str) -> Path:
        return self.judged_folder / f"{model}-{dataset}.json"


@dataclass(frozen=True, slots=True)
class About:
    """When a training run began, and by whom, None when nobody says; `notice` is shown wherever its version is."""

    now: datetime
    notice: str = ""
    by: str | None = None


class Overall:
    """Progress of steps told one by one, as a job reports it: 1,000 parts shared out among `steps` of equal length."""

    def __init__(self, report: Callable[[int, int, str], None], steps: int) -> None:
        self._report, self._steps, self._seen = report, steps, list[str]()

    def __call__(self, what: str, share: float) -> None:
        if what not in self._seen:
            self._seen.append(what)
        done = min((self._seen.index(what) + share) / self._steps, 1.0)
        self._report(int(1_000 * done), 1_000, what)


def labels(frame: pd.DataFrame, schema: Schema) -> Labels:
    """1 for a spammer, 0 for a legitimate user, (n,). Raises SchemaError when the schema names no label."""
    if schema.label is None:
        raise SchemaError("data/schema.toml names no label: there is nothing to learn from or to judge by.")
    return frame[schema.label.column].to_numpy(np.float64)


@dataclass(frozen=True, slots=True)
class Judged:
    """Figures of a model on a dataset, and how far they can be trusted.

    `overlap`: how many of the dataset's users the model was trained on, None when that cannot be told
    (the model comes from a home with another salt, or without its users). `only_test_part`: the model was
    trained on this very dataset, so that only its test part was judged.
    """

    figures: Figures
    overlap: int | None
    only_test_part: bool


def _kept(candidate: Candidate, data: Data, about: About) -> TrainingRun:
    recipe = candidate.recipe
    return TrainingRun(
        created=about.now,
        by=about.by,
        family=recipe.family,
        options={
            "class_weight": recipe.class_weight,
            "hard_negatives": recipe.hard_negatives,
            **({"augment": True} if recipe.augment else {}),
            "parameters": dict(candidate.options.parameters),
        },
        data=data,
        figures=candidate.figures,
        folds=candidate.folds,
        training_pr_auc=candidate.training_pr_auc,
        rounds=candidate.rounds,
        seconds=0.0,
        seed=candidate.seed,
        search=candidate.search,
        validation=candidate.validation,
        without=candidate.without,
        notes=candidate.notes,
    )


def _metadata(
    candidate: Candidate, data: Data, features: tuple[Trained, ...], about: About, started: float
) -> Metadata:
    return Metadata(
        created=about.now,
        notice=about.notice,
        trained_by=about.by,
        data=data,
        features=features,
        figures=candidate.figures,
        seed=candidate.seed,
        rounds=candidate.predictor.rounds,
        parameters=dict(candidate.options.parameters),
        libraries=description.libraries(),
        seconds=round(time.monotonic() - started, 1),
        bias=candidate.predictor.bias(len(features)),
        augmented=candidate.recipe.augment and bool(candidate.texts),
    )


def _data(dataset: Dataset, candidate: Candidate, salt: bytes) -> Data:
    tested = int(candidate.judging.sum())
    return Data(
        name=dataset.name,
        dataset=dataset.id,
        sha256=dataset.sha256,
        salt=split.digest(salt),
        rows=dataset.accepted,
        positives=dataset.positives or 0,
        trained_on=int((~candidate.test).sum()),
        tested_on=tested,
    )
