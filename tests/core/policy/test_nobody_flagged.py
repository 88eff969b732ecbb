"""A run that flags nobody says so, and which threshold would flag one user in a hundred."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy import nobody_flagged
from tests import make


def test_nobody_flagged_is_said_with_the_threshold_that_would_flag_one_in_a_hundred() -> None:
    scores = np.linspace(0.0001, 0.3856, 3856)
    told = nobody_flagged.sentence(scores, make.policy()).replace("\u202f", " ")
    assert told == (
        "Nobody of 3,856 users is flagged: the highest score is 0.3856, and human review begins above 0.7. "
        "A threshold of 0.3817 would flag 1.0 % (39 users)."
    )
    assert (scores > 0.3817).sum() == 39


@pytest.mark.parametrize("scores", [[], [0.2, 0.71]])
def test_where_somebody_is_flagged_or_there_is_nobody_nothing_is_said(scores: list[float]) -> None:
    assert nobody_flagged.sentence(np.array(scores), make.policy()) == ""


@given(st.lists(st.floats(0.001, 0.69), min_size=1, max_size=300))
def test_the_threshold_flags_somebody_and_no_more_than_ties_make_it(scores: list[float]) -> None:
    threshold = nobody_flagged.flagging(np.array(scores), 0.01)
    flagged = sorted((score for score in scores if score > threshold), reverse=True)
    assert flagged
    assert len([score for score in flagged if score > flagged[-1]]) < max(0.01 * len(scores), 1)
