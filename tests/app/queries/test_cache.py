import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from app.queries.cache import SizedCache, size

ROOM = 1_000_000


def test_what_two_sessions_ask_for_at_once_is_made_once():
    cache, made = SizedCache(most=ROOM), []

    def make() -> int:
        made.append(1)
        time.sleep(0.2)
        return 7

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: cache.get("a", make), range(4))) == [7] * 4
    assert len(made) == 1


def test_the_values_asked_for_last_are_the_ones_kept():
    cache, made = SizedCache(most=2_000), []

    def make(key: str) -> np.ndarray:
        made.append(key)
        return np.zeros(900, np.uint8)

    for key in "abacab":
        cache.get(key, lambda key=key: make(key))
    # There is room for two: b was let go for c, then c for b; a was asked for in between each time.
    assert made == ["a", "b", "c", "b"]


def test_a_value_larger_than_the_cache_is_given_but_not_kept():
    cache, made = SizedCache(most=100), []
    assert cache.get("small", lambda: 3) == 3
    for _ in range(2):
        assert len(cache.get("big", lambda: made.append(1) or np.zeros(200))) == 200
    assert len(made) == 2
    assert cache.get("small", lambda: 4) == 3


def test_none_is_a_value_like_any_other():
    cache, made = SizedCache(most=ROOM), []
    for _ in range(2):
        assert cache.get("none", lambda: made.append(1)) is None
    assert len(made) == 1


def test_a_value_whose_making_failed_is_made_again():
    cache = SizedCache(most=ROOM)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 // 0)
    assert cache.get("a", lambda: 3) == 3


@dataclass(frozen=True, slots=True)
class Holder:
    values: np.ndarray
    more: tuple[pd.DataFrame, ...]


def test_the_size_of_a_value_counts_the_arrays_within_it():
    frame = pd.DataFrame({"a": np.zeros(1_000)})
    held = size(Holder(np.zeros(500), (frame, frame)))
    assert held >= 500 * 8 + 2 * 1_000 * 8
    assert held < 30_000
    assert size({"a": np.zeros(500)}) >= 4_000
