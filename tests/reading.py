"""A report as somebody reads it: its title, and under each heading the text, the list and the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import pandas as pd

_UNSEEN = {"script", "style", "noscript", "svg"}


@dataclass
class Part:
    """What stands under a heading; the first part has none: it is what was found."""

    heading: str = ""
    text: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)

    @property
    def table(self) -> pd.DataFrame:
        """The only table, all of it text."""
        (rows,) = self.tables
        return pd.DataFrame(rows[1:], columns=rows[0])


class Read(HTMLParser):
    """`title`, `parts` by heading, `addresses`: what a browser would be told to fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.title, self.addresses = "", list[str]()
        self._parts, self._inside, self._text = [Part()], list[str](), ""
        self.feed(page)

    @property
    def found(self) -> list[str]:
        return self._parts[0].text

    def part(self, heading: str) -> Part:
        (one,) = [part for part in self._parts if part.heading == heading]
        return one

    @property
    def headings(self) -> list[str]:
        return [part.heading for part in self._parts[1:]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.addresses += [told[name] or "" for name in ("src", "href", "action", "data") if name in told]
        if tag not in {"meta", "link", "br", "img"}:
            self._inside.append(tag)
        if tag == "table":
            self._parts[-1].tables.append([])
        elif tag == "tr":
            self._parts[-1].tables[-1].append([])
        elif told.get("role") == "img":
            self._parts[-1].figures.append(told["aria-label"] or "")
        if tag in {"title", "h1", "h2", "p", "li", "td", "th"}:
            self._text = ""

    def handle_data(self, data: str) -> None:
        if not _UNSEEN & set(self._inside):
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass
        if _UNSEEN & set(self._inside):
            return
        if tag == "h1":
            self.title = self._text
        elif tag == "h2":
            self._parts.append(Part(self._text))
        elif tag == "p":
            self._parts[-1].text.append(self._text)
        elif tag == "li":
            self._parts[-1].points.append(self._text)
        elif tag in {"td", "th"}:
            self._parts[-1].tables[-1][-1].append(self._text)
