from __future__ import annotations

import ast
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import charts
from app.charts.base import spread
from app.charts.parts import width_of
from app.charts.scores import band_of
from core.policy.bands import BANDS, Band
from core.policy.decide import decide
from core.policy.policy import Policy
from tests import make

ROOT = Path(__file__).parents[2]
THRESHOLDS = make.policy().thresholds
COUNTS = np.array([30_000, *range(200, 151, -1)], dtype=float)
USERS = {"allow": 39_025, "monitor": 538, "human_review": 261, "auto_remove": 176}
HOSTILE = ["<b>x</b>", "%{meta.title}", "&lt;", "<a href='http://h'>k</a>", "$x^2$", "a<br>b"]
ROWS = pd.DataFrame(
    {
        "feature": ["X9", "X19", "X13"],
        "value_text": ["26", "7", None],
        "meaning": [None, "assumed: count of urgent messages", float("nan")],
        "contribution": [0.52, 2.82, -0.32],
        "percentile": [83.0, 99.0, np.nan],
        "spammer_percentile": [37.0, 97.0, 46.0],
        "legitimate_percentile": [53.0, 44.0, 46.0],
    }
)


def runs(n: int, bands: tuple[str, ...] = ("monitor", "human_review", "auto_remove")) -> pd.DataFrame:
    when = pd.date_range("2026-11-07 09:10", periods=n, tz="UTC")
    return pd.DataFrame(
        [(at, band, 0.01 / (i + 1) + 0.0001 * day) for day, at in enumerate(when) for i, band in enumerate(bands)],
        columns=["when", "band", "share"],
    )


CALIBRATION = pd.DataFrame(
    {
        "predicted": [0.05, 0.5, 0.9], "observed": [0.06, np.nan, 0.7], "low": [0.04, np.nan, 0.6],
        "high": [0.08, np.nan, 0.8], "n": [900, 0, 100],
    }
)  # fmt: skip

FIGURES: dict[str, Callable[[charts.Theme], go.Figure]] = {
    "histogram": lambda theme: charts.score_histogram(COUNTS, THRESHOLDS, USERS, theme=theme),
    "place": lambda theme: charts.place(COUNTS, 0.884, THRESHOLDS, share_below=0.992, theme=theme),
    "what_if": lambda theme: charts.what_if(0.884, 0.412, THRESHOLDS, theme=theme),
    "pushes": lambda theme: charts.pushes(ROWS, -3.71, 0.3, "0.574", rest=0.99, rest_count=43, theme=theme),
    "evidence": lambda theme: charts.evidence(ROWS, theme=theme),
    "band_shares": lambda theme: charts.band_shares(runs(14), theme=theme),
    "reliability": lambda theme: charts.reliability(CALIBRATION, theme=theme),
    "proof": lambda theme: charts.proof(
        np.array([1.0, 0.5, 2 / 3]), np.array([0.0, 0.0, 0.1]), 0.9, title="It is proven", theme=theme
    ),
}


def bars(figure: go.Figure) -> go.Bar:
    return next(trace for trace in figure.data if trace.type == "bar")


def labels(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def markers(figure: go.Figure, symbol: str) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.type == "scatter" and trace.marker.symbol == symbol]


def texts(figure: go.Figure) -> list[str]:
    """Every text plotly would read as its subset of HTML."""
    found = [*labels(figure), *(figure.layout.yaxis.ticktext or ())]
    for trace in figure.data:
        for text in (trace.text, trace.hovertext):
            found += [text] if isinstance(text, str) else list(text if text is not None else ())
    return found


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_says_what_it_shows(name: str) -> None:
    meta = FIGURES[name]("light").layout.meta
    assert set(meta) == {"title", "sub", "alt"}
    assert all(meta.values())
    assert any(digit in meta["alt"] for digit in "0123456789")


