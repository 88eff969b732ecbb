import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.services import Shelf


def test_what_two_sessions_ask_for_at_once_is_made_once():
    shelf, made = Shelf(most=5), []

    def make() -> int:
        made.append(1)
        time.sleep(0.2)
        return 7

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: shelf.get("a", make), range(4))) == [7] * 4
    assert len(made) == 1


def test_the_values_asked_for_last_are_the_ones_kept():
    shelf, made = Shelf(most=2), []

    def get(key: str) -> str:
        return shelf.get(key, lambda: made.append(key) or key)

    for key in "abacab":
        assert get(key) == key
    # b was let go for c, then c for b; a was asked for in between each time.
    assert made == ["a", "b", "c", "b"]


def test_none_is_a_value_like_any_other():
    shelf, made = Shelf(most=2), []
    for _ in range(2):
        assert shelf.get("none", lambda: made.append(1)) is None
    assert len(made) == 1


def test_a_value_whose_making_failed_is_made_again():
    shelf = Shelf(most=2)
    with pytest.raises(ZeroDivisionError):
        shelf.get("a", lambda: 1 // 0)
    assert shelf.get("a", lambda: 3) == 3
