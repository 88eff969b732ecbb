"""10,000 users in every format and dialect: the same dataset, run and scores as from plain CSV, to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.formats.options import NOTHING, Given
from core.home import Home
from tests import make
from tests.core.data.formats.test_every_format import FORMATS, csv, users


def scored(home: Home, content: bytes, said: Given) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The dataset, the scores and the reasons of a run, as they are stored."""
    done = home.file_scoring.score_file(
        "users", content, make.SCHEMA, home.registry.load(), make.policy(), now=make.NOW, given=said
    )
    return done.frame, done.results, done.reasons


@pytest.mark.slow
def test_ten_thousand_users_come_to_the_same_run_in_every_format(own: Home, tmp_path: Path) -> None:
    frame = users(10_000)
    expected = scored(own, csv(frame), NOTHING)
    assert len(expected[0]) == 10_000
    for name, written in FORMATS.items():
        for found, plain in zip(scored(own, *written(frame)), expected, strict=True):
            pd.testing.assert_frame_equal(found, plain, check_exact=True, obj=name)
        np.testing.assert_array_equal(found.index, plain.index)
