"""Retraining killed at random moments: the champion serves on, no half version is left, and the next run succeeds."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Sequence
from datetime import timedelta
from multiprocessing.process import BaseProcess

import pandas as pd
import pytest

from core.decision.policy import Policy
from core.learning import due, gate, retrain
from core.learning.retrain import Request
from core.model import candidates, registry
from core.model.score import Scorer
from core.settings import Settings
from tests import make
from tests.core.learning import feeding
from tests.make import NOW

MOMENTS = 50
ASKED = Request(Policy().thresholds, by="Ada")


def begun(home: Settings) -> BaseProcess:
    """A retraining in a process of its own, past its imports: forked off one that has done nothing but these."""
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload([__name__])
    child = forking.Process(target=retrain.retrain, args=(home, ASKED), kwargs={"now": NOW})
    child.start()
    return child


def check_whole(home: Settings, users: pd.DataFrame, before: Sequence[float]) -> None:
    """The champion scores as before, and whatever else there is, is whole."""
    assert registry.champion(home) == "v0001"
    assert Scorer(registry.load(home)).score(users).probability.tolist() == before
    for version in registry.versions(home):
        registry.load(home, version)
        found = gate.kept(home, version)
        assert found is None or found.candidate == version
    for kept in candidates.listed(home):
        assert len(candidates.scores(home, kept.id).label) == kept.data.tested_on
    assert due.last(home).version in {"", *registry.versions(home)}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_at_50_random_moments_nothing_is_half_and_the_next_run_succeeds(own: Settings) -> None:
    feeding.judged(own, make.users(400, seed=4))
    users = make.users(50, seed=9)
    before = Scorer(registry.load(own)).score(users).probability.tolist()
    begun(own).join()  # the first one waits for the imports
    started = time.monotonic()
    begun(own).join()
    whole = time.monotonic() - started
    assert registry.versions(own) == ("v0001", "v0002", "v0003")

    moments = random.Random(0)  # noqa: S311 - moments, not secrets
    for _ in range(MOMENTS):
        child = begun(own)
        child.join(moments.uniform(0, whole))
        child.kill()
        child.join()
        check_whole(own, users, before)

    for left in own.models.glob(".*.tmp"):
        os.utime(left, (time.time() - 2 * 3600,) * 2)
    done = retrain.retrain(own, ASKED, now=NOW + timedelta(hours=1))
    assert done.version == registry.versions(own)[-1]
    assert gate.kept(own, done.version) == done.gate
    assert list(own.models.glob(".*.tmp")) == []
