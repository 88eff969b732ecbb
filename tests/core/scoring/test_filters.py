"""Which users are shown: every condition counts, and none is more than it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy.bands import BANDS
from core.scoring.filters import GROUPS, Filters

PEOPLE = pd.DataFrame(
    {
        "user": ["u1", "U2", "u.3", "u4", "u5"],
        "country": pd.array(["DE", "KE", None, "DE", "PK"], dtype="str"),
        "probability": [0.95, 0.8, 0.3, 0.5, 0.1],
        "severity": np.array([3, 2, 0, 1, 0], np.int8),
        "n_missing": [0, 2, 0, 0, 1],
        "novel_features": pd.array(["", "X1; X2", None, "X2", ""], dtype="str"),
    },
    index=pd.Index([2, 3, 5, 8, 9], name="row"),
)
REASONS = pd.DataFrame(
    {
        "reason_1": pd.array(["X1=3 (+0.50)", "X19=7 (+1.83)", "X2=1 (+0.10)"], dtype="str"),
        "reason_2": pd.array(["X19=4 (+0.20)", "", None], dtype="str"),
    },
    index=pd.Index([3, 2, 8], name="row"),
)
#: Of everybody but row 8.
VALUES = pd.Series([1.0, 2.0, np.nan, 4.0], index=[9, 3, 5, 2])


def shown(filters: Filters, people: pd.DataFrame = PEOPLE) -> list[int]:
    matches = filters.matches(people, texts=("user", "country"), reasons=REASONS, values=VALUES)
    assert matches.dtype == np.bool_
    return people.index[matches].tolist()


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        (Filters(), [2, 3]),
        (Filters("everyone"), [2, 3, 5, 8, 9]),
        (Filters("allow"), [5, 9]),
        (Filters("monitor"), [8]),
        (Filters("human_review"), [3]),
        (Filters("auto_remove"), [2]),
        (Filters("everyone", scores=(0.3, 0.8)), [3, 5, 8]),
        (Filters("everyone", text="u2"), [3]),
        (Filters("everyone", text=" DE "), [2, 8]),
        (Filters("everyone", text="."), [5]),
        (Filters("everyone", text="("), []),
        (Filters("everyone", text="X19"), [2, 3]),
        (Filters("everyone", text="x1"), [3]),
        (Filters("everyone", text="   "), [2, 3, 5, 8, 9]),
        (Filters("everyone", feature="a", within=(2, 4)), [2, 3]),
        (Filters("everyone", feature="a", within=(-9, 9)), [2, 3, 9]),
        (Filters("everyone", feature="a"), [2, 3, 5, 8, 9]),
        (Filters("everyone", context="country", values=("DE", "PK")), [2, 8, 9]),
        (Filters("everyone", context="country"), [2, 3, 5, 8, 9]),
        (Filters("everyone", novel=True), [3, 8]),
        (Filters("everyone", incomplete=True), [3, 9]),
        (Filters("not_flagged"), [5, 8, 9]),
        (Filters("flagged", context="country", values=("DE",)), [2]),
    ],
)
def test_users_are_shown_who_meet_the_condition(filters: Filters, rows: list[int]) -> None:
    assert shown(filters) == rows


def test_before_there_are_reasons_the_text_is_looked_for_elsewhere() -> None:
    for text, count in (("X19", 0), ("u1", 1)):
        filters = Filters("everyone", text=text)
        assert filters.matches(PEOPLE, texts=("user",), reasons=None, values=None).sum() == count


def test_nobody_passes_an_empty_run() -> None:
    for group in GROUPS:
        assert shown(Filters(group, text="x", novel=True, context="country", values=("DE",)), PEOPLE.iloc[:0]) == []


def test_every_user_is_in_exactly_one_band_and_the_flagged_are_those_of_two() -> None:
    rows = [row for band in BANDS for row in shown(Filters(band))]
    assert sorted(rows) == PEOPLE.index.tolist()
    assert shown(Filters("flagged")) == sorted(shown(Filters("human_review")) + shown(Filters("auto_remove")))
    assert sorted(shown(Filters("flagged")) + shown(Filters("not_flagged"))) == PEOPLE.index.tolist()


conditions = st.builds(
    Filters,
    group=st.sampled_from(GROUPS),
    text=st.sampled_from(["", "u", "DE", "X19"]),
    scores=st.sampled_from([(0.0, 1.0), (0.2, 0.9)]),
    novel=st.booleans(),
    incomplete=st.booleans(),
)


@given(conditions, st.permutations(range(5)))
def test_a_condition_more_shows_nobody_more_and_the_order_of_the_users_does_not_matter(
    filters: Filters, order: list[int]
) -> None:
    rows = set(shown(filters))
    assert rows <= set(shown(Filters(filters.group)))
    assert rows <= set(shown(Filters("everyone", text=filters.text)))
    assert set(shown(filters, PEOPLE.iloc[order])) == rows


def test_conditions_beyond_group_and_text_are_counted() -> None:
    assert Filters("allow", text="x").extra == 0
    assert Filters(feature="a", context="country").extra == 0
    assert Filters(scores=(0, 0.5), feature="a", within=(0, 1), context="c", values=("x",), novel=True).extra == 4
    assert Filters(incomplete=True).extra == 1
