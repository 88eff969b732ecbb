import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadOptionError
from core.policy.bands import BANDS
from core.policy.decide import decide
from core.policy.policy import Policy
from tests import make

probability = st.floats(0, 1)


def test_a_threshold_itself_still_belongs_to_the_milder_band():
    scores = [0.3, np.nextafter(0.3, 1), 0.7, np.nextafter(0.7, 1), 0.9, np.nextafter(0.9, 1)]
    bands = ["allow", "monitor", "monitor", "human_review", "human_review", "auto_remove"]
    assert decide(make.policy(), scores).bands.tolist() == bands


@pytest.mark.parametrize("armed", [False, True])
@pytest.mark.parametrize("policy", [(0.3, 0.7, 0.9), (0.1, 0.2, 0.3), (1 / 3, 2 / 3, 1 - 1e-9)])
def test_one_float_above_a_threshold_is_the_severer_band_in_all_that_is_said(policy, armed):
    ours = make.policy(*policy, armed=armed)
    for milder, threshold in enumerate(policy):
        scores = [np.nextafter(threshold, 0), threshold, np.nextafter(threshold, 1)]
        severity = [milder, milder, milder + 1]
        bands = [BANDS[each] for each in severity]
        assert decide(ours, scores).severity.tolist() == severity
        assert decide(ours, scores).bands.tolist() == bands
        assert decide(ours, scores).actions.tolist() == [
            "human_review" if band == "auto_remove" and not armed else band for band in bands
        ]
        assert decide(ours, scores).flagged.tolist() == [band in {"human_review", "auto_remove"} for band in bands]


@given(probability, probability)
def test_a_higher_score_never_gets_a_milder_band(a, b):
    low, high = decide(make.policy(), sorted([a, b])).severity
    assert low <= high


@given(probability)
def test_the_action_equals_the_band_except_that_nobody_is_removed_unarmed(p):
    band, action = decide(make.policy(), [p]).bands[0], decide(make.policy(), [p]).actions[0]
    assert action == ("human_review" if band == "auto_remove" else band)
    assert decide(make.policy(armed=True), [p]).actions[0] == band


@pytest.mark.parametrize(
    "thresholds", [(0.7, 0.3, 0.9), (0.3, 0.3, 0.9), (0, 0.5, 0.9), (0.1, 0.5, 1), (-0.1, 0.5, 0.9)]
)
def test_a_policy_cannot_exist_upside_down(thresholds):
    with pytest.raises(BadOptionError, match="thresholds must rise between 0 and 1"):
        make.policy(*thresholds)


@pytest.mark.parametrize("armed", [False, True])
def test_flagged_means_human_review_or_auto_remove(armed):
    decided = decide(make.policy(armed=armed), [0.1, 0.31, 0.71, 0.99])
    assert decided.bands.tolist() == list(BANDS)
    assert decided.flagged.tolist() == [False, False, True, True]


def test_a_policy_is_the_same_after_it_was_stored():
    policy = make.policy(0.2, 0.5, 0.8, "p0007", armed=True)
    assert Policy.from_json(policy.as_json()) == policy
