"""What is taken away of a figure: the numbers of its marks in words, and its picture under a name that says what."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import charts
from app.components.shared import take_away
from app.components.shared.numbers import csv
from core.policy.bands import BANDS


def test_each_mark_is_a_row_with_what_the_hover_says_as_plain_text() -> None:
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], hoverinfo="skip")
    figure.add_bar(x=["a", "b"], y=[3, np.nan], name="users", hovertext=["a&lt;1<br><b>3</b> users", "b<br>missing"])

    table = charts.values(figure)

    assert table.to_dict("list")["words"] == ["a<1; 3 users", "b; missing"]
    assert table.columns.tolist() == ["series", "x", "y", "words"]
    assert table["y"].isna().tolist() == [False, True]


def test_each_cell_of_a_heat_map_is_a_row() -> None:
    counts = np.arange(16).reshape(4, 4)
    table = charts.values(charts.flips(counts, BANDS, a="v1", b="v2", theme="light"))

    assert len(table) == 16
    assert table["words"].iloc[7].startswith("7 users")


def test_axes_that_are_counted_and_named_at_once_become_text_that_a_csv_can_hold() -> None:
    figure = go.Figure().add_scatter(x=[0, 1], y=[2, 3]).add_scatter(x=["all", "=1+1"], y=[4, 5])

    rows = csv(charts.values(figure)).decode().splitlines()

    assert [row.split(",")[1].strip('"') for row in rows] == ["x", "0", "1", "all", "'=1+1"]


def test_a_figure_without_marks_has_no_rows() -> None:
    assert charts.values(charts.score_levels(pd.DataFrame(columns=["when", "level", "score"]), theme="dark")).empty


def test_files_are_named_after_the_chart_and_what_it_is_of_in_letters_that_every_system_takes() -> None:
    assert take_away.file_name("scores-r-0007-(0.0, 1.0)", "") == "scores-r-0007-0.0-1.0"
    assert take_away.file_name("distribution", "../<b>X1</b>") == "distribution-b-X1-b"


def test_a_picture_is_saved_as_it_is_seen_and_there_is_no_other_button() -> None:
    config = charts.saved_as("svg", "flips-v1-v2")

    assert config["modeBarButtons"] == [["toImage"]]
    assert config["toImageButtonOptions"]["filename"] == "flips-v1-v2"
    assert config["toImageButtonOptions"]["format"] == "svg"
    assert config["toImageButtonOptions"]["width"] is None


def test_where_nothing_is_pointed_at_there_is_no_camera() -> None:
    assert charts.saved_as(None, "flips-v1-v2") == charts.CONFIG
