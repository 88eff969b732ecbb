"""POST /predict and /predict/batch: what is answered, what is refused, and what is stored."""

from __future__ import annotations

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from core.home import Home
from core.policy.decide import decide
from core.schema import schema as schemas
from core.scoring import online_runs
from core.store import database
from tests import make
from tests.app.api.server import QUIET, SPAMMER, Client, serving, spammer


def test_a_user_is_scored_with_band_action_and_reasons(api: Client, own: Home) -> None:
    answer = api.post("/predict", spammer(context={"country": "DE"}))
    told = answer.json

    assert answer.status == 200
    assert (told["prediction"], told["is_spammer"]) == (True, True)
    assert told["band"] == decide(make.policy(), told["probability"]).bands.item()
    assert told["action"] == decide(make.policy(), told["probability"]).actions.item()
    assert told["confidence"] == abs(told["probability"] - 0.5) * 2
    assert (told["model_version"], told["policy_version"]) == (own.registry.champion(), "p0001")
    pushes = [factor["contribution"] for factor in told["risk_factors"]]
    assert 0 < len(pushes) <= 3
    assert pushes == sorted(pushes, reverse=True)
    first = told["risk_factors"][0]
    assert first["value"] == SPAMMER[first["feature"]]
    assert first["reason"].startswith(f"{first['feature']} ")
    assert f"{first['contribution']:.2f} log-odds" in first["reason"]


@pytest.mark.parametrize(("below", "band"), [(False, "monitor"), (True, "human_review")])
def test_a_score_that_is_the_threshold_is_answered_with_the_milder_band(own: Home, below: bool, band: str) -> None:
    with serving(own) as api:
        score = api.post("/predict", spammer()).json["probability"]
    review = float(np.nextafter(score, 0)) if below else score
    policy = replace(own.policies.in_force(), monitor=score / 2, review=review, remove=(1 + score) / 2)
    own.policies.save(policy, by="Lea", now=make.NOW)
    with serving(own) as api:
        alone = api.post("/predict", spammer()).json
        (among,) = api.post("/predict/batch", {"users": [spammer()]}).json["predictions"]

    for told in (alone, among):
        assert (told["probability"], told["band"], told["action"]) == (score, band, band)
        assert told["is_spammer"] == (band == "human_review")


def test_reasons_are_told_of_whom_they_are_asked_for(api: Client) -> None:
    def told(features: dict[str, float | None], **options: object) -> int:
        return len(api.post("/predict", {"features": features} | options).json["risk_factors"])

    some_links = QUIET | {"links": 3}
    assert (told(some_links, reasons="flagged"), told(SPAMMER, reasons="flagged")) == (0, 3)
    assert told(SPAMMER, reasons="none") == 0
    assert told(some_links) == told(some_links, reasons="all") > 0
    assert told(SPAMMER, top=1) == 1


def test_missing_and_novel_features_are_named(api: Client) -> None:
    told = api.post("/predict", {"features": SPAMMER | {"ratio": None, "links": 4000}}).json

    assert told["missing_features"] == ["ratio"]
    assert told["novel_features"] == ["links"]


def test_an_absent_feature_is_refused_by_name_unless_that_is_allowed(api: Client) -> None:
    without = {name: value for name, value in SPAMMER.items() if name != "links"}
    refused = api.post("/predict", {"features": without})
    allowed = api.post("/predict", {"features": without, "allow_missing": True})

    assert (refused.status, refused.code) == (422, "features")
    assert refused.json["errors"] == [{"pointer": "#/features/links", "detail": "it is missing"}]
    assert allowed.json["missing_features"] == ["links"]


def test_a_prediction_is_stored_before_it_is_told(api: Client, own: Home) -> None:
    told = api.post("/predict", spammer(context={"country": "DE", "name": None})).json
    run, _, row = told["prediction_id"].rpartition("-")
    stored = own.online_runs.find(run)

    assert stored is not None
    user = stored.by_row[int(row)]
    assert (user.user, user.probability) == ("u-1", told["probability"])
    assert user.context == {"country": "DE", "name": None}
    assert dict(zip(stored.names, user.values.tolist(), strict=True)) == SPAMMER


def test_all_calls_of_a_process_form_one_run_that_is_listed_when_it_ends(own: Home) -> None:
    with serving(own) as api:
        ids = [api.post("/predict", spammer()).json["prediction_id"] for _ in range(3)]
    with serving(own) as api:
        later = api.post("/predict", spammer()).json["prediction_id"]

    listed = [(run.id, run.users) for run in own.runs.recent()]
    assert listed == [(later.rpartition("-")[0], 1), (ids[0].rpartition("-")[0], 3)]
    assert [identity.rpartition("-")[2] for identity in ids] == ["1", "2", "3"]


