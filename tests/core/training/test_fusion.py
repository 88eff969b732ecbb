"""Texts beside numbers: better than either alone, and nothing where there is nothing to learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.evaluation.paired import delong
from core.training import crossfit, train
from core.training.crossfit import Crossed
from core.training.stacking import NO_TEXTS, Texts
from core.training.train import Candidate

THRESHOLDS = {"human_review": 0.5}
NAMES = ("body", "age", "links", "sent")


def _users(n: int, seed: int) -> tuple[list[str | None], Any, Any, Any]:
    """Texts of eight words, numbers (n, 4) whose first stands for the text, labels (n,) and keys (n,): words and
    numbers each say something of the label, and of each other nothing more.
    """
    random = np.random.default_rng(seed)
    label = (random.random(n) < 0.3).astype(np.float64)
    tilt = np.where(np.arange(3_000) % 10 == 0, 5.0, 1.0)
    words = [f"word{at}x" for at in range(3_000)]
    share = tilt / tilt.sum()
    picks = np.where(
        label[:, None] == 1, random.choice(3_000, (n, 8), p=share), random.choice(3_000, (n, 8))
    )  # fmt: skip
    texts: list[str | None] = [" ".join(words[at] for at in row) for row in picks]
    numbers = random.normal(size=(n, 4)) + 0.6 * label[:, None]
    return texts, numbers.astype(np.float32), label, random.integers(0, 2**63, n).astype(np.uint64)


def _fitted(texts: list[str | None], numbers: Any, label: Any, keys: Any, names: tuple[str, ...]) -> Candidate:
    """With the columns of these names."""
    x = numbers[:, [NAMES.index(name) for name in names]]
    known = Texts.of({"body": texts}, names) if "body" in names else NO_TEXTS
    return train.fit(x, label, keys, THRESHOLDS, name="made", texts=known)


@pytest.mark.slow
def test_texts_and_numbers_together_are_better_than_the_better_of_them() -> None:
    texts, numbers, label, keys = _users(6_000, 0)
    both, text, alone = (
        _fitted(texts, numbers, label, keys, names) for names in (NAMES, NAMES[:1], NAMES[1:])
    )  # fmt: skip
    of = label[both.judging]
    better = max(text, alone, key=lambda each: roc_auc_score(of, each.score))
    areas = delong(of, both.score, better.score)
    print(f"fused {areas.a:.3f}, text {roc_auc_score(of, text.score):.3f}, "  # noqa: T201
          f"numbers {roc_auc_score(of, alone.score):.3f}, p {areas.p:.1e}")  # fmt: skip
    assert areas.a > areas.b
    assert areas.interval[0] > 0
    assert areas.p < 0.001


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_labels_by_lot_teach_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither users left out in cross-fitting nor those of the test part are told apart, in twenty lots. The number of
    rounds is fixed: chosen on the users left out, as in training, the best of hundreds would flatter there.
    """
    parts: list[float] = []
    cross = crossfit.cross

    def watched(family: Any, rows: Any, fold: Any, *others: Any, **more: Any) -> Crossed:
        found = cross(family, rows, fold, *others, **more)
        parts.extend(roc_auc_score(rows.y[fold == k], found.margin[fold == k]) for k in range(fold.max() + 1))
        return found

    monkeypatch.setattr(crossfit, "cross", watched)
    monkeypatch.setattr(crossfit, "best", lambda all_of_them: min(50, *(len(one.curve) for one in all_of_them)))
    texts, numbers, label, keys = _users(1_500, 1)
    tested = []
    for lot in range(20):
        drawn = np.random.default_rng(lot).permutation(label)
        found = _fitted(texts, numbers, drawn, keys, NAMES)
        tested.append(roc_auc_score(drawn[found.judging], found.score))
    print(f"left out {np.mean(parts):.4f}, test part {np.mean(tested):.4f}")  # noqa: T201
    assert len(parts) == 160
    assert abs(np.mean(parts) - 0.5) < 0.01
    assert abs(np.mean([*parts, *tested]) - 0.5) < 0.01
