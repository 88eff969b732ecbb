"""The figures of a training run: every dot is a trial or a fold, and only what is whole can be best."""

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
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}\b")
TRIALS = pd.DataFrame(
    {
        "trial": [1, 2, 3, 4, 5],
        "state": ["complete", "pruned", "complete", "failed", "complete"],
        "value": [0.41, 0.99, 0.45, NAN, 0.43],
    }
)
PARTS = pd.DataFrame(
    {
        "users": ["learnt from", "fold left out", "fold left out", "fold left out", "held out"],
        "value": [0.81, 0.42, 0.47, 0.44, 0.45],
        "low": [NAN, NAN, NAN, NAN, 0.41],
        "high": [NAN, NAN, NAN, NAN, 0.5],
    }
)


def traces(figure: go.Figure) -> dict[str, Any]:
    return {trace.name: trace for trace in figure.data}


def notes(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def test_every_trial_with_a_figure_is_a_dot_and_one_given_up_is_hollow() -> None:
    figure = charts.search(TRIALS, theme="light")
    dots, page = traces(figure)["trials"], charts.PALETTE["light"]["background"]

    assert list(dots.x) == [1, 2, 3, 5]
    assert list(dots.y) == [0.41, 0.99, 0.45, 0.43]
    assert [colour == page for colour in dots.marker.color] == [False, True, False, False]
    assert "given up early" in dots.hovertext[1]


def test_the_best_is_the_best_of_the_complete_ones() -> None:
    figure = charts.search(TRIALS, theme="light")
    best, line = traces(figure)["best"], traces(figure)["best so far"]

    assert (list(best.x), list(best.y)) == ([3], [0.45])
    assert list(line.y) == [0.41, 0.45, 0.45, 0.45]
    assert list(line.x)[:3] == [1, 3, 5]
    assert "<b>0.4500</b><br>trial 3" in notes(figure)


def test_the_text_counts_the_trials_and_says_which_were_lost() -> None:
    meta = charts.search(TRIALS, theme="light").layout.meta

    assert "5 trials, 1 given up early, 1 failed; best PR-AUC 0.4500 in trial 3." in meta["alt"]
    assert "hollow: given up early" in meta["sub"]
    assert "hollow" not in charts.search(TRIALS.query("state == 'complete'"), theme="light").layout.meta["sub"]


@pytest.mark.parametrize("rows", [TRIALS.iloc[:0], TRIALS.iloc[3:4]], ids=["before the first", "only a failed one"])
def test_before_a_trial_has_ended_that_is_said(rows: pd.DataFrame) -> None:
    figure = charts.search(rows, theme="dark")

    assert notes(figure) == ["no trial has ended yet"]
    assert not figure.data
    assert "none is complete yet" in figure.layout.meta["alt"]


def test_a_search_of_pruned_trials_only_has_no_best() -> None:
    figure = charts.search(TRIALS.query("state == 'pruned'"), theme="light")

    assert set(traces(figure)) == {"trials"}
    assert notes(figure) == []


@settings(max_examples=25)
@given(
    value=st.lists(st.floats(0, 1) | st.just(NAN), min_size=1, max_size=30),
    states=st.lists(st.sampled_from(["complete", "pruned", "failed"]), min_size=30, max_size=30),
)
def test_no_dot_lies_outside_the_axes_and_the_best_so_far_never_falls(value: list[float], states: list[str]) -> None:
    frame = pd.DataFrame({"trial": range(1, len(value) + 1), "state": states[: len(value)], "value": value})
    figure = charts.search(frame, theme="light")

    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    for trace in figure.data:
        assert all(left <= x <= right for x in trace.x)
        assert all(low <= y <= high for y in trace.y)
    if "best so far" in traces(figure):
        assert (np.diff(traces(figure)["best so far"].y) >= 0).all()


def test_folds_share_a_line_and_only_the_held_out_users_have_an_interval() -> None:
    figure = charts.folds(PARTS, theme="light")
    dots = traces(figure)["value"]

    assert list(figure.layout.yaxis.ticktext) == ["learnt from", "fold left out", "held out"]
    assert list(dots.y) == [0, 1, 1, 1, 2]
    assert list(dots.x) == PARTS["value"].tolist()
    np.testing.assert_allclose(dots.error_x.array, PARTS["high"] - PARTS["value"])
    np.testing.assert_allclose(dots.error_x.arrayminus, PARTS["value"] - PARTS["low"])


def test_beside_each_line_stands_its_figure_or_from_where_to_where() -> None:
    figure = charts.folds(PARTS, theme="light")

    assert notes(figure) == ["0.810", "0.420 to 0.470", "0.450 (0.410 to 0.500)"]
    assert "3 folds" in figure.layout.meta["sub"]
    assert "held out 0.450 (0.410 to 0.500)" in figure.layout.meta["alt"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_are_those_of_the_palette_and_none_of_an_action(theme: Theme) -> None:
    palette = charts.PALETTE[theme]
    actions = {palette[name] for name in ("allow", "monitor", "human_review", "auto_remove")}
    for figure in (charts.search(TRIALS, theme=theme), charts.folds(PARTS, theme=theme)):
        used = set(COLOUR.findall(json.dumps(figure.to_plotly_json()["data"], default=list)))
        used |= set(COLOUR.findall(json.dumps(figure.to_plotly_json()["layout"], default=list)))
        used -= set(COLOUR.findall(json.dumps(go.Figure().to_plotly_json()["layout"], default=list)))
        assert used & set(palette.values())
        assert not used & actions