def test_a_run_that_a_dead_process_left_is_closed_by_the_next_one(own: Home) -> None:
    growing = online_runs.Growing(own.online_runs, make.SCHEMA.names, str(own.registry.champion()), make.policy())
    (identity,) = growing.add([_stored()], now=make.NOW)
    growing.ended(now=make.NOW, everything=True)  # as the lock of a process that was killed
    with serving(own):
        pass

    assert [run.id for run in own.runs.recent()] == [identity.rpartition("-")[0]]


def _stored() -> online_runs.Served:
    return online_runs.Served("u", np.zeros(len(make.SCHEMA.names)), {}, 0.0, 0.5, 0, "")


def test_a_batch_is_answered_in_order_with_errors_in_their_place(api: Client) -> None:
    users = [
        {"features": SPAMMER, "user_id": "a"}, 5, {"features": QUIET | {"links": "7"}}, {"features": QUIET},
        {"features": {}}, {"features": QUIET | {"odd": 1}}, {"features": QUIET, "context": {"links": "x"}},
    ]  # fmt: skip
    found = api.post("/predict/batch", {"users": users}).json["predictions"]

    assert [each["error"]["status"] if "error" in each else each["band"] for each in found] == [
        found[0]["band"], 422, 422, "allow", 422, 422, 422,
    ]  # fmt: skip
    assert found[2]["error"]["errors"][0]["pointer"] == "#/features/links"
    assert found[0]["prediction_id"].rpartition("-")[2] == "1"
    assert found[3]["prediction_id"].rpartition("-")[2] == "2"
    assert found[0]["risk_factors"]


def test_a_batch_scores_as_one_by_one(api: Client) -> None:
    users = [{"features": SPAMMER | {"links": links, "ratio": None}} for links in range(20)]
    at_once = api.post("/predict/batch", {"users": users, "reasons": "all"}).json["predictions"]
    by_themselves = [api.post("/predict", user | {"reasons": "all"}).json for user in users]

    for one, other in zip(at_once, by_themselves, strict=True):
        assert one["probability"] == other["probability"]
        assert one["risk_factors"] == other["risk_factors"]


@pytest.mark.parametrize("count", [0, 10_001])
def test_a_batch_has_its_limits(api: Client, count: int) -> None:
    answer = api.post("/predict/batch", {"users": [0] * count})

    assert (answer.status, answer.code) == (422, "not_as_described")


def test_the_same_request_with_the_same_key_is_carried_out_once(api: Client, own: Home) -> None:
    first = api.post("/predict", spammer(), idempotency_key="k-1")
    again = api.post("/predict", spammer(), idempotency_key="k-1")
    other = api.post("/predict", spammer(user_id="u-2"), idempotency_key="k-1")

    assert again.body == first.body
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status, other.code) == (422, "key_used")
    stored = own.online_runs.find(first.json["prediction_id"].rpartition("-")[0])
    assert stored is not None
    assert len(stored.by_row) == 1


def test_a_failure_is_not_kept_for_a_key(api: Client) -> None:
    refused = api.post("/predict", {"features": {}}, idempotency_key="k-1")
    scored = api.post("/predict", spammer(), idempotency_key="k-1")

    assert (refused.status, scored.status) == (422, 200)


def test_without_a_model_it_lives_but_is_not_ready(home: Home) -> None:
    schemas.save(make.SCHEMA, home.settings.schema_file)
    with serving(home) as api:
        assert api.get("/health").json == {"status": "ok"}
        assert (api.get("/ready").status, api.post("/predict", spammer()).status) == (503, 503)
        assert "train one first" in api.get("/ready").json["detail"]


def test_the_same_request_many_times_at_once_is_carried_out_once(api: Client, own: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: api.post("/predict", spammer(), idempotency_key="k-2"), range(8)))

    assert len({answer.body for answer in found}) == 1
    stored = own.online_runs.find(found[0].json["prediction_id"].rpartition("-")[0])
    assert stored is not None
    assert len(stored.by_row) == 1


def test_while_somebody_else_writes_for_long_it_says_so_and_stores_nothing(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY", 0.1)
    with serving(own) as api, contextlib.closing(sqlite3.connect(own.settings.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = api.post("/predict", spammer())
        other.execute("ROLLBACK")
        scored = api.post("/predict", spammer())

    assert (refused.status, refused.code, refused.headers["retry-after"]) == (503, "busy", "1")
    assert scored.json["prediction_id"].rpartition("-")[2] == "1"


@pytest.mark.parametrize(
    "changes",
    [{"user_id": "u\0"}, {"context": {"bio": "a\0b"}}, {"context": {"b\0": "x"}}, {"features": {"links\0": 1}}],
)
def test_a_zero_byte_is_refused_wherever_it_stands(api: Client, changes: dict[str, object]) -> None:
    answer = api.post("/predict", spammer() | changes)
    (among, sound) = api.post("/predict/batch", {"users": [spammer() | changes, spammer()]}).json["predictions"]

    assert answer.status == among["error"]["status"] == 422
    assert sound["is_spammer"]
