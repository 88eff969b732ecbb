"""Whom a view looks at: what pandas finds for each filter, with and without the scores of a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.data import intake
from core.home import Home
from core.policy.bands import BANDS
from core.scoring import view as views
from core.scoring.filters import Filters
from core.scoring.runs import Run
from core.scoring.view import EVERYONE, View
from tests import make

USERS = make.users(300, 4)
#: Filters that need no score, and what they say as a query.
WITHOUT = {
    "everyone": (Filters("everyone"), "spam >= 0"),
    "spammers": (Filters("everyone", label="spammer"), "spam == 1"),
    "legitimate": (Filters("everyone", label="legitimate"), "spam == 0"),
    "range": (Filters("everyone", feature="links", within=(1, 2)), "1 <= links <= 2"),
    "missing": (Filters("everyone", feature="ratio", within=(-np.inf, np.inf)), "ratio == ratio"),
    "above": (Filters("everyone", feature="ratio", within=(0.5, np.inf)), "ratio >= .5"),
    "context": (Filters("everyone", context="country", values=("DE", "PK")), "country in ['DE', 'PK']"),
    "no value": (Filters("everyone", context="country"), "spam >= 0"),
    "text": (Filters("everyone", text="NAME 12"), "name.str.contains('name 12')"),
    "several": (
        Filters("everyone", label="spammer", feature="links", within=(2, 9), context="country", values=("KE",)),
        "spam == 1 and 2 <= links <= 9 and country == 'KE'",
    ),
}
#: Filters of scores.
WITH = {
    "flagged": (Filters("flagged"), "band in ('human_review', 'auto_remove')"),
    **{band: (Filters(band), f"band == '{band}'") for band in BANDS},
    "score": (Filters("everyone", scores=(0.1, 0.5)), ".1 <= p <= .5"),
    "incomplete": (Filters("everyone", incomplete=True), "ratio != ratio"),
    "all": (
        Filters("flagged", scores=(0.4, 0.95), label="legitimate", feature="links", within=(2, 9)),
        "band in ('human_review', 'auto_remove') and .4 <= p <= .95 and spam == 0 and 2 <= links <= 9",
    ),
}


@pytest.fixture(scope="module")
def run(trained: Home) -> Run:
    done = trained.file_scoring.score_file(
        "users.csv", make.csv(USERS), make.SCHEMA, trained.registry.load(), make.policy(), now=make.NOW
    )
    return done.run


@pytest.fixture(scope="module")
def known(trained: Home, run: Run) -> pd.DataFrame:
    """The users with their scores and bands."""
    p = trained.runs.scores(run.id)["probability"].to_numpy()
    cuts = [-np.inf, run.policy.monitor, run.policy.review, run.policy.remove, np.inf]
    return USERS.assign(p=p, band=pd.cut(p, cuts, labels=list(BANDS)).astype(str))


def found(home: Home, view: View) -> list[bool]:
    rows = home.views.rows(view, make.SCHEMA)
    assert rows.dtype == np.bool_
    return rows.tolist()


@pytest.mark.parametrize(("filters", "query"), (WITHOUT | WITH).values(), ids=WITHOUT | WITH)
def test_with_a_run_every_filter_finds_whom_pandas_finds(
    trained: Home, run: Run, known: pd.DataFrame, filters: Filters, query: str
) -> None:
    expected = known.index.isin(known.query(query).index)

    assert found(trained, views.of_run(run, filters)) == expected.tolist()


@pytest.mark.parametrize(("filters", "query"), WITHOUT.values(), ids=WITHOUT)
def test_without_a_run_filters_of_the_data_hold(
    trained: Home, run: Run, known: pd.DataFrame, filters: Filters, query: str
) -> None:
    expected = known.index.isin(known.query(query).index)

    assert found(trained, View(run.dataset, None, filters)) == expected.tolist()


def test_without_a_run_filters_of_scores_are_void(trained: Home, run: Run) -> None:
    filters = Filters("auto_remove", scores=(0.9, 1.0), novel=True, incomplete=True, label="spammer")

    assert found(trained, View(run.dataset, None, filters)) == (USERS["spam"] == 1).tolist()


def test_without_a_label_nobody_is_a_spammer(trained: Home) -> None:
    checked = intake.read("new.csv", make.csv(USERS.drop(columns="spam")), make.SCHEMA)
    dataset = trained.datasets.put(checked, make.SCHEMA, now=make.NOW).id

    assert trained.views.label(dataset, make.SCHEMA) is None
    assert not any(found(trained, View(dataset, None, replace(EVERYONE, label="spammer"))))


def test_users_whose_label_is_not_known_are_neither(trained: Home) -> None:
    half = USERS.assign(spam=USERS["spam"].where(USERS.index % 2 == 0).astype("Int64"))
    checked = intake.read("half.csv", make.csv(half), make.SCHEMA)
    dataset = trained.datasets.put(checked, make.SCHEMA, now=make.NOW).id

    for label, value in (("spammer", 1), ("legitimate", 0)):
        rows = found(trained, View(dataset, None, replace(EVERYONE, label=label)))
        assert rows == (half["spam"] == value).fillna(False).tolist()


def test_a_view_is_whole_until_somebody_is_left_out(run: Run) -> None:
    assert View(run.dataset).whole
    assert not views.of_run(run, Filters("flagged")).whole
    assert not View(run.dataset, None, Filters("everyone", text="x")).whole
    assert views.of_run(run, Filters("flagged")).unfiltered == views.of_run(run)
