"""A request that may come again, sent to two processes at once: carried out once, and answered alike each time."""

from __future__ import annotations

import shutil
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from app.api import access
from app.api import idempotency as once
from app.api.models.feedback import FeedbackRequest
from app.api.options import LOCAL
from app.api.routes.feedback import CONFLICT, recorded
from core.access.idempotency import Asking, Claim, Claims, Reply
from core.home import Home
from core.schema import schema as schemas
from tests import make
from tests.app.api.process import started
from tests.app.api.server import SPAMMER, Answer, Client, dumped, serving, spammer

#: How often each request is sent at once.
TIMES = 4
_NAMES = count()


@pytest.fixture(scope="module")
def team(trained: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Client]]:
    """A home and a server of it with two processes; each test takes users and keys of its own."""
    home = Home.open(tmp_path_factory.mktemp("team"))
    shutil.copytree(trained.settings.home, home.settings.home, dirs_exist_ok=True)
    with started(home, "--workers", "2") as running:
        yield home, running.api
    assert not list(home.settings.claims.glob("*.lock"))


def name() -> str:
    """A user or key that no other test has."""
    return f"n-{next(_NAMES)}"


def at_once(asks: Sequence[Callable[[], Answer]]) -> list[list[Answer]]:
    """The answers to each, sent TIMES times, all at the same moment."""
    gate = threading.Barrier(TIMES * len(asks))

    def one(ask: Callable[[], Answer]) -> Answer:
        gate.wait(timeout=200)
        return ask()

    with ThreadPoolExecutor(TIMES * len(asks)) as pool:
        found = [[pool.submit(one, ask) for _ in range(TIMES)] for ask in asks]
        return [[each.result() for each in same] for same in found]


