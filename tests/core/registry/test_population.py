"""Where a user stands among the training users: mid-ranks as scipy counts them, and the rows to draw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import percentileofscore

from core.home import Home
from core.registry.baseline import without_rows
from core.registry.population import Population
from tests import make

NAN = float("nan")
# Few distinct values, so that there are ties, gaps, and values beyond the ends.
VALUES = st.sampled_from([-np.inf, -3.0, -0.0, 0.0, 0.1, 0.5, 1.0, 2.0, 1e300]) | st.floats(-4, 4)
SAMPLE = pd.DataFrame(
    {
        "a": [1.0, 2.0, 2.0, 5.0, NAN],
        "constant": 3.0,
        "nobody": NAN,
        "late": [NAN, NAN, 7.0, 8.0, 9.0],
        "label": [1.0, 1.0, 0.0, 0.0, 0.0],
        "score": [0.9, 0.8, 0.1, 0.2, 0.3],
    }
)
NAMES = ("a", "constant", "nobody", "late")
POPULATION = Population.of(SAMPLE, make.features(*NAMES))


def of(values: list[float]) -> Population:
    return Population.of(pd.DataFrame({"x": np.array(values, float), "label": 0.0, "score": 0.5}), make.features("x"))


@given(st.lists(VALUES | st.just(NAN), max_size=40), st.lists(VALUES, min_size=1, max_size=20))
def test_percentiles_are_the_mid_ranks_of_scipy(users: list[float], asked: list[float]) -> None:
    found = of(users).percentile(np.array([*asked, *users])[:, None])[:, 0]
    seen = [each for each in users if not np.isnan(each)]
    expected = [
        percentileofscore(seen, each, kind="mean", nan_policy="omit") if seen and not np.isnan(each) else NAN
        for each in [*asked, *users]
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(st.lists(VALUES, min_size=1, max_size=40))
def test_percentiles_never_fall_and_average_to_the_middle(users: list[float]) -> None:
    found = of(users).percentile(np.sort(users)[:, None])[:, 0]
    assert (np.diff(found) >= 0).all()
    assert ((found > 0) & (found < 100)).all()
    assert found.mean() == pytest.approx(50)


def test_a_constant_feature_has_its_users_in_the_middle_and_others_at_the_ends() -> None:
    assert of([3.0] * 9).percentile([[3.0], [2.9], [3.1]])[:, 0].tolist() == [50, 0, 100]


def test_every_feature_is_placed_by_its_own_users_and_a_gap_stays_a_gap() -> None:
    found = POPULATION.percentile([[2.0, 3.0, 1.0, 8.0], [NAN, NAN, NAN, 1e9]])
    np.testing.assert_array_equal(found, [[50, 50, NAN, 50], [NAN, NAN, NAN, 100]])
    assert POPULATION.percentile(np.empty((0, 4))).shape == (0, 4)


def test_the_medians_of_both_labels_are_percentiles_among_all() -> None:
    # Spammers have 1 and 2 in a, legitimate users 2 and 5; of "late" only legitimate users have any: 7, 8, 9.
    np.testing.assert_array_equal(POPULATION.spammer, [25, 50, NAN, NAN])
    np.testing.assert_array_equal(POPULATION.legitimate, [75, 50, NAN, 50])


@pytest.mark.parametrize("only", [0.0, 1.0])
def test_without_users_of_a_label_its_medians_are_not_known(only: float) -> None:
    found = Population.of(SAMPLE.assign(label=only), make.features(*NAMES))
    known, unknown = (found.spammer, found.legitimate) if only else (found.legitimate, found.spammer)
    assert np.isnan(unknown).all()
    np.testing.assert_array_equal(known, [50, 50, NAN, 50])


def test_a_value_kept_in_single_precision_equals_itself() -> None:
    users = pd.DataFrame({"x": np.array([0.1, 0.2, 0.3], np.float32), "label": 0.0, "score": 0.5})
    found = Population.of(users, make.features("x")).percentile([[0.1], [0.2], [0.3], [1e300], [-1e300]])[:, 0]
    np.testing.assert_allclose(found, [100 / 6, 50, 500 / 6, 100, 0])


def test_a_feature_called_label_and_whole_numbers_are_no_trouble() -> None:
    users = pd.DataFrame({"label": [5, 6, 7], "label_": [1, 0, 0], "score": [0.9, 0.1, 0.2]})
    found = Population.of(users, make.features("label"))
    np.testing.assert_allclose([found.spammer[0], found.legitimate[0]], [100 / 6, 200 / 3])


def row(**values: float) -> pd.Series[float]:
    return pd.Series({"other": 99.0, "late": 8.0, "nobody": NAN, "constant": 3.0, "a": 5.0} | values)


def test_the_values_that_moved_the_score_come_strongest_first_either_way() -> None:
    found = POPULATION.moved(row(), [0.4, 0.0, -0.4, -2.0])
    assert found["feature"].tolist() == ["late", "a", "nobody"]
    assert found["contribution"].tolist() == [-2.0, 0.4, -0.4]
    assert found["value_text"].tolist() == ["8", "5", "missing"]
    np.testing.assert_array_equal(found["value"], [8, 5, NAN])
    np.testing.assert_array_equal(found["percentile"], [50, 87.5, NAN])
    np.testing.assert_array_equal(found["spammer_percentile"], [NAN, 25, NAN])
    np.testing.assert_array_equal(found["legitimate_percentile"], [50, 75, NAN])


def test_no_more_rows_are_drawn_than_asked_for() -> None:
    assert POPULATION.moved(row(), [1.0, 4.0, 2.0, 3.0], 2)["feature"].tolist() == ["constant", "late"]
    assert POPULATION.moved(row(), np.zeros(4)).empty


def test_a_blind_case_has_the_same_columns_without_pushes_and_an_order_that_is_not_of_the_user() -> None:
    importance = [0.2, NAN, 0.0, 0.9]
    found = POPULATION.blind(row(), importance, 3)
    assert found["feature"].tolist() == ["late", "a", "nobody"]
    assert [*found.columns, "contribution"] == list(POPULATION.moved(row(), np.ones(4)).columns)
    other = POPULATION.blind(row(late=NAN, a=-7.0), importance, 3)
    assert other["feature"].tolist() == found["feature"].tolist()


def test_the_training_users_of_a_version_are_a_population(trained: Home) -> None:
    model = trained.registry.load()
    sample, names = model.baseline().sample, model.metadata.names
    found = Population.of(sample, make.features(*names))
    np.testing.assert_allclose(np.nanmean(found.percentile(sample[list(names)]), axis=0), 50)
    links = found.names.index("links")
    assert found.spammer[links] > found.legitimate[links]


def test_without_rows_the_histograms_tell_where_values_stand(trained: Home) -> None:
    model = trained.registry.load()
    names, whole = model.metadata.names, model.baseline()
    exact, told = (
        Population.of(whole.sample, make.features(*names)),
        Population.of_baseline(without_rows(whole), make.features(*names)),
    )
    assert Population.of_baseline(whole, make.features(*names)).spammer.tolist() == exact.spammer.tolist()
    values = whole.sample[list(names)].to_numpy()
    off = np.abs(exact.percentile(values) - told.percentile(values))
    few = [len(whole.features[name].counts) < 64 for name in names]
    assert few.count(False) == 1  # ratio, a real number
    assert np.nanmax(off[:, few]) < 1e-9
    assert np.nanmax(off) < 2
    assert np.isnan(told.percentile(values)).tolist() == np.isnan(values).tolist()
    assert (exact.tells_apart, told.tells_apart) == (True, False)
