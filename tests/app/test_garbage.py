"""What a page has loaded is frozen once, in a server only."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from streamlit import runtime

from app import garbage


@pytest.fixture(autouse=True)
def _thawed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(garbage, "_PAGES", set())
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_the_first_drawing_of_each_page_freezes_what_is_there_and_later_ones_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "exists", lambda: True)

    early: list[object] = [[]]
    garbage.settled("train")
    late: list[object] = [[]]
    garbage.settled("train")
    assert (_frozen(early), _frozen(late)) == (True, False)

    garbage.settled("audit")
    assert _frozen(late)


def _frozen(looked_for: object) -> bool:
    """Whether the collector looks at it no more: frozen objects are among none of its generations."""
    return not any(each is looked_for for each in gc.get_objects())


def test_outside_a_server_nothing_is_frozen() -> None:
    garbage.settled("train")

    assert gc.get_freeze_count() == 0
