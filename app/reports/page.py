"""A report as one HTML file that asks nothing of the network: text, figures and tables, to read, send or print."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from app import words
from app.charts import CONFIG, PALETTE

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: Width in px of text and figures: what A4 leaves between margins of 14 mm, so that print and screen look alike.
WIDTH: Final = 680
FONT: Final = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif'


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report; all text is plain. Figures are those of `app.charts` in the light theme.

    Without a heading it goes on with the part before.
    """

    heading: str
    text: str = ""
    figure: go.Figure | None = None
    table: pd.DataFrame | None = None
    points: tuple[str, ...] = ()


def html(title: str, sentences: Sequence[str], sections: Sequence[Section], kind: str = "report") -> str:
    """The whole file: the title, what was found in sentences, then the evidence section by section.

    kind: what it is a report of, in a word that nobody sees; `is_kind` finds it again.

    Plotly's script stands in it once, when there is a figure. The file forbids the browser every request.
    """
    drawn = [index for index, section in enumerate(sections) if section.figure is not None]
    parts = [_section(section, index, script=index in drawn[:1]) for index, section in enumerate(sections)]
    text = "\n".join(f"<p>{_text(sentence)}</p>" for sentence in sentences)
    head = _HEAD.format(kind=kind)
    return head + _PAGE.format(title=_text(title), policy=_POLICY, style=_STYLE, found=text, sections="\n".join(parts))


def is_kind(kind: str) -> Callable[[Path], bool]:
    """Says of a file whether it is a report of this kind, as `html` writes it."""
    head = _HEAD.format(kind=kind).encode()

    def found(path: Path) -> bool:
        try:
            with path.open("rb") as file:
                return file.read(len(head)) == head
        except OSError:
            return False

    return found


def _section(section: Section, index: int, *, script: bool) -> str:
    parts = [f"<h2>{_text(section.heading)}</h2>"] if section.heading else []
    parts += [f"<p>{_text(section.text)}</p>"] if section.text else []
    parts += [_figure(section.figure, index, script=script)] if section.figure is not None else []
    parts += [_table(section.table)] if section.table is not None else []
    parts += [_list(section.points)] if section.points else []
    return "\n".join(["<section>", *parts, "</section>"])


def _list(points: Sequence[str]) -> str:
    return "\n".join(["<ul>", *(f"<li>{_text(point)}</li>" for point in points), "</ul>"])


def _figure(figure: go.Figure, index: int, *, script: bool) -> str:
    """The figure under its title, as in the app; who cannot see it is told its alternative text."""
    meta: dict[str, Any] = figure.layout.meta
    drawing = _on_paper(figure).to_html(
        full_html=False, include_plotlyjs=script, include_mathjax=False, div_id=f"figure-{index}", config=dict(CONFIG)
    )
    title, sub, alt = (_text(meta[name]) for name in ("title", "sub", "alt"))
    return "\n".join(
        [
            f'<figure>\n<figcaption><b>{title}</b> <span class="sub">{sub}</span></figcaption>',
            f'<div class="drawing" role="img" aria-label="{alt}">{drawing}</div>',
            f"<noscript><p>{alt}</p></noscript>\n</figure>",
        ]
    )


def _on_paper(figure: go.Figure) -> go.Figure:
    """A copy without plotly's own look, which Streamlit replaces on screen, as wide as the page."""
    paper = copy.deepcopy(figure)
    paper.update_layout(
        template="none", width=WIDTH, font_family=FONT, font_color=PALETTE["light"]["ink"], meta=None,
        paper_bgcolor=PALETTE["light"]["background"], plot_bgcolor=PALETTE["light"]["background"],
    )  # fmt: skip
    return paper


def _table(table: pd.DataFrame) -> str:
    """The columns of a table without its index; numbers are right-aligned, with equal decimals. Ids come as text.

    A line break in a cell is one on the page.
    """
    columns = [_column(table.iloc[:, i]) for i in range(table.shape[1])]
    sides = [_side(column) for column in columns]
    head = "".join(f"<th{side}>{_text(str(name))}</th>" for name, side in zip(table.columns, sides, strict=True))
    rows = "\n".join(
        f"<tr>{''.join(f'<td{side}>{_cell(cell)}</td>' for cell, side in zip(row, sides, strict=True))}</tr>"
        for row in zip(*columns, strict=True)
    )
    kinds = [kind for kind, holds in (("dense", len(columns) > _MANY), ("whole", len(table) <= _FEW)) if holds]
    return f'<table class="{" ".join(kinds)}">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>'


def _cell(text: str) -> str:
    return _INTERVAL.sub(r'<span class="s">\g<0></span>', _text(text))


