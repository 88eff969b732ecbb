from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import charts
from app.charts import Bins
from app.charts.parts import HALF, thinned, width_of

ROOT = Path(__file__).parents[2]
INK, GREY = charts.PALETTE["light"]["ink"], charts.PALETTE["light"]["population"]
ACCENT, PAGE = charts.PALETTE["light"]["accent"], charts.PALETTE["light"]["background"]
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}\b")
HOSTILE = ["<b>x</b>", "a, b", "%{meta.title}", "&lt;", "<a href='http://h'>k</a>", "$x^2$", "a<br>b"]

SPREAD = pd.DataFrame({"label": ["0", "1", "2 to 3"], "legitimate": [0.9, 0.08, 0.02], "spammer": [0.2, 0.3, 0.5]})
RATES = pd.DataFrame(
    {
        "label": ["0", "1", "2 to 3"], "n": [900, 90, 9], "spammers": [9, 18, 6], "rate": [0.01, 0.2, 6 / 9],
        "low95": [0.005, 0.13, 0.35], "high95": [0.02, 0.29, 0.88],
    }
)  # fmt: skip
COUNTS = np.array([[12_345, 100, 9], [50, 0, 20]])
SHARES = np.array([[0.01, 0.5, 0.9], [0.02, np.nan, 1.0]])
ACROSS, UPWARDS = Bins("X19", ["0", "1", "2"]), Bins("X6", ["low", "high"])
GROUPS = pd.DataFrame(
    {
        "value": ["de", None, "fr"], "n": [9000, 12, 900], "spammers": [90, 6, 18], "rate": [0.01, 0.5, 0.02],
        "low": [0.008, 0.25, 0.013], "high": [0.013, 0.75, 0.03], "small": [False, True, False],
    }
)  # fmt: skip
MOVED = pd.DataFrame(
    {"feature": ["X1", "X2", "X3"], "psi": [0.3, 0.1, 0.5], "effect": [0.1, -0.2, 0.0], "use": [0.1, 1.2, 0.0]}
).assign(weighted=lambda frame: frame["psi"] * frame["use"])


def matrix(n: int, name: str = "X{}") -> pd.DataFrame:
    names = [name.format(i + 1) for i in range(n)]
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return pd.DataFrame(np.where(apart % 2, -1, 1) / (1 + apart), names, names)


SWARM = pd.DataFrame(
    {
        "feature": ["X19"] * 3 + ["X6"] * 3, "rank": [0.0, 1.0, np.nan, 0.5, 0.5, 0.5],
        "said": ["0", "48", "missing", "", "", ""], "contribution": [-0.5, 3.98, 0.1, 0.2, 0.2, 0.2],
    }
)  # fmt: skip


def dependence(value: Any, push: Any, feature: str = "X19", theme: charts.Theme = "light", **more: Any) -> go.Figure:
    told = {"beyond": 0, "sample": len(value), **more}
    return charts.dependence(value, push, feature, **told, version="v0004", theme=theme)


