"""Decisions reach the webhook in order and at least once, whatever it answers."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from core.access.endpoints import Receiver
from core.delivery.sender import CONSUMER, MOST, TRIES, TRIES_ALONE, Round
from core.delivery.webhook import Webhook
from core.errors import BadOptionError, RefusedError
from core.home import Home
from core.settings import RECEIVER_VARIABLES
from core.store import tables
from tests.core.delivery.receiver import SECRET, Platform, listening
from tests.make import NOW


def decided(home: Home, n: int, users: int = 7) -> None:
    """Decisions about a few users, now removed and now kept."""
    row = {"time": NOW, "case": "c-000001", "verdict": "v", "who": "Ada", "why": "ring", "reversal_of": None}
    rows = [row | {"user": f"u{at % users}", "decision": ("remove", "keep")[at // users % 2]} for at in range(n)]
    with home.database.writing() as connection:
        connection.execute(insert(tables.decisions), rows)


@pytest.fixture
def to(monkeypatch: pytest.MonkeyPatch, home: Home) -> Any:
    def of(platform: Platform) -> Webhook:
        for name, value in zip(RECEIVER_VARIABLES, (platform.url, SECRET), strict=True):
            monkeypatch.setenv(name, value)
        return Webhook(home.receiver())

    return of


def now() -> Any:
    return NOW


def cursor(home: Home) -> int:
    return home.outbox.take(CONSUMER, 1).after


def test_all_arrive_signed_in_order_and_once(home: Home, to: Any) -> None:
    decided(home, 2 * MOST + 3)
    with listening(Platform()) as platform:
        first, second = (home.sender.round(to(platform), now=now) for _ in range(2))
    assert (first, second) == (Round(2 * MOST + 3), Round())
    assert platform.numbers() == list(range(1, 2 * MOST + 4))
    assert platform.asked == 3
    assert platform.taken[0] == {
        "number": 1, "time": NOW.isoformat(), "user": "u0", "case": "c-000001", "verdict": "v", "decision": "remove",
        "who": "Ada", "why": "ring", "reversal_of": None, "statement": "", "evidence": "",
    }  # fmt: skip
    assert cursor(home) == 2 * MOST + 3
    # What was given stands in the audit log, above which numbers go on where the database is lost.
    noted = home.audit.read()
    assert noted["what"].tolist() == ["export decisions"] * 3
    assert json.loads(noted["details"].iloc[0]) == {"decisions": 3, "last": 2 * MOST + 3}


def test_what_another_has_signed_is_not_taken(home: Home, to: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    decided(home, 1)
    with listening(Platform()) as platform:
        to(platform)
        monkeypatch.setenv(RECEIVER_VARIABLES[1], "whsec_" + "A" * 44)
        done = home.sender.round(Webhook(home.receiver()), now=now)
    assert (done.taken, done.failure, cursor(home)) == (0, "The webhook answered 401.", 0)
    assert home.dead_letters.listed() == ()  # a wrong secret is no fault of the decision


def test_two_secrets_sign_twice_so_that_one_can_be_replaced(home: Home, to: Any, monkeypatch: Any) -> None:
    decided(home, 1)
    with listening(Platform()) as platform:
        to(platform)
        monkeypatch.setenv(RECEIVER_VARIABLES[1], f"whsec_{'A' * 44} {SECRET}")
        assert home.sender.round(Webhook(home.receiver()), now=now).taken == 1


def test_a_receiver_that_fails_at_random_gets_all_in_order(home: Home, to: Any) -> None:
    decided(home, 1_000)
    chance = random.Random(4)  # noqa: S311 - no secret
    waits: list[float] = []

    class Done(Exception):  # noqa: N818 - no error
        pass

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if cursor(home) == 1_000:
            raise Done

    with listening(Platform(lambda _: 500 if chance.random() < 0.4 else 200)) as platform, pytest.raises(Done):
        home.sender.run(to(platform), every=9, now=now, told=lambda _: None, wait=wait)
    assert sorted(set(platform.numbers())) == list(range(1, 1_001))
    assert platform.acted() == {f"u{user}": [("remove", "keep")[at // 7 % 2] for at in range(user, 1_000, 7)]
                                for user in range(7)}  # fmt: skip
    assert home.dead_letters.listed() == ()
    assert waits[-1] == 9
    assert set(waits) >= {0.5, 1.0}


def test_a_decision_that_is_refused_is_a_dead_letter_and_the_others_arrive(home: Home, to: Any) -> None:
    decided(home, 30)
    bad = {3, 21}
    with listening(Platform(lambda rows: 422 if bad & {row["number"] for row in rows} else 200)) as platform:
        done = home.sender.round(to(platform), now=now)
        assert (done.taken, done.dead, cursor(home)) == (28, (3, 21), 30)
        assert platform.numbers() == [number for number in range(1, 31) if number not in bad]
        assert [(each.number, each.failure) for each in home.dead_letters.listed()] == [
            (number, "The webhook answered 422.") for number in (3, 21)
        ]
        bad.remove(21)
        assert home.sender.again(to(platform), now=now) == Round(1, (3,))
    assert platform.numbers()[-1] == 21
    assert [each.number for each in home.dead_letters.listed()] == [3]


def test_one_that_a_receiver_always_fails_over_stops_nobody_else_for_ever(home: Home, to: Any) -> None:
    decided(home, 12)
    with listening(Platform(lambda rows: 500 if 2 in {row["number"] for row in rows} else 200)) as platform:
        channel = to(platform)
        rounds = [home.sender.round(channel, now=now) for _ in range(TRIES + 1)]
        assert [each.taken for each in rounds] == [*[0] * TRIES, 1]
        assert cursor(home) == 1
        more = [home.sender.round(channel, now=now) for _ in range(TRIES - 1 + TRIES_ALONE)]
    assert (more[-2].failure, more[-1].dead) == ("The webhook answered 500.", (2,))
    assert home.sender.backlog().waiting == 0
    acted = platform.acted()
    assert acted["u1"] == ["keep"]  # the second decision about the user of number 2
    assert {user: len(told) for user, told in acted.items() if user != "u1"} == {
        "u0": 2, "u2": 2, "u3": 2, "u4": 2, "u5": 1, "u6": 1,
    }  # fmt: skip


@pytest.mark.parametrize("status", [500, 401, 404, 410, 429, 302])
def test_a_receiver_that_takes_nothing_leaves_all_where_it_is(status: int, home: Home, to: Any) -> None:
    decided(home, 12)
    with listening(Platform(lambda _: status)) as platform:
        channel = to(platform)
        rounds = [home.sender.round(channel, now=now) for _ in range(2 * TRIES_ALONE)]
    assert {each.failure for each in rounds} == {f"The webhook answered {status}."}
    assert {each.wait for each in rounds} == {7.0 if status == 429 else 0.0}
    assert (cursor(home), home.dead_letters.listed()) == (0, ())


def test_a_receiver_that_is_away_is_an_incident_until_it_is_back(home: Home, to: Any) -> None:
    decided(home, 2)
    with listening(Platform()) as platform:
        port = platform.port
    done = home.sender.round(to(platform), now=now)
    assert done.failure == "The webhook could not be reached (ConnectionRefusedError)."
    backlog = home.sender.backlog()
    assert backlog.sentence(NOW) == ""
    later = NOW + timedelta(minutes=40)
    assert backlog.sentence(later) == (
        "2 decisions wait for the webhook, the first for 40 min. "
        "The webhook could not be reached (ConnectionRefusedError)."
    )
    assert [each.kind for each in home.inspection.look(now=later).found if each.kind == "delivery"] == ["delivery"]
    with listening(Platform(port=port)) as platform:
        assert home.sender.round(to(platform), now=now).taken == 2
    home.inspection.look(now=later)
    assert [each.open for each in home.incidents.recent() if each.finding.kind == "delivery"] == [False]


def test_decisions_are_sent_again_from_a_number_on_and_none_is_skipped(home: Home, to: Any) -> None:
    decided(home, 10)
    with listening(Platform()) as platform:
        home.sender.round(to(platform), now=now)
        assert home.sender.replay(8, now=NOW) == 3
        home.sender.round(to(platform), now=now)
    assert platform.numbers() == [*range(1, 11), 8, 9, 10]
    for number in (0, 11):
        with pytest.raises(BadOptionError, match="1 to 10"):
            home.sender.replay(number, now=NOW)


def test_one_sender_at_a_time(home: Home) -> None:
    with home.sender.alone(), pytest.raises(RefusedError, match="already"), home.sender.alone():
        pass


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("", SECRET, r"name url and secret in \[decisions\]"),
        ("ftp://x", SECRET, "must begin with https"),
        ("https://x", "", r"name url and secret in \[decisions\]"),
        ("https://x", "hunter2", "24 to 64 bytes in base64"),
    ],
    ids=["no address", "another scheme", "no secret", "no base64"],
)
def test_an_address_or_a_secret_that_is_none_is_refused_and_not_repeated(
    url: str, secret: str, said: str, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip(RECEIVER_VARIABLES, (url, secret), strict=True):
        monkeypatch.setenv(name, value)
    with pytest.raises(BadOptionError, match=said) as raised:
        Receiver.of(home.settings.secrets_file)
    assert "hunter2" not in str(raised.value)
    assert "ftp" not in str(raised.value)


def test_the_file_of_secrets_is_read_where_the_environment_says_nothing(home: Home) -> None:
    home.settings.data.mkdir(parents=True)
    home.settings.secrets_file.write_text(f'[decisions]\nurl = "https://platform.example/d"\nsecret = "{SECRET}"\n')
    found = home.receiver()
    assert found.url == "https://platform.example/d"
    assert SECRET not in repr(found)
    assert "platform" not in repr(found)