@pytest.mark.parametrize("name", FIGURES)
def test_the_themes_differ_in_colour_only_and_share_no_text_colour(name: str) -> None:
    light, dark = (FIGURES[name](theme).to_json() for theme in ("light", "dark"))
    assert charts.PALETTE["light"]["ink"] in light
    assert charts.PALETTE["light"]["ink"] not in dark
    for slot in charts.PALETTE["light"]:
        light = light.replace(charts.PALETTE["light"][slot], slot)
        dark = dark.replace(charts.PALETTE["dark"][slot], slot)
    # "ink" of the dark theme and "faint" of the light one are near, never equal: no slot is taken for another.
    assert json.loads(light) == json.loads(dark)


def test_charts_and_words_do_not_import_streamlit() -> None:
    files = [ROOT / "app" / "words.py", *(ROOT / "app" / "charts").glob("*.py")]
    assert len(files) > 4
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "streamlit"], file.name


def test_the_histogram_shows_the_counts_and_the_users_of_each_band() -> None:
    figure = FIGURES["histogram"]("light")
    np.testing.assert_array_equal(bars(figure).y, COUNTS)
    np.testing.assert_allclose(bars(figure).x[[0, -1]], [0.01, 0.99])
    for word, number in (("Allow", "39,025"), ("Monitor", "538"), ("Human review", "261"), ("Auto-remove", "176")):
        assert any(f"<b>{word}</b><br>{number}" in text for text in labels(figure))
        assert f"{number} {word}" in figure.layout.meta["alt"]
    assert [shape.x0 for shape in figure.layout.shapes] == [0.3, 0.7, 0.9]


@pytest.mark.parametrize(("threshold", "coloured"), [(0.345, "monitor"), (0.355, "allow"), (0.35, "allow")])
def test_a_bin_has_the_colour_of_the_band_of_its_centre(threshold: float, coloured: Band) -> None:
    policy = make.policy(monitor=threshold)
    figure = charts.score_histogram(COUNTS, policy.thresholds, USERS, theme="dark")
    colours = list(bars(figure).marker.color)
    assert colours == [charts.PALETTE["dark"][band] for band in decide(policy, np.asarray(bars(figure).x, float)).bands]
    assert colours[16:19] == [charts.PALETTE["dark"][band] for band in ("allow", coloured, "monitor")]


def test_the_band_of_a_score_is_that_of_the_policy_at_its_thresholds_too() -> None:
    edges = np.array(list(make.policy().thresholds.values()))
    for score in np.concatenate([np.nextafter(edges, 0), edges, np.nextafter(edges, 1)]).tolist():
        assert band_of(score, make.policy().thresholds) == decide(make.policy(), [score]).bands[0]


def test_labels_of_close_thresholds_stand_on_different_lines() -> None:
    def drops(policy: Policy) -> list[float]:
        figure = charts.score_histogram(COUNTS, policy.thresholds, USERS, theme="light")
        return [note.yshift for note in figure.layout.annotations]

    allow, monitor, review, remove = drops(make.policy())
    assert allow == monitor == review
    assert remove < review, "on a phone these two would meet"
    *_, review, remove = drops(make.policy(review=0.7, remove=0.75))
    assert remove < review
    allow, monitor, *_ = drops(make.policy(monitor=0.02))
    assert monitor < allow


def test_a_histogram_of_nobody_is_drawn_and_says_so() -> None:
    figure = charts.score_histogram(np.zeros(50), THRESHOLDS, {}, theme="light")
    assert figure.layout.meta["alt"] == "Histogram of scores: no users."
    assert np.isfinite(figure.layout.yaxis.range).all()


def test_a_single_user_is_seen_on_the_log_axis() -> None:
    one = np.zeros(50)
    one[44] = 1
    figure = charts.score_histogram(one, THRESHOLDS, {"human_review": 1}, theme="light")
    assert figure.layout.yaxis.range[0] < np.log10(1) < figure.layout.yaxis.range[1]
    assert "1 Human review" in figure.layout.meta["alt"]