FIGURES: dict[str, Callable[[charts.Theme], go.Figure]] = {
    "distribution": lambda theme: charts.distribution(SPREAD, "X19", log=False, theme=theme),
    "distribution, log": lambda theme: charts.distribution(SPREAD, "X19", log=True, theme=theme),
    "distribution, no labels": lambda theme: charts.distribution(
        SPREAD.drop(columns="spammer").rename(columns={"legitimate": "everyone"}), "X19", log=False, theme=theme
    ),
    "spam rate": lambda theme: charts.spam_rate(RATES, "X19", overall=0.0269, theme=theme),
    "dependence": lambda theme: dependence([0, 1, 1, np.nan], [-1.0, 0.5, 0.7, 0.1], theme=theme),
    "dependence by another": lambda theme: dependence(
        [0, 1, 1], [-1.0, 0.5, 0.7], theme=theme, by=("X6", [3, np.nan, 1])
    ),
    "beeswarm": lambda theme: charts.beeswarm(SWARM, version="v0004", sample="6 users", theme=theme),
    "joint": lambda theme: charts.joint(COUNTS, SHARES, ACROSS, UPWARDS, show="density", theme=theme),
    "joint rates": lambda theme: charts.joint(COUNTS, SHARES, ACROSS, UPWARDS, show="spam rate", theme=theme),
    "correlations": lambda theme: charts.correlations(matrix(51), method="spearman", theme=theme),
    "few correlations": lambda theme: charts.correlations(matrix(4), method="pearson", theme=theme),
    "segments": lambda theme: charts.segments(GROUPS, "country", overall=0.0269, theme=theme),
    "segments, no labels": lambda theme: charts.segments(
        GROUPS.assign(spammers=np.nan, rate=np.nan, low=np.nan, high=np.nan), "country", overall=np.nan, theme=theme
    ),
    "shifts": lambda theme: charts.shifts(MOVED, a="october.csv", b="november.csv", theme=theme),
}
UNKNOWN_RATES = dict.fromkeys(("spammers", "rate", "low95", "high95"), np.nan)
EMPTY: dict[str, tuple[Callable[[], go.Figure], str]] = {
    "distribution": (lambda: charts.distribution(SPREAD.head(0), "X19", log=False, theme="light"), "no users"),
    "log distribution": (lambda: charts.distribution(SPREAD.head(0), "X19", log=True, theme="light"), "no users"),
    "spam rate": (lambda: charts.spam_rate(RATES.head(0), "X19", overall=0.1, theme="light"), "no users"),
    "unlabelled spam rate": (
        lambda: charts.spam_rate(RATES.assign(**UNKNOWN_RATES), "X19", overall=np.nan, theme="light"), "no labels"
    ),
    "dependence": (lambda: dependence([], []), "no users"),
    "beeswarm": (lambda: charts.beeswarm(SWARM.head(0), version="v1", sample="nobody", theme="light"), "no users"),
    "all missing": (lambda: dependence([np.nan], [0.1]), "no users with a value of X19"),
    "joint": (
        lambda: charts.joint(np.zeros((0, 0)), [], Bins("X1", []), Bins("X2", []), show="density", theme="light"),
        "no users",
    ),
    "unlabelled joint": (
        lambda: charts.joint(COUNTS, COUNTS * np.nan, ACROSS, UPWARDS, show="spam rate", theme="light"), "no labels"
    ),
    "sparse joint": (
        lambda: charts.joint(COUNTS * 0 + 3, SHARES, ACROSS, UPWARDS, show="spam rate", theme="light"),
        "fewer than 10 users in every cell",
    ),
    "correlations": (lambda: charts.correlations(pd.DataFrame(), method="pearson", theme="light"), "no features"),
    "segments": (lambda: charts.segments(GROUPS.head(0), "c", overall=0.1, theme="light"), "no users"),
    "shifts": (lambda: charts.shifts(MOVED.head(0), a="a", b="b", theme="light"), "no features to compare"),
    "unknown shifts": (
        lambda: charts.shifts(MOVED.assign(weighted=np.nan), a="a", b="b", theme="light"), "no features to compare"
    ),
}  # fmt: skip


def named(figure: go.Figure, name: str) -> Any:
    return next(trace for trace in figure.data if trace.name == name)


