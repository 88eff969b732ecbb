"""Retraining killed at random moments: the champion serves on, no half version is left, and the next run succeeds."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Sequence
from datetime import timedelta
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event

import pandas as pd
import pytest

from core.home import Home
from core.retraining.retrain import Request
from core.scoring.scorer import Scorer
from tests import make
from tests.core.retraining import feeding
from tests.make import NOW

MOMENTS = 50
ASKED = Request(make.policy().thresholds, by="Ada")
#: Forks processes off one which has done nothing but the imports: a kill then takes seconds. Windows cannot.
FORKING = "forkserver"


def retrained(home: Home, storing: Event) -> None:
    def progress(what: str, _share: float) -> None:
        if what == "Storing":
            storing.set()

    home.retraining.retrain(ASKED, now=NOW, progress=progress)


def begun(home: Home) -> tuple[BaseProcess, Event]:
    """A retraining in a process of its own, and what is set once it begins to store."""
    forking = multiprocessing.get_context(FORKING)
    forking.set_forkserver_preload([__name__])
    storing = forking.Event()
    child = forking.Process(target=retrained, args=(home, storing))
    child.start()
    return child, storing


def timed(home: Home) -> tuple[float, float]:
    """Seconds of a whole retraining, and of its storing, which is the last that it tells."""
    told, started = list[float](), time.monotonic()
    home.retraining.retrain(ASKED, now=NOW, progress=lambda _what, _share: told.append(time.monotonic()))
    return time.monotonic() - started, time.monotonic() - told[-1]


def check_whole(home: Home, users: pd.DataFrame, before: Sequence[float]) -> None:
    """The champion scores as before, and whatever else there is, is whole."""
    assert home.registry.champion() == "v0001"
    assert Scorer(home.registry.load()).score(users).probability.tolist() == before
    for version in home.registry.versions():
        home.registry.load(version)
        found = home.gate_reports.kept(version)
        assert found is None or found.candidate == version
    for kept in home.training_runs.listed():
        assert len(home.training_runs.scores(kept.id).label) == kept.data.tested_on
    assert home.schedule.last().version in {"", *home.registry.versions()}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(FORKING not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
def test_killed_at_50_random_moments_nothing_is_half_and_the_next_run_succeeds(own: Home) -> None:
    feeding.judged(own, make.users(400, seed=4))
    users = make.users(50, seed=9)
    before = Scorer(own.registry.load()).score(users).probability.tolist()
    whole, stored = timed(own)
    assert own.registry.versions() == ("v0001", "v0002")
    begun(own)[0].join()  # the first one waits for the imports

    moments = random.Random(0)  # noqa: S311 - moments, not secrets
    for k in range(MOMENTS):
        child, storing = begun(own)
        if k % 2:  # every other one while it stores: most of the time there is nothing yet that could be half
            storing.wait()
        child.join(moments.uniform(0, stored if k % 2 else whole))
        child.kill()
        child.join()
        check_whole(own, users, before)

    for left in own.settings.models.glob(".*.tmp"):
        os.utime(left, (time.time() - 2 * 3600,) * 2)
    done = own.retraining.retrain(ASKED, now=NOW + timedelta(hours=1))
    assert done.version == own.registry.versions()[-1]
    assert own.gate_reports.kept(done.version) == done.gate
    assert list(own.settings.models.glob(".*.tmp")) == []
