"""Jobs over the API: a file to score, a retraining, and how far either is."""

from __future__ import annotations

import csv
import gzip
import io
import socket
import time
from typing import Any

import pytest

from app.api.options import LOCAL
from core.home import Home
from tests import make
from tests.app.api.server import Answer, Client, spammer


def ended(api: Client, job: str) -> dict[str, Any]:
    """The job once it is over; a job takes seconds, and the test as long as pytest allows."""
    while True:
        told: dict[str, Any] = api.get(f"/jobs/{job}").json
        if told["status"] in {"done", "failed", "cancelled"}:
            return told
        time.sleep(0.05)


def test_a_file_is_scored_behind_whoever_asked(api: Client, own: Home) -> None:
    users = make.users(50, seed=2)
    body = gzip.compress(make.csv(users) + b"u0-0,0,x,0,1,1,3,n,DE\n")
    answer = _sent(api, body, "name=signups.csv.gz")
    assert _sent(api, body, "name=signups.csv.gz").json["id"] == answer.json["id"]
    told = ended(api, answer.json["id"])

    assert answer.status == 202
    assert (told["status"], told["message"]) == ("done", "")
    assert (told["result"]["users"], told["result"]["rejected"]) == (50, 1)
    run = own.runs.find(told["result"]["run"])
    assert run.name == "signups.csv.gz"
    assert own.datasets.find(run.dataset).by == "api"
    assert told["result"]["bands"] == dict(run.counts)
    rows = list(csv.DictReader(io.StringIO(api.get(f"/jobs/{told['id']}/result").body.decode())))
    assert [row["user"] for row in rows] == users["user"].tolist()
    assert [row["score"] for row in rows] == [str(p) for p in own.runs.scores(run.id)["probability"]]
    assert all(row["reason_1"] for row in rows if row["band"] in {"human_review", "auto_remove"})
    _check_the_key_is_good_for_this_alone(api, own, body, told)


def _check_the_key_is_good_for_this_alone(api: Client, own: Home, body: bytes, told: dict[str, Any]) -> None:
    refused = [
        _sent(api, other, query)
        for query, other in (("name=signups.csv.gz", body + b"x"), ("name=signups.csv.gz&reasons=none", body),
                             ("name=other.csv", body))
    ]  # fmt: skip

    assert _sent(api, body, "name=signups.csv.gz").json == told
    assert {(answer.status, answer.code) for answer in refused} == {(422, "key_used")}
    assert len(own.runs.recent()) == 1
    assert not list(own.settings.jobs.glob("*/upload-*"))


def _sent(api: Client, body: bytes, query: str) -> Answer:
    return api.post(f"/jobs/score?{query}", body=body, content_type="application/gzip", idempotency_key="f-1")


def test_a_file_that_cannot_be_used_ends_in_a_sentence(api: Client) -> None:
    answer = api.post("/jobs/score", body=b"what,is\nthis,file\n", content_type="text/csv")
    told = ended(api, answer.json["id"])

    assert told["status"] == "failed"
    assert "not one known column" in told["message"]
    assert told["result"] is None
    assert api.get(f"/jobs/{told['id']}/result").status == 404


def test_a_file_without_a_row_that_can_be_used_makes_no_run(api: Client, own: Home) -> None:
    body = b"user,links,verified,tier,ratio,constant\nu1,x,0,1,0,3\n"
    told = ended(api, api.post("/jobs/score", body=body, content_type="text/csv").json["id"])

    assert (told["status"], told["result"]) == ("failed", None)
    assert "not one of its 1 row can be used, so that no run was made" in told["message"]
    assert own.runs.recent() == ()


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/json"])
def test_what_is_no_file_is_refused(api: Client, own: Home, kind: str) -> None:
    answer = api.post("/jobs/score", body=b"user\n1\n", content_type=kind)

    assert (answer.status, answer.code) == (415, "no_file")
    assert not own.jobs.listed()


def test_a_retraining_that_has_nothing_to_learn_says_so(api: Client) -> None:
    asked = [api.post("/model/retrain", {"how": "full"}, idempotency_key="r-1") for _ in range(2)]
    told = ended(api, asked[0].json["id"])

    assert [answer.status for answer in asked] == [202, 202]
    assert asked[0].body == asked[1].body
    assert told["status"] == "failed"
    assert "nothing new" in told["message"]


@pytest.mark.slow
def test_a_retraining_is_started_and_told_like_any_job(api: Client) -> None:
    told = api.post("/predict", spammer()).json
    api.post("/feedback", {"prediction_id": told["prediction_id"], "is_correct": False})
    done = ended(api, api.post("/model/retrain").json["id"])

    assert done["status"] == "done", done["message"]
    assert done["result"]["version"] == "v0002"
    assert done["result"]["verdict"] in {"promote", "hold", "reject"}
    assert api.get("/model/feedback/stats").json["last_retrain_version"] == "v0002"
    assert api.get("/model/version").json["version"] == "v0001"


def test_a_file_that_is_cut_off_leaves_nothing(api: Client, own: Home) -> None:
    head = "POST /jobs/score HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: text/csv\r\ncontent-length: 1000\r\n\r\n"
    with socket.create_connection((LOCAL, api.port)) as connection:
        connection.sendall(head.encode() + b"user,links\n")
        while not list(own.settings.jobs.glob("score-*/upload-*")):
            time.sleep(0.01)
    while list(own.settings.jobs.glob("score-*")):
        time.sleep(0.01)
    assert api.get("/health").status == 200
