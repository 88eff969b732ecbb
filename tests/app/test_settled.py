"""What a page has loaded is frozen once, in a server only."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from streamlit import runtime

from app import settled


@pytest.fixture(autouse=True)
def _thawed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settled, "_PAGES", set())
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_the_first_drawing_of_each_page_freezes_what_is_there_and_later_ones_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "exists", lambda: True)

    settled.settled("train")
    first = gc.get_freeze_count()
    late = [[] for _ in range(50_000)]
    settled.settled("train")
    assert 0 < gc.get_freeze_count() <= first

    settled.settled("audit")
    assert gc.get_freeze_count() >= first + len(late)


def test_outside_a_server_nothing_is_frozen() -> None:
    settled.settled("train")

    assert gc.get_freeze_count() == 0
