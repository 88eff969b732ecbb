"""How users are drawn: inclusions that rise, stay above a floor, and make nobody depend on anybody else."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.planning.sampling import (
    BANDED,
    EVEN,
    MOST_STANDS_FOR,
    NEAREST,
    blind,
    draws,
    farthest,
    nearest,
    picks,
    risen,
    sizes,
)  # fmt: skip
from core.policy.decide import decide
from tests import make

probabilities = arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1))


def severity(score: np.ndarray) -> np.ndarray:
    return decide(make.policy(), score).severity


def scores(n: int = 20_000, seed: int = 0) -> np.ndarray:
    """Skewed as real ones are: most near 0, some in every band."""
    return np.random.default_rng(seed).beta(0.08, 1.5, n)


@given(probabilities, st.floats(1e-3, 80), st.integers(0, 9))
def test_inclusions_rise_by_what_is_expected_and_nobodys_falls(score: np.ndarray, expected: float, seed: int) -> None:
    before = np.random.default_rng(seed).random(len(score)) * (np.arange(len(score)) % 2)
    found = risen(score, severity(score), before, expected)
    assert ((found >= before) & (found > 0) & (found <= 1)).all()
    assert found.sum() - before.sum() == pytest.approx(min(expected, (1 - before).sum()))


@settings(max_examples=25)
@given(probabilities, st.lists(st.floats(0.01, 9), min_size=1, max_size=5))
def test_in_many_small_steps_it_is_as_in_one(score: np.ndarray, steps: list[float]) -> None:
    step = np.zeros(len(score))
    for each in steps:
        step = risen(score, severity(score), step, each)
    at_once = risen(score, severity(score), np.zeros(len(score)), sum(steps))
    np.testing.assert_allclose(step, at_once, atol=1e-9)


@pytest.mark.parametrize("expected", [0.5, 5, 40, 200, 2_000, 30_000])
def test_no_label_stands_for_more_than_1000_users_of_a_band_where_the_labels_suffice(expected: float) -> None:
    score = scores(200_000)
    found, band = risen(score, severity(score), np.zeros(len(score)), expected), severity(score)
    for each in range(4):
        inside = found[band == each]
        assert inside.min() >= min(1 / MOST_STANDS_FOR, inside.sum() / len(inside)) - 1e-12


def test_where_labels_suffice_what_is_undecided_is_drawn_more_often() -> None:
    score = scores()
    found = risen(score, severity(score), np.zeros(len(score)), 400)
    allowed = score <= 0.3
    order = np.argsort(score[allowed])
    assert (np.diff(found[allowed][order]) >= -1e-12).all()
    assert found[allowed].max() > 2 * found[allowed].min()


def test_users_of_a_new_file_are_caught_up_with_first() -> None:
    score = np.tile(scores(5_000), 2)
    before = np.concatenate([risen(score[:5_000], severity(score[:5_000]), np.zeros(5_000), 200), np.zeros(5_000)])
    found = risen(score, severity(score), before, 100)
    assert (found[:5_000] == before[:5_000]).all()
    assert found[5_000:].sum() == pytest.approx(100)


def test_nothing_expected_changes_nothing_and_no_users_are_no_error() -> None:
    score, before = scores(50), np.full(50, 0.25)
    assert (risen(score, severity(score), before, 0.0) == before).all()
    assert len(risen(np.zeros(0), np.zeros(0, np.int8), np.zeros(0), 5.0)) == 0


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_scores_that_leave_no_doubt_are_drawn_evenly(value: float) -> None:
    score = np.full(50, value)
    assert risen(score, severity(score), np.zeros(50), 5) == pytest.approx(0.1)


def test_every_band_has_its_part_however_few_its_users() -> None:
    score = np.concatenate([np.full(9_000, 0.01), np.full(900, 0.5), np.full(100, 0.95)])
    found, band = risen(score, severity(score), np.zeros(10_000), 100), severity(score)
    for each in (0, 1, 3):
        assert found[band == each].sum() >= BANDED * 100 / 3
    assert sizes(score, band).min() >= EVEN / 10_000


def test_which_certain_case_is_blind_does_not_depend_on_its_score() -> None:
    score, draw = np.linspace(0.71, 0.99, 4_000), np.random.default_rng(0).random(4_000)
    found = blind(np.ones(4_000, bool), np.ones(4_000, bool), draw)
    assert found.sum() == 800
    assert abs(np.corrcoef(found, score)[0, 1]) < 5 / np.sqrt(4_000)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0, 1, exclude_max=True)), max_size=40))
def test_all_but_certain_cases_are_blind_and_as_many_certain_ones_up_to_half_of_them(users) -> None:
    certain, chosen = (np.array([each[at] for each in users], bool) for at in (0, 1))
    found = blind(certain, chosen, np.array([each[2] for each in users], np.float64))
    other, sure = chosen & ~certain, chosen & certain
    assert found[other].all()
    assert not found[~chosen].any()
    assert found[sure].sum() == max(min(other.sum(), sure.sum() // 2), np.ceil(0.2 * sure.sum()))


def test_picks_are_the_nearest_and_with_features_less_alike() -> None:
    gap = np.random.default_rng(2).random(300)
    features = np.random.default_rng(1).normal(size=(300, 3)) * [1, 1000, 0.001]
    features[::7, 1] = np.nan
    assert picks(gap, 20) == np.argsort(gap)[:20].tolist()
    unlike = picks(gap, 20, features)

    def closest(rows: list[int]) -> float:
        ranks = np.argsort(np.argsort(features[rows], axis=0), axis=0)
        gaps = np.linalg.norm(ranks[:, None] - ranks[None], axis=2)
        return float(np.median(np.min(gaps + 1e9 * np.eye(len(rows)), axis=1)))

    assert len(set(unlike)) == 20
    assert closest(unlike) >= closest(picks(gap, 20))


@given(
    arrays(np.float64, st.tuples(st.integers(0, 12), st.integers(1, 3)), elements=st.floats(0, 1)), st.integers(0, 15)
)
def test_farthest_takes_each_point_once(points: np.ndarray, most: int) -> None:
    taken = farthest(points, most)
    assert len(taken) == len(set(taken)) == min(most, len(points))


def test_draws_are_uniform_and_the_same_for_ever() -> None:
    ids = [f"user {i}" for i in range(20_000)]
    found = draws(ids, b"salt")
    assert (found == draws(ids, b"salt")).all()
    assert (draws(ids[::-1], b"salt") == found[::-1]).all()
    assert ((found >= 0) & (found < 1)).all()
    counts = np.bincount((found * 20).astype(int), minlength=20)
    assert np.abs(counts - 1_000).max() < 5 * np.sqrt(1_000)


def test_draws_are_independent_of_the_split_and_of_other_salts() -> None:
    ids = [f"user {i}" for i in range(20_000)]
    part = [hashlib.blake2b(each.encode(), key=b"salt", digest_size=8).digest()[0] / 256 for each in ids]
    for other in (part, draws(ids, b"pepper")):
        assert abs(np.corrcoef(draws(ids, b"salt"), other)[0, 1]) < 5 / np.sqrt(20_000)


def test_a_draw_is_worth_its_share_of_everybody_of_its_band_and_of_the_spread_of_scores() -> None:
    score = np.array([0.5, 0.5, 0.5, 0.1])
    spread = np.sqrt(score * (1 - score))
    of_band = np.array([1 / 3, 1 / 3, 1 / 3, 1.0]) / 2  # each of two bands half
    expected = EVEN / 4 + BANDED * of_band + (1 - EVEN - BANDED) * spread / spread.sum()

    np.testing.assert_allclose(sizes(score, np.array([1, 1, 1, 0])), expected)


def test_each_band_gets_the_level_that_its_users_are_worth_and_no_user_of_another() -> None:
    score = np.repeat([0.1, 0.5, 0.8, 0.95], 1_000)
    band = severity(score)
    for expected in (2, 400):  # so few that each stands for more users than one may, and enough
        found = risen(score, band, np.zeros(len(score)), expected)
        for each in range(4):
            assert found[band == each].sum() == pytest.approx(expected * sizes(score, band)[band == each].sum())


def test_picks_are_chosen_among_three_times_as_many_of_the_nearest() -> None:
    gap = np.random.default_rng(0).random(5_000)
    for most in (1, NEAREST, 3 * NEAREST):
        found = nearest(gap, most)
        assert len(found) == min(max(NEAREST, 3 * most), 5_000)
        assert gap[found].max() <= np.delete(gap, found).min(initial=2)