def labels(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def texts(figure: go.Figure) -> list[str]:
    """Every text plotly would read as its subset of HTML."""
    shown = json.loads(figure.to_json())
    shown["layout"].pop("meta")
    shown["layout"].pop("template", None)

    def walk(part: object) -> list[str]:
        inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
        return [part] if isinstance(part, str) else [text for item in inside for text in walk(item)]

    return walk(shown)


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_says_what_it_shows(name: str) -> None:
    meta = FIGURES[name]("light").layout.meta
    assert set(meta) == {"title", "sub", "alt"}
    assert all(meta.values())
    assert any(digit in meta["alt"] for digit in "0123456789")


@pytest.mark.parametrize("name", FIGURES)
def test_the_themes_differ_in_colour_only_and_each_uses_its_own(name: str) -> None:
    shapes = []
    for theme in charts.PALETTE:
        shown = FIGURES[name](theme).update_layout(template="none").to_json()
        own = {*charts.PALETTE[theme].values(), *charts.SEQUENTIAL[theme], *charts.DIVERGING[theme]}
        assert set(COLOUR.findall(shown)) <= own
        assert COLOUR.search(shown)
        shapes.append(COLOUR.sub("#", shown))
    assert shapes[0] == shapes[1]


def test_the_diverging_tints_are_those_of_the_theme() -> None:
    theme = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]
    for name, tints in charts.DIVERGING.items():
        assert list(tints) == theme[name]["chartDivergingColors"]


@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_of_data_has_the_colour_of_an_action(name: str) -> None:
    for theme, palette in charts.PALETTE.items():
        shown = FIGURES[name](theme).update_layout(template="none").to_json()
        assert not [action for action in ("monitor", "human_review", "auto_remove") if palette[action] in shown]


@pytest.mark.parametrize("name", EMPTY)
def test_without_anything_to_show_a_figure_says_why_and_shows_no_numbers_at_its_axes(name: str) -> None:
    draw, said = EMPTY[name]
    figure = draw()
    assert said in labels(figure)
    assert figure.layout.yaxis.showticklabels is False or "segments" in name
    json.loads(figure.to_json())
    for axis in figure.select_yaxes():
        assert axis.range is None or np.isfinite(axis.range).all()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_names_and_values_from_files_are_literal(hostile: str) -> None:
    safe = charts.escape_label(hostile)
    two = Bins(hostile, [hostile, "b"])
    figures = [
        charts.distribution(SPREAD.assign(label=hostile), hostile, log=False, theme="light"),
        charts.spam_rate(RATES.assign(label=hostile), hostile, overall=0.1, theme="light"),
        dependence([1.0], [0.1], hostile, by=(hostile, [1.0])),
        dependence([np.nan], [0.1], hostile),
        charts.beeswarm(SWARM.assign(feature=hostile, said=hostile), version="v1", sample="6", theme="light"),
        charts.joint(np.full((2, 2), 20), np.full((2, 2), 0.1), two, two, show="spam rate", theme="light"),
        charts.correlations(matrix(3, hostile.replace("{", "{{").replace("}", "}}") + "{}"), method="m", theme="light"),
        charts.segments(GROUPS.assign(value=hostile), hostile, overall=0.1, theme="light"),
        charts.shifts(MOVED.assign(feature=hostile), a=hostile, b=hostile, theme="light"),
    ]  # fmt: skip
    for figure in figures:
        assert any(safe in text for text in texts(figure))
        if safe != hostile:
            assert not [text for text in texts(figure) if hostile in text.replace(safe, "")]


@given(st.lists(st.text("0123456789 to,X漢", max_size=18), max_size=60), st.integers(100, 600))
def test_labels_that_are_written_do_not_touch(given_labels: list[str], room: int) -> None:
    shown = thinned(given_labels, room)
    cell = room / max(len(given_labels), 1)
    assert bool(shown) == bool(given_labels)
    assert shown[:1] in ([], [0])
    assert len(shown) < 2 or shown[-1] == len(given_labels) - 1
    for left, right in itertools.pairwise(shown):
        assert (right - left) * cell >= (width_of(given_labels[left]) + width_of(given_labels[right])) / 2


def test_short_labels_are_all_written() -> None:
    assert thinned([str(i) for i in range(12)], HALF) == list(range(12))


def test_forty_long_bins_keep_first_and_last_label() -> None:
    bins = [f"{1000 * i:,} to {1000 * i + 999:,}" for i in range(39)] + ["missing"]
    frame = pd.DataFrame({"label": bins, "legitimate": 1 / 40, "spammer": 1 / 40})
    axis = charts.distribution(frame, "X19", log=False, theme="light").layout.xaxis
    assert (axis.ticktext[0], axis.ticktext[-1], axis.tickvals[-1]) == ("0 to 999", "missing", 39)
    assert 3 <= len(axis.ticktext) <= 6


