"""The search for better settings of a family: Optuna's TPE on the folds of the rest, weak trials given up early.

A trial is judged by its mean PR-AUC over the folds, each scored by a model that had not seen it; the test part takes no
part. The first trial is the settings as they come, so that the best of a search is never worse than those on the folds.
Akiba, Sano, Yanase, Ohta and Koyama, "Optuna", KDD 2019; Bergstra, Bardenet, Bengio and Kégl, "Algorithms for
hyper-parameter optimization" (TPE), NIPS 2011.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import optuna
from optuna.trial import TrialState

from core.errors import BadOptionError
from core.model.learner import Labels, Options, Progress, Rows, Watched
from core.ports import Family
from core.training import crossfit
from core.training.crossfit import Folds
from core.training.training_runs import Trial
from core.wording import count

#: Legitimate users on whom settings are tried: with all of a large set there would be time for a handful of trials.
MOST_TRIED: Final = 80_000
#: Trials drawn at random before the sampler models what works, and before any is given up.
FIRST: Final = 8
MOST_TRIALS: Final = 500
MOST_MINUTES: Final = 240
#: Told after each trial of all that have ended.
Watcher = Callable[[Sequence[Trial]], None]


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to search: for so many minutes, or so many trials, whichever ends first; 0 is no bound.

    Raises BadOptionError where it is negative or beyond 500 trials or 240 minutes.
    """

    minutes: float = 0
    trials: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.minutes <= MOST_MINUTES:
            raise BadOptionError("search minutes", f"choose from 0 to {MOST_MINUTES}.")
        if not 0 <= self.trials <= MOST_TRIALS:
            raise BadOptionError("search trials", f"choose from 0 to {MOST_TRIALS}.")

    def __bool__(self) -> bool:
        return bool(self.minutes or self.trials)


@dataclass(frozen=True, slots=True)
class Found:
    """The trials in order, the `parameters` of the best complete one, and on whom they were tried, in words."""

    trials: tuple[Trial, ...]
    parameters: Mapping[str, Any]
    note: str


def search(  # noqa: PLR0913 - on whom, of what, for how long
    family: Family,
    rest: Rows,
    fold: Folds,
    options: Options,
    budget: Budget,
    *,
    seed: int,
    progress: Progress = lambda _what, _share: None,
    watcher: Watcher = lambda _trials: None,
) -> Found:
    """Search the space of a family on users (n,) in folds (n,). What `progress` or `watcher` raises ends it.

    With a budget of trials the same users and seed give the same result; with one of minutes that depends on the
    machine. The best is among the complete trials; there is at least one, whatever the budget. Raises BadOptionError
    for an empty budget.
    """
    if not budget:
        raise BadOptionError("search", "give it minutes or trials.")
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would tell of each trial on stderr
    rows = thinned(rest.y, seed)
    stands_for = np.where(rest.y[rows] == 1, 1.0, (rest.y == 0).sum() / (rest.y[rows] == 0).sum())
    tried = rest.only(rows).weighing(stands_for * (1.0 if rest.weight is None else rest.weight[rows]))
    searched = _Search(family, tried, stands_for, fold[rows], options, budget, seed, progress, watcher)
    return Found(searched.run(), searched.best(), _note(rest.y, rows))


def thinned(label: Labels, seed: int) -> npt.NDArray[np.int64]:
    """The users on whom settings are tried, in order: all spammers, and at most 80,000 legitimate ones."""
    others = np.flatnonzero(label == 0)
    values = np.random.default_rng(seed).permutation(others)[:MOST_TRIED]
    return np.sort(np.concatenate([np.flatnonzero(label == 1), values]))


def _note(label: Labels, rows: npt.NDArray[np.int64]) -> str:
    left = len(label) - len(rows)
    if not left:
        return ""
    tried, spammers = int((label[rows] == 0).sum()), int(label.sum())
    return (
        f"Settings were tried on {count(spammers, 'spammer')} and {tried:,} of {tried + left:,} legitimate users, "
        "each of whom stood for several; the best ones were then fitted on all."
    )


class _Search:
    """One search: the study, and what became of its trials."""

    def __init__(  # noqa: PLR0913, PLR0917
        self, family: Family, rows: Rows, stands_for: Labels, fold: Folds, options: Options, budget: Budget, seed: int,
        progress: Progress, watcher: Watcher,
    ) -> None:  # fmt: skip
        self._family, self._rows, self._stands_for, self._fold = family, rows, stands_for, fold
        self._options, self._budget, self._seed = options, budget, seed
        self._progress, self._watcher = progress, watcher
        self._started, self._ended = time.monotonic(), list[Trial]()
        self._study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=FIRST),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=FIRST),
        )
        self._study.enqueue_trial(dict(options.parameters))

    def run(self) -> tuple[Trial, ...]:
        while not self._ended or self._share() < 1:
            self._ended.append(self._one())
            self._watcher(self._ended)
        return tuple(self._ended)

    def best(self) -> Mapping[str, Any]:
        """The parameters of the best complete trial."""
        complete = [trial for trial in self._ended if trial.state == "complete"]
        return max(complete, key=lambda trial: trial.value or 0.0).parameters

    def _one(self) -> Trial:
        began, trial = time.monotonic(), self._study.ask()
        options = self._options.having(self._family.space(trial))
        watched: list[Watched] = []
        state: Literal["complete", "pruned", "failed"] = "complete"
        try:
            for k in range(int(self._fold.max()) + 1):
                watched.append(self._watch(k, options))
                trial.report(_mean(watched), k)
                if trial.should_prune():
                    raise optuna.TrialPruned  # noqa: TRY301
        except optuna.TrialPruned:
            state = "pruned"
        except MemoryError:
            if not self._ended:
                raise
            state = "failed"
        value = _mean(watched) if watched and state != "failed" else None
        told = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}[state]
        self._study.tell(trial, value if state == "complete" else None, told)
        return Trial(trial.number, state, value, dict(trial.params), round(time.monotonic() - began, 2))

    def _watch(self, fold: int, options: Options) -> Watched:
        return crossfit.watch(
            self._family, self._rows.without(fold), self._fold == fold, options, self._seed,
            lambda _share: self._told(), self._stands_for,
        )  # fmt: skip

    def _told(self) -> None:
        """Passes on how far the search is, and ends a trial for which there is no time left, unless it is the first."""
        share = self._share()
        self._progress("Searching for settings", min(share, 1.0))
        if share >= 1 and self._ended:
            raise optuna.TrialPruned

    def _share(self) -> float:
        """How much of the budget is used up."""
        elapsed = (time.monotonic() - self._started) / 60
        by_time = elapsed / self._budget.minutes if self._budget.minutes else 0.0
        return max(by_time, len(self._ended) / self._budget.trials if self._budget.trials else 0.0)


def _mean(watched: list[Watched]) -> float:
    """Mean PR-AUC of the folds so far, after the number of steps at which it is highest."""
    steps = crossfit.best(watched)
    return float(np.mean([one.curve[steps - 1] for one in watched]))
