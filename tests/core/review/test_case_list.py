"""All cases that wait, as a list: its order tells nothing of blind scores, and its address says what is shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import update

from core.errors import BadOptionError
from core.home import Home
from core.review.case_list import KEYS, CaseSort, CaseView, ids
from core.review.cases import CaseFilters
from core.store import tables
from tests import make
from tests.core.review import reviewing
from tests.core.review.reviewing import waiting
from tests.make import NOW

EVERYTHING = CaseFilters()


@pytest.fixture
def queued(own: Home) -> Home:
    """A home in which 5 highest risks, 2 unsure ones and about 20 drawn at random wait, some of them blind."""
    reviewing.rules(own, capacity=5)
    reviewing.planned(own, make.users(200, seed=3).drop(columns="spam"))
    assert 0 < sum(case.blind for case in waiting(own)) < len(waiting(own))
    return own


def listed(home: Home, sort: str, **asked: Any) -> pd.DataFrame:
    order = CaseSort.of(sort).order(unblinded=False)
    return home.cases.listing(EVERYTHING, now=NOW, order=order, **asked)


@pytest.mark.parametrize("sort", ["score", "-score", "action", "-action"])
def test_blind_cases_come_last_in_the_order_of_the_queue_whatever_follows_from_scores(queued: Home, sort: str) -> None:
    found = listed(queued, sort)
    blind = found["blind"].to_numpy()
    assert blind.tolist() == sorted(blind), "false before true"
    queue = [case for case in listed(queued, "queue").index if case in set(found.index[blind])]
    assert found.index[blind].tolist() == queue


def test_the_others_are_in_the_order_that_is_asked_for(queued: Home) -> None:
    scores = listed(queued, "-score")["score"].dropna()
    assert scores.is_monotonic_decreasing
    assert listed(queued, "score")["score"].dropna().is_monotonic_increasing
    for case, hours in zip(waiting(queued)[:3], (5, 9, 7), strict=True):
        since = update(tables.cases).where(tables.cases.c.number == case.number)
        with queued.database.writing() as connection:
            connection.execute(since.values(queued=NOW - timedelta(hours=hours)))
    assert listed(queued, "-waiting").index[:3].tolist() == [waiting(queued)[at].id for at in (1, 2, 0)]
    queued.assigning.assign([waiting(queued)[4].id], "Ada", by="Lea", now=NOW)
    assert listed(queued, "assigned").index[0] == waiting(queued)[4].id
    assert listed(queued, "-assigned").index[0] == waiting(queued)[4].id, "who is not assigned comes last, either way"
    users = listed(queued, "user")["user"].tolist()
    assert listed(queued, "-user")["user"].tolist() == users[::-1]


@pytest.mark.parametrize("key", KEYS)
def test_pages_hold_every_case_once_and_its_number_stands_at_the_same_place(queued: Home, key: str) -> None:
    view = CaseView(EVERYTHING, CaseSort(key, descending=True))
    pages = [listed(queued, f"-{key}", most=7, skip=skip).index.tolist() for skip in range(0, 35, 7)]
    told = [case for page in pages for case in page]
    assert told == ids(queued.case_lists.numbers(view, now=NOW).tolist())
    assert sorted(told) == sorted(case.id for case in waiting(queued))


def test_several_cases_come_in_the_order_given_and_those_there_are_not_are_left_out(queued: Home) -> None:
    found = waiting(queued)
    wanted = [found[3].number, 999_999, found[0].number]
    assert queued.case_lists.several(wanted) == (found[3], found[0])
    assert queued.case_lists.several([]) == ()
    assert queued.case_lists.numbers(CaseView(CaseFilters(text="nobody at all")), now=NOW).dtype == np.int64


@pytest.mark.parametrize(
    "view",
    [
        CaseView(EVERYTHING),
        CaseView(
            CaseFilters(
                bands=("human_review", "monitor"), scores=(0.25, 1.0), min_age_hours=48.0, text="a, b",
                categories=("crypto",),
            ), CaseSort("score", descending=True), ("score", "column.links"), 50,
        ),
        CaseView(CaseFilters(feature="links", within=(-np.inf, 3.0))),
        CaseView(CaseFilters(feature="links")),
        CaseView(CaseFilters(context="country", values=("KE", '"x"'), strata=("random",), unblinded=True)),
    ],
)  # fmt: skip
def test_what_is_shown_stands_in_the_address(view: CaseView) -> None:
    assert CaseView.of(view.params(), see_strata=True) == view


def test_whoever_may_not_see_strata_gets_none_and_stays_blind() -> None:
    view = CaseView.of({"strata": '["random"]'}, see_strata=False)
    assert view == CaseView(EVERYTHING)
    assert not view.filters.unblinded


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"sort": "priority"}, "none of queue, score"), ({"size": "7"}, "20, 50, 100 cases a page"),
        ({"bands": '["high"]'}, "none of allow"), ({"bands": "high"}, "no list of names"),
        ({"queue_age": "nan"}, "no number of hours"), ({"queue_age": "-1"}, "no number of hours"),
        ({"score": "1..0"}, "no range"), ({"strata": '["odd"]'}, "none of"),
    ],
)  # fmt: skip
def test_an_address_that_means_nothing_says_what_is_wrong(params: dict[str, str], told: str) -> None:
    with pytest.raises(BadOptionError, match=told):
        CaseView.of(params, see_strata=True)
