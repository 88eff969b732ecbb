"""What a session keeps: names, numbers and choices, never a table or a file, which each tab would pay for anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from core.home import Home
from core.scoring.runs import Run
from core.settings import ROOT
from tests.core.review import reviewing
from tests.screen import Visit

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
PLAIN = (str, int, float, bool, datetime, type(None))
#: Characters of the longest text: a note may have 10,000, a file has more.
MOST = 10_000


def large(value: Any) -> Iterator[str]:
    """The types of what is neither plain nor small, at any depth."""
    if dataclasses.is_dataclass(value):
        value = [getattr(value, field.name) for field in dataclasses.fields(value)]
    if isinstance(value, Mapping):
        for part in value.values():
            yield from large(part)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from large(part)
    elif not isinstance(value, PLAIN) or len(str(value)) > MOST:
        yield type(value).__name__


@pytest.fixture
def run(own: Home, to_score: pd.DataFrame) -> Run:
    return reviewing.planned(own, to_score)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_leaves_a_table_or_a_file_in_the_session(visit: Visit, own: Home, run: Run, name: str) -> None:
    where = {"score_user": {"run": run.id, "row": "1"}, "explore": {"of": run.id}, "review": {"as": "Ada"}}
    at = visit(own, name, **where.get(name, {"run": run.id}))
    assert not at.exception

    state = at.session_state._state.filtered_state
    kept = {key: found for key, value in state.items() if (found := list(large(value)))}

    assert kept == {}


@pytest.mark.parametrize("value", [pd.DataFrame({"a": [1]}), {"a": [pd.Series([1])]}, b"file", "x" * (MOST + 1)])
def test_what_is_large_is_seen_at_any_depth(value: Any) -> None:
    assert list(large(value))
