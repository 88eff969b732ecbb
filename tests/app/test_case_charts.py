"""The evidence of a case: every mark, bar and word stands for the number in its row."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import charts
from app.charts import Theme

NAN = float("nan")
ROWS = pd.DataFrame(
    {
        "feature": ["X9", "X19", "X13", "X7"],
        "value_text": ["26", "4", "missing", "0"],
        "meaning": [None, "assumed: count of urgent messages", NAN, ""],
        "percentile": [83.0, 99.0, NAN, 46.125],
        "spammer_percentile": [37.0, 97.0, 46.0, NAN],
        "legitimate_percentile": [53.0, 44.0, 46.0, 57.0],
        "contribution": [0.52, 2.82, -0.72, -0.1],
    }
)
DRAWN = [1, 2, 0, 3]  # strongest first
BLIND = ROWS.drop(columns="contribution")
GREY = f'<span style="font-size:11px;color:{charts.PALETTE["light"]["muted"]}">'
HOSTILE = ["<b>x</b>", "%{meta.title}", "&lt;", "<a href='http://h'>k</a>", "$x^2$", "a<br>b", "a, b; c"]


def traces(figure: go.Figure) -> dict[str, Any]:
    return {trace.name: trace for trace in figure.data}


def notes(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def missing(figure: go.Figure) -> list[Any]:
    return [note for note in figure.layout.annotations if "missing" in note.text]


@pytest.mark.parametrize("frame", [ROWS, BLIND], ids=["told", "blind"])
def test_marks_stand_at_their_percentiles_on_a_track_from_0_to_100(frame: pd.DataFrame) -> None:
    figure = charts.evidence(frame, theme="light")
    found, order = traces(figure), DRAWN if "contribution" in frame else [0, 1, 2, 3]
    for column in ("percentile", "spammer_percentile", "legitimate_percentile"):
        np.testing.assert_allclose(found[column].x, frame[column].iloc[order], atol=0.005)
        assert list(found[column].y) == [0, 1, 2, 3]
    assert list(found["track"].x) == [0, 100, None] * 4
    assert list(found["track"].y) == [0, 0, None, 1, 1, None, 2, 2, None, 3, 3, None]
    assert figure.layout.xaxis.range == (0, 100)
    assert figure.layout.yaxis.range == (3.5, -0.5)  # downwards


def test_pushes_are_bars_from_0_with_their_signed_figures_at_the_right() -> None:
    figure = charts.evidence(ROWS, theme="light")
    bar, numbers = traces(figure)["contribution"], traces(figure)["numbers"]
    assert list(bar.x) == [2.82, -0.72, 0.52, -0.1]
    assert list(numbers.text) == ["+2.82", "−0.72", "+0.52", "−0.10"]
    assert list(numbers.x) == [2.82, 0, 0.52, 0]
    assert figure.layout.xaxis2.range == (-0.72, 2.82)
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]


@pytest.mark.parametrize("push", [7.06456, -7.06456, 0.00004, 2.82])
def test_the_figure_of_the_largest_push_lies_inside_the_axis_or_it_would_not_be_drawn(push: float) -> None:
    figure = charts.evidence(ROWS.assign(contribution=[push, *ROWS["contribution"][1:] / 1e6]), theme="light")
    low, high = figure.layout.xaxis2.range
    for name in ("contribution", "numbers"):
        assert all(low <= each <= high for each in traces(figure)[name].x)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_say_who_and_which_way(theme: Theme) -> None:
    found, colour = traces(charts.evidence(ROWS, theme=theme)), charts.PALETTE[theme]
    assert (found["percentile"].marker.symbol, found["percentile"].marker.color) == ("diamond", colour["accent"])
    assert found["spammer_percentile"].marker.line.color == colour["ink"]
    assert found["legitimate_percentile"].marker.line.color == colour["population"]
    ink, grey = colour["ink"], colour["population"]
    assert list(found["contribution"].marker.color) == [ink, grey, ink, grey]


@pytest.mark.parametrize("frame", [ROWS, BLIND], ids=["told", "blind"])
def test_the_themes_differ_in_colour_only(frame: pd.DataFrame) -> None:
    drawn = []
    for theme in ("light", "dark"):
        text = charts.evidence(frame, theme=theme).to_json()
        for slot, tint in charts.PALETTE[theme].items():
            text = text.replace(tint, slot)
        drawn.append(json.loads(text))
    assert drawn[0] == drawn[1]


def test_equal_medians_both_show_because_the_grey_tick_is_longer_and_behind() -> None:
    names = [trace.name for trace in charts.evidence(ROWS, theme="light").data]
    assert names.index("legitimate_percentile") < names.index("spammer_percentile") < names.index("percentile")
    found = traces(charts.evidence(ROWS, theme="light"))
    assert found["legitimate_percentile"].marker.size > found["spammer_percentile"].marker.size


def test_labels_give_name_and_value_and_the_meaning_where_one_is_known() -> None:
    urgent, *others = charts.evidence(ROWS, theme="light").layout.yaxis.ticktext
    assert urgent.startswith("X19 = <b>4</b><br>")
    assert "assumed: count of urgent messages" in urgent
    assert others == ["X13 = <b>missing</b>", "X9 = <b>26</b>", "X7 = <b>0</b>"]


def test_a_value_that_is_not_there_is_never_an_empty_text_and_a_number_is_no_gap() -> None:
    figure = charts.evidence(BLIND.assign(value_text=pd.Series([None, "", NAN, 0.5], dtype=object)), theme="light")
    values = [re.findall("<b>(.*?)</b>", label)[0] for label in figure.layout.yaxis.ticktext]
    assert values == ["missing", "missing", "missing", "0.5"]


def test_rows_are_lower_where_no_meaning_is_known() -> None:
    heights = [
        charts.evidence(frame, theme="light").layout.height
        for frame in (ROWS.assign(meaning=None), ROWS, pd.concat([ROWS, ROWS]))
    ]
    assert heights == sorted(set(heights))


def test_what_is_drawn_is_labelled_directly_without_a_legend() -> None:
    figure = charts.evidence(ROWS, theme="light")
    words = " ".join(notes(figure))
    for word in ("this user", "median spammer", "median legitimate", "to spammer →", "contribution,", "log-odds"):
        assert word in words
    assert "percentile" in figure.layout.xaxis.title.text
    assert figure.layout.showlegend is False


def test_a_blind_case_shows_nothing_of_score_or_pushes_and_keeps_its_order() -> None:
    figure = charts.evidence(BLIND, theme="light")
    assert {trace.type for trace in figure.data} == {"scatter"}
    assert not any(word in figure.to_json() for word in ("contribution", "log-odds", "to spammer", "moved"))
    assert [label[:3] for label in figure.layout.yaxis.ticktext] == ["X9 ", "X19", "X13", "X7 "]
    assert figure.layout.xaxis.domain == (0, 1)


@pytest.mark.parametrize("frame", [ROWS, BLIND], ids=["told", "blind"])
def test_a_missing_value_is_a_word_on_its_track(frame: pd.DataFrame) -> None:
    figure = charts.evidence(frame, theme="light")
    (word,) = missing(figure)
    (row,) = np.flatnonzero(np.isnan(traces(figure)["percentile"].x))
    assert word.y == row
    assert figure.layout.yaxis.ticktext[row] == "X13 = <b>missing</b>"


@given(st.floats(0, 100), st.floats(0, 100))
def test_the_word_for_a_missing_value_keeps_clear_of_both_medians(spammer: float, legitimate: float) -> None:
    row = BLIND.iloc[[2]].assign(spammer_percentile=spammer, legitimate_percentile=legitimate)
    (word,) = missing(charts.evidence(row, theme="light"))
    middle = {"left": 18, "center": 50, "right": 82}[word.xanchor]
    assert word.x == {"left": 0, "center": 50, "right": 100}[word.xanchor]
    assert min(abs(middle - spammer), abs(middle - legitimate)) >= 16


@pytest.mark.parametrize("frame", [ROWS, BLIND], ids=["told", "blind"])
def test_every_row_is_said_in_the_alternative_text(frame: pd.DataFrame) -> None:
    alt = charts.evidence(frame, theme="light").layout.meta["alt"]
    for each in frame.to_dict("records"):
        (said,) = [part for part in alt.split(": ", 1)[1].rstrip(".").split("; ") if f"{each['feature']} = " in part]
        assert f"= {each['value_text']}" in said
        for column, words in (
            ("percentile", "percentile"), ("spammer_percentile", "median spammer"),
            ("legitimate_percentile", "median legitimate"),
        ):  # fmt: skip
            known = not np.isnan(each[column])
            assert (f", {words} {each[column]:.0f}" in said) == known
            assert (f", {words} " in said) == known
        assert ("contribution" in said) == ("contribution" in each)
    assert ("contribution −0.72" in alt) == ("contribution" in frame)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("frame", [ROWS, BLIND], ids=["told", "blind"])
def test_names_values_and_meanings_from_files_are_literal(frame: pd.DataFrame, hostile: str) -> None:
    figure = charts.evidence(frame.assign(feature=hostile, value_text=hostile, meaning=hostile), theme="light")
    safe = charts.escape_label(hostile)
    texts = [*figure.layout.yaxis.ticktext, *traces(figure)["percentile"].hovertext]
    texts += [note.hovertext for note in missing(figure) if note.hovertext]
    texts += [text for trace in figure.data if trace.type == "bar" for text in trace.hovertext]
    for text in texts:
        assert text.count(safe) >= 2  # and the value, which may be cut
        assert hostile not in text.replace(safe, "")
        assert not set("{}$") & set(text)
        assert set(re.findall(r"<[^>]*>", text)) <= {"<b>", "</b>", "<br>", GREY, "</span>"}
    assert hostile in figure.layout.meta["alt"]  # an attribute, never read as markup


def test_long_texts_are_cut_beside_the_track_and_whole_in_the_hover() -> None:
    name, value, meaning = "name_" * 20, "0.30000000000000004", "assumed: " + "long and " * 20 + "told"
    figure = charts.evidence(ROWS.assign(feature=name, value_text=value, meaning=meaning), theme="light")
    for label, hover in zip(figure.layout.yaxis.ticktext, traces(figure)["percentile"].hovertext, strict=True):
        assert label.count("…") == 3
        assert not any(text in label for text in (name, value, meaning))
        assert all(text in hover for text in (name, value, meaning))


def test_the_words_above_begin_with_the_tracks_or_further_left_where_labels_are_wide() -> None:
    shifts = []
    for feature in ("X1", "a_name_of_twenty_four", "a_feature_name_of_28_letters"):
        (key,) = [
            note
            for note in charts.evidence(BLIND.assign(feature=feature, meaning=None), theme="light").layout.annotations
            if "this user" in note.text
        ]
        shifts.append(key.xshift)
    assert shifts[0] == 0 > shifts[1] > shifts[2]


@pytest.mark.parametrize("n", [0, 1, 12])
@pytest.mark.parametrize("told", [True, False], ids=["told", "blind"])
def test_any_number_of_rows_takes_as_few_traces_and_has_a_height_for_each(n: int, told: bool) -> None:
    frame = pd.concat([ROWS] * 3, ignore_index=True).head(n)
    figure = charts.evidence(frame if told else frame.drop(columns="contribution"), theme="dark")
    assert len(figure.data) == (6 if told else 4)
    assert len(figure.layout.yaxis.ticktext) == n
    assert figure.layout.height >= 28 * n + 60
    assert all(figure.layout.meta.values())


@pytest.mark.parametrize(("sign", "towards"), [(1, "to spammer →"), (-1, "← to legitimate")])
def test_the_arrow_points_where_the_pushes_go(sign: int, towards: str) -> None:
    figure = charts.evidence(ROWS.assign(contribution=sign * ROWS["contribution"].abs()), theme="light")
    assert sum(towards in text for text in notes(figure)) == 1
    assert sum("to spammer →" in text for text in notes(figure)) == (sign > 0)
    assert sorted(figure.layout.xaxis2.range) == sorted((0, sign * 2.82))


def test_one_figure_leaves_no_trace_in_the_next() -> None:
    before = charts.evidence(ROWS, theme="light").to_json()
    charts.evidence(ROWS.assign(contribution=-5.0, feature="other"), theme="light").update_xaxes(range=[7, 8])
    assert charts.evidence(ROWS, theme="light").to_json() == before