@pytest.mark.parametrize(("score", "told"), [(0.884, "0.884"), (0.0, "&lt;0.001"), (1.0, "&gt;0.999")])
def test_place_marks_the_score_and_says_how_many_are_below(score: float, told: str) -> None:
    figure = charts.place(COUNTS, score, THRESHOLDS, share_below=0.992, theme="light")
    (diamond,) = markers(figure, "diamond")
    assert list(diamond.x) == [score]
    assert diamond.marker.color == charts.PALETTE["light"]["accent"]
    assert any(told in text for text in labels(figure))
    assert figure.layout.meta["sub"].startswith(f"higher than 99.2\u202f% of {COUNTS.sum():,.0f} users")
    np.testing.assert_array_equal(bars(figure).y, COUNTS)


@pytest.mark.parametrize(
    ("before", "after", "sub"),
    [
        (0.884, 0.412, "score falls by 0.472; Human review becomes Monitor"),
        (0.3, 0.3, "score stays the same; stays Allow"), (0.0, 1.0, "score rises by 1.000; Allow becomes Auto-remove"),
    ],
)  # fmt: skip
def test_what_if_marks_both_scores_and_names_the_bands(before: float, after: float, sub: str) -> None:
    figure = charts.what_if(before, after, THRESHOLDS, theme="light")
    hollow, filled = markers(figure, "diamond")
    assert (list(hollow.x), list(filled.x)) == ([before], [after])
    assert (hollow.marker.color, filled.marker.color) == ("#FFFFFF", charts.PALETTE["light"]["accent"])
    assert figure.layout.meta["sub"] == sub


def test_the_track_of_what_if_covers_every_band_once() -> None:
    shapes = charts.what_if(0.1, 0.2, THRESHOLDS, theme="light").layout.shapes
    assert [(shape.x0, shape.x1) for shape in shapes] == [(0, 0.3), (0.3, 0.7), (0.7, 0.9), (0.9, 1)]
    assert [shape.fillcolor for shape in shapes] == [charts.PALETTE["light"][band] for band in BANDS]


def test_ticks_of_close_thresholds_do_not_share_a_line() -> None:
    close = make.policy(monitor=0.35, review=0.7, remove=0.75).thresholds
    ticks = list(charts.what_if(0.1, 0.2, close, theme="light").layout.xaxis.ticktext)
    assert ticks == ["0", "0.35", "0.7", "<br>0.75", "1"]


def test_pushes_lead_from_the_average_user_to_this_one_strongest_first() -> None:
    figure = FIGURES["pushes"]("light")
    bar = bars(figure)
    assert list(bar.x) == [2.82, 0.52, -0.32, 0.99]
    np.testing.assert_allclose(bar.base, [-3.71, -0.89, -0.37, -0.69])
    np.testing.assert_allclose(bar.base[-1] + bar.x[-1], 0.30)
    assert labels(figure) == ["−3.71", "+2.82", "+0.52", "−0.32", "+0.99", "<b>+0.30</b>"]
    ink, grey = charts.PALETTE["light"]["ink"], charts.PALETTE["light"]["population"]
    assert list(bar.marker.color) == [ink, ink, grey, ink]


def test_rows_of_pushes_are_named_with_value_and_meaning_and_missing_is_said() -> None:
    first, *rows, last = FIGURES["pushes"]("light").layout.yaxis.ticktext
    assert (first, last) == ("average user", "<b>this user</b><br>score <b>0.574</b>")
    assert rows[0].startswith("X19 = <b>7</b><br>")
    assert "assumed: count of urgent messages" in rows[0]
    assert rows[1:] == ["X9 = <b>26</b>", "X13 = <b>missing</b>", "other 43 features"]


@pytest.mark.parametrize("scale", [0.01, 1, 10])
def test_numbers_of_pushes_have_a_column_of_their_own_between_names_and_bars(scale: float) -> None:
    rows = ROWS.assign(contribution=-scale * ROWS["contribution"])
    figure = charts.pushes(rows, 0.0, -scale * 3.02, "0.5", rest=0.0, rest_count=0, theme="light")
    for number in figure.layout.annotations:
        assert (number.xref, number.x, number.xanchor) == ("x domain", 0, "right")
        assert width_of(number.text.strip("</b>")) - number.xshift <= figure.layout.yaxis.ticklabelstandoff
    assert [number.y for number in figure.layout.annotations] == list(figure.layout.yaxis.tickvals)
    assert not any("text" in (trace.mode or "") for trace in figure.data if trace.type == "scatter")


