"""Charts of one version looked at closer: what is drawn, how much of it, and that names from files stay literal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from app import charts
from app.charts.diagnostics import LINES, MOST, Measure

COLOUR = re.compile(r"#[0-9A-Fa-f]{6}\b")
LEVELS = (0.01, 0.1, 0.5)


def measured() -> pd.DataFrame:
    rows = [{"kind": "undisturbed", "amount": 0.0}] + [{"kind": kind, "amount": at} for kind in LINES for at in LEVELS]
    frame = pd.DataFrame(rows)
    for at, name in enumerate(("pr_auc", "roc_auc", "precision", "recall", "moved")):
        value = 0.9 - 0.1 * at - frame["amount"]
        frame = frame.assign(**{name: value.clip(0, 1), f"{name}_low": value - 0.02, f"{name}_high": value + 0.02})
    return frame


def features(n: int = 51, name: str = "X{}") -> pd.DataFrame:
    lost = np.linspace(0.3, -0.01, n)
    return pd.DataFrame(
        {
            "feature": [name.format(i) for i in range(n)], "lost": lost, "lost_low": lost - 0.01, "moved": lost.clip(0),
            "lost_high": lost + 0.01, "lost_pr_auc": lost, "lost_pr_auc_low": lost - 0.01,
            "lost_pr_auc_high": lost + 0.01, "shap": np.linspace(1.2, 0, n),
        }
    )  # fmt: skip


POINTS = pd.DataFrame(
    {"users": [500, 5000, 10_000], "pr_auc": [0.5, 0.6, 0.65], "pr_auc_low": [0.4, 0.55, 0.6],
     "pr_auc_high": [0.6, 0.65, 0.7]}
)  # fmt: skip
FIGURES: dict[str, Callable[[charts.Theme], go.Figure]] = {
    "endurance": lambda theme: charts.endurance(measured(), "pr_auc", version="v0001", theme=theme),
    "endurance, moved": lambda theme: charts.endurance(measured(), "moved", version="v0001", theme=theme),
    "dropped": lambda theme: charts.dropped(features(), version="v0001", theme=theme),
    "importances": lambda theme: charts.importances(features(), version="v0001", theme=theme),
    "learning": lambda theme: charts.learning(POINTS, name="users.csv", n=800, theme=theme),
}
EMPTY: dict[str, tuple[Callable[[], go.Figure], str]] = {
    "endurance": (
        lambda: charts.endurance(measured().head(0), "pr_auc", version="v0001", theme="light"), "no users"
    ),
    "dropped": (lambda: charts.dropped(features().head(0), version="v0001", theme="light"), "no features"),
    "importances": (lambda: charts.importances(features().head(0), version="v0001", theme="light"), "no features"),
    "learning": (lambda: charts.learning(POINTS.head(0), name="users.csv", n=0, theme="light"), "no users"),
}  # fmt: skip


def notes(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_says_what_it_shows_and_has_no_legend(name: str) -> None:
    figure = FIGURES[name]("light")
    assert set(figure.layout.meta) == {"title", "sub", "alt"}
    assert any(digit in figure.layout.meta["alt"] for digit in "0123456789")
    assert figure.layout.showlegend is False
    assert not figure.layout.title.text


@pytest.mark.parametrize("name", FIGURES)
def test_the_themes_differ_in_colour_only_and_no_colour_is_that_of_an_action(name: str) -> None:
    shapes = []
    for theme, palette in charts.PALETTE.items():
        shown = FIGURES[name](theme).update_layout(template="none").to_json()
        assert set(COLOUR.findall(shown)) <= set(palette.values())
        assert not [action for action in ("monitor", "human_review", "auto_remove") if palette[action] in shown]
        shapes.append(COLOUR.sub("#", shown))
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("name", EMPTY)
def test_without_anything_to_show_a_figure_says_why(name: str) -> None:
    draw, said = EMPTY[name]
    figure = draw()
    assert said in notes(figure)
    json.loads(figure.to_json())
    for axis in figure.select_yaxes():
        assert axis.range is None or np.isfinite(axis.range).all()


@pytest.mark.parametrize("measure", ["pr_auc", "roc_auc", "precision", "recall", "moved"])
def test_each_line_starts_undisturbed_and_ends_with_its_words_and_figure(measure: Measure) -> None:
    frame = measured()
    figure = charts.endurance(frame, measure, version="v0001", theme="light")
    assert [trace.name for trace in figure.data] == list(LINES)
    for trace in figure.data:
        values = frame.loc[frame["kind"].isin(["undisturbed", trace.name]), measure]
        np.testing.assert_array_equal(trace.y, values)
        word = LINES[trace.name][0]
        assert [text for text in notes(figure) if text.startswith(f"{word} <b>")]
    low, high = figure.layout.yaxis.range
    assert low <= frame[measure].min()
    assert frame[f"{measure}_high"].max() <= high
    assert list(figure.layout.xaxis.ticktext) == ["none", "1\u202f%", "10\u202f%", "50\u202f%"]


def test_what_is_not_known_is_left_out_of_the_lines_and_said_nowhere() -> None:
    frame = measured().assign(precision=np.nan, precision_low=None, precision_high=None)
    figure = charts.endurance(frame, "precision", version="v0001", theme="light")
    assert not notes(figure)
    assert figure.layout.yaxis.range == (0, 1)


@pytest.mark.parametrize("draw", [charts.dropped, charts.importances])
def test_of_many_features_the_strongest_are_drawn_with_their_intervals(draw: Callable[..., go.Figure]) -> None:
    figure = draw(features(), version="v0001", theme="light")
    dots = next(trace for trace in figure.data if trace.name == "lost")
    frame = features().head(MOST)
    assert list(figure.layout.yaxis.ticktext) == frame["feature"].tolist()
    np.testing.assert_allclose(dots.x, frame["lost"])
    np.testing.assert_allclose(dots.x + dots.error_x.array, frame["lost_high"])
    assert "15 of 51 features" in figure.layout.meta["sub"]
    assert "X0 0.300, X1" in figure.layout.meta["alt"]
    assert figure.layout.height < 520


def test_few_features_are_all_drawn_and_a_gain_stands_left_of_nothing() -> None:
    figure = charts.importances(features(4), version="v0001", theme="light")
    assert "4 features" in figure.layout.meta["sub"]
    assert " of " not in figure.layout.meta["sub"]
    assert figure.layout.xaxis.range[0] < -0.01
    assert figure.layout.shapes[0].x0 == 0
    pushes = next(trace for trace in figure.data if trace.name == "shap")
    np.testing.assert_allclose(pushes.x, features(4)["shap"])


def test_the_learning_curve_is_on_a_log_axis_with_a_tick_for_each_model() -> None:
    figure = FIGURES["learning"]("light")
    assert figure.layout.xaxis.type == "log"
    assert list(figure.layout.xaxis.ticktext) == ["500", "5,000", "10,000"]
    low, high = figure.layout.xaxis.range
    assert 10**low < 500
    assert 10**high > 10_000
    assert notes(figure) == ["<b>0.650</b>"]
    assert "0.500 from 500; 0.600 from 5,000" in figure.layout.meta["alt"]


@pytest.mark.parametrize("hostile", ["<b>x</b>", "%{meta.title}", "$x^2$", "a<br>b"])
def test_names_from_files_are_literal(hostile: str) -> None:
    safe = charts.escape_label(hostile)
    name = hostile.replace("{", "{{").replace("}", "}}")
    for draw in (charts.dropped, charts.importances):
        figure = draw(features(3, name + "{}"), version="v0001", theme="light")
        assert all(text.startswith(safe) for text in figure.layout.yaxis.ticktext)
        assert all(text.startswith(safe) for text in figure.data[0].hovertext)
