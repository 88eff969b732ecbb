"""Figures of two models: what they say, that they say it in either theme, and that names of files do no harm."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from scipy.special import expit

from app import charts
from app.charts.base import NARROWEST, text_width
from core.evaluation import drawn_curves, metrics, thresholds
from core.evaluation.resample import Costs
from core.evaluation.thresholds import Sweep
from core.policy.bands import BANDS

ACCENT, MUTED = charts.PALETTE["light"]["accent"], charts.PALETTE["light"]["muted"]
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}\b")
#: A colour that lets the page through.
CLEAR = re.compile(r"rgba\((\d+),(\d+),(\d+),[\d.]+\)")
HOSTILE = ["<b>x</b>", "a, b", "%{meta.title}", "&lt;", "<a href='http://h'>k</a>", "$x^2$", "a<br>b"]
RANDOM = np.random.default_rng(0)
LABEL = (RANDOM.random(3000) < 0.1).astype(float)
SCORES = [expit(RANDOM.normal(-2.5 + 2.5 * LABEL, noise)) for noise in (1.5, 0.8)]
SWEEPS = [Sweep(LABEL, score) for score in SCORES]
NAMES = ("v0003", "v0004")
LIFTS = [drawn_curves.lift(sweep, seed=0) for sweep in SWEEPS]
COSTS = [drawn_curves.expected_cost(sweep, Costs(), seed=0) for sweep in SWEEPS]
GAPS = pd.DataFrame(
    {
        "figure": ["PR-AUC", "Brier, reversed", "Precision above 0.7", "FPR above 0.9"],
        "value": [0.033, -0.0007, 0.006, np.nan], "low": [0.025, -0.0009, -0.012, np.nan],
        "high": [0.043, -0.0006, 0.023, np.nan], "sign": [1, -1, 1, -1],
        "text": ["+0.033 (+0.025 to +0.043)", "+0.0007 (+0.0006 to +0.0009)", "+0.006 (−0.012 to +0.023)", "–"],
    }
)  # fmt: skip
USERS = np.array([[38_858, 107, 1, 0], [166, 388, 93, 5], [1, 43, 144, 55], [0, 0, 23, 116]])


def curves(which: Any = "pr", theme: charts.Theme = "light", names: tuple[str, str] = NAMES) -> go.Figure:
    marks = [tuple(sweep.confusion(above) for above in (0.3, 0.7, 1.0)) for sweep in SWEEPS]
    return charts.curves(
        which, *(sweep.curves() for sweep in SWEEPS), names=names, marks=(marks[0], marks[1]), base_rate=0.1,
        theme=theme,
    )  # fmt: skip


def reliabilities(theme: charts.Theme = "light", names: tuple[str, str] = NAMES) -> go.Figure:
    tables = [pd.DataFrame([vars_of(group) for group in metrics.reliability(LABEL, score)]) for score in SCORES]
    return charts.reliabilities(*tables, names=names, theme=theme)


def vars_of(group: metrics.Group) -> dict[str, float]:
    return {name: getattr(group, name) for name in ("predicted", "observed", "low", "high", "n")}


def scores(theme: charts.Theme = "light", names: tuple[str, str] = NAMES) -> go.Figure:
    return charts.score_lines(*(thresholds.distributions(LABEL, score) for score in SCORES), names=names, theme=theme)


FIGURES: dict[str, Callable[[charts.Theme, tuple[str, str]], go.Figure]] = {
    "differences": lambda theme, names: charts.differences(GAPS, a=names[0], b=names[1], theme=theme),
    "flips": lambda theme, names: charts.flips(USERS, BANDS, a=names[0], b=names[1], theme=theme),
    "pr": lambda theme, names: curves("pr", theme, names),
    "roc": lambda theme, names: curves("roc", theme, names),
    "gain": lambda theme, names: curves("gain", theme, names),
    "lift": lambda theme, names: charts.lift(*LIFTS, names=names, theme=theme),
    "cost": lambda theme, names: charts.expected_cost(*COSTS, names=names, thresholds=(0.3, 0.7), theme=theme),
    "reliabilities": reliabilities,
    "scores": scores,
    "classes": lambda theme, names: charts.classes([[7, 1], [0, 3]], names, name=names[0], theme=theme),
    "confusion": lambda theme, names: charts.confusion(SWEEPS[0].confusion(0.5), name=names[0], theme=theme),
}


def test_one_model_alone_has_the_accent() -> None:
    for one in (
        charts.lift(LIFTS[0], names=("v0001",), theme="light"),
        charts.expected_cost(COSTS[0], names=("v0001",), thresholds=(0.3, 0.7), theme="light"),
    ):
        assert [note.text for note in one.layout.annotations] == ["<b>v0001</b>"]
        assert {each.line.color for each in one.data if each.mode == "lines" and each.line.width == 2} == {
            charts.PALETTE["light"]["accent"]
        }


def labels(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_says_what_it_shows(name: str) -> None:
    meta = FIGURES[name]("light", NAMES).layout.meta
    assert set(meta) == {"title", "sub", "alt"}
    assert all(meta.values())
    assert any(digit in meta["alt"] for digit in "0123456789")


@pytest.mark.parametrize("name", FIGURES)
def test_the_themes_differ_in_colour_only_and_each_uses_its_own(name: str) -> None:
    shapes = []
    for theme in charts.PALETTE:
        shown = FIGURES[name](theme, NAMES).update_layout(template="none").to_json()
        shown = CLEAR.sub(lambda found: "#" + "".join(f"{int(part):02X}" for part in found.groups()), shown)
        assert set(COLOUR.findall(shown)) <= {*charts.PALETTE[theme].values(), *charts.SEQUENTIAL[theme]}
        shapes.append(COLOUR.sub("#", shown))
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_the_name_of_a_file_is_shown_as_it_is(name: str, hostile: str) -> None:
    shown = json.loads(FIGURES[name]("light", (hostile, "other")).to_json())
    shown["layout"].pop("meta")
    text = json.dumps({"data": shown["data"], "layout": {**shown["layout"], "template": None}}, ensure_ascii=False)
    for markup in ("<b>x</b>", "%{meta", "<a href", "$x^2$", "a<br>b"):
        assert markup not in text
    assert "<i>" not in text


def test_a_dot_stands_at_its_standard_errors_and_less_is_turned_round() -> None:
    figure = FIGURES["differences"]("light", NAMES)
    dots = next(trace for trace in figure.data if trace.mode == "markers")
    error = (0.043 - 0.025) / 3.92
    assert dots.x[0] == pytest.approx(0.033 / error)
    assert dots.x[1] == pytest.approx(0.0007 / ((0.0009 - 0.0006) / 3.92))
    assert np.isnan(dots.x[3])
    assert list(dots.marker.color) == [ACCENT, ACCENT, MUTED, MUTED]
    low, high = figure.layout.xaxis.range
    ends = [x for trace in figure.data if trace.mode == "lines" for x in trace.x if np.isfinite(x)]
    assert low < min(ends) <= max(ends) < high
    assert {"+0.033 (+0.025 to +0.043)", "–"} <= set(labels(figure))


def test_a_figure_that_does_not_differ_at_all_stands_at_0() -> None:
    same = GAPS.head(1).assign(value=0.0, low=0.0, high=0.0)
    dots = next(
        trace for trace in charts.differences(same, a="a", b="b", theme="light").data if trace.mode == "markers"
    )
    assert list(dots.x) == [0]
    assert list(dots.marker.color) == [MUTED]


def test_flips_write_every_number_and_tint_only_what_changes() -> None:
    figure = FIGURES["flips"]("light", NAMES)
    heat = figure.data[0]
    shown = [[re.sub("<.*?>", "", cell) for cell in row] for row in heat.text]
    assert shown == [[f"{n:,}" if n else "·" for n in row] for row in USERS.tolist()]
    tint = np.array(heat.z, float)
    assert np.isnan(np.diag(tint)).all()
    off = ~np.eye(4, dtype=bool)
    assert tint[off] == pytest.approx(np.log10(np.maximum(USERS[off], 1)), rel=1e-6)
    assert "494 of 40,000 users change band" in figure.layout.meta["alt"]


def test_the_bands_above_the_flips_fit_above_their_columns_on_a_narrow_screen() -> None:
    heads = FIGURES["flips"]("light", NAMES).layout.xaxis.ticktext
    lines = [re.sub("<.*?>", "", line) for head in heads for line in head.split("<br>")]
    assert max(map(text_width, lines)) < NARROWEST / len(heads)


@pytest.mark.parametrize(("which", "axes"), charts.two_curves.CURVES.items())
def test_a_curve_is_that_of_the_sweep_and_a_dot_is_at_each_threshold(which: Any, axes: tuple[str, ...]) -> None:
    figure = curves(which)
    lines = [trace for trace in figure.data if trace.line.width in {1.5, 2.5}]
    for line, sweep in zip(lines, SWEEPS, strict=True):
        curve = sweep.curves().dropna(subset=[axes[1]])
        assert list(line.x) == curve[axes[0]].tolist()
        assert list(line.y) == curve[axes[1]].tolist()
    dots = [trace for trace in figure.data if trace.mode == "markers"]
    for trace, sweep in zip(dots, SWEEPS, strict=True):
        found = sweep.confusion(0.3)
        expected = {"recall": found.recall, "precision": found.precision, "flag_rate": found.flag_rate,
                    "fpr": found.false_alarms / (found.false_alarms + found.left_alone)}  # fmt: skip
        assert (trace.x[0], trace.y[0]) == (expected[axes[0]], expected[axes[1]])
        # Above 1 nobody is flagged: there is no precision to show.
        assert len(trace.x) == (2 if which == "pr" else 3)
    assert {f"<b>{name}</b>" for name in NAMES} <= set(labels(figure))


def test_scores_hold_every_user_once() -> None:
    figure = scores()
    sums = [np.nansum(np.array(trace.y, float)) for trace in figure.data]
    assert sums == [LABEL.sum(), (1 - LABEL).sum()] * 2


def test_a_confusion_matrix_shows_the_four_counts() -> None:
    found = SWEEPS[1].confusion(0.5)
    figure = charts.confusion(found, name="v0004", theme="light")
    shown = [int(re.search(r"[\d,]+", cell)[0].replace(",", "")) for row in figure.data[0].text for cell in row]  # type: ignore[index]
    assert shown == [found.caught, found.missed, found.false_alarms, found.left_alone]
    assert figure.layout.meta["title"] == "v0004 above 0.5"


def test_classes_write_every_number_and_tint_by_row() -> None:
    names = ("none", "spam", "a long name of a category", "scam", "harassment")
    figure = charts.classes(np.diag([9, 1, 2, 3, 4]) + np.eye(5, k=1, dtype=int), names, name="v0004", theme="light")
    assert list(figure.data[0].text[0]) == ["<b>9</b>", "1", "·", "·", "·"]
    assert figure.data[0].z[0].tolist() == pytest.approx([0.9, 0.1, 0, 0, 0], abs=1e-6)
    assert max(map(len, figure.layout.xaxis.ticktext)) <= 8
    assert "says the class of 19 of 23 users rightly" in figure.layout.meta["alt"]


def test_a_model_that_scores_everybody_alike_is_drawn() -> None:
    flat = Sweep(LABEL, np.full(len(LABEL), 0.4))
    marks = (flat.confusion(0.3),)
    for which in charts.two_curves.CURVES:
        figure = charts.curves(
            which, flat.curves(), flat.curves(), names=NAMES, marks=(marks, marks), base_rate=0.1, theme="dark"
        )
        json.loads(figure.to_json())
        # Everybody is flagged: all spammers are caught, and of the flagged as many are spammers as of all.
        marked = [list(trace.y) for trace in figure.data if trace.mode == "markers"]
        assert marked == [[LABEL.mean() if which == "pr" else 1.0]] * 2


def test_the_cheapest_threshold_of_each_model_is_marked() -> None:
    marks = [trace for trace in FIGURES["cost"]("light", NAMES).data if trace.mode == "markers"]
    assert [mark.y[0] for mark in marks] == [frame["cost"].min() for frame in COSTS]
    assert [mark.marker.color for mark in marks] == [MUTED, ACCENT]