def test_pushes_that_do_not_add_up_are_not_drawn() -> None:
    with pytest.raises(ValueError, match=r"lead to 0\.3000, not to the margin 0\.5000"):
        charts.pushes(ROWS, -3.71, 0.5, "0.6", rest=0.99, rest_count=43, theme="light")


def test_a_user_without_pushes_stays_at_the_average_user() -> None:
    figure = charts.pushes(ROWS.head(0), -3.0, -3.0, "0.047", rest=0.0, rest_count=0, theme="light")
    assert list(figure.layout.yaxis.ticktext) == ["average user", "<b>this user</b><br>score <b>0.047</b>"]
    assert figure.layout.xaxis.range[0] < -3 < figure.layout.xaxis.range[1]


@pytest.mark.parametrize("sign", [-1, 1])
def test_every_number_stands_within_the_axis_when_all_push_one_way(sign: int) -> None:
    rows = ROWS.assign(contribution=sign * ROWS["contribution"].abs())
    figure = charts.pushes(rows, 0.0, sign * 3.66, "0.5", rest=0.0, rest_count=0, theme="light")
    low, high = figure.layout.xaxis.range
    assert low < min(0, sign * 3.66) < max(0, sign * 3.66) < high
    evidence = charts.evidence(rows, theme="light")
    low, high = evidence.layout.xaxis2.range
    assert low <= min(0, sign * 2.82) < max(0, sign * 2.82) <= high
    assert ("to spammer →" in str(labels(evidence))) == (sign > 0)


def test_equal_pushes_keep_the_order_they_came_in() -> None:
    rows = ROWS.assign(contribution=[0.5, -0.5, 0.5])
    figure = charts.pushes(rows, 0.0, 0.5, "0.6", rest=0.0, rest_count=0, theme="light")
    assert [text.split(" ")[0] for text in figure.layout.yaxis.ticktext[1:-1]] == ["X9", "X19", "X13"]


def test_evidence_shows_percentiles_and_pushes_of_the_same_rows() -> None:
    figure = FIGURES["evidence"]("light")
    traces = {trace.name: trace for trace in figure.data}
    np.testing.assert_array_equal(traces["percentile"].x, [99, 83, np.nan])
    np.testing.assert_array_equal(traces["spammer_percentile"].x, [97, 37, 46])
    np.testing.assert_array_equal(traces["legitimate_percentile"].x, [44, 53, 46])
    assert list(bars(figure).x) == [2.82, 0.52, -0.32]
    assert list(traces["numbers"].text) == ["+2.82", "+0.52", "−0.32"]
    assert [text.split(" ")[0] for text in figure.layout.yaxis.ticktext] == ["X19", "X9", "X13"]