def test_distribution_shows_legitimate_users_as_bars_and_spammers_as_a_line() -> None:
    figure = FIGURES["distribution"]("light")
    bars, line = named(figure, "legitimate"), named(figure, "spammer")
    np.testing.assert_array_equal(bars.y, SPREAD["legitimate"])
    np.testing.assert_array_equal(line.y, SPREAD["spammer"])
    assert (bars.type, bars.marker.color, line.mode, line.line.color) == ("bar", GREY, "lines+markers", INK)
    assert list(figure.layout.xaxis.ticktext) == ["0", "1", "2 to 3"]
    assert (
        "most legitimate users, 90.0\u202f%, at 0; most spammers, 50.0\u202f%, at 2 to 3" in figure.layout.meta["alt"]
    )


def test_without_labels_the_bars_are_all_users() -> None:
    figure = FIGURES["distribution, no labels"]("light")
    assert [trace.name for trace in figure.data] == ["everyone"]
    assert "no labels" in figure.layout.meta["sub"]


def test_on_a_log_axis_every_share_has_room_and_none_is_drawn_for_0() -> None:
    frame = SPREAD.assign(legitimate=[0.99998, 0.00002, 0.0])
    figure = charts.distribution(frame, "X19", log=True, theme="light")
    low, high = figure.layout.yaxis.range
    assert 10**low < frame["legitimate"][1]
    assert frame["legitimate"][0] < 10**high
    np.testing.assert_array_equal(np.isnan(named(figure, "legitimate").y), [False, False, True])
    assert "log scale" in figure.layout.meta["sub"]
    assert figure.layout.yaxis.ticktext[-1] == "100\u202f%"


def test_one_bin_of_everything_is_drawn() -> None:
    one = pd.DataFrame({"label": ["missing"], "legitimate": [1.0], "spammer": [np.nan]})
    for log in (False, True):
        figure = charts.distribution(one, "X19", log=log, theme="light")
        assert list(figure.layout.xaxis.ticktext) == ["missing"]
        assert figure.layout.meta["alt"].startswith("Distribution of X19 over 1 bin: most legitimate users, 100.0")


def test_rates_have_their_intervals_and_bins_of_few_users_are_hollow() -> None:
    figure = FIGURES["spam rate"]("light")
    dots, users = named(figure, "rate"), named(figure, "users")
    np.testing.assert_allclose(dots.y, RATES["rate"])
    np.testing.assert_allclose(dots.y + dots.error_y.array, RATES["high95"])
    np.testing.assert_allclose(dots.y - dots.error_y.arrayminus, RATES["low95"])
    assert list(dots.marker.color) == [INK, INK, PAGE]
    np.testing.assert_array_equal(users.y, RATES["n"])
    assert figure.layout.yaxis2.type == "log"
    assert "n = 999" in figure.layout.meta["sub"]
    assert "lowest 1.00\u202f% at 0 (n = 900), highest 66.67\u202f% at 2 to 3 (n = 9)" in figure.layout.meta["alt"]


def test_the_interval_of_a_bin_of_few_users_does_not_flatten_the_others() -> None:
    frame = RATES.assign(rate=[0.01, 0.02, 0.0], low95=[0.0, 0.01, 0.0], high95=[0.02, 0.05, 0.9])
    top = charts.spam_rate(frame, "X19", overall=0.0269, theme="light").layout.yaxis.range[1]
    assert 0.05 < top < 0.1


def test_the_dotted_line_is_that_of_all_users_and_its_words_meet_no_dot() -> None:
    figure = FIGURES["spam rate"]("light")
    (line,) = figure.layout.shapes
    assert (line.y0, line.y1) == (0.0269, 0.0269)
    assert "all users 2.69\u202f%" in labels(figure)
    crowded = pd.concat([RATES.assign(rate=0.5, low95=0.0, high95=1.0)] * 6, ignore_index=True)
    figure = charts.spam_rate(crowded, "X19", overall=0.5, theme="light")
    assert not labels(figure)
    assert figure.layout.meta["sub"].endswith("dotted: all users 50.00\u202f%")


