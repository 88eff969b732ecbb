"""Two models that flag the same number: who is caught, what ties do, and what a mean probability is held against."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation import calibration, capacity

NAMES = ("a", "b")


def test_without_ties_exactly_the_highest_are_flagged() -> None:
    assert capacity.chosen([0.1, 0.9, 0.5, 0.7], 2).tolist() == [0, 1, 0, 1]
    assert capacity.chosen([-3.0, 1e300, -1e300], 3).tolist() == [1, 1, 1]
    assert capacity.chosen([0.1, 0.9], 0).tolist() == [0, 0]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=2, max_size=7), st.data())
def test_users_tied_at_the_cut_are_caught_on_average_over_all_draws(
    users: list[tuple[int, bool]], data: st.DataObject
) -> None:
    score, label = (np.array(each, float) for each in zip(*users, strict=True))
    k = data.draw(st.integers(1, len(users)))
    draws = [
        sum(label[at] for at in order[:k])
        for order in itertools.permutations(range(len(users)))
        if all(score[one] >= score[other] for one, other in itertools.pairwise(order))
    ]
    found = capacity.held("", NAMES, label, *[capacity.chosen(score, k)] * 2).a
    assert found.flagged == k
    assert found.caught == pytest.approx(np.mean(draws))
    assert (found.least, found.most) == (min(draws), max(draws))


def test_who_catches_more_is_tested_on_the_spammers_that_one_alone_catches() -> None:
    label = np.array([1.0] * 40 + [0.0] * 60)
    a, b = np.arange(100.0), np.arange(100.0)[::-1]
    found = capacity.held("as many as a flags for review", NAMES, label, *(capacity.chosen(s, 40) for s in (a, b)))
    assert (found.a.caught, found.b.caught, found.only_a, found.only_b) == (0, 40, 0, 40)
    assert found.better == "b"
    assert found.sentence == (
        "With 40 users flagged by each, as many as a flags for review, a catches 0 and b 40 of 40 spammers: "
        "b catches more (McNemar, p < 0.001)."
    )


def test_one_that_says_the_same_of_everybody_is_told_as_a_draw_and_never_beats_its_like() -> None:
    label = np.array([1.0] * 20 + [0.0] * 80)
    same = capacity.chosen(np.full(100, 0.5), 10)
    found = capacity.held("the capacity of a day", NAMES, label, same, same)
    assert found.a.words == "about 2.0 (0 to 10: 100 users share the score at the cut)"
    assert (found.better, found.p) == (None, 1.0)


def test_ties_alone_make_no_evidence() -> None:
    """b is a with a tie broken well: three spammers more, of a tie that a would win as often by a draw."""
    label = np.array([1.0] * 6 + [0.0] * 94)
    a, b = np.zeros(100), np.zeros(100)
    b[:6] = 1
    found = capacity.held("", NAMES, label, capacity.chosen(a, 50), capacity.chosen(b, 50))
    assert found.only_b == pytest.approx(3)
    assert found.better is None


def test_probabilities_too_high_or_too_low_are_told_by_how_many_times() -> None:
    label = np.array([1.0] * 30 + [0.0] * 970)
    told = {share: calibration.of("b", label, np.full(1000, share)) for share in (0.165, 0.006, 0.033, 0.0, 0.04)}
    assert told[0.165].words == "b's probabilities run 5.5 times too high"
    assert told[0.006].words == "b's probabilities run 5.0 times too low"
    assert told[0.033].words == "b's probabilities are about right on average"
    assert told[0.0].words == "b's probabilities are all 0"
    assert told[0.04].words == "b's probabilities run 1.3 times too high, which chance alone may explain"
    assert [each.off for each in told.values()] == [True, True, False, True, False]
