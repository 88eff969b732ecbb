"""Whatever the policy: the command line, the API, a job and the page of a user say the same of the same user."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.words import badge, label
from core.home import Home
from core.policy.bands import BANDS
from core.policy.decide import acted
from core.policy.list_store import Grounds
from core.policy.policy import Policy
from core.policy.rules import Condition, Rule
from tests import make, screen
from tests.app.api.server import serving
from tests.screen import Visit

NOW = datetime.now(UTC)
FRAME = make.users(30, seed=41).drop(columns="spam")
CONDITIONS = (
    Condition("score", ">", (0.05,)), Condition("score", "<=", (0.4,)), Condition("links", ">=", (2.0,)),
    Condition("links", "not in", (0.0, 1.0)), Condition("ratio", "is missing"), Condition("ratio", "<", (0.2,)),
    Condition("country", "=", ("ke",)), Condition("country", "in", ("DE", "pk")), Condition("name", "contains", ("1",)),
    Condition("user", "starts with", ("u41-2",)), Condition("n_missing", "=", (0.0,)),
    Condition("n_novel", ">", (0.0,)),
    Condition("verified", "!=", (1.0,)), Condition("tier", "is not missing"),
)  # fmt: skip


def drawn(random: np.random.Generator, base: Policy) -> Policy:
    """Thresholds anywhere, and up to six rules of up to three conditions."""
    monitor, review, remove = sorted(float(each) for each in random.uniform(0.001, 0.9, 3))
    rules = tuple(
        Rule(
            f"Rule {number}", str(random.choice(["at least", "at most", "exactly"])), str(random.choice(BANDS)),  # type: ignore[arg-type]
            tuple(CONDITIONS[at] for at in random.choice(len(CONDITIONS), int(random.integers(1, 4)), replace=False)),
            str(random.choice(["live", "live", "shadow", "draft"])),  # type: ignore[arg-type]
        )
        for number in range(int(random.integers(0, 7)))
    )  # fmt: skip
    return Policy(monitor, review, remove, base.version, armed=False, rules=rules)


def listed(home: Home, random: np.random.Generator) -> None:
    """Some users and a country, each on some list."""
    grounds = Grounds("drawn", "Lea", NOW)
    for name in ("block", "allow"):
        home.lists.add(name, "", random.choice(FRAME["user"], 3, replace=False).tolist(), grounds)  # type: ignore[arg-type]
    if random.random() < 0.5:
        name = random.choice(["block", "allow"])
        home.lists.add(name, "country", [str(random.choice(["DE", "KE", "PK"]))], grounds)


def asked(row: dict[str, Any]) -> dict[str, Any]:
    """A user as the API is told of one."""
    values = {name: None if pd.isna(row[name]) else float(row[name]) for name in make.SCHEMA.names}
    return {"user_id": row["user"], "features": values, "context": {name: row[name] for name in make.SCHEMA.context}}


def on_the_page(visit: Visit, home: Home, run: str, row: int) -> str:
    at = visit(home, "score_user", run=run, row=str(row))
    assert not at.exception
    return screen.sentences(at)


def alike(visit: Visit, home: Home, folder: Path, random: np.random.Generator) -> set[str]:
    """Decide the users by all ways, hold them against each other, and give the actions there were."""
    users, scores = folder / "users.csv", folder / "scores.csv"
    users.write_bytes(make.csv(FRAME))
    command = ["--home", str(home.settings.home), "score", str(users), "-o", str(scores)]
    assert CliRunner().invoke(app, command).exit_code == 0
    with serving(home) as api:
        answers = [api.post("/predict", asked(row)).json for row in FRAME.to_dict("records")]
    job = home.score_jobs.start_from_page("users.csv", users, now=NOW).id
    home.workers.begun[-1].wait(120)

    told = pd.read_csv(scores)
    decided = list(zip(told["band"], told["action"], told["decided_by"], strict=True))
    assert [(each["band"], each["action"], each["decided_by"]) for each in answers] == decided
    of_job = home.score_jobs.result(job)
    stored = home.runs.scores(of_job.id)
    actions = acted(stored["severity"].to_numpy(np.int8), armed=of_job.policy.armed)
    assert [
        (BANDS[band], BANDS[action], by)
        for band, action, by in zip(stored["severity"], actions, stored["decided_by"], strict=True)
    ] == decided
    for row in random.choice(len(FRAME), 3, replace=False):
        said, (band, action, by) = on_the_page(visit, home, of_job.id, int(row) + 1), decided[row]
        assert badge(band) in said
        assert (f"→ {label(action)}" in said) == (action != band)
        assert ("decided by" in said) == (by != "score")
        assert by == "score" or f"decided by {by.replace(':', ' ', 1)}" in said
    return set(told["action"])


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 20))])
@pytest.mark.usefixtures("real_jobs")
def test_the_same_user_gets_the_same_action_for_the_same_reason_everywhere(
    visit: Visit, own: Home, tmp_path: Path, seed: int
) -> None:
    random = np.random.default_rng(seed)
    own.policies.save(drawn(random, own.policies.in_force()), by="Lea", now=NOW)
    listed(own, random)
    assert alike(visit, own, tmp_path, random) <= {"allow", "monitor", "human_review"}


@pytest.mark.usefixtures("real_jobs")
def test_while_automation_is_armed_it_removes_the_same_users_everywhere(
    visit: Visit, proven: Home, tmp_path: Path
) -> None:
    random = np.random.default_rng(1)
    proven.arming_desk.arm(by="Lea", why="It is proven", now=datetime.now(UTC))
    listed(proven, random)
    assert "auto_remove" in alike(visit, proven, tmp_path, random)