def test_a_rate_that_is_not_known_is_left_out_and_the_others_drawn() -> None:
    frame = RATES.assign(n=[900, 0, 90], rate=[0.01, np.nan, 0.1])
    figure = charts.spam_rate(frame, "X19", overall=0.02, theme="light")
    assert np.isnan(named(figure, "rate").y[1])
    assert "rate not known" in named(figure, "rate").hovertext[1]


def test_dependence_shows_each_user_in_the_accent_and_says_who_is_not_drawn() -> None:
    figure = dependence([0, 1, 1, np.nan], [-1.0, 0.5, 0.7, 0.1], beyond=6, sample=10)
    dots = named(figure, "contribution")
    np.testing.assert_allclose(dots.y, [-1.0, 0.5, 0.7])
    assert dots.marker.color == ACCENT
    assert figure.layout.yaxis.zeroline is True
    assert figure.layout.meta["title"] == "How v0004 uses X19"
    assert figure.layout.meta["sub"] == (
        "contribution to the score in log-odds, 10 users; 6 beyond the axis; 1 missing, not drawn"
    )
    assert "contributions from −1.00 at 0 to +0.70 at 1" in figure.layout.meta["alt"]
    assert "3 of 20,000 users" in dependence([0, 1, 2], [0, 0, 0], sample=20_000).layout.meta["sub"]


def test_whole_values_are_moved_aside_always_alike_and_never_to_their_neighbours() -> None:
    value = np.repeat([0, 1, 2], 500)
    first, second = (named(dependence(value, value / 2), "contribution").x for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - value).max() < 0.2
    assert len(set(np.round(first[:500], 2))) > 30
    assert named(dependence([1, 1.5], [0, 0]), "contribution").x.tolist() == [1, 1.5]
    assert "X19 = 2<br>contribution +1.00" in named(dependence(value, value / 2), "contribution").hovertext


@pytest.mark.parametrize("value", [[3.0], [-5.0, 1e12], [1e12, 1e12], [0.1, np.nan]])
def test_dependence_has_a_finite_axis_around_any_values(value: list[float]) -> None:
    low, high = dependence(value, [0.0] * len(value)).layout.xaxis.range
    assert np.isfinite([low, high]).all()
    assert low < np.nanmin(value) <= np.nanmax(value) < high


def test_density_tints_by_log_count_and_leaves_cells_without_users_empty() -> None:
    (heat,) = FIGURES["joint"]("light").data
    np.testing.assert_allclose(heat.z, [[np.log10(12_345), 2, np.log10(9)], [np.log10(50), np.nan, np.log10(20)]], 1e-6)
    assert [list(row) for row in heat.text] == [["12k", "100", "9"], ["50", "", "20"]]
    assert "no users" in heat.hovertext[1][1]
    assert "X19: 0<br>X6: low<br>12,345 users" in heat.hovertext[0][0]
    assert "most, 12,345 users, at X19 0 and X6 low" in FIGURES["joint"]("light").layout.meta["alt"]


def test_rates_of_few_users_are_not_shown_but_said_on_demand() -> None:
    (heat,) = FIGURES["joint rates"]("light").data
    np.testing.assert_allclose(heat.z, [[0.01, 0.5, np.nan], [0.02, np.nan, 1.0]], 1e-6)
    assert [list(row) for row in heat.text] == [["1.0", "50.0", ""], ["2.0", "", "100"]]
    assert heat.hovertext[0][2].endswith("n = 9, too few to judge")
    assert (
        "highest spam rate 100.0\u202f% at X19 2 and X6 high, 20 users"
        in FIGURES["joint rates"]("light").layout.meta["alt"]
    )


