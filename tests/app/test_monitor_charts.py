"""The figures of what is live: every value is where it should be, and what is not known is not drawn."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import charts
from app.charts import Theme

NAN = float("nan")
WHEN = pd.to_datetime(["2026-03-01", "2026-03-02", "2026-03-04"], utc=True)
LEVELS = pd.DataFrame(
    [(at, level, level * (place + 1) / 4) for place, at in enumerate(WHEN) for level in (0.5, 0.99)],
    columns=["when", "level", "score"],
)
SHAPE = pd.DataFrame({"bin": ["0", "<b>1</b>", "missing"], "before": [0.75, 0.25, 0.0], "now": [0.25, 0.25, 0.5]})
DAYS = pd.DataFrame({"day": pd.to_datetime(["2026-03-01", "2026-03-02"]), "queued": [40, 0], "judged": [5, 12]})


def traces(figure: go.Figure) -> dict[str, Any]:
    return {trace.name.replace("\u202f", " "): trace for trace in figure.data}


def notes(figure: go.Figure) -> list[str]:
    return [note.text.replace("\u202f", " ") for note in figure.layout.annotations]


def test_each_level_is_a_line_from_run_to_run_with_its_last_score_beside_it() -> None:
    figure = charts.score_levels(LEVELS.iloc[::-1], theme="light")

    assert list(traces(figure)) == ["50 %", "99 %"]
    assert list(traces(figure)["99 %"].y) == [0.99 / 4, 0.99 / 2, 0.99 * 3 / 4]
    assert notes(figure) == ["<b>50 %</b> 0.375", "<b>99 %</b> 0.742"]
    assert "3 runs" in figure.layout.meta["sub"]


def test_one_run_is_a_point_and_no_run_says_so() -> None:
    assert {trace.mode for trace in charts.score_levels(LEVELS.iloc[:2], theme="dark").data} == {"markers"}
    empty = charts.score_levels(LEVELS.assign(score=NAN), theme="dark")
    assert (len(empty.data), notes(empty)) == (0, ["no users were scored"])


def test_users_of_now_stand_as_dots_over_the_bars_of_training() -> None:
    figure = charts.then_and_now(SHAPE, "X1", runs="r-0001", theme="light")

    assert list(traces(figure)["before"].y) == SHAPE["before"].tolist()
    assert list(traces(figure)["now"].y) == SHAPE["now"].tolist()
    assert figure.layout.yaxis.range[1] >= 0.75
    assert not [text for text in traces(figure)["now"].hovertext if "<b>" in text]
    # Two bins moved by as much; the first of them is told.
    assert "the largest change, 0: 75.0" in figure.layout.meta["alt"]
    assert notes(charts.then_and_now(SHAPE.iloc[:0], "X1", runs="r-0001", theme="light")) == ["no users"]


def test_came_in_and_judged_are_a_line_each() -> None:
    figure = charts.throughput(DAYS, theme="light")
    assert figure.layout.yaxis.dtick is None
    assert charts.throughput(DAYS.assign(queued=0, judged=0), theme="light").layout.yaxis.dtick == 1

    assert {name: list(trace.y) for name, trace in traces(figure).items()} == {"Came in": [40, 0], "Judged": [5, 12]}
    assert notes(figure) == ["<b>Came in</b> 0", "<b>Judged</b> 12"]
    assert figure.layout.meta["alt"] == "In 2 days 40 users came in, 17 were judged."


@settings(max_examples=25)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=14))
def test_no_mark_lies_outside_the_axes(shares: list[tuple[float, float]]) -> None:
    frame = pd.DataFrame(shares, columns=["before", "now"]).assign(bin=lambda rows: rows.index.astype(str))
    figure = charts.then_and_now(frame, "X1", runs="r-0001", theme="light")

    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    for trace in figure.data:
        assert left < min(trace.x)
        assert max(trace.x) < right
        assert low <= np.min(trace.y)
        assert np.max(trace.y) <= high


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_are_those_of_the_palette_and_none_of_an_action(theme: Theme) -> None:
    palette = charts.PALETTE[theme]
    actions = {palette[name] for name in ("allow", "monitor", "human_review", "auto_remove")}
    shape = charts.then_and_now(SHAPE, "X1", runs="r-0001", theme=theme)
    for figure in (charts.score_levels(LEVELS, theme=theme), shape, charts.throughput(DAYS, theme=theme)):
        used = set(re.findall(r"#[0-9A-Fa-f]{6}\b", json.dumps(figure.to_plotly_json()["data"], default=str)))
        assert used
        assert used <= set(palette.values()) - actions
