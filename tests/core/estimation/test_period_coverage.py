"""Proof by simulation for plans that fill the places of a day: the intervals hold the truth after 1 to 40 days.

Users and scores as in `test_coverage`; 200 reviews a day, of which 40 are drawn at random. In each run labels and draws
are made anew. At 458,798 users the inclusions are those that one course of the days comes to; at 6,000 users each run
lives through its own days, with what is carried over from one to the next.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from core.estimation.estimate import Figures, figures, recall
from core.estimation.sampling_cells import Labels, Users
from core.planning.choosing import Pool, choose
from core.planning.day import Given, Places, Tally, places
from core.policy.bands import BANDS
from core.review.guidance import Guidance
from tests import make
from tests.core.estimation.test_coverage import listed, risk, scores, truth
from tests.core.planning.pools import after, pool

RUNS: Final = 1_000
A_DAY: Final = Places(140, 20, 40.0)
RULES: Final = Guidance(capacity=200)


def arrived(users: Pool, number: int) -> Pool:
    """The first users alone."""
    fields = {name: getattr(users, name)[:number] for name in Pool.__slots__}
    return Pool(**fields)


def planned(users: Pool, days: int, *, files: int) -> Pool:
    """The pool after so many days; its users come in one file, or a part of them on each day."""
    for day in range(1, days + 1):
        here = arrived(users, len(users.score) * min(day, files) // files)
        there = after(here, choose(here, A_DAY))
        fields = ("before", "chosen", "sure", "asked")
        users = replace(
            users, **{each: np.concatenate([getattr(there, each), getattr(users, each)[len(here.score):]])
                      for each in fields}
        )  # fmt: skip
    return users


def figures_of(users: Pool, everybody: Users, drawn: np.ndarray, seen: np.ndarray) -> Figures:
    judged = ~np.isnan(seen)
    return figures(everybody, Labels(users.severity[drawn].astype(np.int64), users.before[drawn], seen, judged))


def held(found: list[tuple[list[float], Figures]]) -> np.ndarray:
    """The share of runs in which each interval holds the truth; where there is no truth, every interval does."""
    is_true = np.array([row[0] for row in found])
    low, high = (
        np.array([[getattr(each, end) for each in listed(row[1])] for row in found]) for end in ("low", "high")
    )
    return np.mean(np.isnan(is_true) | ((low <= is_true + 1e-12) & (is_true <= high + 1e-12)), axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("world", ["as scored", "hidden"])
@pytest.mark.parametrize("files", ["one file", "a file a day"])
@pytest.mark.parametrize("days", [1, 5, 20, 40])
def test_after_so_many_days_the_intervals_hold_the_truth_although_half_is_not_judged(days, files, world) -> None:
    random = np.random.default_rng([days, len(files), len(world)])
    n = 458_798
    score = scores(n, random)
    users = planned(pool(score, make.policy(), random.random(n)), days, files=1 if files == "one file" else days)
    everybody, true_risk = Users.of(users.severity.astype(np.int64), score, users.before), risk(world, score)
    found = []
    for _ in range(RUNS):
        label = random.random(n) < true_risk
        drawn = np.flatnonzero(random.random(n) < users.before)
        seen = np.where(random.random(len(drawn)) < 0.5, label[drawn], np.nan)
        found.append((truth(users.severity, label), figures_of(users, everybody, drawn, seen)))
    coverage, width = held(found), np.mean([each.recall.high - each.recall.low for _, each in found])
    print(f"{days} days, {files}, {world}: {coverage.round(3)}, width of recall {width:.3f}")  # noqa: T201
    assert (coverage >= 0.93).all(), coverage


def lived(score: np.ndarray, label: np.ndarray, days: int, files: int, random: np.random.Generator) -> Figures:
    """The figures after days that each fill what is free; half of the open cases are judged a day."""
    n = len(score)
    users = pool(score, make.policy(), random.random(n))
    open_, seen = np.zeros(n, bool), np.full(n, np.nan)
    random_one = np.zeros(n, bool)
    for day in range(1, days + 1):
        number = n * min(day, files) // files
        here = arrived(users, number)
        tally = Tally(int(open_.sum()), int((open_ & random_one).sum()), 0, 0)
        choice = choose(here, places(RULES, tally, Given(), unseen=here.unseen))
        there = after(here, choice)
        for each in ("before", "chosen", "sure", "asked"):
            users = replace(users, **{each: np.concatenate([getattr(there, each), getattr(users, each)[number:]])})
        open_[:number] |= choice.new
        random_one[:number] |= choice.new & (choice.stratum == 1)
        judged = np.flatnonzero(open_ & (random.random(n) < 0.5))
        seen[judged], open_[judged] = label[judged], False
    drawn = np.flatnonzero(users.chosen)
    everybody = Users.of(users.severity.astype(np.int64), score, users.before)
    return figures_of(users, everybody, drawn, seen[drawn])


@pytest.mark.slow
@pytest.mark.parametrize("files", ["one file", "a file a day"])
@pytest.mark.parametrize("days", [1, 5, 20, 40])
def test_where_what_is_carried_over_depends_on_the_draw_the_intervals_hold_the_truth(days, files) -> None:
    random = np.random.default_rng([days, len(files)])
    found = []
    for _ in range(RUNS // 2):
        score = scores(6_000, random)
        label = random.random(6_000) < score
        result = lived(score, label, days, 1 if files == "one file" else days, random)
        found.append((truth(pool(score, make.policy(), score).severity, label), result))
    coverage = held(found)
    print(f"{days} days, {files}, lived: {coverage.round(3)}")  # noqa: T201
    assert (coverage >= 0.93).all(), coverage


def test_recall_has_a_narrow_interval_before_there_is_a_figure_that_holds_the_truth() -> None:
    random, n = np.random.default_rng(8), 20_000
    score = scores(n, random)
    users = planned(pool(score, make.policy(), random.random(n)), 1, files=1)
    inclusion = choose(users, Places(100, 0, 160.0)).inclusion
    everybody, severity = Users.of(users.severity.astype(np.int64), score, inclusion), users.severity.astype(np.int64)
    found = []
    for _ in range(200):
        label = random.random(n) < score
        drawn = np.flatnonzero(random.random(n) < inclusion)
        labels = Labels(severity[drawn], inclusion[drawn], label[drawn].astype(float), np.ones(len(drawn), bool))
        found.append((truth(users.severity, label)[-1], recall(everybody, labels)))
    assert not any(each.enough for _, each in found)
    assert np.mean([each.high - each.low for _, each in found]) < 0.5
    assert np.mean([each.low <= true <= each.high for true, each in found]) >= 0.93


def test_a_course_of_days_draws_what_it_says() -> None:
    score = scores(6_000, np.random.default_rng(3))
    users = planned(pool(score, make.policy(), np.random.default_rng(4).random(6_000)), 3, files=3)
    assert users.before.sum() == pytest.approx(600, abs=25)
    assert (users.before > 0).all()
    assert len(BANDS) == 4
