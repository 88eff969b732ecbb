"""Who is chosen: the flagged in the order of the queue, some unsure, everybody else by the own number alone."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.planning.choosing import CERTAIN, RANDOM, UNCERTAIN, choose
from core.planning.day import Places
from tests import make
from tests.core.planning.pools import days, pool

probabilities = arrays(np.float64, st.integers(0, 60), elements=st.floats(0, 1))
some = st.builds(Places, st.integers(0, 20), st.integers(0, 10), st.floats(0.01, 60))


def numbers(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(n)


def scores(n: int = 20_000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).beta(0.08, 1.5, n)


@given(probabilities, st.booleans(), some, st.integers(0, 9))
def test_everybody_can_be_chosen_and_who_is_certain_is(score, armed, places, seed) -> None:
    users = pool(score, make.policy(armed=armed), numbers(len(score), seed))
    found = choose(users, places)
    assert ((found.inclusion > 0) & (found.inclusion <= 1)).all()
    sure = found.stratum != RANDOM
    assert (found.inclusion[sure] == 1).all()
    assert found.new[sure].all()
    assert (found.new == (users.draw < found.inclusion)).all()


@given(probabilities, some)
def test_certain_are_the_first_of_the_flagged_in_the_order_of_the_queue(score, places) -> None:
    users = pool(score, make.policy(), numbers(len(score)))
    certain = choose(users, places).stratum == CERTAIN
    assert certain.sum() == min(places.certain, users.flagged.sum())
    assert not (certain & ~users.flagged).any()
    if certain.any() and (users.flagged & ~certain).any():
        assert users.worth[certain].min() >= users.worth[users.flagged & ~certain].max()


def test_who_is_removed_at_once_is_flagged_and_comes_last() -> None:
    users = pool(np.array([0.99, 0.8, 0.75]), make.policy(armed=True), numbers(3))
    assert choose(users, Places(2, 0, 1e-9)).stratum.tolist() == [RANDOM, CERTAIN, CERTAIN]
    assert choose(users, Places(3, 0, 1e-9)).stratum.tolist() == [CERTAIN] * 3


@settings(max_examples=30)
@given(probabilities, some, st.integers(0, 9), st.data())
def test_what_becomes_of_a_user_does_not_hang_on_the_own_number(score, places, seed, data) -> None:
    """Else 1 / inclusion would not be what a label stands for."""
    if not len(score):
        return
    one = pool(score, make.policy(), numbers(len(score), seed))
    who = data.draw(st.integers(0, len(score) - 1))
    other = replace(one, draw=np.where(np.arange(len(score)) == who, data.draw(st.floats(0, 0.99)), one.draw))
    ends = [days(each, places, 3)[0].before[who] for each in (one, other)]
    assert ends[0] == pytest.approx(ends[1], abs=1e-12)


@given(probabilities, some)
def test_the_sum_of_inclusions_is_what_the_places_say(score, places) -> None:
    found = choose(pool(score, make.policy(), numbers(len(score))), places)
    assert found.inclusion.sum() == pytest.approx(min(places.free, len(score)))
    assert found.used == pytest.approx(found.inclusion.sum())


def test_flagged_users_who_wait_or_were_judged_take_no_place_and_are_certain_all_the_same() -> None:
    users = pool(np.linspace(0.99, 0.71, 8), make.policy(), np.full(8, 0.999))
    known = replace(users, known=np.arange(8) % 2 == 0)
    found = choose(known, Places(2, 0, 1e-9))
    assert found.stratum.tolist() == [CERTAIN] * 4 + [RANDOM] * 4
    assert np.flatnonzero(found.new).tolist() == [1, 3]


def test_day_by_day_the_backlog_drains_in_its_order_and_nobody_is_queued_twice() -> None:
    users = pool(np.concatenate([np.linspace(0.71, 0.99, 160), scores(3_000)]), make.policy(), numbers(3_160))
    _, found = days(users, Places(30, 2, 8), 8)
    new = np.array([each.new for each in found])
    assert new.sum(axis=0).max() == 1
    certain = [users.worth[each.new & (each.stratum == CERTAIN)] for each in found]
    assert [len(each) for each in certain[:5]] == [30] * 5
    assert all(one.min() >= other.max() for one, other in itertools.pairwise(certain[:5]))


def test_places_that_flagged_users_leave_over_go_to_the_draw() -> None:
    users = pool(np.concatenate([[0.9] * 3, [0.01] * 997]), make.policy(), numbers(1_000))
    found = choose(users, Places(100, 0, 20))
    assert (found.stratum == CERTAIN).sum() == 3
    assert found.inclusion[3:].sum() == pytest.approx(117)


def test_about_the_expected_number_is_drawn_on_each_day() -> None:
    _, found = days(pool(scores(), make.policy(), numbers(20_000)), Places(0, 0, 200), 3)
    for each in found:
        assert abs(each.new.sum() - 200) < 5 * np.sqrt(200)


def test_unsure_picks_are_near_the_threshold_and_none_is_certain() -> None:
    users = pool(scores(), make.policy(), numbers(20_000))
    found = choose(users, Places(50, 40, 20))
    picked, others = found.stratum == UNCERTAIN, found.stratum == RANDOM
    assert picked.sum() == 40
    assert users.gap[picked].max() <= users.gap[others].min()


def test_who_is_not_of_the_model_in_force_is_chosen_only_where_flagged() -> None:
    users = replace(pool(np.array([0.9, 0.1, 0.9, 0.1]), make.policy(), np.zeros(4)), drawable=np.arange(4) < 2)
    found = choose(users, Places(5, 1, 5))
    assert found.new.tolist() == [True, True, True, False]
    assert found.inclusion[3] == 0


def test_without_places_nothing_changes() -> None:
    users, _ = days(pool(scores(100), make.policy(), numbers(100)), Places(2, 1, 9), 1)
    found = choose(users, Places(0, 0, 0))
    assert not found.new.any()
    assert (found.inclusion == users.before).all()
