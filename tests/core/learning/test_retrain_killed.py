"""Retraining killed at random moments: the champion serves on, no half version is left, and the next run succeeds."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time

import pytest

from core.decision.policy import Policy
from core.learning import gate, retrain
from core.learning.retrain import Request
from core.model import candidates, registry
from core.model.score import Scorer
from core.settings import ROOT, Settings, child_environment
from tests import make
from tests.core.learning import feeding
from tests.make import NOW

MOMENTS = 50
WORK = (
    "import sys; from datetime import UTC, datetime; from core.learning import retrain; "
    "from core.decision.policy import Policy; from core.settings import Settings; sys.stdout.write('begun'); "
    "sys.stdout.flush(); retrain.retrain(Settings.of(sys.argv[1]), retrain.Request(Policy().thresholds, by='Ada'), "
    "now=datetime.now(UTC))"
)


def begun(home: Settings) -> subprocess.Popen[str]:
    """A retraining in a process of its own, past its imports."""
    child = subprocess.Popen(
        [sys.executable, "-c", WORK, str(home.home)], cwd=ROOT, env=child_environment(home), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.read(5) == "begun"
    return child


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_at_50_random_moments_nothing_is_half_and_the_next_run_succeeds(own: Settings) -> None:
    feeding.judged(own, make.users(400, seed=4))
    users = make.users(50, seed=9)
    before = Scorer(registry.load(own)).score(users).probability.tolist()
    started = time.monotonic()
    begun(own).wait()
    whole = time.monotonic() - started
    assert registry.versions(own) == ("v0001", "v0002")

    moments = random.Random(0)  # noqa: S311 - moments, not secrets
    for _ in range(MOMENTS):
        child = begun(own)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(moments.uniform(0, whole))
        child.kill()
        child.wait()
        assert registry.champion(own) == "v0001"
        assert Scorer(registry.load(own)).score(users).probability.tolist() == before
        for version in registry.versions(own):
            registry.load(own, version)
            found = gate.kept(own, version)
            assert found is None or found.candidate == version
        for kept in candidates.listed(own):
            assert len(candidates.scores(own, kept.id).label) == kept.data.tested_on

    done = retrain.retrain(own, Request(Policy().thresholds, by="Ada"), now=NOW)
    assert done.version == registry.versions(own)[-1]
    assert gate.kept(own, done.version) == done.gate
