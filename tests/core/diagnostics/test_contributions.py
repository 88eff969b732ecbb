"""How a version uses its features: which are strongest, and what the contributions of one go with."""

from __future__ import annotations

import numpy as np

from core.diagnostics import contributions
from core.diagnostics.contributions import Contributions

NAMES = ("x", "z", "noise", "unused")


def users(n: int = 2_000) -> Contributions:
    """x pushes as far as z lets it; z pushes a little by itself, noise by chance, unused not at all."""
    random = np.random.default_rng(3)
    values = random.normal(size=(n, len(NAMES))).astype(np.float32)
    x, z = values.T[:2]
    pushes = np.column_stack([x * (1 + 0.5 * z), 0.2 * z, 0.1 * random.normal(size=n), np.zeros(n)])
    return Contributions(NAMES, values, pushes.astype(np.float32))


def test_the_strongest_come_first_and_what_is_not_used_does_not_come() -> None:
    assert [NAMES[at] for at in users().strongest(10)] == ["x", "z", "noise"]
    assert [NAMES[at] for at in users().strongest(1)] == ["x"]


def test_a_product_is_found_and_no_interaction_where_there_is_none() -> None:
    found = users()
    assert found.interacting("x") == "z"
    assert found.interacting("z") is None
    assert found.interacting("noise") is None
    assert found.interacting("unused") is None


def test_missing_values_are_no_values() -> None:
    found = users()
    values = found.values.copy()
    values[::3] = np.nan
    assert Contributions(NAMES, values, found.pushes).interacting("x") == "z"
    values[:, 0] = np.nan
    assert Contributions(NAMES, values, found.pushes).interacting("x") is None


def test_nobody_has_no_contributions() -> None:
    nobody = Contributions(NAMES, *np.zeros((2, 0, len(NAMES)), np.float32))
    assert (nobody.strongest(10), nobody.mean, nobody.interacting("x")) == ((), {}, None)


def test_the_same_users_are_drawn_each_time_and_all_where_there_are_few() -> None:
    drawn = contributions.drawn(100_000)
    assert (len(drawn), len(set(drawn))) == (contributions.SAMPLE, contributions.SAMPLE)
    assert (drawn == contributions.drawn(100_000)).all()
    assert drawn.max() > 90_000
    assert contributions.drawn(5).tolist() == [0, 1, 2, 3, 4]