def alike(answers: Sequence[Answer], status: int = 200) -> Any:
    """What all of them say; one of them was the first."""
    assert {answer.status for answer in answers} == {status}, answers
    assert len({answer.body for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    return answers[0].json


def stored(home: Home) -> Counter[str]:
    """How often each user is stored in runs that grow."""
    found = (home.online_runs.find(run) for run in home.online_runs.growing())
    return Counter(user.user for users in found if users for user in users.by_row.values())


def test_each_of_20_requests_sent_four_times_at_once_is_stored_once(team: tuple[Home, Client]) -> None:
    home, api = team
    users = [name() for _ in range(20)]
    found = at_once([lambda user=user: api.post("/predict", spammer(user_id=user), idempotency_key=user)
                     for user in users])  # type: ignore[misc]  # fmt: skip

    for user, answers in zip(users, found, strict=True):
        told = alike(answers)
        run, _, row = told["prediction_id"].rpartition("-")
        assert [*home.online_runs.of_user(user, most=9)[run]] == [int(row)]
    assert {stored(home)[user] for user in users} == {1}


def test_a_batch_sent_four_times_at_once_is_stored_once(team: tuple[Home, Client]) -> None:
    home, api = team
    user, key = name(), name()
    sent = {"users": [{"features": SPAMMER, "user_id": f"{user}-{at}"} for at in range(3_000)]}
    (answers,) = at_once([lambda: api.post("/predict/batch", sent, idempotency_key=key)])

    assert len(alike(answers)["predictions"]) == 3_000
    assert {times for each, times in stored(home).items() if each.startswith(f"{user}-")} == {1}


def test_a_batch_in_which_nobody_can_be_scored_is_answered_alike(team: tuple[Home, Client]) -> None:
    _, api = team
    key = name()
    (answers,) = at_once([lambda: api.post("/predict/batch", {"users": [5, {}]}, idempotency_key=key)])

    assert [each["error"]["status"] for each in alike(answers)["predictions"]] == [422, 422]


def test_of_two_requests_under_one_key_one_is_carried_out_and_the_other_refused(
    team: tuple[Home, Client]
) -> None:  # fmt: skip
    home, api = team
    key, users = name(), (name(), name())
    found = at_once([lambda user=user: api.post("/predict", spammer(user_id=user), idempotency_key=key)
                     for user in users])  # type: ignore[misc]  # fmt: skip

    first, other = sorted(found, key=lambda answers: answers[0].status)
    alike(first)
    assert {(answer.status, answer.code) for answer in other} == {(422, "key_used")}
    assert sorted(stored(home)[user] for user in users) == [0, 1]


def test_feedback_sent_four_times_at_once_is_answered_alike(team: tuple[Home, Client]) -> None:
    home, api = team
    ids = [api.post("/predict", spammer(user_id=name())).json["prediction_id"] for _ in range(10)]
    found = at_once([lambda of=of: api.post("/feedback", {"prediction_id": of, "is_correct": True}, idempotency_key=of)
                     for of in ids])  # type: ignore[misc]  # fmt: skip

    told = [alike(answers) for answers in found]
    assert all(each["new"] for each in told)
    known = home.ledger
    known.refresh()
    stored = known.frame()["prediction"].tolist()
    assert [stored.count(of) for of in ids] == [1] * 10
    assert home.feedback.verify().whole


def test_a_verdict_sent_four_times_at_once_is_answered_alike(team: tuple[Home, Client]) -> None:
    home, api = team
    columns = schemas.load(home.settings.schema_file)
    done = home.file_scoring.score_file(
        "users.csv", make.csv(make.users(120, seed=8)), columns, home.registry.load(), make.policy(), now=make.NOW
    )  # fmt: skip
    home.plans.queue_run(done.run.id, by="Ada", now=make.NOW)
    for _ in range(5):
        case, key = api.get("/cases/next").json["id"], name()
        sent = {"judgement": "spammer", "reason": "content_seen"}
        (answers,) = at_once([lambda: api.post(f"/cases/{case}/verdict", sent, idempotency_key=key)])  # noqa: B023
        assert alike(answers)["case"] == case
        known = home.ledger
        known.refresh()
        assert len(known.of_case(case)) == 1
        (later,) = at_once([lambda: api.post(f"/cases/{case}/verdict", sent)])  # noqa: B023
        assert {answer.status for answer in later} == {409}


def test_a_file_sent_four_times_at_once_is_one_job(team: tuple[Home, Client]) -> None:
    home, api = team
    key, body, before = name(), make.csv(make.users(20, seed=5)), home.runs.recent()
    (answers,) = at_once([lambda: api.post("/jobs/score", body=body, content_type="text/csv", idempotency_key=key)])

    assert {answer.status for answer in answers} == {202}
    (job,) = {answer.json["id"] for answer in answers}
    assert len(home.jobs.listed("score-")) == 1
    while not api.get(f"/jobs/{job}").json["result"]:
        assert api.get(f"/jobs/{job}").json["status"] != "failed"
    assert [run.name for run in home.runs.recent()[: -len(before) or None]] == ["users.csv"]
    assert not list((home.settings.jobs / job).glob("upload-*"))


def test_a_retraining_sent_four_times_at_once_is_one_job(team: tuple[Home, Client]) -> None:
    home, api = team
    key = name()
    (answers,) = at_once([lambda: api.post("/model/retrain", {"how": "full"}, idempotency_key=key)])

    assert alike(answers, 202)["id"] == "retrain-0001"
    assert len(home.jobs.listed("retrain-")) == 1


@pytest.fixture
def elsewhere(own: Home) -> Iterator[Claims]:
    """Another process of the server."""
    claims = Claims(own.replies)
    yield claims
    claims.close()


def claimed(claims: Claims, body: object, *, key: str = "k", path: str = "/predict") -> Claim:
    found = claims.find([Asking("api", key, f"POST {path}\n".encode() + dumped(body))], now=datetime.now(UTC))[0]
    assert isinstance(found, Claim)
    return found


def test_whoever_waits_too_long_is_told_to_come_again(
    api: Client, own: Home, elsewhere: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "WAITS", 0.1)
    claim = claimed(elsewhere, spammer())
    waited = api.post("/predict", spammer(), idempotency_key="k")
    other = api.post("/predict", spammer(user_id="u-2"), idempotency_key="k")
    elsewhere.release(claim)
    now = api.post("/predict", spammer(), idempotency_key="k")

    assert (waited.status, waited.code, waited.headers["retry-after"]) == (409, "under_way", "5")
    assert (other.status, other.code) == (422, "key_used")
    assert now.status == 200
    assert stored(own) == {"u-1": 1}


def test_whoever_waits_gets_the_answer_once_there_is_one(api: Client, own: Home, elsewhere: Claims) -> None:
    claim = claimed(elsewhere, spammer())
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.post, "/predict", spammer(), idempotency_key="k")
        assert api.get("/health").status == 200
        own.replies.keep([(claim, Reply(200, b'{"told": 1}'))], now=datetime.now(UTC))
        answer = waiting.result()

    assert (answer.body, answer.headers["idempotent-replayed"]) == (b'{"told": 1}', "true")
    assert not stored(own)


def test_what_a_process_that_died_had_claimed_is_carried_out_by_the_next_one(api: Client, own: Home) -> None:
    dead = Claims(own.replies)
    claimed(dead, spammer())
    dead.close()
    first, again = (api.post("/predict", spammer(), idempotency_key="k") for _ in range(2))

    assert first.status == 200
    assert again.body == first.body
    assert stored(own) == {"u-1": 1}


@pytest.mark.parametrize("within", [True, False])
def test_feedback_that_a_process_stored_before_it_died_is_new_when_it_is_answered(
    api: Client, own: Home, *, within: bool
) -> None:
    """Unless it was there before, as when the key is older than answers are kept."""
    prediction = api.post("/predict", spammer()).json["prediction_id"]
    sent, dead = {"prediction_id": prediction, "is_correct": True}, Claims(own.replies)
    cells = FeedbackRequest.model_validate(sent).model_dump() | {CONFLICT: f"api-{once.identity(access.LOCAL, 'k')}"}
    steps: list[Callable[[], object]] = [
        lambda: claimed(dead, sent, path="/feedback"), lambda: recorded(own, [("api", cells)])
    ]  # fmt: skip
    for step in steps if within else reversed(steps):
        step()
    dead.close()
    answers = [api.post("/feedback", sent, idempotency_key="k") for _ in range(2)]

    assert answers[0].json["feedback_id"] == cells[CONFLICT]
    assert answers[0].json["new"] is within
    assert answers[1].body == answers[0].body


def test_a_client_that_goes_away_does_not_take_its_key_along(api: Client, own: Home) -> None:
    body = dumped(spammer())
    head = (
        "POST /predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"idempotency-key: k\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    for _ in range(20):
        with socket.create_connection((LOCAL, api.port)) as connection:
            connection.sendall(head.encode() + body)
    answers = [api.post("/predict", spammer(), idempotency_key="k") for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].body == answers[1].body
    assert stored(own) == {"u-1": 1}


def test_what_was_answered_is_answered_alike_when_it_could_not_be_carried_out_any_more(own: Home) -> None:
    with serving(own) as api:
        first = api.post("/predict", spammer(), idempotency_key="k")
    shutil.rmtree(own.settings.models)
    with serving(own) as api:
        again, other = (api.post("/predict", spammer(), idempotency_key=key) for key in ("k", "k-2"))

    assert again.body == first.body
    assert other.status == 503
