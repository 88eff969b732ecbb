"""Who is judged: certain cases within capacity, and everybody else with a known probability above 0."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import BadOptionError
from core.feedback.strata import STRATA
from core.policy.decide import decide
from core.review import sampling
from core.review.sampling import Rules, draws, farthest, plan
from tests import make

CERTAIN, RANDOM, UNCERTAIN = (STRATA.index(name) for name in ("certain", "random", "uncertain"))
probabilities = arrays(np.float64, st.integers(0, 60), elements=st.floats(0, 1))
rules = st.builds(Rules, st.integers(0, 20), st.floats(1e-4, 1), st.integers(0, 10))
policies = st.builds(make.policy, armed=st.booleans())


def numbers(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(n)


def scores(n: int = 20_000, seed: int = 0) -> np.ndarray:
    """Skewed as real ones are: most near 0, some in every band."""
    return np.random.default_rng(seed).beta(0.08, 1.5, n)


@given(probabilities, policies, rules, st.integers(0, 9))
def test_everybody_can_be_chosen_and_who_is_certain_is(probability, policy, rules, seed):
    found = plan(probability, policy, numbers(len(probability), seed), rules=rules)
    assert ((found.inclusion > 0) & (found.inclusion <= 1)).all()
    sure = found.stratum != RANDOM
    assert (found.inclusion[sure] == 1).all()
    assert found.chosen[sure].all()


@given(probabilities, policies, rules)
def test_certain_are_the_highest_scores_to_review_within_capacity(probability, policy, rules):
    found = plan(probability, policy, numbers(len(probability)), rules=rules)
    due, certain = decide(policy, probability).actions == "human_review", found.stratum == CERTAIN
    assert certain.sum() == min(rules.capacity, due.sum())
    assert not (certain & ~due).any()
    if certain.any() and (due & ~certain).any():
        assert probability[certain].min() >= probability[due & ~certain].max()


def test_of_equal_scores_the_first_in_the_file_are_certain():
    found = plan([0.8, 0.8, 0.8], make.policy(), numbers(3), rules=Rules(2, audit=0.01))
    assert found.stratum.tolist() == [CERTAIN, CERTAIN, RANDOM]


def test_who_is_removed_at_once_is_certain_only_while_the_policy_is_not_armed():
    unarmed, armed = (plan([0.99, 0.8], make.policy(armed=on), numbers(2), rules=Rules(1)) for on in (False, True))
    assert unarmed.stratum.tolist() == [CERTAIN, RANDOM]
    assert armed.stratum.tolist() == [RANDOM, CERTAIN]


@given(probabilities, rules)
def test_the_expected_size_of_the_audit_is_what_the_rules_say(probability, rules):
    found = plan(probability, make.policy(), numbers(len(probability)), rules=rules)
    random = found.stratum == RANDOM
    assert found.inclusion[random].sum() == pytest.approx(min(rules.audit * len(probability), random.sum()))


def test_about_the_expected_number_is_drawn():
    found = plan(scores(), make.policy(), numbers(20_000), rules=Rules(100))
    drawn = found.chosen[found.stratum == RANDOM].sum()
    assert abs(drawn - 200) < 5 * np.sqrt(200)


@given(probabilities, policies, rules, st.floats(1, 20))
def test_a_higher_rate_keeps_whoever_a_lower_one_chose(probability, policy, rules, times):
    more = Rules(rules.capacity, min(rules.audit * times, 1), rules.uncertain)
    draw = numbers(len(probability))
    few, many = (plan(probability, policy, draw, rules=each) for each in (rules, more))
    assert (many.inclusion >= few.inclusion - 1e-12).all()
    assert not (few.chosen & ~many.chosen & (np.abs(draw - few.inclusion) > 1e-12)).any()


@given(probabilities, policies, rules)
def test_the_same_numbers_give_the_same_plan(probability, policy, rules):
    one, other = (plan(probability, policy, numbers(len(probability)), rules=rules) for _ in range(2))
    for name in ("stratum", "inclusion", "chosen", "blind"):
        assert (getattr(one, name) == getattr(other, name)).all()


def test_weights_stay_bounded_and_what_is_undecided_is_looked_at_more():
    score = scores()
    found = plan(score, make.policy(), numbers(len(score)), rules=Rules(0))
    assert found.inclusion.min() >= sampling.EVEN * 0.01
    allowed = score <= 0.3
    order = np.argsort(score[allowed])
    assert (np.diff(found.inclusion[allowed][order]) >= -1e-12).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_scores_that_leave_no_doubt_are_drawn_evenly(value):
    found = plan(np.full(50, value), make.policy(armed=True), numbers(50), rules=Rules(0, audit=0.1))
    assert found.inclusion == pytest.approx(0.1)


def test_every_band_has_its_part_of_the_audit_however_few_its_users():
    score = np.concatenate([np.full(9_000, 0.01), np.full(900, 0.5), np.full(100, 0.95)])
    found = plan(score, make.policy(), numbers(10_000), rules=Rules(0))
    for band in range(3):
        inside = np.unique(decide(make.policy(), score).severity, return_inverse=True)[1] == band
        assert found.inclusion[inside].sum() >= sampling.BANDED * 100 / 3


def test_uncertain_picks_are_near_the_threshold_and_none_is_certain():
    score = scores()
    found = plan(score, make.policy(), numbers(len(score)), rules=Rules(50, uncertain=40))
    picked, others = found.stratum == UNCERTAIN, found.stratum == RANDOM
    assert picked.sum() == 40
    gap = np.abs(score - make.policy().review)
    assert gap[picked].max() <= gap[others].min()


def test_uncertain_picks_with_features_are_less_alike():
    score = scores()
    features = np.random.default_rng(1).normal(size=(len(score), 3)) * [1, 1000, 0.001]
    features[::7, 1] = np.nan
    with_, without = (
        plan(score, make.policy(), numbers(len(score)), rules=Rules(0, uncertain=20), features=each)
        for each in (features, None)
    )

    def closest(rows: np.ndarray) -> float:
        ranks = np.argsort(np.argsort(features[rows], axis=0), axis=0)
        gaps = np.linalg.norm(ranks[:, None] - ranks[None], axis=2)
        return float(np.median(np.min(gaps + 1e9 * np.eye(len(rows)), axis=1)))

    rows, plain = (np.flatnonzero(each.stratum == UNCERTAIN) for each in (with_, without))
    assert len(rows) == 20
    assert closest(rows) > closest(plain)
    assert np.abs(score[rows] - 0.7).max() <= np.sort(np.abs(score - 0.7))[sampling.NEAREST - 1]


@given(
    arrays(np.float64, st.tuples(st.integers(0, 12), st.integers(1, 3)), elements=st.floats(0, 1)), st.integers(0, 15)
)
def test_farthest_takes_each_point_once(points, most):
    taken = farthest(points, most)
    assert len(taken) == len(set(taken)) == min(most, len(points))


@given(probabilities, policies, rules)
def test_all_but_certain_cases_are_blind_and_as_many_certain_ones_up_to_half_of_them(probability, policy, rules):
    found = plan(probability, policy, numbers(len(probability)), rules=rules)
    certain = found.stratum == CERTAIN
    other = found.chosen & ~certain
    assert found.blind[other].all()
    assert not found.blind[~found.chosen].any()
    assert found.blind[certain].sum() == max(min(other.sum(), certain.sum() // 2), np.ceil(0.2 * certain.sum()))


def test_which_certain_case_is_blind_does_not_depend_on_its_score():
    score = np.linspace(0.71, 0.99, 4_000)
    found = plan(score, make.policy(), numbers(4_000), rules=Rules(4_000))
    assert found.blind.sum() == 800
    assert abs(np.corrcoef(found.blind, score)[0, 1]) < 5 / np.sqrt(4_000)


def test_draws_are_uniform_and_the_same_for_ever():
    ids = [f"user {i}" for i in range(20_000)]
    found = draws(ids, b"salt")
    assert (found == draws(ids, b"salt")).all()
    assert (draws(ids[::-1], b"salt") == found[::-1]).all()
    assert ((found >= 0) & (found < 1)).all()
    counts = np.bincount((found * 20).astype(int), minlength=20)
    assert np.abs(counts - 1_000).max() < 5 * np.sqrt(1_000)


def test_draws_are_independent_of_the_split_and_of_other_salts():
    ids = [f"user {i}" for i in range(20_000)]
    part = [hashlib.blake2b(each.encode(), key=b"salt", digest_size=8).digest()[0] / 256 for each in ids]
    for other in (part, draws(ids, b"pepper")):
        assert abs(np.corrcoef(draws(ids, b"salt"), other)[0, 1]) < 5 / np.sqrt(20_000)


def test_no_users_and_no_ids_are_no_error():
    assert len(draws([], b"salt")) == 0
    found = plan([], make.policy(), [], rules=Rules(3, uncertain=2), features=np.zeros((0, 2)))
    assert len(found.chosen) == 0
    assert found.names() == []


@pytest.mark.parametrize(("values", "sentence"), [
    ({"capacity": -1}, "give 0 or more"), ({"capacity": 1, "uncertain": -1}, "give 0 or more"),
    ({"capacity": 1, "audit": 0.0}, "give one above 0"), ({"capacity": 1, "audit": 1.1}, "give one above 0"),
])  # fmt: skip
def test_rules_that_cannot_be_followed_do_not_exist(values, sentence):
    with pytest.raises(BadOptionError, match=sentence):
        Rules(**values)
