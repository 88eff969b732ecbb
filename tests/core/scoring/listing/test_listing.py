"""Lists of users against plain pandas: every order, filter and page, whatever the values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadOptionError
from core.home import Home
from core.policy.bands import BANDS
from core.scoring.filters import GROUPS, Filters
from core.scoring.listing import run_users, sorting
from core.scoring.listing.list_view import ListView
from core.scoring.listing.run_users import SIZES, Listed
from core.scoring.listing.sorting import COLUMN, KEYS, Sort
from core.scoring.runs import Run
from tests import make

IDS = st.lists(
    st.one_of(
        st.integers(0, 10**30).map(str), st.integers(0, 99).map("{:04}".format), st.text(max_size=30),
        st.sampled_from(["user1", "user10", "User2", "anna", "ANNA", "ä", "a\0", ""]),
    ),
    min_size=1, max_size=40,
)  # fmt: skip
NUMBERS = st.lists(st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, 1.0])), max_size=60)


@given(NUMBERS, st.booleans())
def test_an_order_is_that_of_pandas_equals_as_they_stand_and_missing_last(values: list[float], falling: bool) -> None:
    series = pd.Series(values, dtype=float)

    found = sorting.order(series.to_numpy(), descending=falling)

    assert found.tolist() == series.sort_values(ascending=not falling, kind="stable", na_position="last").index.tolist()


@given(IDS)
def test_ids_stand_in_the_order_of_their_numbers_then_of_their_letters(ids: list[str]) -> None:
    def key(each: str) -> tuple[int, int, str]:
        numeric = each.isascii() and each.isdigit()
        return (0, int(each), "") if numeric else (1, 0, each.lower())

    ranks = sorting.id_ranks(pd.Series(ids, dtype="str"))

    wanted = sorted(range(len(ids)), key=lambda at: key(ids[at]))
    if all(each.isascii() for each in ids):  # letters beyond have several ways to be made small
        assert sorting.order(ranks, descending=False).tolist() == wanted
    same = {(a, b) for a in range(len(ids)) for b in range(len(ids)) if ids[a] == ids[b]}
    assert all(ranks[a] == ranks[b] for a, b in same)


def test_texts_are_ranked_without_regard_to_case_and_missing_ones_are_nan() -> None:
    found = sorting.ranks(pd.Series(["b", "A", None, "B", "a", "aa" * 20, "aa" * 20 + "b"], dtype="str"))

    assert found[:2].tolist() == [3.0, 0.0]
    assert np.isnan(found[2])
    assert found[3:].tolist() == [3.0, 0.0, 1.0, 2.0]


@given(st.integers(0, 300), st.sampled_from(SIZES))
def test_the_pages_hold_everybody_once_in_order(users: int, size: int) -> None:
    everyone = np.arange(users)[::-1]

    pages = [run_users.page(everyone, number, size) for number in range(1, run_users.pages(users, size) + 1)]

    assert np.concatenate(pages).tolist() == everyone.tolist()
    assert all(len(page) == size for page in pages[:-1])


@pytest.fixture(scope="module")
def scored(trained: Home) -> Run:
    frame = make.users(300, seed=8).drop(columns="spam")
    model = trained.registry.load()
    return trained.file_scoring.score_file(
        "list.csv", make.csv(frame), make.SCHEMA, model, make.policy(), now=make.NOW
    ).run


@pytest.fixture(scope="module")
def listed(trained: Home, scored: Run) -> Listed:
    return trained.run_users.listed(scored)


SORTS = st.builds(
    Sort, st.sampled_from(["score", "user", "action", "missing", "novel", "row", "decided_by", f"{COLUMN}links"]),
    st.booleans(),
)  # fmt: skip
FILTERS = st.builds(
    Filters, group=st.sampled_from(GROUPS), text=st.sampled_from(["", "u8-1", "links", "DE"]),
    scores=st.sampled_from([(0.0, 1.0), (0.2, 0.9)]), novel=st.booleans(), incomplete=st.booleans(),
    reason=st.sampled_from([None, "links", "ratio"]), decided_by=st.sampled_from([None, "score", "rule:none"]),
    feature=st.sampled_from([None, "links"]), within=st.just((0.0, 3.0)),
)  # fmt: skip


@given(view=st.builds(ListView, FILTERS, SORTS, size=st.sampled_from(SIZES)), number=st.integers(1, 5))
def test_a_page_is_that_of_pandas(trained: Home, listed: Listed, view: ListView, number: int) -> None:
    reasons = trained.runs.reasons(listed.run.id)
    order = run_users.ordered(trained.run_users.column(listed, view.sort.by), view.sort)
    matching = trained.run_users.matching(listed, view.filters, reasons)

    shown = listed.users.index[run_users.page(run_users.found(order, matching), number, view.size)].tolist()

    wanted = reference(trained, listed, view)
    assert shown == wanted[(number - 1) * view.size : number * view.size]
    assert int(matching.sum()) == len(wanted)


def reference(home: Home, listed: Listed, view: ListView) -> list[int]:
    """The rows of all who pass, in order, written with nothing but pandas."""
    filters, name = view.filters, listed.texts[0]
    dataset = home.datasets.frame(listed.run.dataset)
    users = listed.users.assign(links=dataset["links"], at=listed.users[name].str[3:].astype(int))
    told = home.runs.reasons(listed.run.id)
    assert told is not None
    names = told.reindex(users.index).fillna("").apply(lambda column: column.str.partition("=")[0])
    users["novel"] = users["novel_features"].fillna("").map(lambda text: len(text.split("; ")) if text else 0)
    if filters.group in BANDS:
        users = users[users["severity"] == BANDS.index(filters.group)]
    elif filters.group == "flagged":
        users = users[users["severity"] >= BANDS.index("human_review")]
    users = users[users["probability"].between(*filters.scores)]
    if filters.text:
        own = users[list(listed.texts)].fillna("").apply(lambda column: column.str.lower())
        found = own.apply(lambda row: any(filters.text.lower() in each for each in row), axis=1).astype(bool)
        named = names.loc[users.index].eq(filters.text).any(axis=1)
        users = users[found | named]
    if filters.novel:
        users = users[users["novel"] > 0]
    if filters.incomplete:
        users = users[users["n_missing"] > 0]
    if filters.reason:
        users = users[names.loc[users.index].eq(filters.reason).any(axis=1)]
    if filters.decided_by:
        users = users[users["decided_by"] == filters.decided_by]
    if filters.feature:
        users = users[users["links"].between(0, 3)]
    columns = {
        "score": "probability", "action": "severity", "missing": "n_missing", "novel": "novel",
        f"{COLUMN}links": "links", "decided_by": "decided_by",
    }  # fmt: skip
    if view.sort.by == "user":  # all are called alike but for their number, and no number is written as another
        users = users.assign(by=users[name].str.lower())
    elif view.sort.by == "row":
        users = users.assign(by=users.index)
    else:
        users = users.assign(by=users[columns[view.sort.by]])
    return [int(row) for row in users.sort_values("by", ascending=not view.sort.descending, kind="stable").index]


def test_everything_can_be_sorted_by_and_a_column_that_there_is_not_is_refused(trained: Home, listed: Listed) -> None:
    keys = trained.run_users.keys(listed)

    assert set(keys) <= set(KEYS)
    assert "category" not in keys
    for key in (*keys, f"{COLUMN}country", f"{COLUMN}ratio"):
        assert len(trained.run_users.column(listed, key)) == len(listed.users)
    for key in (f"{COLUMN}spam", f"{COLUMN}nothing"):
        with pytest.raises(BadOptionError, match="no column"):
            trained.run_users.column(listed, key)


def test_a_known_label_is_a_column_where_the_file_has_one(trained: Home) -> None:
    dataset = trained.datasets.labelled()[0]
    run = trained.file_scoring.score_stored(dataset, make.SCHEMA, trained.registry.load(), make.policy(), now=make.NOW)

    listed = trained.run_users.listed(run)

    assert "label" in trained.run_users.keys(listed)
    known = trained.run_users.column(listed, "label")
    assert int(np.nansum(known)) == dataset.positives
    assert (
        int(trained.run_users.matching(listed, Filters("everyone", label="spammer"), None).sum()) == dataset.positives
    )


NAMES = st.text(min_size=1, max_size=12)
RANGES = st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False)).map(lambda ends: (min(ends), max(ends)))
VIEWS = st.builds(
    ListView,
    st.builds(
        Filters, group=st.sampled_from(GROUPS), text=NAMES.map(str.strip), scores=RANGES, novel=st.booleans(),
        incomplete=st.booleans(), reason=NAMES, decided_by=NAMES, category=NAMES, feature=NAMES, within=RANGES,
        context=NAMES, values=st.lists(NAMES, min_size=1).map(tuple), label=st.sampled_from(["any", "spammer"]),
    ),
    st.one_of(st.builds(Sort, st.sampled_from(KEYS), st.booleans()), NAMES.map(lambda name: Sort(COLUMN + name))),
    st.one_of(st.none(), st.lists(NAMES).map(tuple)), st.sampled_from(SIZES),
)  # fmt: skip


@given(VIEWS)
def test_an_address_says_all_of_a_view(view: ListView) -> None:
    assert ListView.of(view.params(), usual="everyone") == view


def test_an_address_that_says_nothing_is_the_usual_view() -> None:
    assert ListView.of({}, usual="flagged") == ListView(Filters("flagged"))
    assert ListView(Filters("everyone")).params() == {"group": "everyone"}


@pytest.mark.parametrize(
    "params",
    [
        {"group": "x"}, {"label": "x"}, {"sort": "x"}, {"sort": ""}, {"sort": f"-{COLUMN}"}, {"size": "7"},
        {"size": "x"}, {"score": "1"}, {"score": "1..0"}, {"score": "nan..1"}, {"within": "a..b"}, {"is": "x"},
        {"is": "[1]"}, {"columns": '{"a": 1}'}, {"columns": "[" * 100_000},
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused_with_a_sentence(params: dict[str, Any]) -> None:
    with pytest.raises(BadOptionError):
        ListView.of(params, usual="everyone")
