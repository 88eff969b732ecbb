"""Trees grown by a Dask cluster: judged on the same users, within noise of those of this process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.errors import BadOptionError, ClusterError
from core.evaluation import resample
from core.evaluation.resample import Costs, Sorted
from core.model.families import Recipe
from core.model.learner import Rows
from core.schema.schema import Column, Label, Schema
from core.training import train
from core.training.tune import Budget
from tests import make, make_messages
from tests.core.training.test_train import THRESHOLDS, rows

dask_boosting = pytest.importorskip("core.training.dask_boosting")
dask_engine = pytest.importorskip("core.scoring.streaming.dask_engine")


@pytest.fixture
def cluster() -> Iterator[Any]:
    with dask_engine.dask_engine(workers=2) as engine:
        yield engine.client


@pytest.mark.parametrize(
    ("schema", "recipe", "budget", "said"),
    [
        (make.SCHEMA, Recipe("logistic_regression"), Budget(), "leave out --family"),
        (make.SCHEMA, Recipe(), Budget(0, 3), "leave out --search-minutes"),
        (make_messages.SCHEMA, Recipe(), Budget(), "does not learn from texts"),
        (Schema((Column("a", "category"),), label=Label("spam")), Recipe(), Budget(), "columns of words"),
        (replace(make.SCHEMA, label=make_messages.KINDS.label), Recipe(), Budget(), "does not learn categories"),
    ],
)
def test_what_a_cluster_does_not_learn_is_refused(schema: Schema, recipe: Recipe, budget: Budget, said: str) -> None:
    dask_boosting.check(make.SCHEMA, Recipe(), Budget())
    with pytest.raises(BadOptionError, match=said):
        dask_boosting.check(schema, recipe, budget)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cluster_learns_what_this_process_learns_within_noise(cluster: Any) -> None:
    data = rows(1_500)
    here = train.fit(*data, THRESHOLDS, name="users.csv")
    recipe = Recipe(engine=dask_boosting.DaskXGBoost(client=cluster))
    there = train.fit(*data, THRESHOLDS, name="users.csv", recipe=recipe)
    assert (here.judging == there.judging).all()
    assert any("grown by a Dask cluster (2 workers)" in note for note in there.notes)
    assert not any("Dask" in note for note in here.notes)
    label = data[1][here.judging]
    models = [Sorted(label, each.score, {}, Costs()) for each in (here, there)]
    one, other = resample.replicate(models, seed=1)["pr_auc"]
    low, high = np.nanpercentile(other - one, [2.5, 97.5])
    assert low <= 0 <= high


@pytest.mark.slow
def test_a_cluster_counts_users_by_their_weight(cluster: Any) -> None:
    x, y, _ = rows(1_000)
    learner = dask_boosting.DaskXGBoost(client=cluster)
    plain, weighed = (
        learner.fitted(Rows(x, y, weight), learner.options(1_000), 0, 20, lambda _share: None).margin(x).mean()
        for weight in (None, np.where(y == 1, 20.0, 1.0))
    )
    assert weighed > plain + 0.5


@pytest.mark.slow
def test_a_worker_that_dies_is_said(cluster: Any) -> None:
    x, y, _ = rows(2_000)
    learner = dask_boosting.DaskXGBoost(client=cluster)
    pid = next(iter(cluster.run(os.getpid).values()))
    killing = threading.Timer(2, os.kill, [pid, signal.SIGKILL])
    killing.start()
    with pytest.raises(ClusterError, match=r"a worker died.*Nothing was learnt: give the command again\."):
        learner.fitted(Rows(x, y), learner.options(2_000), 0, 50_000, lambda _share: None)
    killing.join()
