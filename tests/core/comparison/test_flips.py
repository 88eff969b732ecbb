"""Users who change band: counted, named, explained; and the reasons that two models share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import confusion_matrix, jaccard_score

from core.comparison import flips
from core.policy.bands import BANDS
from core.policy.decide import decide
from tests import make

PUSHES = st.integers(1, 20).flatmap(
    lambda n: st.tuples(
        *(arrays.arrays(np.float64, (n, 6), elements=st.sampled_from([-1.0, 0.0, 0.25, 0.5, 1.0, 2.0])) for _ in "ab")
    )
)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_flips_are_the_users_off_the_diagonal(pairs):
    a, b = np.array(pairs).T
    found = flips.flips(a, b, BANDS)
    assert (found.counts == confusion_matrix(a, b, labels=range(4))).all()
    assert found.rows.tolist() == [at for at, (x, y) in enumerate(pairs) if x != y]
    assert (found.severer, found.milder) == ((b > a).sum(), (b < a).sum())
    assert found.severer + found.milder == len(found.rows) == found.frame()["users"].sum()
    back = flips.flips(b, a, BANDS)
    assert (back.counts == found.counts.T).all()


@given(st.lists(st.integers(0, 3), min_size=1))
def test_a_model_against_itself_flips_nobody(severity):
    found = flips.flips(severity, severity, BANDS)
    assert (len(found.rows), found.severer, found.milder, len(found.frame())) == (0, 0, 0, 0)
    assert found.sentence.startswith("None of")


def test_flips_are_told_with_their_direction():
    found = flips.flips([0, 0, 0, 3, 1], [2, 2, 0, 2, 1], BANDS)
    assert found.frame().to_numpy().tolist() == [["allow", "human_review", 2], ["auto_remove", "human_review", 1]]
    assert found.sentence.replace("\u202f", " ") == (
        "3 of 5 users (60.0 %) change band: 2 to a severer one, 1 to a milder one."
    )


@given(arrays.arrays(np.float64, st.integers(0, 30), elements=st.sampled_from([0, 0.3, 0.31, 0.7, 0.9, 0.91, 1])))
def test_severity_is_that_of_the_policy(probability):
    policy = make.policy()
    assert (flips.severity(probability, policy.thresholds) == decide(policy, probability).severity).all()


def test_contributions_of_different_features_are_laid_side_by_side():
    names, a, b = flips.aligned([[1, 2]], [[3, 4]], ["x", "y"], ["z", "x"])
    assert names == ("x", "y", "z")
    assert (a.tolist(), b.tolist()) == ([[1, 2, 0]], [[4, 0, 3]])


def test_a_flip_is_explained_by_the_pushes_that_moved_most():
    found = flips.why(["x", "y", "z"], [[1.0, 0.5, 0.0], [1, 1, 1]], [[1.5, -1.0, 0.0], [1, 1, 1]], k=2)
    assert found.to_numpy().tolist() == [[0, 1, "y", 0.5, -1.0, -1.5], [0, 2, "x", 1.0, 1.5, 0.5]]


@given(PUSHES)
def test_the_moves_of_all_features_add_up_to_the_move_of_the_score(pushes):
    a, b = pushes
    found = flips.why([f"X{i}" for i in range(6)], a, b, k=6)
    moved = np.bincount(found["row"], found["change"], minlength=len(a))
    assert moved == pytest.approx((b - a).sum(axis=1))


@given(PUSHES)
def test_overlap_is_the_index_of_jaccard(pushes):
    a, b = pushes
    found = flips.overlap(a, b)
    for first, second, share in zip(a, b, found, strict=True):
        named = [{i for i in np.argsort(-row, kind="stable")[:3] if row[i] > 0} for row in (first, second)]
        if not named[0] | named[1]:
            assert np.isnan(share)
        else:
            inside = [[i in each for i in range(6)] for each in named]
            assert share == pytest.approx(jaccard_score(*inside))
    assert np.nan_to_num(flips.overlap(a, a), nan=1).tolist() == [1] * len(a)
