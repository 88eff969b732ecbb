from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import sync_playwright

from app import charts
from app.reports import page as report
from app.reports.page import Section
from app.words import MINUS, UNKNOWN

HOSTILE = "</script><script>document.title = 'taken'</script><b onclick=\"x\">x</b>"
BINS = pd.DataFrame({"label": ["0", HOSTILE], "legitimate": [0.9, 0.1], "spammer": [0.2, 0.8]})


def drawing(feature: str = "X19") -> Any:
    return charts.distribution(BINS, feature, log=False, theme="light")


def cells(table: pd.DataFrame) -> list[str]:
    page = report.html("t", [], [Section("h", table=table)])
    return [part.partition("</td>")[0].rpartition(">")[2] for part in page.split("<td")[1:]]


def test_title_sentences_headings_and_texts_stand_in_the_page_in_order() -> None:
    page = report.html("Explore", ["First.", "Second."], [Section("One", "About one."), Section("Two")])
    places = [
        page.index(text) for text in ("<h1>Explore", "<p>First.", "<p>Second.", "<h2>One", "About one", "<h2>Two")
    ]
    assert places == sorted(places)
    assert "<title>Explore</title>" in page


def test_a_figure_has_its_title_its_grey_line_and_its_alternative_text() -> None:
    page, meta = report.html("t", [], [Section("h", figure=drawing())]), drawing().layout.meta
    assert f"<b>{meta['title']}</b>" in page
    assert f'<span class="sub">{meta["sub"]}</span>' in page
    assert f'role="img" aria-label="{escape(meta["alt"])}"' in page


@pytest.mark.parametrize("figures", [0, 1, 3])
def test_plotlys_script_stands_in_the_file_once_and_only_when_there_is_a_figure(figures: int) -> None:
    sections = [Section("words"), *(Section("drawn", figure=drawing()) for _ in range(figures))]
    page = report.html("t", [], sections)
    assert page.count("* plotly.js v") == min(figures, 1)
    assert page.count("Plotly.newPlot(") - page.count("function Plotly.newPlot(") >= figures
    assert [f'id="figure-{i + 1}"' in page for i in range(figures)] == [True] * figures


def test_drawing_a_report_leaves_the_figure_as_it_was() -> None:
    figure = drawing()
    before = figure.to_json()
    report.html("t", [], [Section("h", figure=figure)])
    assert figure.to_json() == before


def test_no_text_from_a_file_is_read_as_markup() -> None:
    table = pd.DataFrame({HOSTILE: [HOSTILE, None]})
    page = report.html(HOSTILE, [HOSTILE], [Section(HOSTILE, HOSTILE, drawing(HOSTILE), table)])
    # title, h1, sentence, heading, text, head and cell of the table, and of the figure: title, name and label in alt
    # (said twice: to screen readers, and without scripts)
    assert page.count(escape(HOSTILE)) >= 10
    assert "<b onclick" not in page
    assert "document.title = 'taken'</script>" not in page


def test_the_file_names_nothing_that_a_browser_would_fetch() -> None:
    page = report.html("t", ["s"], [Section("h", "x", None, BINS)])
    assert "default-src 'none'" in page
    assert not [mark for mark in ("//", "src=", "href=", "@import", "url(") if mark in page]


def test_the_page_is_laid_out_for_a4_and_does_not_part_figures_and_rows() -> None:
    page = report.html("t", [], [])
    assert "@page { size: A4" in page
    assert "@media print" in page
    assert "figure { margin: 14px 0; break-inside: avoid; }" in page
    assert "thead { display: table-header-group; }" in page


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.5, 0.0269, np.nan], ["0.500", "0.027", UNKNOWN]),
        ([458798, -3], ["458,798", f"{MINUS}3"]),
        ([1.0, np.nan], ["1", UNKNOWN]),
        ([0.5, 0.0001, -0.0001, 0.0], ["0.500", "&lt;0.001", f"&gt;{MINUS}0.001", "0.000"]),
        ([0.02, 0.00456], ["0.0200", "0.0046"]),
        ([1e12 + 0.5, 0.25], ["1e+12", "0.25"]),
        (["2.69 %", None], ["2.69 %", UNKNOWN]),
        ([True, False], ["yes", "no"]),
        (pd.array([1, None], dtype="Int64"), ["1", UNKNOWN]),
        (pd.array([True, None], dtype="boolean"), ["yes", UNKNOWN]),
    ],
)
def test_cells_of_a_column_have_equal_decimals_and_hide_nothing(values: Any, shown: list[str]) -> None:
    assert cells(pd.DataFrame({"a": values})) == shown


@pytest.mark.parametrize(
    ("values", "right"),
    [
        ([0.5], True), ([-4e-9, 1.5], True), (["2.69\u202f%", None], True), (["X19"], False), (["1 to 2"], False),
        (["."], False),
    ],
)  # fmt: skip
def test_numbers_are_right_aligned_and_words_are_not(values: list[Any], right: bool) -> None:
    page = report.html("t", [], [Section("h", table=pd.DataFrame({"a": values}))])
    assert ('<td class="n">' in page) == ('<th class="n">' in page) == right


def test_an_empty_table_still_shows_its_columns() -> None:
    assert ">rate</th>" in report.html("t", [], [Section("h", table=pd.DataFrame({"rate": []}))])


CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@dataclass
class Seen:
    """What a browser made of a file."""

    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    title: str = ""
    bold: int = -1
    widest: int = -1


def look(address: str) -> Seen:
    seen = Seen()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 500, "height": 800})  # narrower than the figures, which scroll
        page.on("request", lambda request: seen.asked.append(request.url))
        page.on("console", lambda message: seen.said.append(message.text))
        page.on("pageerror", lambda error: seen.said.append(str(error)))
        page.goto(address)
        page.wait_for_function("document.querySelectorAll('.js-plotly-plot .barlayer .point').length === 4")
        seen.title, seen.bold = page.title(), page.locator("b[onclick]").count()
        seen.widest = page.evaluate("Math.max(...[...document.querySelectorAll('.main-svg')].map(e => e.clientWidth))")
        browser.close()
    return seen


@pytest.mark.e2e
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; set CHROMIUM to one")
def test_a_browser_draws_the_report_without_any_request(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    sections = [Section(HOSTILE, HOSTILE, drawing(HOSTILE), BINS), Section("again", figure=drawing())]
    file.write_text(report.html(HOSTILE, [HOSTILE], sections), encoding="utf-8")
    with ThreadPoolExecutor(1) as thread:  # a thread may have only one Playwright, and other tests may have theirs
        seen = thread.submit(look, file.as_uri()).result()
    assert seen == Seen(asked=[file.as_uri()], said=[], title=HOSTILE, bold=0, widest=report.WIDTH)
