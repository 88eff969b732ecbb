"""Many clients at once, a promotion among them: no error, one model a response, all feedback stored once."""

from __future__ import annotations

import collections
import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.api import serving_state
from core.home import Home
from core.registry.registry import Model, Registry
from core.schema import schema as schemas
from core.scoring.online import Asked
from core.scoring.scorer import Scorer
from tests import make
from tests.app.api.server import SPAMMER, Client, serving

CLIENTS = 200


@pytest.fixture(scope="module")
def second(trained: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another version, learnt in a copy of the trained home."""
    home = Home.open(tmp_path_factory.mktemp("second"))
    shutil.copytree(trained.settings.home, home.settings.home, dirs_exist_ok=True)
    columns, dataset = schemas.load(home.settings.schema_file), make.learnt_from(home)
    return home.settings.models / home.training.learn(dataset, columns, make.policy().thresholds, now=make.NOW, seed=1)


@pytest.fixture
def two(own: Home, second: Path) -> Home:
    """A home with another version to promote."""
    shutil.copytree(second, own.settings.models / "v0002")
    return own


def features(client: int) -> dict[str, float]:
    return SPAMMER | {"links": 1 + client % 7, "ratio": client / 100}  # type: ignore[return-value]


@pytest.mark.slow
def test_200_clients_and_a_promotion(two: Home) -> None:
    gate, halfway = threading.Barrier(CLIENTS), threading.Semaphore(0)

    def one(api: Client, client: int) -> tuple[list[dict[str, Any]], list[str]]:
        """Predict, say whether it was right, predict again: before and after the promotion."""
        gate.wait(timeout=200)
        told, kept = [], []
        for turn in range(2):
            if turn:
                halfway.release()
            answer = api.post("/predict", {"features": features(client), "user_id": f"u-{client}", "reasons": "all"})
            assert answer.status == 200, answer.body
            told.append(answer.json)
            sent = {"prediction_id": answer.json["prediction_id"], "is_correct": bool(client % 2)}
            stored = api.post("/feedback", sent, idempotency_key=f"{client}-{turn}")
            assert stored.status == 200, stored.body
            kept.append(stored.json["feedback_id"])
        return told, kept

    with serving(two) as api, ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(one, api, client) for client in range(CLIENTS)]
        for _ in range(CLIENTS // 2):
            assert halfway.acquire(timeout=200)
        make.promoted(two, "v0002")
        found = [client.result() for client in clients]
        last = _after_the_promotion(api)

    answers = [(client, told) for client, (both, _) in enumerate(found) for told in both]
    _check_each_is_of_one_version(two, [*answers, (0, last)])
    assert len({told["prediction_id"] for _, told in answers}) == 2 * CLIENTS
    _check_feedback(two, [identity for _, kept in found for identity in kept])


def _after_the_promotion(api: Client) -> dict[str, Any]:
    """The first answer of the new version: it comes without a restart."""
    while True:
        told: dict[str, Any] = api.post("/predict", {"features": features(0), "reasons": "all"}).json
        if told["model_version"] == "v0002":
            return told


def _check_each_is_of_one_version(home: Home, answers: list[tuple[int, dict[str, Any]]]) -> None:
    """Score and reasons are those that the version named in the answer gives this user."""
    for version in ("v0001", "v0002"):
        mine = [(features(client), told) for client, told in answers if told["model_version"] == version]
        assert mine
        model = home.registry.load(version)
        values = np.array([[each[name] for name in model.metadata.names] for each, _ in mine], float)
        score = Scorer(model).score_values(values).probability.tolist()
        pushes = model.explainer.contributions(values.astype(np.float32))
        at = {name: position for position, name in enumerate(model.metadata.names)}
        for (_, told), expected, push in zip(mine, score, pushes, strict=True):
            assert told["probability"] == expected
            assert [factor["contribution"] for factor in told["risk_factors"]] == [
                float(push[at[factor["feature"]]]) for factor in told["risk_factors"]
            ]


def _check_feedback(home: Home, acknowledged: list[str]) -> None:
    known = home.ledger
    known.refresh()
    assert collections.Counter(known.frame()["id"]) == collections.Counter(acknowledged)
    assert len(set(acknowledged)) == 2 * CLIENTS
    assert home.feedback.verify().whole


def test_a_promotion_begins_another_run(two: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_state, "LOOK_EVERY", 0.01)
    with serving(two) as api:
        before = api.post("/predict", {"features": features(0)}).json
        make.promoted(two, "v0002")
        after = _after_the_promotion(api)

    assert before["model_version"] == "v0001"
    assert before["prediction_id"].rpartition("-")[0] != after["prediction_id"].rpartition("-")[0]
    assert two.online_runs.growing() == ()


def one_user(client: int) -> list[Asked]:
    values = features(client)
    return [Asked([values[name] for name in make.SCHEMA.names])]


def growing(home: Home) -> list[str]:
    """The versions whose runs are not closed, oldest run first."""
    return [home.runs.find(run).model for run in home.online_runs.growing()]


def test_a_request_under_way_at_a_promotion_is_answered_by_the_version_it_began_with(two: Home) -> None:
    ours = serving_state.Live(two)
    ours.look()
    wish = serving_state.Wish(ours.serving, one_user(0)[0], time.perf_counter())
    make.promoted(two, "v0002")
    ours.look()
    later = serving_state.Wish(ours.serving, one_user(0)[0], time.perf_counter())

    told = [json.loads(reply.body) for reply in serving_state.scored([later, wish])]

    assert [each["model_version"] for each in told] == ["v0002", "v0001"]
    expected = [two.registry.load(each["model_version"]) for each in told]
    values = np.array([[features(0)[name] for name in make.SCHEMA.names]])
    assert [each["probability"] for each in told] == [
        Scorer(model).score_values(values).probability.item() for model in expected
    ]


def test_the_run_of_a_serving_that_was_replaced_is_closed_and_that_in_charge_grows_on(two: Home) -> None:
    ours = serving_state.Live(two)
    ours.look()
    before = ours.serving
    before.score(one_user(0), now=datetime.now(UTC))
    ours.close_ended()
    assert growing(two) == ["v0001"]

    make.promoted(two, "v0002")
    ours.look()
    ours.serving.score(one_user(1), now=datetime.now(UTC))
    ours.close_ended()
    assert growing(two) == ["v0002"]

    before.score(one_user(2), now=datetime.now(UTC))  # a request that was under way all the time
    assert growing(two) == ["v0002", "v0001"]
    ours.close_ended()
    assert growing(two) == ["v0002"]

    ours.close_ended(everything=True)
    assert growing(two) == []
    closed = [(run.model, run.users) for run in two.runs.recent()]
    assert sorted(closed) == [("v0001", 1), ("v0001", 1), ("v0002", 1)]


def test_servings_that_follow_each_other_quickly_are_all_closed(two: Home) -> None:
    ours, held = serving_state.Live(two), []
    for version in ("v0001", "v0002", "v0001", "v0002", "v0001"):
        if version != two.registry.champion():
            make.promoted(two, version)
        ours.look()
        ours.serving.score(one_user(len(held)), now=datetime.now(UTC))
        held.append(ours.serving)  # as a request does that is under way
    assert len({id(serving) for serving in held}) == 5

    ours.close_ended()

    assert growing(two) == ["v0001"]
    assert len(two.runs.recent()) == 4


def test_a_version_is_loaded_once_though_several_ask_at_once(two: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    load, loaded, both = Registry.load, [], threading.Barrier(2)

    def counted(registry: Registry, version: str) -> Model:
        loaded.append(version)
        return load(registry, version)

    def ask(_: int) -> Model:
        both.wait(timeout=30)
        return ours.model("v0001")

    monkeypatch.setattr(Registry, "load", counted)
    ours = serving_state.Live(two)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(ask, range(2))
    assert one is other
    assert loaded == ["v0001"]
    assert serving_state.Live(two).model("v0001") is not one


def test_a_champion_that_cannot_be_loaded_leaves_the_one_before_in_charge(two: Home) -> None:
    ours = serving_state.Live(two)
    ours.look()
    (two.settings.models / "v0002" / "model.ubj").write_bytes(b"damaged")
    (two.settings.models / "CHAMPION").write_text("v0002\n")
    ours.look()
    assert ours.version == "v0001"


def test_a_champion_that_was_restored_is_taken_up(two: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_state, "AGAIN_AFTER", 0.0)
    ours, trees = serving_state.Live(two), two.settings.models / "v0002" / "model.ubj"
    ours.look()
    whole = trees.read_bytes()
    trees.write_bytes(b"damaged")
    (two.settings.models / "CHAMPION").write_text("v0002\n")
    ours.look()
    trees.write_bytes(whole)
    ours.look()
    assert ours.version == "v0002"


def test_a_changed_glossary_is_taken_up(own: Home) -> None:
    def said(api: Client) -> str:
        factors = api.post("/predict", {"features": SPAMMER, "top": 20}).json["risk_factors"]
        return str(next(each["description"] for each in factors if each["feature"] == "links"))

    with serving(own) as api:
        assert said(api) == ""
        own.settings.glossary_file.write_text(
            "feature,name,description,category,status\nlinks,Links,Links sent,Content,known\n"
        )
        while said(api) != "links sent":
            time.sleep(0.05)


def test_another_policy_is_taken_up_and_begins_another_run(two: Home) -> None:
    with serving(two) as api:
        before = api.post("/predict", {"features": SPAMMER}).json
        two.policies.save(replace(two.policies.in_force(), review=0.75), by="Lea", now=make.NOW)
        until = time.monotonic() + 60
        while (after := api.post("/predict", {"features": SPAMMER}).json)["policy_version"] == "p0001":
            assert time.monotonic() < until
            time.sleep(0.05)

    assert before["policy_version"] == "p0001"
    assert before["prediction_id"].rpartition("-")[0] != after["prediction_id"].rpartition("-")[0]
