"""Champions and candidates of small made-up homes, for what the gate promises over many of them.

The recipe is fixed (trees, settings), so that a trial takes a second: what is looked at is the gate, not the search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from core.comparison import flips
from core.evaluation import metrics, weakest
from core.model import calibrate
from core.model.boosted import Trees
from core.model.calibrate import Calibration
from core.model.encoding import Encoding
from core.model.families import FAMILIES, LEADING
from core.model.learner import Rows
from core.retraining import gate
from core.retraining.gate import Judged, Verdict
from tests import make
from tests.make import SCHEMA

ROUNDS: Final = 80
#: Users whom a champion has learnt from, and fresh ones who judge it and its candidate.
HISTORY: Final = 3000
JUDGES: Final = 4000
_quiet: Final = lambda _share: None  # noqa: E731


@dataclass(frozen=True, slots=True)
class Model:
    trees: Trees
    calibration: Calibration

    def score(self, frame: pd.DataFrame) -> Any:
        return self.calibration.probability(self.trees.margin(Encoding().matrix(frame, SCHEMA.names)))


def fitted(frame: pd.DataFrame, seed: int) -> Model:
    """Learnt from a frame; calibrated on users each of whom a model of two thirds of the others has scored."""
    family, x, y = FAMILIES[LEADING], Encoding().matrix(frame, SCHEMA.names), frame["spam"].to_numpy(float)
    # One thread: two that wait for each other on a busy machine take longer.
    options, rows, fold = family.options(len(y)).having({"nthread": 1}), Rows(x, y), np.arange(len(y)) % 3
    margin = np.empty(len(y))
    for k in range(3):
        part = family.fitted(rows.only(fold != k), options, seed, ROUNDS, _quiet)
        margin[fold == k] = part.margin(x[fold == k])
    learner = family.fitted(rows, options, seed, ROUNDS, _quiet)
    assert isinstance(learner, Trees)
    return Model(learner, calibrate.fit(margin, y))


def gated(judges: pd.DataFrame, a: Any, b: Any, *, old: Any = None, overlap: Any = None, seed: int = 0) -> Verdict:
    """What the gate says of scores b against a of labelled judges who all count alike."""
    label = judges["spam"].to_numpy(float)
    groups = {name: list(weakest.by_bin(judges[name].to_numpy(float))) for name in SCHEMA.names}
    nobody = np.zeros(0)
    judged = Judged(
        label, a, b, np.ones(len(label)), np.ones(len(label), bool) if old is None else old, groups,
        (nobody, nobody, nobody), np.ones(1) if overlap is None else overlap, (1.0, 1.0),
    )  # fmt: skip
    found, gain = gate.examine(judged, make.policy().thresholds, seed=seed)
    return gate.decide(found, gain)[0]


def overlap(a: Model, b: Model, frame: pd.DataFrame) -> Any:
    """How far the reasons of two models agree on the first 200 of a frame."""
    rows = Encoding().matrix(frame.iloc[:200], SCHEMA.names)
    return flips.overlap(*(each.trees.explainer.contributions(rows) for each in (a, b)))


def null(seed: int) -> Verdict:
    """What a retraining without news comes to: the champion's users, and 10 to 25 % more of the same world.

    One recipe for both. More users bring a little: a true gain of .002 PR-AUC on average, which is not worth a change.
    """
    more = int(np.random.default_rng(seed).uniform(0.1, 0.25) * HISTORY)
    history, feedback, judges = (make.users(n, 10 * seed + k) for k, n in enumerate((HISTORY, more, JUDGES)))
    champion = fitted(history, seed)
    candidate = fitted(pd.concat([history, feedback], ignore_index=True), seed)
    scores, common = (champion.score(judges), candidate.score(judges)), overlap(champion, candidate, judges)
    return gated(judges, *scores, old=np.arange(JUDGES) % 2 == 0, overlap=common, seed=seed)


def better(seed: int, gain: float = 0.03) -> Verdict:
    """A champion whose PR-AUC in the population is lower by `gain` than that of the candidate."""
    candidate, population = fitted(make.users(2000, 10 * seed), seed), make.users(20_000, 10 * seed + 1)
    y = population["spam"].to_numpy(float)
    random = np.random.default_rng(seed)
    noise = random.normal(size=len(y) + JUDGES)
    margin = candidate.trees.margin(Encoding().matrix(population, SCHEMA.names))
    best, low, high = metrics.pr_auc(y, margin), 0.0, 4.0
    for _ in range(20):
        blur = (low + high) / 2
        lost = best - metrics.pr_auc(y, margin + blur * noise[: len(y)])
        low, high = (blur, high) if lost < gain else (low, blur)
    few = slice(0, 2000)  # as many as the candidate was calibrated on
    calibration = calibrate.fit((margin + low * noise[: len(y)])[few], y[few])
    judges = make.users(JUDGES, 10 * seed + 2)
    blurred = candidate.trees.margin(Encoding().matrix(judges, SCHEMA.names)) + low * noise[len(y) :]
    return gated(judges, calibration.probability(blurred), candidate.score(judges), seed=seed)


def poisoned(seed: int) -> Verdict:
    """A candidate from feedback of which a tenth was flipped: the legitimate users of one tier are called spammers."""
    history, feedback = make.users(4000, 10 * seed), make.users(3000, 10 * seed + 1)
    legitimate = np.flatnonzero((feedback["tier"] == 2) & (feedback["spam"] == 0))
    flipped = np.random.default_rng(seed).permutation(legitimate)[:300]
    spam = feedback["spam"].to_numpy().copy()
    spam[flipped] = 1
    feedback = feedback.assign(spam=spam)
    test, newest = history.iloc[:600], feedback.iloc[-900:]
    champion = fitted(history.iloc[600:], seed)
    candidate = fitted(pd.concat([history.iloc[600:], feedback.iloc[:-900]], ignore_index=True), seed)
    judges = pd.concat([test, newest], ignore_index=True)
    scores = champion.score(judges), candidate.score(judges)
    common = overlap(champion, candidate, judges)
    return gated(judges, *scores, old=np.arange(len(judges)) < len(test), overlap=common, seed=seed)
