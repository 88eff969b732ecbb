"""Text models are kept as data, give the same bytes again, and nothing else is read as one."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import NewerFormatError
from core.text import files, linear
from core.text.rows import TextRows
from core.text.text_model import TextModel
from tests.core.text.test_text_model import LABEL, TEXTS


@pytest.fixture(scope="module")
def models() -> dict[str, TextModel]:
    rows = TextRows.of(TEXTS)
    return {
        "body": linear.fit(rows, LABEL[:, None]),
        "title": replace(linear.fit(rows, np.stack([LABEL, 1 - LABEL, LABEL], 1)), strange=0.25),
    }


def test_models_come_back_as_they_were_and_give_the_same_bytes(models: dict[str, TextModel]) -> None:
    content = files.dumped(models)
    again = files.loaded(content)

    assert files.dumped(again) == content
    for column, model in models.items():
        assert np.array_equal(again[column].margins_of(TEXTS), model.margins_of(TEXTS))
    assert np.isnan(again["body"].strange)
    assert again["title"].strange == 0.25
    assert files.loaded(files.dumped({})) == {}
    assert b"crypto" not in content[files.WEIGHTS] + content[files.FACTS]


def _facts(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, bytes]], None]:
    def spoil(content: dict[str, bytes]) -> None:
        facts = json.loads(content[files.FACTS])
        change(facts)
        content[files.FACTS] = json.dumps(facts).encode()

    return spoil


def _table(change: Callable[[pa.Table], pa.Table]) -> Callable[[dict[str, bytes]], None]:
    def spoil(content: dict[str, bytes]) -> None:
        buffer = io.BytesIO()
        pq.write_table(change(pq.read_table(io.BytesIO(content[files.WEIGHTS]))), buffer)
        content[files.WEIGHTS] = buffer.getvalue()

    return spoil


def _column(at: int, value: Any, kind: pa.DataType) -> Callable[[dict[str, bytes]], None]:
    def change(table: pa.Table) -> pa.Table:
        values = table[at].to_pylist()
        values[1] = value
        return table.set_column(at, table.column_names[at], pa.array(values, kind))

    return _table(change)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda content: content.pop(files.WEIGHTS), r"is without text\.parquet"),
        (_facts(lambda facts: facts["models"].append(facts["models"][0])), "two models of a column|buckets"),
        (_facts(lambda facts: facts.update(hash=2)), "has the hash 2"),
        (_facts(lambda facts: facts.update(models={})), "no list of at most 16"),
        (_facts(lambda facts: facts.update(models=[1])), "model of no column"),
        (_facts(lambda facts: facts["models"][0].update(biases=[])), "1 to 64 outputs"),
        (_facts(lambda facts: facts["models"][0].update(strange=2.0)), "share of new n-grams"),
        (_facts(lambda facts: facts["models"][0].update(biases=["x"])), "no number"),
        (_facts(lambda facts: facts["models"][0].update(buckets=2**40)), "how many buckets"),
        (_facts(lambda facts: facts["models"][0].update(buckets=7)), "where its models have"),
        (_facts(lambda facts: facts["models"][0].update(texts=1)), "in more texts than there were"),
        (lambda content: content.update({files.WEIGHTS: b"PAR1 and nothing else PAR1"}), "cannot be read as Parquet"),
        (lambda content: content.update({files.FACTS: b"["}), "Expecting value"),
        (_table(lambda table: table.drop_columns(["weight 0"])), "other columns"),
        (_table(lambda table: table.slice(1)), "where its models have"),
        (_column(0, 2**30, pa.int32()), "do not rise"),
        (_column(0, None, pa.int32()), "without a number"),
        (_column(2, float("nan"), pa.float16()), "weight that is no number"),
        (_column(2, 1.0, pa.float64()), "other columns"),
    ],
    ids=range(19),
)
def test_content_that_is_none_is_refused(
    models: dict[str, TextModel], spoil: Callable[[dict[str, bytes]], object], said: str
) -> None:
    content = files.dumped(models)
    spoil(content)

    with pytest.raises(ValueError, match=said):
        files.loaded(content)


def test_a_file_of_a_newer_program_says_so(models: dict[str, TextModel]) -> None:
    content = files.dumped(models)
    _facts(lambda facts: facts.update(format=2))(content)

    with pytest.raises(NewerFormatError):
        files.loaded(content)