def _side(column: list[str]) -> str:
    """Numbers stand at the right; what is short is never broken."""
    if all(map(_NUMBER.fullmatch, column)):
        return ' class="n"'
    return ' class="s"' if max(map(len, column), default=0) <= _SHORT else ""


def _column(values: pd.Series[Any]) -> list[str]:
    if pd.api.types.is_bool_dtype(values):
        values = values.map({True: "yes", False: "no"})
    if not pd.api.types.is_numeric_dtype(values):
        return [words.UNKNOWN if pd.isna(value) else str(value) for value in values]
    numbers = values.to_numpy(float, na_value=math.nan)
    known = numbers[~np.isnan(numbers)]
    if (known == known.round()).all():
        return [words.count(number) for number in numbers]
    largest = float(np.abs(known).max())
    if not 1e-6 < largest < 1e12:
        return [words.UNKNOWN if math.isnan(number) else _minus(f"{number:.4g}") for number in numbers]
    digits = max(3, 2 - math.floor(math.log10(largest)))
    return [_decimals(number, digits) for number in numbers]


def _decimals(number: float, digits: int) -> str:
    """What is not 0 is never shown as 0."""
    if math.isnan(number):
        return words.UNKNOWN
    least = 10.0**-digits
    if 0 < abs(number) < least / 2:
        return f"<{least:.{digits}f}" if number > 0 else f">{words.MINUS}{least:.{digits}f}"
    return _minus(f"{number:,.{digits}f}")


def _minus(text: str) -> str:
    return text.replace("-", words.MINUS)


def _text(text: str) -> str:
    return escape(words.legible(text))


#: A count, a decimal or a percentage as this program writes them, or a number that is not known.
_NUMBER: Final = re.compile(rf"[<>]?[+{words.MINUS}-]?\d[\d.,]*(e[+{words.MINUS}-]?\d+)?(\s?%)?|{words.UNKNOWN}")
#: An interval, whose ends stay on one line.
_END: Final = rf"[+{words.MINUS}]?\d[\d.,]*(?:{words.NARROW}%)?"
_INTERVAL: Final = re.compile(rf"\(?{_END} to {_END}\)?")
#: Rows up to which a table is not parted between pages.
_FEW: Final = 8
#: Columns above which a table is set smaller.
_MANY: Final = 6
#: Characters of the longest cell of a column that is not broken: "▲ Human review".
_SHORT: Final = 14
#: Only what stands in the file: its own script, its own style.
_POLICY: Final = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
_STYLE: Final = f"""
:root {{ color-scheme: light; }}
body {{ margin: 0; background: {PALETTE["light"]["background"]}; color: {PALETTE["light"]["ink"]};
  font: 14px/1.5 {FONT}; font-variant-numeric: tabular-nums; }}
main {{ width: {WIDTH}px; max-width: calc(100vw - 32px); margin: 32px auto 64px; overflow-wrap: anywhere; }}
h1 {{ font-size: 24px; line-height: 1.25; margin: 0 0 12px; }}
h2 {{ font-size: 17px; line-height: 1.3; margin: 36px 0 8px; }}
h1 + p {{ font-size: 17px; line-height: 1.4; }}
h2, h2 + p:not(:last-child) {{ break-after: avoid; }}
h2 + p {{ break-inside: avoid; }}
p {{ margin: 0 0 6px; max-width: 75ch; orphans: 3; widows: 3; }}
ul {{ margin: 0 0 6px; padding-left: 20px; }}
li {{ break-inside: avoid; }}
figure {{ margin: 14px 0; break-inside: avoid; }}
figcaption {{ margin-bottom: 6px; break-after: avoid; }}
.sub, th {{ color: {PALETTE["light"]["muted"]}; }}
.sub {{ font-size: 12px; }}
.drawing {{ overflow-x: auto; }}
table {{ border-collapse: collapse; width: 100%; margin: 14px 0; font-size: 12px; }}
thead {{ display: table-header-group; }}
tr {{ break-inside: avoid; }}
.whole {{ break-inside: avoid; }}
.dense {{ font-size: 10.5px; }}
th, td {{ padding: 4px 6px; border-bottom: 1px solid {PALETTE["light"]["faint"]};
  text-align: left; vertical-align: top; min-width: 9ch; }}
th {{ font-weight: 500; }}
td {{ white-space: pre-line; }}
.n, .s {{ white-space: nowrap; min-width: 4ch; }}
.n {{ text-align: right; }}
@page {{ size: A4; margin: 14mm; }}
@media print {{
  body {{ font-size: 10.5pt; }}
  main {{ width: auto; max-width: none; margin: 0; }}
  .drawing {{ overflow: visible; }}
}}
"""
_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="Trustdesk: {kind}">
"""
_PAGE: Final = """\
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{found}
{sections}
</main>
</body>
</html>
"""
