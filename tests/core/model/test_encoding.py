"""Words as a model gets them: how many of a column a version knows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.data import intake
from core.model import encoding
from core.schema.schema import Column, Schema
from tests import make


@pytest.mark.parametrize(("levels", "known"), [(0, ("DE", "FR", "PH")), (2, ("DE", "FR")), (1, ("DE",))])
def test_a_version_knows_as_many_words_of_a_column_as_the_schema_says(levels: int, known: tuple[str, ...]) -> None:
    schema = Schema((Column("country", "category", levels=levels), Column("city", "category")))
    words = ["DE"] * 40 + ["FR"] * 30 + ["PH"] * 20
    frame = intake.read("users.csv", make.csv(pd.DataFrame({"country": words, "city": words})), schema).frame
    found = encoding.learnt(frame, schema, np.ones(len(frame), bool))
    assert (found["country"].words, found["city"].words) == (known, ("DE", "FR", "PH"))
    assert (found["country"].rare, found["country"].other) == (("DE", "FR", "PH")[len(known) :], len(known) < 3)
