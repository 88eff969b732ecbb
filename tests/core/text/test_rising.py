"""Words that rise are named from the new texts, and only where chance does not explain it."""

from __future__ import annotations

import numpy as np
import pytest

from core.text import linear, rising
from core.text.rows import TextRows
from core.text.text_model import TextModel

WORDS = ("coffee", "garden", "winter", "music", "paper", "river", "stone", "cloud", "bread", "light")


def _texts(n: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, 4)) for _ in range(n)]


@pytest.fixture(scope="module")
def model() -> TextModel:
    return linear.fit(TextRows.of(_texts(2000, 0)), np.arange(2000)[:, None] % 2)


def test_a_word_that_came_up_is_named_with_its_shares(model: TextModel) -> None:
    texts = [*_texts(280, 1), *["Z0oms and coffee"] * 20, None]

    found = rising.rising(model, texts)

    assert [(each.word, each.texts, each.before) for each in found] == [("and", 20, 0.0), ("zooms", 20, 0.0)]
    assert found[0].share == pytest.approx(20 / 300)


def test_no_word_is_named_where_none_has_risen(model: TextModel) -> None:
    assert all(rising.rising(model, _texts(300, seed)) == () for seed in range(2, 12))
    assert rising.rising(model, ["rare word"] * 4) == ()
    assert rising.rising(model, []) == ()


def test_the_bucket_of_a_word_is_that_of_its_texts(model: TextModel) -> None:
    assert rising.words("ab, 你好!!") == {"ab", ",", "你", "好", "!!"}
    assert {rising.word_bucket("coffee"), rising.word_bucket("你")} <= set(TextRows.of(["Coffee 你"]).bucket.tolist())
