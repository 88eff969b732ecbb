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

from core.comparison import comparison_job
from core.data import intake
from core.data.datasets import Dataset
from core.feedback.verdict import Judgement
from core.home import Home
from core.review.verdicts import Given
from core.schema import schema as schemas
from core.schema.schema import Schema
from core.scoring.runs import Run
from core.settings import DEMO_LABELLED, DEMO_USERS

#: Files of a part of the demo's users, one a day, before the day on which all of them are scored.
DAYS: Final = 6
#: Users judged of those that wait.
JUDGED: Final = 120
REVIEWER: Final = "Ada"
LEAD: Final = "Lea"
_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Story:
    """What was made: the run of all demo users and their ids by input row, the champion and the one learnt,
    the comparison of the two, and the labelled users it is on.
    """

    run: Run
    users: pd.Series[str]
    champion: str
    version: str
    dataset: Dataset
    comparison: str


def worked_through(home: Home, *, now: datetime, verdicts: int = JUDGED) -> Story:
    """Work the demo of a home through until `now`. home: as it came, with a champion."""
    schema, champion = schemas.load(home.settings.schema_file), home.registry.load().version
    for day, payload in enumerate(_parts(home.settings.demo / DEMO_USERS)):
        at = now - timedelta(days=DAYS - day)
        _scored(home, f"signups_{at:%d_%b}.csv".lower(), payload, schema, now=at)
    run = _scored(home, DEMO_USERS, home.settings.demo / DEMO_USERS, schema, now=now - timedelta(hours=5))
    home.plans.queue_run(run.id, by=REVIEWER, now=now - timedelta(hours=4))
    home.sending.send(run.id, _unsure(home, run), by=REVIEWER, now=now - timedelta(hours=3))
    _judged(home, run, verdicts, now=now)
    version = _learnt(home, schema, now=now - timedelta(hours=1))
    dataset = home.datasets.put(intake.read(DEMO_LABELLED, home.settings.demo / DEMO_LABELLED, schema), schema, now=now)
    thresholds = {str(band): above for band, above in home.policies.in_force().thresholds.items()}
    request = comparison_job.Asked(champion, version, dataset.id, thresholds)
    identity = home.comparer.identity(request)
    home.comparisons.save(identity, home.comparer.made(request))
    _tried(home, version, now=now)
    return Story(run, home.user_names.of(run), champion, version, dataset, identity)


def _parts(users: Path) -> Iterator[bytes]:
    """The users in as many files as there are days, each with the header."""
    header, *lines = gzip.decompress(users.read_bytes()).splitlines(keepends=True)
    for day in range(DAYS):
        yield header + b"".join(lines[day::DAYS])


def _scored(home: Home, name: str, payload: bytes | Path, schema: Schema, *, now: datetime) -> Run:
    model = home.registry.load()
    policy = home.policies.deciding(model.version)
    return home.file_scoring.score_file(name, payload, schema, model, policy, now=now).run


def _unsure(home: Home, run: Run) -> list[int]:
    """Input rows of the three users whose score is nearest to one half."""
    scores = home.runs.scores(run.id)["probability"]
    return [int(row) for row in (scores - 0.5).abs().nsmallest(3).index]


def _judged(home: Home, run: Run, verdicts: int, *, now: datetime) -> None:
    random, scores = np.random.default_rng(_SEED), home.runs.scores(run.id)["probability"]
    for number in range(verdicts):
        at = now - timedelta(seconds=60 * (verdicts - number))
        case = home.queue.claim(REVIEWER, now=at, session="story")
        if case is None:
            return
        said: Judgement = "spammer" if random.random() < scores.loc[case.row] else "legitimate"
        given = Given(f"story-{number}", said, seconds=20.0)
        home.verdicts.judge(case.id, given, by=REVIEWER, session="story", now=at + timedelta(seconds=20))


def _learnt(home: Home, schema: Schema, *, now: datetime) -> str:
    """A version learnt from the demo's labelled users."""
    checked = intake.read(DEMO_LABELLED, home.settings.demo / DEMO_LABELLED, schema, need_label=True)
    dataset = home.datasets.put(checked, schema, now=now, need_label=True)
    notice = "trained on the demo's simulated users, to be compared."
    return home.training.learn(
        dataset, schema, home.policies.in_force().thresholds, now=now, seed=_SEED, notice=notice, by=REVIEWER
    )


def _tried(home: Home, version: str, *, now: datetime) -> None:
    """The champion for a while: of fewer users than the one before, it catches fewer spammers."""
    home.registry.promote(version, by=LEAD, why="Learnt from this month's users.", now=now - timedelta(minutes=50))
    why = f"{version} catches fewer spammers than the one before."
    home.registry.rollback(by=LEAD, why=why, now=now - timedelta(minutes=20))
