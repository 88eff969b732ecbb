"""How often a client may try a password."""

from __future__ import annotations

import pytest

from app.web.rate_limit import ATTEMPTS, ATTEMPTS_RATE, MOST_CLIENTS, Attempts
from core.errors import TooOftenError


def test_a_client_may_try_so_often_and_then_at_the_rate_that_it_rests() -> None:
    attempts = Attempts()
    for _ in range(ATTEMPTS):
        attempts.take("a", 0.0)
    with pytest.raises(TooOftenError, match="Wait 6 s"):
        attempts.take("a", 0.0)
    attempts.take("b", 0.0)
    attempts.take("a", 1 / ATTEMPTS_RATE + 0.01)
    with pytest.raises(TooOftenError):
        attempts.take("a", 1 / ATTEMPTS_RATE + 0.01)


def test_an_attempt_that_was_right_does_not_count() -> None:
    attempts = Attempts()
    for _ in range(3 * ATTEMPTS):
        attempts.take("a", 0.0)
        attempts.give_back("a")


def test_however_many_clients_come_few_are_remembered() -> None:
    attempts = Attempts()
    for number in range(2 * MOST_CLIENTS):
        attempts.take(str(number), number * 0.1)
    assert len(attempts._left) <= MOST_CLIENTS + 1
