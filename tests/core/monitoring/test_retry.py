"""Trying again: how often, after which pauses, and what is let through."""

from __future__ import annotations

import time

import pytest

from core.monitoring import retry
from core.monitoring.retry import NotNowError


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


def test_the_pause_doubles_or_is_the_longer_one_that_is_asked_for(waits: list[float]) -> None:
    asked = iter([0.0, 1.5, 9.0])

    def work() -> str:
        for wait in asked:
            raise NotNowError("Not yet.", wait)
        return "done"

    assert retry.tried(work) == "done"
    assert waits == [1, 2, 9]


def test_the_last_failure_is_raised_and_no_try_is_written_anywhere(
    waits: list[float], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise NotNowError(f"Try {len(tries)}.", 10**9)

    with pytest.raises(NotNowError, match=r"^Try 4\.$"):
        retry.tried(work)
    assert waits == [retry.LONGEST_WAIT] * 3
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")


def test_another_error_is_not_tried_again(waits: list[float]) -> None:
    with pytest.raises(ZeroDivisionError):
        retry.tried(lambda: 1 // 0)
    assert waits == []
