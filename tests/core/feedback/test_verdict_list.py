"""All verdicts as a list: what became of each, which pass, in which order, and the address that says so."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from core.errors import BadOptionError
from core.feedback import verdict_list
from core.feedback.verdict_list import VerdictView
from core.home import Home
from core.review.verdicts import Given
from tests import make
from tests.core.review import reviewing
from tests.core.review.reviewing import waiting
from tests.make import NOW


@pytest.fixture
def judged(own: Home) -> Home:
    """Four verdicts: one that was taken back, one that was corrected, that which corrects it, and one of Bob's."""
    reviewing.planned(own, make.users(200, seed=3).drop(columns="spam"))
    first, second, third, *_ = waiting(own)
    reviewing.judge(own, first, "spammer", verdict="v1", by="Ada", now=NOW)
    own.verdicts.undo(["v1"], by="Ada", now=NOW + timedelta(minutes=1))
    reviewing.judge(own, second, "spammer", verdict="v2", by="ada lovelace", now=NOW + timedelta(minutes=2))
    given = Given("v3", "legitimate", notes="the (same) wave")
    own.verdicts.correct("v2", given, by="ada lovelace", now=NOW + timedelta(minutes=3))
    reviewing.judge(own, third, "unsure", verdict="v4", by="Bob", now=NOW + timedelta(minutes=4))
    return own


def everything(home: Home) -> pd.DataFrame:
    home.ledger.refresh()
    return verdict_list.listed(home.ledger.frame())


def test_every_verdict_is_listed_newest_first_with_what_became_of_it(judged: Home) -> None:
    found = everything(judged)
    assert found[["id", "state"]].to_numpy().tolist() == [
        ["v4", "stands"], ["v3", "stands"], ["v2", "corrected"], ["v1", "taken back"],
    ]  # fmt: skip
    assert "score" not in found


@pytest.mark.parametrize(
    ("view", "ids"),
    [
        (VerdictView(), ["v4", "v3", "v2", "v1"]), (VerdictView(sort="time"), ["v1", "v2", "v3", "v4"]),
        (VerdictView(by=("Ada",)), ["v1"]), (VerdictView(states=("stands",), verdicts=("unsure",)), ["v4"]),
        (VerdictView(text=" (SAME) "), ["v3"]), (VerdictView(sort="reviewer"), ["v1", "v3", "v2", "v4"]),
        (VerdictView(text="nobody"), []),
    ],
)  # fmt: skip
def test_those_that_pass_come_in_the_order_asked_for(judged: Home, view: VerdictView, ids: list[str]) -> None:
    assert verdict_list.found(everything(judged), view)["id"].tolist() == ids
    assert VerdictView.of(view.params()) == VerdictView.of(VerdictView.of(view.params()).params())


def test_a_home_without_verdicts_has_an_empty_list(own: Home) -> None:
    assert verdict_list.found(everything(own), VerdictView(text="x", sort="user")).empty


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"state": '["gone"]'}, "none of stands"), ({"verdict": '["withdrawn"]'}, "none of spammer"),
        ({"sort": "score"}, "none of time"), ({"size": "1"}, "20, 50, 100 verdicts"),
        ({"by": "Ada"}, "no list of names"),
    ],
)  # fmt: skip
def test_an_address_that_means_nothing_says_what_is_wrong(params: dict[str, str], told: str) -> None:
    with pytest.raises(BadOptionError, match=told):
        VerdictView.of(params)