@pytest.mark.parametrize(
    ("users", "shown"),
    [(9_999, "9,999"), (10_000, "10k"), (12_500, "12k"), (123_456, "123k"), (1_234_567, "1.2M"), (12e9, "12B")],
)  # fmt: skip
def test_a_number_in_a_cell_is_short(users: float, shown: str) -> None:
    one = Bins("X1", ["0"])
    (heat,) = charts.joint([[users]], [[0.1]], one, one, show="density", theme="light").data
    assert heat.text[0][0] == shown
    assert width_of(shown) < HALF / 12


def test_numbers_are_written_in_up_to_twelve_bins_and_the_tint_is_stronger_without_them() -> None:
    def drawn(n: int) -> go.Heatmap:
        axis = Bins("X1", [str(i) for i in range(n)])
        return charts.joint(np.full((n, n), 20), np.full((n, n), 0.1), axis, axis, show="density", theme="light").data[
            0
        ]

    assert drawn(12).text is not None
    assert drawn(13).text is None
    assert drawn(12).colorscale[-1][1] == charts.SEQUENTIAL["light"][-1]
    assert drawn(13).colorscale[-1][1] == ACCENT


@pytest.mark.parametrize("name", ["X{}", "number_of_things_{}", "<b>x{}</b>, y"])
def test_all_51_features_are_named_beside_their_rows_without_touching(name: str) -> None:
    figure = charts.correlations(matrix(51, name), method="spearman", theme="light")
    rows = figure.layout.yaxis
    assert [charts.escape_label(name.format(i + 1)) for i in range(51)] == list(rows.ticktext)
    margin = figure.layout.margin
    assert (figure.layout.height - margin.t - margin.b) / 51 >= 14
    columns = figure.layout.xaxis
    width, cell = 11 / 12 * max(width_of(text) for text in columns.ticktext), 300 / 51
    apart = min(np.diff(columns.tickvals)) * cell
    assert apart >= (12 if columns.tickangle == -90 else width)
    assert columns.tickangle == (0 if name == "X{}" else -90)


def test_correlations_go_from_minus_1_to_1_and_leave_the_diagonal_and_the_unknown_empty() -> None:
    frame = matrix(4)
    frame.iloc[2, :] = frame.iloc[:, 2] = np.nan
    figure = charts.correlations(frame, method="pearson", theme="light")
    (heat,) = figure.data
    assert (heat.zmin, heat.zmax) == (-1, 1)
    np.testing.assert_array_equal(np.isnan(heat.z[0]), [True, False, True, False])
    np.testing.assert_allclose(heat.z[0, [1, 3]], [-0.5, -0.25])
    assert list(heat.text[0]) == ["", "−0.50", "", "−0.25"]
    assert (heat.hovertext[0][1], heat.hovertext[0][2]) == ("X1 and X2<br>r = −0.50", "X1 and X3<br>r = –")
    assert "strongest: X1 and X2 −0.50, X2 and X4 0.33, X1 and X4 −0.25." in figure.layout.meta["alt"]
    assert not np.isnan(frame.iloc[0, 0])  # the caller's matrix is as it was


def test_correlations_of_one_feature_and_of_none_known_say_so() -> None:
    for frame in (matrix(1), matrix(3) * np.nan):
        assert charts.correlations(frame, method="m", theme="light").layout.meta["alt"].endswith("none is known.")


def test_segments_stand_in_the_order_given_and_small_ones_are_hollow_and_said() -> None:
    figure = FIGURES["segments"]("light")
    dots = named(figure, "rate")
    np.testing.assert_allclose(dots.x, GROUPS["rate"])
    np.testing.assert_allclose(dots.x + dots.error_x.array, GROUPS["high"])
    assert list(figure.layout.yaxis.ticktext) == ["de", "missing", "fr"]
    assert list(dots.marker.color) == [INK, PAGE, INK]
    assert {"1.00\u202f%", "n = 9,000", "n = 12, too few to judge"} <= set(labels(figure))
    assert "50.00\u202f%" not in labels(figure)
    assert (
        "highest 2.00\u202f% of fr, lowest 1.00\u202f% of de; all users 2.69\u202f%; 1 too small"
        in figure.layout.meta["alt"]
    )


