"""Figures by language and by length of texts."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from core.evaluation.segments import of_texts
from core.schema.languages import LANGUAGES


def test_each_language_and_each_length_has_its_figures() -> None:
    english, russian = LANGUAGES.index("English"), LANGUAGES.index("Russian")
    frame = pd.DataFrame(
        {"body (language)": [english] * 6 + [russian] * 3 + [np.nan],
         "body (characters)": [10, 40, 41, 140, 141, 501, 20, 20, 20, np.nan], "other": 1.0}
    )  # fmt: skip
    label = np.array([1, 0, 1, 0, 1, 0, 0, 0, 1, 0.0])
    score = np.array([0.9, 0.1, 0.8, 0.2, 0.3, 0.4, 0.7, 0.1, 0.2, 0.1])
    found = of_texts.judge(frame, ("body",), label, score, 0.5)
    told = [(each.column, each.segment, each.n, each.positives) for each in found]
    assert told == [
        ("body (language)", "English", 6, 3), ("body (language)", "Russian", 3, 1),
        ("body (language)", "missing", 1, 0), ("body (characters)", "0 to 40", 5, 2),
        ("body (characters)", "41 to 140", 2, 1),
        ("body (characters)", "141 to 500", 1, 1), ("body (characters)", "over 500", 1, 0),
        ("body (characters)", "missing", 1, 0),
    ]  # fmt: skip
    english_figures = found[0].figures
    assert english_figures["recall"].value == pytest.approx(2 / 3)
    assert english_figures["fpr"].value == 0
    assert english_figures["precision"].value == 1
    assert english_figures["roc_auc"].value == pytest.approx(8 / 9)
    assert found[1].figures["roc_auc"].value == 0.5
    assert found[2].figures["roc_auc"].value is None
    assert found[2].figures["recall"].value is None
    for each in found:
        assert of_texts.SegmentFigures.from_json(json.loads(json.dumps(each.as_json()))) == each


def test_a_table_without_what_is_counted_has_none() -> None:
    assert of_texts.judge(pd.DataFrame({"x": [1.0]}), ("body",), np.ones(1), np.ones(1), 0.5) == ()
