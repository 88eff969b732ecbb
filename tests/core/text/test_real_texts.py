"""What text models are worth on texts that people wrote, where the folder of these is beside this one."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from core.settings import ROOT
from core.text import augment, files, key, linear
from core.text.normalise import normalised
from core.text.rows import TextRows

FOLDER = ROOT.parent / "shared" / "data" / "text"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder of texts is not there")]
WORD = re.compile(r"[^\W\d_]{4,}")
LOOK = str.maketrans("aeopcxyijshkmtu", "аеорсхуіјѕһкмтυ")
LEET = str.maketrans("aeiost", "431057")


def _set(name: str, text: str, label: str) -> tuple[list[str], Any]:
    frame = pd.read_csv(FOLDER / f"{name}.csv.gz", keep_default_na=False, dtype=str)
    return frame[text].tolist(), frame[label].to_numpy()


def _folds(texts: list[str]) -> Any:
    _, which = np.unique(key.numbers(texts), return_inverse=True)
    return np.random.default_rng(0).permutation(which.max() + 1)[which] % 5


def _margins(texts: list[str], targets: Any) -> Any:
    """Out of five folds by the text as it reads."""
    fold, rows, found = _folds(texts), TextRows.of(texts), np.empty(targets.shape)
    for each in range(5):
        found[fold == each] = linear.fit(rows.only(fold != each), targets[fold != each]).margins(
            rows.only(fold == each)
        )
    return found


@pytest.mark.parametrize(
    ("name", "text", "label", "positive", "least"),
    [("sms_spam", "text", "label", "spam", 0.993), ("rscience_removed", "BODY", "REMOVED", "1", 0.785)],
)
def test_two_classes_are_told_apart(name: str, text: str, label: str, positive: str, least: float) -> None:
    texts, said = _set(name, text, label)

    assert roc_auc_score(said == positive, _margins(texts, (said == positive)[:, None])[:, 0]) >= least


@pytest.mark.parametrize(
    ("name", "text", "label", "left", "least"),
    [
        ("cyberbullying_tweets", "tweet_text", "cyberbullying_type", "", 0.84),
        ("cyberbullying_tweets", "tweet_text", "cyberbullying_type", "other_cyberbullying", 0.92),
        ("davidson_hatespeech", "tweet", "class", "", 0.69),
    ],
)
def test_several_classes_are_told_apart(name: str, text: str, label: str, left: str, least: float) -> None:
    texts, said = _set(name, text, label)
    texts, said = [each for each, of in zip(texts, said, strict=True) if of != left], said[said != left]
    classes, which = np.unique(said, return_inverse=True)
    margins = _margins(texts, np.eye(len(classes))[which])

    assert f1_score(which, margins.argmax(1), average="macro") >= least
    model = linear.fit(TextRows.of(texts), np.eye(len(classes))[which])
    assert sum(map(len, files.dumped({"body": model}).values())) <= 10_000_000


def test_bullying_that_is_hidden_is_found() -> None:
    texts, said = _set("cyberbullying_tweets", "tweet_text", "cyberbullying_type")
    texts, said = (np.array(texts, object)[said != "other_cyberbullying"], said[said != "other_cyberbullying"])
    bad, test = said != "not_cyberbullying", _folds(texts.tolist()) == 0
    plain = linear.fit(TextRows.of(texts[~test].tolist()), bad[~test][:, None])
    more = augment.augmented(texts[~test].tolist(), 1)
    rows = TextRows.of([*texts[~test], *(text for _, text in more)])
    target = np.concatenate([bad[~test], bad[~test][[at for at, _ in more]]])
    augmented = linear.fit(rows, target[:, None])
    held, harmless = np.random.default_rng(1).permutation(texts[test & bad])[:1200], texts[test & ~bad].tolist()

    def recall(model: Any, hide: Any) -> float:
        by = random.Random(3)  # noqa: S311 - nothing is kept secret by it
        threshold = np.quantile(model.margins_of(harmless)[:, 0], 0.9)
        changed = [WORD.sub(lambda word: hide(word[0]) if by.random() < 0.5 else word[0], text) for text in held]
        return float((model.margins_of(changed)[:, 0] > threshold).mean())

    clean = recall(plain, lambda word: word)
    for least, hide in (
        (0.82, lambda word: word.lower().translate(LEET)), (0.82, " ".join), (0.82, ".".join), (0.90, "\u200b".join),
        (0.90, lambda word: "".join(chr(ord(each) + 0xFEE0) if each.isascii() else each for each in word)),
        (0.73, lambda word: word.lower().translate(LOOK)), (0.73, lambda word: word[:2] + word[1] * 3 + word[2:]),
    ):  # fmt: skip
        assert recall(plain, hide) >= least
    assert recall(augmented, lambda word: word[0] + word[2] + word[1] + word[3:]) >= 0.65
    assert recall(augmented, lambda word: word) >= clean - 0.005
    assert np.mean([normalised(text).undone > 0 for text in harmless]) <= 0.05
