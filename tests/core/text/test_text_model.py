"""What is learnt of texts, and that the words of a text make up its margin."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from core.text import linear
from core.text.kernels import grams
from core.text.kernels.known import known
from core.text.linear import _weighed
from core.text.rows import TextRows
from core.text.text_model import TOGETHER, TextModel, idf
from tests.core.text.texts import SENTENCES

SPAM = ("free crypto now!!", "win cash prize, free entry", "free money win now", "claim your cash prize now")
HAM = ("see you at lunch", "are you at home now?", "the lunch was good", "i am at home, see you")
TEXTS = [*SPAM, *HAM] * 3
LABEL = np.array(([1] * len(SPAM) + [0] * len(HAM)) * 3)
anything = st.text(st.characters(exclude_categories=()), max_size=60)


@pytest.fixture(scope="module")
def model() -> TextModel:
    """With two outputs, that also knows words of all the scripts."""
    others = [text for texts in SENTENCES.values() for text in texts]
    texts = [*TEXTS, *others, *others]
    label = np.concatenate([LABEL, np.arange(2 * len(others)) % 3 == 0])
    return linear.fit(TextRows.of(texts), np.stack([label, np.arange(len(texts)) % 5 == 0], 1), None, 0)


def test_texts_like_those_learnt_from_are_told_apart(model: TextModel) -> None:
    margin = model.margins_of(["FREE cr\u200bypto, w1n c4sh now", "lunch at home?", None])[:, 0]

    assert margin[0] > 0 > margin[1]
    assert np.isnan(margin[2])


@given(anything | st.sampled_from([text for texts in SENTENCES.values() for text in texts]))
def test_words_and_bias_are_the_margin(model: TextModel, text: str) -> None:
    margin = model.margins_of([text])[0]

    for output in range(2):
        words = model.words(text, output)
        assert abs(sum(word.part for word in words) + model.bias(output) - float(margin[output])) < 1e-4
        assert all(0 <= word.start < word.end <= len(text) for word in words)
        assert all(one.end <= other.end and one.start <= other.start for one, other in itertools.pairwise(words))


def test_a_word_is_where_it_stands_in_the_text_as_sent(model: TextModel) -> None:
    text = "So: FR\u200bEE  c r y p t o, 你好!!"

    found = [(text[word.start : word.end], word.undone) for word in model.words(text)]

    assert found == [
        ("So", False), (":", False), ("FR\u200bEE", True), ("c r y p t o", True), (",", False),
        ("你", False), ("好", False), ("!!", False),
    ]  # fmt: skip


def test_the_weights_are_those_of_logistic_regression(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "STILL", 1e-5)
    rows = TextRows.of(TEXTS)
    weight = np.linspace(0.5, 2, len(TEXTS))
    model = linear.fit(rows, LABEL[:, None], weight, 1)
    slot, value, ends = _weighed(rows, known(model.buckets), idf(model.seen, model.texts))
    x = np.zeros((len(TEXTS), len(model.buckets) + 1))
    x[np.repeat(np.arange(len(TEXTS)), np.diff(ends, prepend=0)), slot] = value
    x[:, -1] = 1
    expected = LogisticRegression(C=linear.STRENGTH, fit_intercept=False, tol=1e-8, max_iter=1000)
    expected.fit(x, LABEL, sample_weight=weight)

    margins = model.margins(rows)[:, 0]

    assert np.allclose(margins, x @ expected.coef_[0], atol=0.03)
    assert np.allclose(np.linalg.norm(x[:, :-1], axis=1), np.sqrt(2))


def test_the_same_seed_gives_the_same_model_and_what_is_missing_is_not_learnt_from() -> None:
    rows = TextRows.of([*TEXTS, None])
    label = np.append(LABEL, 1)[:, None]

    one, other = (linear.fit(rows.only(chosen), label[chosen], None, 3) for chosen in (np.arange(25), np.arange(24)))

    assert np.array_equal(one.weights, other.weights)
    assert (one.biases, one.texts) == (other.biases, 24)


@pytest.mark.parametrize(("targets", "weight"), [([[0.5]], None), ([[1], [0]], None), ([1], None), ([[1]], [-1.0])])
def test_targets_and_weights_that_do_not_fit_are_refused(targets: list[object], weight: list[float] | None) -> None:
    with pytest.raises(ValueError, match=r"targets|weights"):
        linear.fit(TextRows.of(["a"]), np.array(targets), weight)


def test_rows_are_the_same_however_the_texts_come(model: TextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*TEXTS, None, "", *SENTENCES["Thai"]]
    whole = model.margins(TextRows.of(texts))
    monkeypatch.setattr("core.text.rows.CHUNK", 40)

    assert np.array_equal(model.margins(TextRows.of(texts)), whole, equal_nan=True)
    assert np.array_equal(model.margins_of(texts), whole, equal_nan=True)
    assert np.array_equal(model.margins(TextRows.of(texts).only(np.arange(5)).only([3, 1])), whole[[3, 1]])
    assert len(TextRows.of([])) == 0
    assert model.margins_of([]).shape == (0, 2)


def test_how_much_of_a_text_is_new_is_told(model: TextModel) -> None:
    unseen = model.unseen(TextRows.of(["free crypto now!!", "zygote", None, ""]))

    assert unseen[0] < 0.1
    assert unseen[1] > 0.8
    assert np.isnan(unseen[2:]).all()


def test_every_n_gram_is_counted_once_for_each_time_it_comes() -> None:
    rows = TextRows.of(["ab ab", "ab" * 1000, "a"])

    assert sorted(rows.counts[: rows.first[1]].tolist()) == [1, *[2] * 7]  # the pair; of "ab": 6 n-grams and the word
    assert rows.counts[rows.first[1] : rows.first[2]].max() == 255
    assert rows.first[3] - rows.first[2] == 4
    assert (rows.bucket < grams.BUCKETS).all()


def test_the_strength_is_the_one_that_says_most_of_other_texts() -> None:
    random = np.random.default_rng(0)
    words = [f"w{at}" for at in range(60)]
    texts = [" ".join(random.choice(words, 6)) for _ in range(400)]
    clear = np.array([["w1" in text.split() or "w2" in text.split()] for text in texts])

    assert linear.strength(TextRows.of(texts), clear) > linear.STRENGTH
    assert linear.strength(TextRows.of(texts), random.random((400, 1)) < 0.5) == min(linear.STRENGTHS)
    assert linear.strength(TextRows.of(["a", None]), np.ones((2, 1))) == linear.STRENGTH


def test_the_strongest_words_of_many_texts_are_those_of_each(model: TextModel) -> None:
    texts = [*TEXTS, *TEXTS[:20]] * 12
    assert len(texts) > TOGETHER
    for text, some, all_of_it in zip(texts, model.strongest(texts, most=2), model.words_of(texts), strict=True):
        words = model.words(text)
        assert all_of_it == words
        assert some == tuple(sorted((word for word in words if word.part > 0), key=lambda word: -word.part)[:2])
