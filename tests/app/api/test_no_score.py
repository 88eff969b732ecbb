"""A user whom the model gives no score is answered with that, alone and in a batch; everybody else is scored."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from app.api import serving_state
from core.home import Home
from tests import make
from tests.app.api.server import Client, serving
from tests.core.registry.crafted import one_bad_leaf, without_score

USERS = make.users(60, seed=9)
SENT = [
    {"user_id": user, "features": {name: None if np.isnan(value) else value for name, value in features.items()}}
    for user, features in zip(
        USERS["user"], USERS[list(make.SCHEMA.names)].astype(float).to_dict("records"), strict=True
    )
]


@pytest.fixture
def none(own: Home) -> list[bool]:
    """Who has no score."""
    return without_score(one_bad_leaf(own), USERS).tolist()


@pytest.fixture
def api(own: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A server whose model has a leaf that is no number."""
    bad = one_bad_leaf(own)
    monkeypatch.setattr(serving_state.Live, "model", lambda *_: bad)
    with serving(own) as client:
        yield client


def test_in_a_batch_it_stands_in_the_place_of_the_user(api: Client, own: Home, none: list[bool]) -> None:
    answer = api.post("/predict/batch", {"users": SENT})
    assert answer.status == 200
    told = answer.json["predictions"]
    assert ["error" in each for each in told] == none
    error = told[none.index(True)]["error"]
    assert (error["status"], error["code"]) == (422, "no_score")
    assert "v0001 gives this user no score: what it works out is not a finite number" in error["detail"]
    assert all(each["band"] and 0 <= each["probability"] <= 1 for each in told if "error" not in each)
    (run,) = own.online_runs.growing()
    assert len(own.online_runs.find(run).by_row) == none.count(False)  # type: ignore[union-attr]
    assert len({each["prediction_id"] for each in told if "error" not in each}) == none.count(False)


def test_a_batch_of_nobody_with_a_score_is_answered(api: Client, own: Home, none: list[bool]) -> None:
    sent = [user for user, bad in zip(SENT, none, strict=True) if bad]
    told = api.post("/predict/batch", {"users": sent}).json["predictions"]
    assert [each["error"]["code"] for each in told] == ["no_score"] * len(sent)
    assert own.online_runs.growing() == ()
    assert own.runs.recent() == ()


def test_alone_it_is_the_answer_and_harms_nobody_beside(api: Client, none: list[bool]) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda user: api.post("/predict", user), SENT))
    assert [answer.status for answer in answers] == [422 if bad else 200 for bad in none]
    assert {answer.code for answer in answers if answer.status != 200} == {"no_score"}
