import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from core.model import calibrate
from core.model.calibrate import Calibration

slope = st.floats(0.01, 5)
margins = st.lists(st.floats(-12, 12), min_size=2, max_size=50, unique=True)


@given(slope, slope, st.floats(-5, 5), margins)
def test_calibration_is_strictly_increasing(a, b, c, margin):
    ordered = np.unique(np.round(margin, 3))
    assert (np.diff(Calibration(a, b, c).log_odds(ordered)) > 0).all()


def test_the_neutral_calibration_is_the_logistic_function():
    margin = np.linspace(-30, 30, 61)
    assert Calibration(1, 1, 0).probability(margin) == pytest.approx(expit(margin), abs=1e-15)


def test_equal_slopes_give_platt_scaling():
    random = np.random.default_rng(0)
    margin = random.normal(-2, 2, 20_000)
    label = random.random(20_000) < expit(0.6 * margin + 0.5)
    fitted = calibrate.fit(margin, label)
    platt = LogisticRegression(C=1e9).fit(margin[:, None], label)
    expected = platt.predict_proba(margin[:, None])[:, 1]
    assert np.abs(fitted.probability(margin) - expected).max() < 0.02


def test_fit_recovers_the_slopes_it_was_made_from():
    random = np.random.default_rng(1)
    margin = random.normal(0, 3, 200_000)
    true = Calibration(0.7, 1.4, -0.3)
    fitted = calibrate.fit(margin, random.random(200_000) < true.probability(margin))
    assert (fitted.a, fitted.b, fitted.c) == pytest.approx((true.a, true.b, true.c), abs=0.05)


@pytest.mark.parametrize("values", [(0, 1, 0), (1, -1, 0), (1, 1, float("nan"))])
def test_a_calibration_that_does_not_rise_cannot_exist(values):
    with pytest.raises(ValueError, match="strictly increasing"):
        Calibration(*values)


def test_a_row_of_weight_three_counts_as_three_rows_do():
    random = np.random.default_rng(4)
    margin, weight = random.normal(-1, 2, 2_000), random.integers(1, 5, 2_000)
    label = random.random(2_000) < expit(0.8 * margin)
    once = calibrate.fit(margin, label, weight)
    apart = calibrate.fit(np.repeat(margin, weight), np.repeat(label, weight))

    assert [once.a, once.b, once.c] == pytest.approx([apart.a, apart.b, apart.c], rel=1e-3)
