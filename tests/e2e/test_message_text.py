"""In a real browser a message reads as it was sent, whatever is written in it, and its marks can be told apart."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from app.devtools.test_server import free_port, wait
from app.highlights import Mark, highlighted, legend, rows, written
from core.settings import ROOT
from tests.app.test_highlights import HOSTILE, drawn, marks_of
from tests.e2e.gestures import idle

PAGE: Final = Path(__file__).with_name("messages_on_a_page.py")
#: What a message may become in the browser: paragraphs, breaks, and what Streamlit makes of empty directives.
READ: Final = """key => {
    const body = document.querySelector(`.st-key-${key} [data-testid=stMarkdownContainer]`);
    const copy = body.cloneNode(true);
    copy.querySelectorAll('br').forEach(each => each.replaceWith('\\uE000'));
    const kinds = [...body.querySelectorAll('*')].filter(each => each.tagName !== 'SPAN' || each.textContent);
    const styled = kinds.filter(each => each.getAttribute('style')).length;
    return {text: copy.textContent.replace(/\\uE000\\n?/g, '\\n'), kinds: kinds.map(each => each.tagName), styled};
}"""
#: At least 4.5 to 1.
CONTRAST: Final = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations", "passes"]}
SPACE: Final = frozenset(" \n\r\t")
MARKED: Final = "Better not here: the fees are crazy. Write me on t e l e g r a m, thank you for your order"


def _written() -> list[str]:
    """Hostile texts alone, one after the other, and spliced at random, by a seed."""
    by = random.Random(7)  # noqa: S311 - nothing secret
    spliced = []
    for _ in range(120):
        a, b, c = (by.choice(HOSTILE) for _ in range(3))
        at = by.randrange(len(b) + 1)
        spliced.append(a + b[:at] + by.choice(["", " ", "\n", "\n\n", ":", "*", "`"]) + c + b[at:])
    return [*HOSTILE, *(f"{a} x{b}" for a, b in itertools.pairwise(HOSTILE)), *spliced]


TEXTS: Final = [text for text in _written() if text.strip()]


@pytest.fixture(scope="module")
def page(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """All texts as they are, then each with marks, then one as reviewers see it, then its legend."""
    found = rows(MARKED, _marks())
    seen = highlighted(MARKED, found, masked=[(7, 10)], struck=[3])
    marked = [highlighted(text, rows(text, marks_of(text))) for text in TEXTS]
    listed = tmp_path_factory.mktemp("messages") / "listed.json"
    listed.write_text(json.dumps([*map(written, TEXTS), *marked, seen, legend(found, 1)]), encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(PAGE), f"--server.port={port}", "--", str(listed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait(f"http://127.0.0.1:{port}/_stcore/health", server)
            tab = chromium.new_page(viewport={"width": 390, "height": 900})
            tab.goto(f"http://127.0.0.1:{port}")
            tab.locator(f".st-key-message{2 * len(TEXTS) + 1} p").wait_for(timeout=60_000)
            idle(tab)
            yield tab
            tab.close()
        finally:
            server.terminate()


def _marks() -> list[Mark]:
    return [
        Mark(MARKED.index(words), MARKED.index(words) + len(words), part, note)
        for words, part, note in (
            ("fees are crazy", 0.74, ""), ("Write me on", 1.52, ""), ("t e l e g r a m", 1.31, "= telegram"),
            ("thank you", -0.2, ""), ("order", -0.18, ""),
        )
    ]  # fmt: skip


def test_a_message_reads_as_it_was_sent(page: Page) -> None:
    for number, text in enumerate(TEXTS):
        shown = page.evaluate(READ, f"message{number}")
        assert shown["text"].replace("\u00a0", " ").replace("\t", " ") == drawn(text), repr(text)
        assert set(shown["kinds"]) <= {"P", "BR"}, repr(text)
        assert not shown["styled"], repr(text)


def test_marks_add_tints_and_numbers_and_nothing_else(page: Page) -> None:
    for number, text in enumerate(TEXTS, len(TEXTS)):
        shown = page.evaluate(READ, f"message{number}")
        assert set(shown["kinds"]) <= {"P", "BR", "SPAN", "STRONG"}, repr(text)
        assert set(drawn(text)) - set(shown["text"]) <= SPACE, repr(text)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_tints_and_numbers_can_be_read_in_both_themes(page: Page, theme: Literal["light", "dark"]) -> None:
    seen = f".st-key-message{2 * len(TEXTS)}"
    page.emulate_media(color_scheme=theme)
    page.locator(seen).scroll_into_view_if_needed()
    assert "███" in page.locator(seen).inner_text()
    assert "not" not in page.locator(seen).inner_text()
    both = {"include": [[seen], [f".st-key-message{2 * len(TEXTS) + 1}"]]}
    told = Axe().run(page, context=both, options=CONTRAST).response
    assert told["violations"] == []
    assert told["passes"], [each["id"] for each in told["inapplicable"]]


def _as_drawn(text: str) -> str:
    return drawn(text)
