"""Killed at any moment while it scores, judges, promotes or retrains, a home has lost nothing and has nothing twice.

What the three records say is held against each other after each kill: the audit log, the database, and feedback.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import func, select

from core.feedback.ledger import Ledger
from core.home import Home
from core.model import shap_values
from core.retraining.retrain import Request
from core.review.verdicts import Given
from core.schema import schema as schemas
from core.store import tables
from tests import make
from tests.core.retraining import feeding
from tests.core.review.reviewing import rules
from tests.make import NOW

#: Forks processes off one which has done nothing but the imports: a kill then takes seconds. Windows cannot.
FORKING: Final = "forkserver"
#: What work loads once it needs it, and would load anew in each of them.
LOADED: Final = ("scipy.optimize", "scipy.stats", "core.model.rounds", "core.model.shap_values")
DECISION: Final = {"spammer": "remove", "legitimate": "keep"}


def work(home: Home, kind: str, turn: int, told: Path) -> None:
    """Do one kind of work over and over; each piece that is done is acknowledged by a line in the file `told`."""
    step = STEPS[kind]
    shap_values.warm_up()
    with told.open("a", encoding="utf-8") as lines:
        lines.write("begun\n")
        lines.flush()
        for number in itertools.count():
            lines.write(json.dumps([kind, *step(home, turn, number)]) + "\n")
            lines.flush()


def score(home: Home, turn: int, number: int) -> list[Any]:
    users = make.csv(make.users(60, seed=100 + turn * 50 + number).drop(columns="spam"))
    model, schema = home.registry.load(), schemas.load(home.settings.schema_file)
    run = home.file_scoring.score_file(f"{turn}-{number}.csv", users, schema, model, make.policy(), now=NOW).run
    return [run.id, run.users, home.runs.scores(run.id)["probability"].sum()]


def judge(home: Home, turn: int, number: int) -> list[Any]:
    """A verdict; every fourth is taken back, which opens the case again."""
    case = home.queue.claim("Ada", now=NOW, session=f"t{turn}")
    assert case is not None
    given = Given(f"v{turn}-{number}", "spammer" if (turn + number) % 2 else "legitimate")
    verdict = home.verdicts.judge(case.id, given, by="Ada", session=f"t{turn}", now=NOW)
    if number % 4 == 3:
        home.verdicts.undo([verdict.id], by="Ada", now=NOW)
        home.queue.release(case.id, "Ada", session="")
        return [verdict.id, case.id, case.user, None]
    return [verdict.id, case.id, case.user, verdict.verdict]


def promote(home: Home, turn: int, number: int) -> list[Any]:
    other = "v0002" if home.registry.champion() == "v0001" else "v0001"
    why = f"turn {turn}, step {number}"
    home.registry.promote(other, by="Ada", why=why, now=NOW)
    return [other, why]


def learn(home: Home, turn: int, number: int) -> list[Any]:
    return [home.retraining.retrain(Request(make.policy().thresholds, by="Ada"), now=NOW).version]


STEPS: Final = {"score": score, "verdict": judge, "promote": promote, "retrain": learn}


def timed(home: Home, kind: str) -> float:
    """Seconds that a piece of work takes here and now."""
    started = time.monotonic()
    STEPS[kind](home, 999, 0)
    return time.monotonic() - started


class Witness:
    """What was acknowledged, and how often there was a kill in the middle of a piece of work that was not."""

    def __init__(self, home: Home) -> None:
        self.home, self.said, self.kills = home, list[list[Any]](), Counter[str]()
        self.champion, self.promoted = home.registry.champion(), 0
        self.before = {"runs": _count(home, tables.runs), "versions": len(home.registry.versions())}

    def of(self, kind: str) -> list[list[Any]]:
        return [each[1:] for each in self.said if each[0] == kind]

    def check(self) -> None:
        self._runs()
        self._verdicts()
        self._promotions()
        self._versions()

    def _runs(self) -> None:
        known = {run.id: run for run in self.home.runs.recent(10_000)}
        for run, users, total in self.of("score"):
            assert known[run].users == users
            assert self.home.runs.scores(run)["probability"].sum() == total
        for run in known.values():
            assert len(self.home.runs.scores(run.id)) == run.users
        assert len(known) <= self.before["runs"] + len(self.of("score")) + self.kills["score"]

    def _verdicts(self) -> None:
        self.home.effects.catch_up()
        assert self.home.feedback.verify().whole
        found = Ledger(self.home.ledger.path)
        found.refresh()
        stored = found.frame()
        assert not stored["id"].duplicated().any()
        mine = stored[stored["case"].str.startswith("c-0")]
        ids = set(mine.loc[mine["verdict"] != "withdrawn", "id"])
        acknowledged = {verdict for verdict, *_ in self.of("verdict")}
        assert acknowledged <= ids
        assert len(ids - {"v999-0"}) <= len(acknowledged) + self.kills["verdict"]
        standing = found.effective().set_index("user")["verdict"].map(DECISION)
        decided = self.home.outbox.since(0, 100_000)
        decided = decided[decided["case"].str.startswith("c-0")]
        assert set(decided["verdict"]) <= set(stored["id"])
        assert not decided["verdict"].duplicated().any()
        last = decided.groupby("user")["decision"].last()
        assert {user: each for user, each in last.items() if each != "none"} == {
            user: standing[user] for user in mine["user"].unique() if user in standing.index
        }
        with self.home.database.connect() as connection:
            closed = connection.execute(
                select(tables.cases.c.user, tables.cases.c.verdict).where(tables.cases.c.verdict.is_not(None))
            ).all()
        assert dict(map(tuple, closed)) == dict(
            zip(*mine[mine["id"].isin(found.valid()["id"])][["user", "id"]].to_numpy().T.tolist(), strict=True)
        )

    def _promotions(self) -> None:
        assert self.home.audit.verify().whole
        notes = self.home.audit.read(100_000)
        notes = notes[notes["what"].isin(["promote"])]
        reasons = Counter(notes["why"])
        for _, why in self.of("promote"):
            assert reasons[why] == 1
        assert set(reasons.values()) <= {1}
        assert len(notes) <= 1 + len(self.of("promote")) + self.kills["promote"]
        # The note comes first: a promotion that was cut off may be noted and not done, never done and not noted.
        champion, done = self.home.registry.champion(), self.of("promote")[self.promoted :]
        assert champion in {done[-1][0] if done else self.champion, *notes["about"][:1]}
        if done and notes["why"].iloc[0] == done[-1][1]:
            assert champion == done[-1][0]
        self.champion, self.promoted = champion, len(self.of("promote"))

    def _versions(self) -> None:
        versions = self.home.registry.versions()
        assert {version for (version,) in self.of("retrain")} <= set(versions)
        assert len(versions) <= self.before["versions"] + len(self.of("retrain")) + self.kills["retrain"]
        for version in versions:
            self.home.registry.load(version)


def killed(witness: Witness, kind: str, turn: int, after: float, told: Path) -> None:
    """Work on the home in a process of its own, kill it `after` seconds from its beginning, and hear what it said."""
    forking = multiprocessing.get_context(FORKING)
    forking.set_forkserver_preload([__name__, *LOADED])
    child = forking.Process(target=work, args=(witness.home, kind, turn, told))
    child.start()
    while child.is_alive() and not (told.is_file() and told.stat().st_size):
        time.sleep(0.002)
    child.join(after)
    assert child.exitcode is None, f"{kind} ended by itself"
    child.kill()
    child.join()
    said = [line for line in told.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
    witness.said += [json.loads(line) for line in said if line != "begun\n"]
    witness.kills[kind] += 1
    told.unlink()


def survives(home: Home, tmp_path: Path, kills: int) -> Witness:
    make.promoted(home, "v0001")
    feeding.judged(home, make.users(400, seed=4), case="")
    home.retraining.retrain(Request(make.policy().thresholds, by="Ada"), now=NOW)
    rules(home, capacity=2000, random_share=0.5)
    users = make.csv(make.users(1500, seed=8).drop(columns="spam"))
    model, schema = home.registry.load(), schemas.load(home.settings.schema_file)
    run = home.file_scoring.score_file("users.csv", users, schema, model, make.policy(0.01, 0.02, 0.9), now=NOW).run
    home.plans.queue_run(run.id, by="Ada", now=NOW)
    longest = {kind: 3 * timed(home, kind) for kind in STEPS}
    witness = Witness(home)
    moments = random.Random(20_261_128)  # noqa: S311 - moments, not secrets
    for turn in range(kills):
        kind = list(STEPS)[turn % len(STEPS)]
        killed(witness, kind, turn, moments.uniform(0, longest[kind]), tmp_path / "told")
        witness.check()
    return witness


def _count(home: Home, table: Any) -> int:
    with home.database.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


needs_forks = pytest.mark.skipif(
    FORKING not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)


@needs_forks
def test_killed_at_random_moments_nothing_is_lost_or_doubled(own: Home, tmp_path: Path) -> None:
    assert survives(own, tmp_path, kills=4).kills == dict.fromkeys(STEPS, 1)


@needs_forks
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_150_times_nothing_is_lost_or_doubled(own: Home, tmp_path: Path) -> None:
    witness = survives(own, tmp_path, kills=150)
    assert all(witness.of(kind) for kind in STEPS)