def test_a_missing_value_has_the_word_in_place_of_a_mark() -> None:
    (word,) = [note for note in FIGURES["evidence"]("light").layout.annotations if "missing" in note.text]
    assert word.y == 2
    assert "X13 = missing, contribution −0.32" in FIGURES["evidence"]("light").layout.meta["alt"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_names_values_and_meanings_from_files_are_literal(hostile: str) -> None:
    rows = ROWS.assign(feature=hostile, value_text=hostile, meaning=hostile)
    safe = charts.escape_label(hostile)
    for figure in (
        charts.evidence(rows, theme="light"),
        charts.pushes(rows, 0.0, 3.02, "0.9", rest=0.0, rest_count=0, theme="light"),
    ):
        assert any(safe in text for text in texts(figure))
        assert not [text for text in texts(figure) if hostile in text.replace(safe, "")]
        assert not [text for text in texts(figure) if "%{" in text or "<a " in text]
        assert hostile in figure.layout.meta["alt"]  # an attribute, never read as markup


@given(st.text())
def test_an_escaped_label_holds_no_markup_and_stays_on_one_line(text: str) -> None:
    assert not set("<>{}$\n\r\t") & set(charts.escape_label(text))


def test_long_names_are_cut_beside_the_axis_and_whole_in_the_hover() -> None:
    name = "a_feature_name_that_is_much_longer_than_any_axis"
    figure = charts.evidence(ROWS.assign(feature=name), theme="light")
    assert all(f"{name[:27]}… = " in label for label in figure.layout.yaxis.ticktext)
    assert all(name in hover for hover in bars(figure).hovertext)


@pytest.mark.parametrize("n", [1, 2, 14])
def test_band_shares_draws_each_band_and_ends_in_its_number(n: int) -> None:
    figure = charts.band_shares(runs(n), theme="light")
    ends = {trace.name: trace for trace in figure.data if trace.mode == "markers"}
    lines = {trace.name: trace for trace in figure.data if trace.mode == "lines"}
    assert list(ends) == ["monitor", "human_review", "auto_remove"]
    assert list(lines) == ([] if n == 1 else list(ends))
    last = runs(n).tail(3).set_index("band")["share"]
    for band, trace in ends.items():
        assert list(trace.y) == [last[band]]
        assert any(f"</b> {100 * last[band]:.2f}\u202f%" in text for text in labels(figure))
    for band, trace in lines.items():
        np.testing.assert_array_equal(trace.y, runs(n).loc[runs(n)["band"] == band, "share"])
    assert figure.layout.yaxis.range[0] == 0


def test_band_shares_leaves_out_the_allowed_and_bears_no_runs() -> None:
    figure = charts.band_shares(runs(2, BANDS), theme="light")
    assert {trace.name for trace in figure.data} == {"monitor", "human_review", "auto_remove"}
    assert charts.band_shares(runs(0), theme="light").layout.meta["alt"] == "No runs."


def test_ticks_of_runs_are_their_own_times_and_do_not_crowd() -> None:
    frame = runs(14).assign(when=[pd.Timestamp("2026-11-20 09:00") + pd.Timedelta(minutes=i) for i in range(42)])
    axis = charts.band_shares(frame, theme="light").layout.xaxis
    assert axis.ticktext[0] == "09:41"
    assert len(axis.ticktext) <= 6
    assert set(axis.tickvals) <= set(frame["when"])


def test_equal_ends_of_lines_have_labels_apart() -> None:
    figure = charts.band_shares(runs(2).assign(share=0.005), theme="light")
    shifts = sorted(note.yshift for note in figure.layout.annotations)
    assert min(b - a for a, b in itertools.pairwise(shifts)) >= 16


@given(st.lists(st.floats(0, 200), min_size=1, max_size=8))
def test_spread_keeps_order_distance_and_bounds(wanted: list[float]) -> None:
    placed = spread(wanted, 16, 0, 200)
    order = np.argsort(wanted, kind="stable")
    assert all(b - a >= 16 - 1e-9 for a, b in itertools.pairwise(np.asarray(placed)[order]))
    assert min(placed) >= 0
    assert max(placed) <= 200


@given(st.floats(0, 200), st.floats(17, 100))
def test_spread_leaves_what_does_not_touch(first: float, apart: float) -> None:
    np.testing.assert_allclose(spread([first, first + apart], 16, 0, 300), [first, first + apart])


def test_reliability_shows_groups_with_users_and_their_intervals() -> None:
    figure = FIGURES["reliability"]("light")
    (dots,) = [trace for trace in figure.data if trace.mode == "markers"]
    np.testing.assert_array_equal(dots.x, [0.05, 0.9])
    np.testing.assert_array_equal(dots.y, [0.06, 0.7])
    np.testing.assert_allclose(dots.error_y.array, [0.02, 0.1])
    np.testing.assert_allclose(dots.error_y.arrayminus, [0.02, 0.1])
    assert "n = 1,000" in figure.layout.meta["sub"]
    assert "in 1 of 2 groups; farthest off, 0.900 predicted, 0.700 observed" in figure.layout.meta["alt"]


def test_reliability_of_nobody_says_so() -> None:
    assert charts.reliability(CALIBRATION.head(0), theme="light").layout.meta["alt"] == "Calibration: no users."
