"""XGBoost on a Dask cluster: its workers hold the users learnt from and grow the trees together (`xgboost.dask`).

The cluster does what `core.model.boosted` does with threads; who is learnt from, the folds, the judging and the
calibration stay with this process. Sums over users are made in another order, so that trees differ in the last digits
and then in more: the figures are within noise of those of this process, not the same. Dask is an extra: whoever
imports this may fail.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Final

import dask
import dask.array as da
import numpy as np
import xgboost as xgb
from distributed import Client
from xgboost import dask as on_dask

from core.errors import BadOptionError, ClusterError
from core.model import downsample
from core.model.boosted import XGBoost
from core.model.families import LEADING, Recipe
from core.model.learner import Judge, Matrix, Options, Rows, Share, Watched
from core.model.trees import Trees
from core.schema.schema import Schema
from core.training.tune import Budget

#: Judgements between two looks at whether it is over: the trees come back for each.
_STEPS: Final = 5
#: Parts of the users for each worker.
_PARTS: Final = 2
#: Seconds between two looks at whether all workers live.
_LOOK: Final = 1.0


def check(schema: Schema, recipe: Recipe, budget: Budget) -> None:
    """Raises BadOptionError for what a cluster does not learn."""
    refused = [
        (recipe.family != LEADING, "learns XGBoost alone: leave out --family"),
        (bool(budget), "does not search for settings: leave out --search-minutes and --search-trials"),
        (bool(schema.texts), "does not learn from texts: use --engine local"),
        (bool(schema.worded), "does not learn from columns of words: use --engine local"),
        (bool(schema.label and schema.label.categories), "does not learn categories: use --engine local"),
    ]
    for wrong, sentence in refused:
        if wrong:
            raise BadOptionError("--engine dask", f"a cluster {sentence}.")


@dataclass(frozen=True, slots=True, eq=False)
class DaskXGBoost(XGBoost):
    """XGBoost, grown by a cluster. Raises ClusterError where a worker dies, which takes its users with it."""

    client: Client = None

    def __post_init__(self) -> None:
        """Raises ClusterError where a worker has another XGBoost, which may grow other trees."""
        for address, theirs in sorted(self.client.run(_version).items()):
            if theirs != xgb.__version__:
                raise ClusterError(f"{address} has xgboost {theirs} for {xgb.__version__}")

    def note(self, rows: int) -> str:
        workers = len(_workers(self.client))
        grown = f"Its trees were grown by a Dask cluster ({workers} worker{'s' * (workers != 1)})."
        return f"{XGBoost.note(self, rows)} {grown}".strip()

    def watched(self, seen: Rows, unseen: Matrix, judge: Judge, options: Options, seed: int, told: Share) -> Watched:
        users, curve, every = self._sent(downsample.lighter(seen, seed)), list[float](), options.every
        if not options.stops_early:  # then it can be judged afterwards
            after = self._grown(users, options, seed, options.most_rounds).after_each_round(unseen)
            ends = after[:, every - 1 :: every]
            told(1.0)
            return Watched(
                [judge(ends[:, step]) for step in range(ends.shape[1])],
                lambda step: after[:, min(step * every, options.most_rounds) - 1],
            )
        trees, steps = None, options.most_rounds // every
        while len(curve) < steps and not (curve and options.over(curve)):
            some = min(_STEPS, steps - len(curve))
            trees = self._grown(users, options, seed + len(curve), some * every, trees)
            curve += [
                judge(trees[: step * every].margin(unseen)) for step in range(len(curve) + 1, len(curve) + some + 1)
            ]
            told(len(curve) / steps)
        assert trees is not None  # noqa: S101 - there is a first step
        grown, most = trees, trees.rounds
        return Watched(curve, lambda step: grown[: min(step * every, most)].margin(unseen))

    def fitted(self, rows: Rows, options: Options, seed: int, rounds: int | None, told: Share) -> Trees:
        trees = self._grown(self._sent(downsample.lighter(rows, seed)), options, seed, rounds or options.most_rounds)
        told(1.0)
        return trees

    def _sent(self, rows: Rows) -> Any:
        """The users on the workers, some on each."""
        count = min(_PARTS * len(_workers(self.client)), len(rows.y))
        weight = np.ones(len(rows.y)) if rows.weight is None else rows.weight
        cut = [np.array_split(each, count) for each in (rows.x, rows.y, weight)]
        parts = [self._arrays(one) for one in zip(*cut, strict=True)]
        x, y, weights = (da.concatenate(each) for each in zip(*parts, strict=True))
        return self._done(lambda: on_dask.DaskQuantileDMatrix(self.client, x, y, weight=weights))

    def _arrays(self, part: tuple[Any, ...]) -> list[da.Array]:
        [there] = self.client.scatter([part], hash=False)
        return [
            da.from_delayed(dask.delayed(operator.itemgetter(at))(there), each.shape, each.dtype)
            for at, each in enumerate(part)
        ]  # fmt: skip

    def _grown(
        self, users: Any, options: Options, seed: int, rounds: int, before: Trees | None = None
    ) -> Trees:  # fmt: skip
        """These trees, and so many rounds more."""
        # A worker has as many threads as it was given.
        settings = {name: value for name, value in options.parameters.items() if name != "nthread"} | {"seed": seed}
        model = None if before is None else before.booster
        grown = self._done(
            lambda: on_dask.train(
                self.client, settings, users, num_boost_round=rounds, xgb_model=model, verbose_eval=False
            )
        )
        return Trees(grown["booster"])

    def _done(self, work: Callable[[], Any]) -> Any:
        """What work on the cluster gives. A worker that is gone is waited for by XGBoost for ever, but not here."""
        workers, pool = _workers(self.client), ThreadPoolExecutor(1)
        found = pool.submit(work)
        try:
            while not wait([found], timeout=_LOOK).done:
                if workers - _workers(self.client):
                    raise ClusterError(_GONE, lost=True)
            return found.result()
        except (CancelledError, OSError, RuntimeError, ValueError) as error:  # that of XGBoost is a ValueError
            gone = workers - _workers(self.client)
            raise ClusterError(_GONE if gone else str(error).partition("\n")[0], lost=True) from error
        finally:
            pool.shutdown(wait=False)


_GONE: Final = "a worker died, and with it the users that it held"


def _version() -> str:
    return xgb.__version__


def _workers(client: Client) -> set[str]:
    return set(client.nthreads())
