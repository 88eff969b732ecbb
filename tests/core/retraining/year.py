"""A year of a small home on a fast-forwarded clock: users come in, are scored, judged, watched and learnt from.

Everything goes through the program itself, on disk. From month SHIFT on a new kind of spammer is among the users, whom
the features that told spammers so far call harmless.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from core.evaluation import metrics
from core.home import Home
from core.retraining.retrain import Request, Retrained
from core.retraining.settings import Learning
from core.review.guidance import Guidance
from core.review.verdicts import Given
from core.scoring.scorer import Scorer
from tests import make
from tests.make import NOW, SCHEMA

MONTHS: Final = 12
#: The month from which on there are new spammers, and which share of all users they are.
SHIFT: Final = 5
NEW_KIND: Final = 0.2
USERS: Final = 2000
#: Reviewers are wrong about so many users.
ERROR: Final = 0.05
REVIEWERS: Final = ("Ada", "Ben")
LEAD: Final = "Lena"
#: Changes that automation leaves to a person: they may be right, and only who knows the users can tell.
TO_LOOK_AT: Final = frozenset({"old labels", "flips", "reasons"})


@dataclass(frozen=True, slots=True)
class Month:
    """What a month came to: its run by the champion of then, the verdicts given, what was learnt from them.

    `raised`: what was done to the share drawn at random, "" for nothing; `promoted_by`: LEAD, "automation", or "" for
    nobody.
    """

    number: int
    run: str
    champion: str
    raised: str
    verdicts: int
    retrained: Retrained | None
    promoted_by: str


def begins(month: int) -> datetime:
    return NOW + timedelta(days=30 * month)


def users(month: int, seed: int) -> pd.DataFrame:
    """The users who come in a month; a fifth of those from SHIFT on are spammers of the new kind."""
    random = np.random.default_rng([seed, month])
    frame = make.users(USERS, 100 * (seed + 1) + month)
    new = (random.random(USERS) < NEW_KIND) & (month >= SHIFT)
    frame.loc[new, ["spam", "links", "verified"]] = [1, 0, 1]
    frame.loc[new, "ratio"] = np.round(random.normal(-2.2, 0.3, new.sum()), 4)
    return frame


def lived(home: Home, seed: int) -> Iterator[Month]:
    """The months of a home that begins with a champion, one after the other."""
    make.trained_home(home, n=3000)
    home.learning.save(Learning(min_samples=400, promotion="automatic", promoter=LEAD), by=LEAD, now=NOW)
    home.guidance.save(Guidance(capacity=170, random_share=0.3, uncertain=20), by=LEAD, now=NOW)
    for number in range(1, MONTHS + 1):
        yield _month(home, number, seed)


def _month(home: Home, number: int, seed: int) -> Month:
    now, champion, frame = begins(number), home.registry.load(), users(number, seed)
    upload = make.csv(frame.drop(columns="spam"))
    run = home.file_scoring.score_file(f"month-{number}.csv", upload, SCHEMA, champion, make.policy(), now=now).run.id
    raised = home.rounds.go(now=now).look.raised
    home.plans.queue_run(run, by=LEAD, now=now)
    truth = dict(zip(frame["user"], frame["spam"], strict=True))
    verdicts = _judged(home, truth, np.random.default_rng([seed, number, 1]), now + timedelta(hours=20))
    done = _learnt(home, now + timedelta(hours=21))
    by = "" if done is None else "automation" if done.promoted else _looked_at(home, done, now + timedelta(hours=22))
    return Month(number, run, champion.version, raised, verdicts, done, by)


def _judged(home: Home, truth: Mapping[str, int], random: np.random.Generator, now: datetime) -> int:
    """Two reviewers take turns until nobody waits; how many verdicts they gave."""
    given = 0
    while case := home.queue.claim(by := REVIEWERS[given % len(REVIEWERS)], now=now):
        spam = bool(truth[case.user]) != (random.random() < ERROR)
        said = Given(f"{case.id}-{case.prediction}", "spammer" if spam else "legitimate")
        home.verdicts.judge(case.id, said, by=by, session="", now=now)
        given += 1
    return given


def _learnt(home: Home, now: datetime) -> Retrained | None:
    """What the scheduler does when it looks, at another time than now."""
    return (
        home.retraining.retrain(Request(make.policy().thresholds), now=now)
        if home.schedule.due(now=now).is_due
        else None
    )


def _looked_at(home: Home, done: Retrained, now: datetime) -> str:
    """LEAD if the lead has promoted it, as a person may where it is surely better and only changes are to be looked at.

    Verdicts that contradict the history are either a new pattern or wrong: no figure tells which, so that automation
    never promotes what has learnt from a real shift.
    """
    opened = {each.name for each in done.gate.checks if each.state == "open"}
    if done.gate.verdict != "hold" or not opened <= TO_LOOK_AT:
        return ""
    home.registry.promote(done.version, by=LEAD, why="The new spammers are real: I have looked at them.", now=now)
    return LEAD


def last_quarter(home: Home, months: Sequence[Month], seed: int) -> tuple[float, float]:
    """PR-AUC on all users of the last three months, as they were scored then and by the first champion."""
    first, quarter = Scorer(home.registry.load("v0001")), months[-3:]
    label = np.concatenate([users(each.number, seed)["spam"].to_numpy(float) for each in quarter])
    live = np.concatenate([home.runs.scores(each.run)["probability"] for each in quarter])
    frames = [home.datasets.frame(home.runs.find(each.run).dataset) for each in quarter]
    never = np.concatenate([first.score(frame).probability for frame in frames])
    return metrics.pr_auc(label, live), metrics.pr_auc(label, never)
