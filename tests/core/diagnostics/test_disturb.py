"""Spoiling values: what is missing stays missing, kinds are respected, a larger share spoils the same and more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.diagnostics import disturb
from core.diagnostics.disturb import Chance
from core.schema.schema import Column

COLUMNS = (
    Column("links", "count"), Column("verified", "flag", 0, 1), Column("tier", "code"), Column("ratio", "real", -1, 1),
)  # fmt: skip
SHARES = st.floats(0, 1)


def users(n: int = 300, seed: int = 0, holes: float = 0.1) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = np.stack(
        [random.poisson(2, n), random.integers(0, 2, n), random.choice([1, 5, 7], n), random.uniform(-1, 1, n)], axis=1
    ).astype(np.float32)
    values[random.random(values.shape) < holes] = np.nan
    return values


def chance(values: np.ndarray, seed: int = 0, weight: np.ndarray | None = None) -> Chance:
    return Chance(values, np.ones(len(values), np.int64) if weight is None else weight, seed=seed)


def ways(known: Chance, share: float) -> dict[str, np.ndarray]:
    return {"swapped": known.swapped(share), "jittered": known.jittered(share, COLUMNS)}


@given(SHARES, st.integers(0, 5))
def test_a_missing_value_stays_missing_and_noise_makes_none(share: float, seed: int) -> None:
    values = users(seed=seed)
    for name, spoilt in ways(chance(values, seed), share).items():
        np.testing.assert_array_equal(np.isnan(spoilt), np.isnan(values), err_msg=name)


@given(SHARES, SHARES)
def test_a_larger_share_goes_missing_or_astray_where_a_smaller_one_did(one: float, other: float) -> None:
    values, known = users(), chance(users())
    less, more = sorted((one, other))
    assert not (np.isnan(known.missing(less)) & ~np.isnan(known.missing(more))).any()
    astray = ~np.isclose(known.swapped(less), values, equal_nan=True)
    np.testing.assert_array_equal(known.swapped(more)[astray], known.swapped(less)[astray])


@given(st.floats(0, 20), st.integers(0, 5))
def test_counts_stay_whole_and_not_negative_and_every_value_in_its_range(share: float, seed: int) -> None:
    values = users(seed=seed)
    spoilt = chance(values, seed).jittered(share, COLUMNS)
    known = ~np.isnan(values)
    links = spoilt[known[:, 0], 0]
    assert (links >= 0).all()
    np.testing.assert_array_equal(links, np.rint(links))
    assert np.isin(spoilt[known[:, 1], 1], (0, 1)).all()
    assert np.isin(spoilt[known[:, 2], 2], (1, 5, 7)).all()
    assert (np.abs(spoilt[known[:, 3], 3]) <= 1).all()


def test_without_a_disturbance_nothing_changes() -> None:
    values, known = users(), chance(users())
    for spoilt in (known.missing(0), *ways(known, 0).values()):
        np.testing.assert_array_equal(spoilt, values)
    assert not disturb.differs(values, known.missing(0)).any()


def test_about_the_share_that_is_asked_for_is_spoilt() -> None:
    values = np.random.default_rng(0).normal(size=(4000, 4)).astype(np.float32)
    known = chance(values)
    assert np.isnan(known.missing(0.2)).mean() == pytest.approx(0.2, abs=0.02)
    assert (known.swapped(0.2) != values).mean() == pytest.approx(0.2, abs=0.02)
    moved = known.jittered(0.5, [Column(f"x{i}") for i in range(4)]) - values
    np.testing.assert_allclose(moved.std(axis=0), 0.5, atol=0.04)


def test_all_values_are_dealt_out_anew_among_those_who_have_one() -> None:
    values = users()
    swapped = chance(values).swapped(1.0)
    for before, after in zip(values.T, swapped.T, strict=True):
        np.testing.assert_array_equal(np.sort(before), np.sort(after))
    assert not np.array_equal(values, swapped, equal_nan=True)


def test_values_come_from_the_users_that_the_sampled_stand_for() -> None:
    weight = np.where(np.arange(2000) < 1000, 1, 9)
    values = np.where(np.arange(2000) < 1000, 1.0, 0.0).astype(np.float32)[:, None]
    assert chance(values, weight=weight).swapped(1.0).mean() == pytest.approx(0.1, abs=0.03)


def test_a_dropped_feature_is_missing_for_everybody_and_no_other_is() -> None:
    values = users(holes=0)
    dropped = chance(values).dropped(2)
    assert np.isnan(dropped[:, 2]).all()
    np.testing.assert_array_equal(np.delete(dropped, 2, axis=1), np.delete(values, 2, axis=1))
    assert not np.isnan(values).any()


def test_the_spread_is_that_of_a_normal_feature_of_a_rare_one_and_of_none() -> None:
    random = np.random.default_rng(0)
    rare = (np.arange(20_000) % 20 == 0).astype(np.float32)
    features = np.stack([3 * random.normal(size=20_000), rare, np.full(20_000, 5), np.full(20_000, np.nan)], axis=1)
    found = disturb.spreads(features.astype(np.float32), np.ones(20_000, np.int64))
    np.testing.assert_allclose(found, [3, rare.std(), 0, 0], rtol=0.03)


def test_seeds_reproduce_and_differ() -> None:
    values = users()
    np.testing.assert_array_equal(chance(values, 1).swapped(0.3), chance(values, 1).swapped(0.3))
    assert not np.array_equal(chance(values, 1).swapped(0.3), chance(values, 2).swapped(0.3), equal_nan=True)
