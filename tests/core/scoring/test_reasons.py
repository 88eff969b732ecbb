"""Reasons: the largest pushes towards "spammer", never a push away, told in numbers and in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.home import Home
from core.model.learner import Strongest
from core.registry.metadata import Trained
from core.schema.glossary import Glossary, Meaning
from core.scoring import reasons as explain
from core.scoring.reasons import Reason
from core.scoring.scorer import Scorer
from core.wording import value_text
from tests import make

THREE = [Trained(name, "real", None, None, None, 0) for name in ("X19", "X13", "X2")]
GLOSSARY = Glossary({"links": Meaning("Links", "Links in messages", "Content", assumed=True)})


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {"X19": [7, 0, 3], "X13": [np.nan, 2.5, np.nan], "X2": [1e12, -0.0, 0.1]}, index=pd.Index([1, 3, 7], name="row")
    )


def test_a_reason_is_told_as_feature_value_and_push() -> None:
    values = np.array([[1.834, 0.42, -3.0], [-1, -2, 0.0], [0.2, 0.2, 0.1]], np.float32)
    told = explain.texts(frame(), THREE, Strongest.of(values, 2))
    assert told.index.tolist() == [1, 3, 7]
    assert told["reason_1"].tolist() == ["X19=7 (+1.83)", "", "X19=3 (+0.20)"]
    assert told["reason_2"].tolist() == ["X13=missing (+0.42)", "", "X13=missing (+0.20)"]


def test_there_are_as_many_columns_as_asked_for_also_with_fewer_features_or_nobody() -> None:
    values = np.ones((3, 3), np.float32)
    for rows in (slice(None), slice(0)):
        told = explain.texts(frame()[rows], THREE, Strongest.of(values[rows], 5))
        assert list(told.columns) == [f"reason_{i}" for i in range(1, 6)]
        assert (told["reason_4"] == "").all()
        assert {str(kind) for kind in told.dtypes} == {"str"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"), (7.0, "7"), (-3.0, "-3"), (0.25, "0.25"), (0.1 + 0.2, "0.30000000000000004"), (1e-7, "1e-07"),
        (None, "missing"), (float("nan"), "missing"), (1e15, "1000000000000000"), (1e300, "1e+300"), (-0.0, "0"),
    ],
)  # fmt: skip
def test_values_are_written_as_they_were_given_and_a_gap_is_never_a_zero(value: float | None, text: str) -> None:
    assert value_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_value_can_be_read_back_from_a_reason(value: float) -> None:
    assert float(value_text(value)) == value


@pytest.mark.parametrize(
    ("value", "median", "expected"),
    [(2, 1, "high"), (0, 1, "low"), (1, 1, "typical"), (float("nan"), 1, "missing"), (5, None, "typical")],
)
def test_the_direction_compares_with_the_training_median(value: float, median: float | None, expected: str) -> None:
    assert explain.direction(value, median) == expected


def test_a_reason_says_what_the_feature_means_where_that_is_known() -> None:
    known = Reason("links", 7.0, 1.834, "high", "assumed: links in messages", "Content")
    unknown = Reason("X13", None, 0.42, "missing", "", "Features")
    assert (known.text, known.sentence) == ("links=7 (+1.83)", "links high (assumed: links in messages)")
    assert (unknown.text, unknown.sentence) == ("X13=missing (+0.42)", "X13 missing")


def test_all_features_of_one_user_are_told_the_largest_push_first(trained: Home) -> None:
    model = trained.registry.load()
    user = pd.Series({"links": 6.0, "verified": 0.0, "tier": np.nan, "ratio": 1.5, "constant": 3.0})
    values = model.explainer.contributions(Scorer(model).matrix(user.to_frame().T))[0]
    reasons = explain.reasons(user, values, model, GLOSSARY)
    assert sorted(reason.feature for reason in reasons) == sorted(model.metadata.names)
    shares = [reason.contribution for reason in reasons]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) + model.metadata.bias == pytest.approx(
        float(Scorer(model).score(user.to_frame().T).margin[0]), abs=1e-4
    )

    found = {reason.feature: reason for reason in reasons}
    links = found["links"]
    assert reasons[0] == links
    assert (links.direction, links.meaning, links.category) == ("high", "assumed: links in messages", "Content")
    assert (found["tier"].value, found["tier"].direction) == (None, "missing")
    assert (found["constant"].direction, found["constant"].contribution) == ("typical", 0)


def test_the_reasons_of_a_file_are_those_of_its_users_one_by_one(trained: Home) -> None:
    model = trained.registry.load()
    users = make.users(40, seed=3)
    values = model.explainer.contributions(Scorer(model).matrix(users))
    told = explain.texts(users, model.metadata.features, Strongest.of(values, 3))
    for at in range(len(users)):
        each = explain.reasons(users.iloc[at][list(model.metadata.names)], values[at], model, GLOSSARY)
        texts = [reason.text for reason in each if reason.contribution > 0][:3]
        assert told.iloc[at].tolist() == texts + [""] * (3 - len(texts))


@given(st.lists(st.tuples(st.floats(width=32, allow_infinity=False), st.floats(2.0**-40, 1e6, width=32)), max_size=20))
def test_reasons_written_for_many_are_those_written_one_by_one(given_: list[tuple[float, float]]) -> None:
    values, pushes = ([pair[at] for pair in given_] for at in (0, 1))
    users = pd.DataFrame({"X1": np.array(values, np.float64)})
    strongest = Strongest(np.zeros((len(users), 1), np.int32), np.array(pushes, np.float32).reshape(-1, 1))
    found = explain.texts(users, [Trained("X1", "real", None, None, None, 0)], strongest)["reason_1"].tolist()
    assert found == [f"X1={value_text(value)} ({push:+.2f})" for value, push in zip(values, pushes, strict=True)]
