"""The demo worked through, as a team would in a week: files scored, users judged, a second model learnt and compared.

The users are simulated, and so are the verdicts: a user is called a spammer with the probability that is the score.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from core.comparison import comparison_job, comparison_store
from core.data import datasets, intake
from core.data.datasets import Dataset
from core.feedback.verdict import Judgement
from core.policy.policy import Policy
from core.registry import registry
from core.review import plans, queue
from core.review.verdicts import Given, judge
from core.schema import schema as schemas
from core.schema.schema import Schema
from core.scoring import runs, score_file
from core.scoring.runs import Run
from core.settings import DEMO_LABELLED, DEMO_USERS, Settings
from core.training import training

#: Files of a part of the demo's users, one a day, before the day on which all of them are scored.
DAYS: Final = 6
#: Users judged of those that wait.
JUDGED: Final = 120
REVIEWER: Final = "Ada"
LEAD: Final = "Lea"
_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Story:
    """What was made: the run of all demo users and their ids by input row, the version in charge and the one learnt,
    the comparison of the two, and the labelled users it is on.
    """

    run: Run
    users: pd.Series[str]
    champion: str
    version: str
    dataset: Dataset
    comparison: str


def worked_through(home: Settings, *, now: datetime, verdicts: int = JUDGED) -> Story:
    """Work the demo of a home through until `now`. home: as it came, with a version in charge."""
    schema, champion = schemas.load(home.schema_file), registry.load(home).version
    for day, payload in enumerate(_parts(home.demo / DEMO_USERS)):
        at = now - timedelta(days=DAYS - day)
        _scored(home, f"signups_{at:%d_%b}.csv".lower(), payload, schema, now=at)
    run = _scored(home, DEMO_USERS, home.demo / DEMO_USERS, schema, now=now - timedelta(hours=5))
    plans.queue_run(home, run.id, by=REVIEWER, now=now - timedelta(hours=4))
    plans.send(home, run.id, _unsure(home, run), by=REVIEWER, now=now - timedelta(hours=3))
    _judged(home, run, verdicts, now=now)
    version = _learnt(home, schema, now=now - timedelta(hours=1))
    dataset = datasets.put(home, intake.read(DEMO_LABELLED, home.demo / DEMO_LABELLED, schema), schema, now=now)
    thresholds = {str(band): above for band, above in Policy().thresholds.items()}
    request = comparison_job.Asked(champion, version, dataset.id, thresholds)
    identity = comparison_job.identity(home, request)
    comparison_store.save(home, identity, comparison_job.made(home, request))
    _tried(home, version, now=now)
    return Story(run, plans.users(home, run, schema), champion, version, dataset, identity)


def _parts(users: Path) -> Iterator[bytes]:
    """The users in as many files as there are days, each with the header."""
    header, *lines = gzip.decompress(users.read_bytes()).splitlines(keepends=True)
    for day in range(DAYS):
        yield header + b"".join(lines[day::DAYS])


def _scored(home: Settings, name: str, payload: bytes | Path, schema: Schema, *, now: datetime) -> Run:
    model, policy = registry.load(home), Policy()
    done = score_file.score_file(home, name, payload, schema, model, policy, now=now)
    frame = score_file.explained(done.frame, done.results["probability"].to_numpy(), model, policy)
    runs.save_reasons(home, done.run.id, frame)
    return done.run


def _unsure(home: Settings, run: Run) -> list[int]:
    """Input rows of the three users whose score is nearest to one half."""
    scores = runs.scores(home, run.id)["probability"]
    return [int(row) for row in (scores - 0.5).abs().nsmallest(3).index]


def _judged(home: Settings, run: Run, verdicts: int, *, now: datetime) -> None:
    random, scores = np.random.default_rng(_SEED), runs.scores(home, run.id)["probability"]
    for number in range(verdicts):
        at = now - timedelta(seconds=60 * (verdicts - number))
        case = queue.claim(home, REVIEWER, now=at, session="story")
        if case is None:
            return
        said: Judgement = "spammer" if random.random() < scores.loc[case.row] else "legitimate"
        given = Given(f"story-{number}", said, seconds=20.0)
        judge(home, case.id, given, by=REVIEWER, session="story", now=at + timedelta(seconds=20))


def _learnt(home: Settings, schema: Schema, *, now: datetime) -> str:
    """A version learnt from the demo's labelled users."""
    checked = intake.read(DEMO_LABELLED, home.demo / DEMO_LABELLED, schema, need_label=True)
    dataset = datasets.put(home, checked, schema, now=now, need_label=True)
    notice = "trained on the demo's simulated users, to be compared."
    return training.learn(home, dataset, schema, Policy().thresholds, now=now, seed=_SEED, notice=notice, by=REVIEWER)


def _tried(home: Settings, version: str, *, now: datetime) -> None:
    """The version in charge for a while: of fewer users than the one before, it catches fewer spammers."""
    registry.promote(home, version, by=LEAD, why="Learnt from this month's users.", now=now - timedelta(minutes=50))
    why = f"{version} catches fewer spammers than the one before."
    registry.rollback(home, by=LEAD, why=why, now=now - timedelta(minutes=20))