def test_segments_without_labels_are_the_users_of_each() -> None:
    figure = FIGURES["segments, no labels"]("light")

    assert list(named(figure, "users").x) == list(GROUPS["n"])
    assert {"9,000", "12"} <= set(labels(figure))
    assert not [text for text in labels(figure) if "too few" in text]
    assert figure.layout.meta["title"] == "Users by country"
    assert "no labels" in figure.layout.meta["sub"]


def test_every_dot_of_a_segment_is_on_the_axis_and_a_small_groups_interval_may_leave_it() -> None:
    low, high = FIGURES["segments"]("light").layout.xaxis.range
    assert low == 0
    assert 0.5 < high < 0.75


def test_shifts_are_the_largest_by_weight_with_their_figures_beside() -> None:
    figure = FIGURES["shifts"]("light")
    bars = named(figure, "weighted")
    np.testing.assert_allclose(bars.x, [0.12, 0.03, 0.0])
    assert list(figure.layout.yaxis.ticktext) == ["X2", "X1", "X3"]
    assert bars.marker.color == GREY
    assert {"PSI", "effect", "use", "0.100", "<b>0.300</b>", "<b>0.500</b>", "−0.20"} <= set(labels(figure))
    assert "largest first: X2 (PSI 0.100), X1 (PSI 0.300), X3 (PSI 0.500); 2 of 3" in figure.layout.meta["alt"]


def test_only_the_fifteen_largest_of_many_features_are_drawn() -> None:
    many = pd.concat([MOVED] * 17, ignore_index=True)
    figure = charts.shifts(many, a="a", b="b", theme="light")
    assert len(named(figure, "weighted").x) == 15
    assert "15 of 51 features" in figure.layout.meta["sub"]


def test_the_limit_of_psi_is_drawn_only_on_an_axis_of_psi_that_reaches_it() -> None:
    def lines(frame: pd.DataFrame) -> list[float]:
        return [shape.x0 for shape in charts.shifts(frame, a="a", b="b", theme="light").layout.shapes]

    assert lines(MOVED.assign(weighted=3 * MOVED["weighted"])) == []
    assert lines(MOVED.assign(weighted=MOVED["psi"])) == [0.2]
    assert lines(MOVED.assign(psi=0.01, weighted=0.01)) == []


def test_a_feature_of_unknown_shift_is_left_out_and_an_unknown_figure_is_a_dash() -> None:
    frame = MOVED.assign(use=np.nan, weighted=[np.nan, 0.1, 0.2])
    figure = charts.shifts(frame, a="a", b="b", theme="light")
    assert list(figure.layout.yaxis.ticktext) == ["X3", "X2"]
    assert labels(figure).count("–") == 2


def test_each_user_of_a_swarm_stands_at_its_contribution_and_a_missing_value_is_hollow() -> None:
    figure = FIGURES["beeswarm"]("light")
    missing, known = (trace for trace in figure.data if trace.name == "X19")

    assert list(known.x) == [np.float32(-0.5), np.float32(3.98)]
    assert list(known.marker.color) == [0, 1]
    assert known.hovertext[1] == "X19 = 48<br>contribution +3.98"
    assert (len(missing.x), missing.hovertext[0]) == (1, "X19 = missing<br>contribution +0.10")
    alike = figure.data[3]
    assert len(set(alike.y)) == 3
    assert all(abs(at - 1) < 0.5 for at in alike.y)


def test_many_users_of_a_swarm_are_drawn_from_first_to_last() -> None:
    many = pd.DataFrame({"feature": "X1", "rank": 0.5, "said": "", "contribution": np.linspace(-1, 1, 2_000)})
    drawn = charts.beeswarm(many, version="v1", sample="", theme="light").data[1]
    assert (len(drawn.x), drawn.x[0], drawn.x[-1]) == (charts.DOTS, -1, 1)
