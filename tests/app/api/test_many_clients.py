"""Many clients at once, a promotion among them: no error, one model a response, all feedback stored once."""

from __future__ import annotations

import collections
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.api import serving_state
from core.feedback import csv_store, ledger
from core.policy.policy import Policy
from core.registry import registry
from core.schema import schema as schemas
from core.scoring import online_runs, shap_values
from core.scoring.scorer import Scorer
from core.settings import Settings
from core.training import training
from tests import make
from tests.app.api.server import SPAMMER, Client, serving

CLIENTS = 200


@pytest.fixture(scope="module")
def second(trained: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another version, learnt in a copy of the trained home."""
    home = Settings.of(tmp_path_factory.mktemp("second"))
    shutil.copytree(trained.home, home.home, dirs_exist_ok=True)
    columns, dataset = schemas.load(home.schema_file), make.learnt_from(home)
    return home.models / training.learn(home, dataset, columns, Policy().thresholds, now=make.NOW, seed=1)


@pytest.fixture
def two(own: Settings, second: Path) -> Settings:
    """A home with another version to promote."""
    shutil.copytree(second, own.models / "v0002")
    return own


def features(client: int) -> dict[str, float]:
    return SPAMMER | {"links": 1 + client % 7, "ratio": client / 100}  # type: ignore[return-value]


def test_200_clients_and_a_promotion(two: Settings) -> None:
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


def _check_each_is_of_one_version(home: Settings, answers: list[tuple[int, dict[str, Any]]]) -> None:
    """Score and reasons are those that the version named in the answer gives this user."""
    for version in ("v0001", "v0002"):
        mine = [(features(client), told) for client, told in answers if told["model_version"] == version]
        assert mine
        model = registry.load(home, version)
        values = np.array([[each[name] for name in model.metadata.names] for each, _ in mine], float)
        score = Scorer(model).score_values(values).probability.tolist()
        pushes = shap_values.contributions(model.booster, values.astype(np.float32))
        at = {name: position for position, name in enumerate(model.metadata.names)}
        for (_, told), expected, push in zip(mine, score, pushes, strict=True):
            assert told["probability"] == expected
            assert [factor["contribution"] for factor in told["risk_factors"]] == [
                float(push[at[factor["feature"]]]) for factor in told["risk_factors"]
            ]


def _check_feedback(home: Settings, acknowledged: list[str]) -> None:
    known = ledger.of(home)
    known.refresh()
    assert collections.Counter(known.frame()["id"]) == collections.Counter(acknowledged)
    assert len(set(acknowledged)) == 2 * CLIENTS
    assert csv_store.of(home).verify().whole


def test_a_promotion_begins_another_run(two: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_state, "LOOK_EVERY", 0.01)
    with serving(two) as api:
        before = api.post("/predict", {"features": features(0)}).json
        make.promoted(two, "v0002")
        after = _after_the_promotion(api)

    assert before["model_version"] == "v0001"
    assert before["prediction_id"].rpartition("-")[0] != after["prediction_id"].rpartition("-")[0]
    assert online_runs.growing(two) == ()


def test_a_champion_that_cannot_be_loaded_leaves_the_one_before_in_charge(two: Settings) -> None:
    ours = serving_state.Live(two)
    ours.look()
    (two.models / "v0002" / "model.ubj").write_bytes(b"damaged")
    (two.models / "CHAMPION").write_text("v0002\n")
    ours.look()
    assert ours.version == "v0001"


def test_a_champion_that_was_restored_is_taken_up(two: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_state, "AGAIN_AFTER", 0.0)
    ours, trees = serving_state.Live(two), two.models / "v0002" / "model.ubj"
    ours.look()
    whole = trees.read_bytes()
    trees.write_bytes(b"damaged")
    (two.models / "CHAMPION").write_text("v0002\n")
    ours.look()
    trees.write_bytes(whole)
    ours.look()
    assert ours.version == "v0002"


def test_a_changed_glossary_is_taken_up(own: Settings) -> None:
    def said(api: Client) -> str:
        factors = api.post("/predict", {"features": SPAMMER, "top": 20}).json["risk_factors"]
        return str(next(each["description"] for each in factors if each["feature"] == "links"))

    with serving(own) as api:
        assert said(api) == ""
        own.glossary_file.write_text("feature,name,description,category,status\nlinks,Links,Links sent,Content,known\n")
        while said(api) != "links sent":
            time.sleep(0.05)
