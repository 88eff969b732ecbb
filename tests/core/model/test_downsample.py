"""Leaving out most easy users: nobody's class is bent, nothing is biased, and what is learnt stays as good."""

from __future__ import annotations

import numpy as np
import pytest

from core.data import split
from core.evaluation import metrics
from core.model import downsample
from core.model.learner import Labels, Matrix, Rows
from core.training import train
from core.training.train import Candidate
from tests import make

THRESHOLDS = {"monitor": 0.3}
Users = tuple[Matrix, Labels, split.Keys]


@pytest.fixture(scope="module")
def users() -> Users:
    frame = make.users(6_000, seed=2)
    features = frame[list(make.SCHEMA.names)].to_numpy(np.float32)
    return features, frame["spam"].to_numpy(np.float64), split.keys(frame, make.SCHEMA, bytes(16))


@pytest.fixture
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downsample, "LARGE", 1_000)


def fit(users: Users) -> Candidate:
    return train.fit(*users, THRESHOLDS, name="x")


@pytest.fixture(scope="module")
def light(users: Users) -> Candidate:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(downsample, "LARGE", 1_000)
        return fit(users)


@pytest.fixture(scope="module")
def whole(users: Users) -> Candidate:
    return fit(users)


@pytest.mark.usefixtures("_large")
def test_all_spammers_and_the_hardest_fifth_count_once_and_a_third_of_the_others_three_times(users: Users) -> None:
    x, y, _ = users
    found = downsample.lighter(Rows(x, y), 0)
    others = int((y == 0).sum())
    assert found.weight is not None
    assert (found.y == 1).sum() == (y == 1).sum()
    assert (found.weight[found.y == 1] == 1).all()
    once = (found.y == 0) & (found.weight == 1)
    assert once.sum() == int(0.2 * others)
    assert (found.y == 0).sum() - once.sum() == (others - once.sum()) // 3
    assert found.weight[found.y == 0].sum() == pytest.approx(others)
    # Links make spammers: those kept as hard have more of them.
    links = found.x[:, 0]
    assert links[once].mean() > links[(found.y == 0) & ~once].mean() + 1


@pytest.mark.usefixtures("_large")
def test_a_sum_over_users_is_on_average_that_of_all(users: Users) -> None:
    x, y, _ = users
    drawn = [downsample.lighter(Rows(x, y), seed) for seed in range(12)]
    estimates = [np.average(rows.x[rows.y == 0, 0], weights=rows.weight[rows.y == 0]) for rows in drawn]  # type: ignore[index]
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates) - x[y == 0, 0].mean()) < 4 * error


@pytest.mark.usefixtures("_large")
def test_weights_given_are_kept_and_multiplied(users: Users) -> None:
    x, y, _ = users
    given = np.where(y == 1, 7.0, 2.0)
    found, plain = downsample.lighter(Rows(x, y, given), 0), downsample.lighter(Rows(x, y), 0)
    assert found.weight is not None
    assert plain.weight is not None
    assert found.weight == pytest.approx(plain.weight * np.where(found.y == 1, 7.0, 2.0))
    assert set(given.tolist()) == {7.0, 2.0}


def test_a_set_that_is_not_large_is_learnt_from_as_it_is(users: Users, whole: Candidate) -> None:
    x, y, _ = users
    rows = Rows(x, y)
    assert downsample.lighter(rows, 0) is rows
    assert whole.notes == ()


@pytest.mark.slow
@pytest.mark.usefixtures("_large")
def test_the_same_users_and_seed_give_the_same_trees_and_that_some_were_left_out_is_said(
    users: Users, light: Candidate
) -> None:
    one, again = light, fit(users)
    assert bytes(one.predictor.booster.save_raw("ubj")) == bytes(again.predictor.booster.save_raw("ubj"))
    assert one.notes == (downsample.NOTE,)


def test_probabilities_keep_their_meaning_and_ranking_stays_as_good(
    users: Users, light: Candidate, whole: Candidate
) -> None:
    _, y, _ = users
    test = light.test
    assert light.score.mean() == pytest.approx(y[test].mean(), abs=0.03)
    assert light.validation.pr_auc > whole.validation.pr_auc - 0.02
    assert metrics.ece(y[test], light.score) < 0.04
