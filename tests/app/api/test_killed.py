"""Workers that are killed at any moment: whoever asks again is answered, and nothing is done twice."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.home import Home
from tests.app.api.process import started, workers
from tests.app.api.server import SPAMMER, Answer, Client, spammer

ROUNDS = 6
#: Clients at once in each round; each asks for one user or a batch, then says whether a prediction was right.
CLIENTS = 8
#: Users of a batch.
USERS = 400

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the workers are read off /proc")


@pytest.mark.slow
def test_all_is_stored_once_and_answered_alike_however_often_workers_are_killed(own: Home) -> None:
    chance, answers, killed = random.Random(), list[Answer](), 0  # noqa: S311 - no secret
    with started(own, "--workers", "2") as running, ThreadPoolExecutor(CLIENTS) as pool:
        for turn in range(ROUNDS):
            # One that is killed before it has begun is missed by its supervisor for a minute.
            while running.said().count('"taken up"') < 2 + killed:
                time.sleep(0.05)
            clients = [pool.submit(_one, running.api, f"{turn}-{number}") for number in range(CLIENTS)]
            for pid in chance.sample(workers(running), 1 + turn % 2):
                time.sleep(chance.uniform(0, 0.5))
                os.kill(pid, signal.SIGKILL)
                killed += 1
            answers += [client.result() for client in clients]
    with started(own):  # whoever begins next closes the runs of those that were killed last
        pass

    said = own.feedback.read()["prediction"].tolist()
    assert sorted(said) == sorted(answer.json["prediction_id"] for answer in answers)
    assert all(answer.json["new"] for answer in answers)
    assert own.feedback.verify().whole
    _check_users(own, [f"{turn}-{number}" for turn in range(ROUNDS) for number in range(CLIENTS)])


def _one(api: Client, name: str) -> Answer:
    """What a client is answered to its feedback in the end."""
    batch = {"users": [{"features": SPAMMER, "user_id": f"{name}.{at}"} for at in range(USERS)]}
    path, sent = ("/predict/batch", batch) if name.endswith("0") else ("/predict", spammer(user_id=f"{name}.0"))
    scored = _answered(api, path, sent, f"p-{name}")
    first = scored.json["predictions"][0] if "predictions" in scored.json else scored.json
    said = {"prediction_id": first["prediction_id"], "is_correct": True}
    told = _answered(api, "/feedback", said, f"f-{name}")
    for one, *request in ((scored, path, sent, f"p-{name}"), (told, "/feedback", said, f"f-{name}")):
        again = _answered(api, *request)
        assert (again.body, again.headers["idempotent-replayed"]) == (one.body, "true")
    return told


def _answered(api: Client, path: Any, sent: Any, key: Any) -> Answer:
    """Asked as often as it takes."""
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):  # the worker died over it
            answer = api.post(path, sent, idempotency_key=key)
            assert answer.status in {200, 503}, answer.body  # 503: a worker begins
            if answer.status == 200:
                return answer
        time.sleep(0.05)


def _check_users(home: Home, names: list[str]) -> None:
    assert home.online_runs.growing() == ()
    frames = [home.datasets.frame(run.dataset, ["user"]) for run in home.runs.recent(1_000)]
    expected = (f"{name}.{at}" for name in names for at in range(USERS if name.endswith("0") else 1))
    assert Counter(user for frame in frames for user in frame["user"]) == Counter(expected)
