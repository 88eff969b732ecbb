"""Users scored over the API are on every page, once their run has ended, like those of a file."""

from __future__ import annotations

import pytest

from core.home import Home
from tests import make
from tests.screen import Visit


@pytest.fixture
def run(own: Home) -> str:
    """The closed run of 40 users, one of them asked about twice, some of whom came with context; sent to review."""
    serving = make.serving(own)
    names, users = list(make.SCHEMA.names), make.users(40, seed=5)
    asked = [
        serving.asked(dict(zip(names, row, strict=True)), user=user, allow_missing=True)
        for row, user in zip(users[names].to_numpy(float).tolist(), users["user"], strict=True)
    ]
    some = [each._replace(context={"country": "DE", "plan": "free"}) if at % 2 else each
            for at, each in enumerate(asked)]  # fmt: skip
    serving.score([*some, asked[0]._replace(values=asked[1].values)], now=make.NOW)
    (ended,) = serving.ended(now=make.NOW, everything=True)
    own.closing.close(ended, make.SCHEMA, now=make.NOW)
    own.plans.queue_run(ended, by="Ada", now=make.NOW)
    return ended


@pytest.mark.parametrize("page", ["score_file", "score_user", "explore", "monitor"])
def test_the_run_opens_on_the_page(visit: Visit, own: Home, run: str, page: str) -> None:
    at = visit(own, page, run=run)

    assert not at.exception
    assert not at.error
    assert at.dataframe


def test_its_users_stand_in_the_table_highest_risk_first(visit: Visit, own: Home, run: str) -> None:
    at = visit(own, "score_file", run=run)
    shown = at.dataframe[0].value["user"].tolist()

    found = own.runs.scores(run).sort_values("probability", ascending=False, kind="stable")
    assert shown == [f"u5-{(row - 1) % 40}" for row in found.index[: len(shown)]]
    assert shown


def test_the_figures_of_the_run_are_shown(visit: Visit, own: Home, run: str) -> None:
    at = visit(own, "review", review_panel="Figures")

    assert not at.exception
    assert not at.error


def test_a_user_asked_about_twice_is_scored_by_the_latest_values(visit: Visit, own: Home, run: str) -> None:
    at = visit(own, "user", id="u5-0")

    assert not at.exception
    assert not at.error
