"""Texts with mistakes, by a seed."""

from __future__ import annotations

import random

import pytest

from core.text import augment
from core.text.normalise import normalised


def _random() -> random.Random:
    return random.Random(1)  # noqa: S311 - nothing is kept secret by it


def test_the_same_seed_makes_the_same_mistakes_and_short_words_stay() -> None:
    texts = ["they sell good things", None, "we do it", "", "nothing else matters"]

    made = augment.augmented(texts, 7, share=1)

    assert made == augment.augmented(texts, 7, share=1)
    assert made != augment.augmented(texts, 8, share=1)
    assert [at for at, _ in made] == [0, 4]
    assert augment.augmented(texts, 7, share=0) == []


@pytest.mark.parametrize("way", ["leet", "spaced", "dotted"])
def test_what_is_hidden_so_reads_as_before(way: augment.Way) -> None:
    text = "nothing else matters here"

    made = augment.changed(text, _random(), 1, [way])

    assert made != text
    read = normalised(made).text
    assert read.replace("eise", "else") == text or way == "spaced"  # 1 is an i or an l
    assert len(read.replace(" ", "")) == len(text.replace(" ", ""))


def test_a_swap_keeps_the_letters_and_the_ends() -> None:
    made = augment.changed("nothing", _random(), 1, ["swap"])

    assert sorted(made) == sorted("nothing")
    assert made != "nothing"
    assert (made[0], made[-1]) == ("n", "g")
    assert augment.changed("aaaa", _random(), 1, ["swap"]) == "aaaa"
