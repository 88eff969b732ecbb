"""Sightings: every prediction on one user, in files and over the API, and on nobody else."""

from __future__ import annotations

import pandas as pd
import pytest

from core.files import within
from core.home import Home
from core.policy.decide import decide
from core.schema import schema as schemas
from core.scoring import online_runs
from core.scoring.online import Asked, Serving
from tests import make
from tests.core.review import reviewing


def users(seed: int, first: str) -> pd.DataFrame:
    """Thirty users, the first of whom has this id."""
    frame = make.users(30, seed=seed)
    frame.loc[frame.index[0], "user"] = first
    return frame


def cut_off(*_: object) -> None:
    raise InterruptedError


def ask_for(home: Home, frame: pd.DataFrame, user: str) -> Serving:
    serving = make.serving(home)
    values = frame[list(make.SCHEMA.names)].iloc[0].astype(float).tolist()
    serving.score([Asked(values, user, {"country": None})], now=make.NOW)
    return serving


def test_all_predictions_on_a_user_come_newest_first_with_the_scores_of_their_runs(own: Home) -> None:
    first = reviewing.scored(own, users(1, "0017"))
    reviewing.scored(own, users(2, "17"))
    again = reviewing.scored(own, users(3, "0017"), make.policy(1e-9, 0.5, 0.8, version="p0002"))

    found = own.predictions_of_user.of_user(" 0017 ")

    assert [(each.run.id, each.row) for each in found] == [(again.id, 1), (first.id, 1)]
    assert [each.probability for each in found] == [
        own.runs.scores(run.id)["probability"].loc[1] for run in (again, first)
    ]
    assert [each.band for each in found] == [decide(each.run.policy, [each.probability]).bands[0] for each in found]
    assert found[0].band != "allow"
    assert found[0].prediction == f"{again.id}-1"


def test_what_the_api_was_asked_is_found_while_its_run_still_grows(own: Home) -> None:
    frame = users(1, "u-0017")
    file = reviewing.scored(own, frame)
    ask_for(own, frame, "u-0017")
    ask_for(own, frame, "somebody else")

    grows, stored = own.predictions_of_user.of_user("u-0017")

    assert (grows.grows, stored.grows, stored.run.id) == (True, False, file.id)
    assert grows.probability == stored.probability


def test_a_prediction_is_told_once_while_its_run_is_being_closed(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    serving = ask_for(own, users(1, "u-0017"), "u-0017")
    schema, runs_over = schemas.load(own.settings.schema_file), serving.ended(now=make.NOW, everything=True)
    (run,) = runs_over
    monkeypatch.setattr(online_runs.OnlineRuns, "forget", cut_off)
    with pytest.raises(InterruptedError):
        own.closing.close(run, schema, now=make.NOW)
    assert own.online_runs.find(run) is not None

    (found,) = own.predictions_of_user.of_user("u-0017")

    assert (found.run.id, found.grows) == (run, False)


def test_only_the_latest_runs_are_searched_and_a_run_that_has_lost_its_users_is_passed_over(own: Home) -> None:
    first, second = (reviewing.scored(own, users(seed, "u-0017")) for seed in (1, 2))
    assert [each.run.id for each in own.predictions_of_user.of_user("u-0017", most=1)] == [second.id]

    within(own.settings.datasets, second.dataset).rename(own.settings.home / "gone")

    assert [each.run.id for each in own.predictions_of_user.of_user("u-0017")] == [first.id]


def test_a_user_nobody_has_scored_is_in_no_run(own: Home) -> None:
    run = reviewing.scored(own, users(1, "u-0017"))

    assert own.predictions_of_user.of_user("u-0018") == ()
    assert own.predictions_of_user.of_user("") == ()
    assert own.datasets.rows_of(run.dataset, "u-0017") == (1,)
