"""Who is let in: keys, roles, rates, and what a web page may not do behind somebody's back."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from app.api import access
from app.api.access import Access
from app.api.middleware import OPEN
from app.api.options import Options
from app.api.problem_details import Problem
from core.access import keys
from core.access.accounts import Role
from core.errors import KeyRefusedError
from core.home import Home
from tests import make
from tests.app.api.server import Client, serving, spammer

NOW = datetime.now(UTC)


def keyed(home: Home, role: Role, **options: float) -> str:
    return home.keys.create(role, role, now=NOW, **options)[1]


def test_without_any_key_this_machine_needs_none(api: Client) -> None:
    assert api.get("/").json["key_needed"] is False
    assert api.post("/predict", spammer()).status == 200


def test_with_a_key_in_the_home_a_request_without_one_is_refused(own: Home) -> None:
    text = keyed(own, "analyst")
    with serving(own) as api:
        for path in ("/model/info", "/decisions", "/jobs/x", "/nothing"):
            refused = api.get(path)
            assert (refused.status, refused.code) == (401, "key_missing")
            assert refused.headers["www-authenticate"] == "Bearer"
        assert all(api.get(path).status == 200 for path in OPEN)
        assert api.get("/").json["key_needed"] is True
        assert replace(api, key=text).post("/predict", spammer()).status == 200


@pytest.mark.parametrize("shown", ["Bearer td_00000000_" + "a" * 43, "Bearer", "Basic abc", "td_x", "Bearer \xff"])
def test_what_is_no_key_of_this_home_opens_nothing(own: Home, shown: str) -> None:
    keyed(own, "admin")
    with serving(own) as api:
        assert api.post("/predict", spammer(), authorization=shown).status == 401


def test_an_expired_and_a_revoked_key_open_nothing(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "KNOWN_FOR", 0.0)
    early = NOW - timedelta(days=2)
    _, expired = own.keys.create("expired", "admin", now=early, days=1)
    revoked = keyed(own, "admin")
    with serving(own) as api:
        assert replace(api, key=expired).get("/model/version").code == "key_refused"
        assert replace(api, key=revoked).get("/model/version").status == 200
        own.keys.revoke("admin", now=NOW)
        assert replace(api, key=revoked).get("/model/version").status == 401
        assert api.get("/model/version").status == 401  # and with the last one gone nothing is open


def test_a_home_with_accounts_needs_a_key(own: Home) -> None:
    own.accounts.create("Ada", "admin", "long enough for anybody", now=make.NOW)
    with serving(own) as api:
        assert api.post("/predict", spammer()).status == 401


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("integrator", {"predict", "feedback", "decisions"}), ("analyst", {"predict"}),
        ("reviewer", {"predict", "feedback", "case"}),
        ("data scientist", {"predict", "retrain"}), ("lead", {"predict", "feedback", "case", "decisions"}),
        ("admin", {"predict", "feedback", "case", "decisions", "retrain"}),
    ],
)  # fmt: skip
def test_a_key_may_do_what_its_role_may(own: Home, role: Role, allowed: set[str]) -> None:
    text = keyed(own, role)
    with serving(own) as server:
        api = replace(server, key=text)
        statuses = {
            "predict": api.post("/predict", spammer()).status,
            "feedback": api.post("/feedback", {"prediction_id": "r-0001-1", "is_correct": True}).status,
            "case": api.get("/cases/next").status,
            "decisions": api.get("/decisions").status,
            "retrain": api.post("/model/retrain", {"how": "odd"}).status,  # refused, but only to who may
        }

    assert {name for name, status in statuses.items() if status != 403} == allowed


def test_whoever_asks_too_often_is_told_when_to_come_again(own: Home) -> None:
    slow, fast = keyed(own, "analyst", rate=0.01), keyed(own, "reviewer", rate=0)
    with serving(own) as api:
        answers = [replace(api, key=slow).get("/model/version") for _ in range(10)]
        others = [replace(api, key=fast).get("/model/version") for _ in range(10)]

    assert [answer.status for answer in answers] == [200] + [429] * 9
    assert {answer.code for answer in answers[1:]} == {"too_often"}
    assert all(1 <= int(answer.headers["retry-after"]) <= 101 for answer in answers[1:])
    assert {answer.status for answer in others} == {200}


def test_a_key_is_not_asked_of_the_database_at_every_request(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    text, asked = keyed(own, "analyst", rate=0), []
    find = keys.Keys.find
    monkeypatch.setattr(keys.Keys, "find", lambda *args, **more: asked.append(1) or find(*args, **more))
    monkeypatch.setattr(access, "KNOWN_FOR", 60.0)
    door = Access(own, open_to_all=True, workers=1)
    for _ in range(50):
        door.let_in({"authorization": f"Bearer {text}"})
    assert len(asked) == 1
    for _ in range(3):
        with pytest.raises(KeyRefusedError):
            door.let_in({"authorization": "Bearer " + text[:-3]})


def test_workers_share_the_rate_of_a_key(own: Home) -> None:
    text = keyed(own, "analyst", rate=8)
    door = Access(own, open_to_all=True, workers=4)
    shown = {"authorization": f"Bearer {text}"}
    door.let_in(shown)
    door.let_in(shown)
    with pytest.raises(Problem) as error:
        [door.let_in(shown) for _ in range(6)]
    assert error.value.status_code == 429


class Door:
    """Who comes with a key of some rate, on a clock that goes on when a test says so."""

    def __init__(self, home: Home, monkeypatch: pytest.MonkeyPatch, rate: float) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(access, "time", SimpleNamespace(monotonic=lambda: self.now))
        self._access = Access(home, open_to_all=True, workers=1)
        self._shown = {"authorization": f"Bearer {keyed(home, 'analyst', rate=rate)}"}

    def let_in(self, asking: int = 12) -> int:
        """How many of so many requests made at once are let in."""
        return sum(self._one() for _ in range(asking))

    def _one(self) -> bool:
        try:
            self._access.let_in(self._shown)
        except Problem as problem:
            if problem.status_code != 429:
                raise
            return False
        return True


@pytest.mark.parametrize(("rate", "at_once"), [(4, 4), (2.5, 2), (0.25, 1)])
def test_a_key_that_rested_saves_up_one_second_of_its_rate_and_no_more(
    own: Home, monkeypatch: pytest.MonkeyPatch, rate: float, at_once: int
) -> None:
    door = Door(own, monkeypatch, rate)
    assert door.let_in() == at_once
    for rested in (60, 86_400):
        door.now += rested
        assert door.let_in() == at_once


def test_what_a_key_has_used_comes_back_at_its_rate(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(own, monkeypatch, 4)
    door.let_in()
    let_in = []
    for rested in (0.125, 0.125, 0.5, 0.75, 0.875):
        door.now += rested
        let_in.append(door.let_in())
    assert let_in == [0, 1, 2, 3, 3]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421), ({"host": "127.0.0.1.evil.example"}, 421), ({"host": "[::"}, 421),
        ({"host": "evil@127.0.0.1"}, 421), ({"host": "evil:secret@localhost:8000"}, 421),
        ({"origin": "https://evil.example"}, 403), ({"origin": "null"}, 403),
        ({"origin": "http://evil@127.0.0.1"}, 403), ({"origin": "file://localhost"}, 403),
        ({"host": "localhost:80", "origin": "http://localhost:8501"}, 200),
    ],
)  # fmt: skip
def test_without_keys_a_web_page_elsewhere_cannot_speak_for_who_sits_here(
    api: Client, headers: dict[str, str], status: int
) -> None:
    assert api.post("/predict", spammer(), **headers).status == status


def test_each_request_has_an_id_and_a_line_in_the_log_without_what_was_sent(
    own: Home, caplog: pytest.LogCaptureFixture
) -> None:
    text = keyed(own, "analyst")
    with caplog.at_level(logging.INFO, "trustdesk.api"), serving(own) as server:
        logging.getLogger("trustdesk.api").addHandler(caplog.handler)
        answer = replace(server, key=text).post("/predict", spammer(), x_request_id="from-outside-1")
        odd = server.get("/health", x_request_id="two words\x7f")

    assert answer.headers["x-request-id"] == "from-outside-1"
    assert odd.headers["x-request-id"] not in {"", "two words\x7f"}
    line = next(r.facts for r in caplog.records if getattr(r, "facts", {}).get("request_id") == "from-outside-1")
    assert (line["who"], line["path"], line["status"]) == ("api:analyst", "/predict", 200)
    assert line["model_version"]
    said = json.dumps([getattr(record, "facts", {}) for record in caplog.records], default=str)
    assert "ratio" not in said
    assert "u-1" not in said
    assert text not in said


def test_feature_values_are_logged_only_when_that_was_asked_for(
    own: Home, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    with serving(own, Options(log_features=True)) as api:
        logging.getLogger("trustdesk.api").addHandler(caplog.handler)
        api.post("/predict", spammer())

    assert any(getattr(record, "facts", {}).get("features", {}).get("ratio") == 1.5 for record in caplog.records)
