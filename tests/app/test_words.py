from __future__ import annotations

import ast
import html
import math
import re
from urllib.parse import urlsplit

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app import words
from app.tables import cells
from core.policy.bands import BANDS
from core.settings import ROOT

HOSTILE = [
    "<b>x</b>", "[a](javascript:alert(1))", ":red[x]", "$x^2$", ":material/home:", ":material_home:", ":smile:",
    ":streamlit:", "# h", "* a", "- a", "+ a", "`c`", "```py", "![i](http://h/x.png)", "a\nb", "a\n\nb", "a\n===",
    "---",
    "~~x~~", "http://auto.link", "www.auto.link", "me@mail.com", "|a|b|", "|a|b|\n|-|-|\n|1|2|", "&lt;", "&nbsp;",
    "1. x",
    "a -> b", "-- ", "a <-> b", "<- a", "a >= b", "a <= b", "~= 3", "->", "_x_", "__x__", "\\*a\\*", "> q", "    code",
    "trail  ", "[^1]: x", "- [ ] t", '{foreground="red"}', "::leaf[x]", "$$x$$", "<script>alert(1)</script>", "**x**",
]  # fmt: skip

#: What Streamlit replaces in text after markdown and its escapes are undone (read from its StreamlitMarkdown).
REPLACED = re.compile(
    r":material_\w+:|:streamlit:|:[\w+-]+:|(?:^|\s)(?:<->|->|<-|--|>=|<=|~=)(?=\s|$)"
    r"|https?://\S|www\.|[-.\w+]+@[-\w]",
    re.ASCII | re.IGNORECASE,
)
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
nasty = st.lists(st.sampled_from([*HOSTILE, *"[](){}<>#*_-+.!|`~$:;&=\\/@\"'^% \n\t19aé"]), min_size=1, max_size=8)
texts = st.text() | nasty.map("".join)


def shown(markdown: str) -> str:
    """The text a reader sees of one paragraph without any markup; fails when there is any."""
    opening, inline, closing = MARKDOWN.parse(markdown)
    assert (opening.type, closing.type) == ("paragraph_open", "paragraph_close")
    assert {child.type for child in inline.children or []} <= {"text", "text_special"}
    return "".join(child.content for child in inline.children or []).replace(":small{}", "")


@given(texts.filter(bool))
@example("1")
@example("x\N{NO-BREAK SPACE}")
def test_plain_text_is_shown_character_by_character(text: str) -> None:
    assert shown(words.plain(text)) == words.legible(text)


@given(texts)
def test_plain_text_holds_nothing_that_streamlit_replaces_afterwards(text: str) -> None:
    pieces = [html.unescape(piece) for piece in words.plain(text).split(":small{}")]
    assert [piece for piece in pieces if REPLACED.search(piece)] == []


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_text_is_the_same_inside_bold_and_after_words(text: str) -> None:
    (_, inline, _) = MARKDOWN.parse(f"a **{words.plain(text)}** b")
    kinds = [child.type for child in inline.children or [] if not child.type.startswith("text")]
    assert kinds == ["strong_open", "strong_close"]
    assert "".join(c.content for c in inline.children or []).replace(":small{}", "") == f"a {words.legible(text)} b"


@given(texts)
def test_plain_text_cannot_open_or_close_a_directive_or_a_badge(text: str) -> None:
    assert not set("[]$<>|`*\\@\n") & set(words.plain(text))
    assert not set(":{}") & set(words.plain(text).replace(":small{}", ""))


@pytest.mark.parametrize("text", ["omar_661", "november_21.csv", "12 rows (3 %)", "X19", "Ünïcödé 😀", "عربي"])
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert words.plain(text) == text


def test_characters_that_cannot_be_shown_or_turn_the_line_are_replaced() -> None:
    assert words.legible("a\x00b\u202ec\ud800d\te") == "a�b�c�d\te"


@pytest.mark.parametrize(
    "url", ["http://a.b/c?d=1&e=2#f", "https://example.org", "HTTPS://Example.org/x%20y", "https://münchen.example/ü"]
)
def test_web_addresses_are_kept(url: str) -> None:
    kept = words.link(url)
    assert kept is not None
    assert urlsplit(kept).scheme == urlsplit(url).scheme


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", " javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)",
        "data:text/html,x",
        "ftp://a.b", "//a.b", "a.b", "", "http://", "https:///path", "http://bank.example@evil.example/", "http://a b",
        "http://a.b/\nx", "http://a.b/<script>", 'http://a.b/"', "https://[::1", "http://a.b\\@c", "http://a\u202eb.c",
    ],
)  # fmt: skip
def test_anything_else_is_no_link(url: str) -> None:
    assert words.link(url) is None


@given(texts)
def test_a_link_is_none_or_safe_inside_a_markdown_link(rest: str) -> None:
    kept = words.link(f"https://example.org/{rest}")
    assert kept is None or not re.search(r"[\s()\[\]<>\"\\`*$|]", kept)


def test_every_band_has_its_word_glyph_symbol_and_badge() -> None:
    for names in (words.WORD, words.GLYPH, words.SYMBOL, words.BADGE):
        assert tuple(names) == BANDS
        assert len(set(names.values())) == len(BANDS)
    assert words.badge("human_review") == ":orange-badge[▲ Human review]"


@given(st.floats(0, 1))
def test_probabilities_are_never_shown_as_certain(p: float) -> None:
    assert words.probability(p) not in ("0.000", "1.000")
    assert math.isclose(float(words.probability(p).strip("<>")), p, abs_tol=0.00101)


@given(st.floats(0, 1), st.integers(0, 3))
def test_only_nothing_is_0_percent_and_only_everything_is_100(share: float, digits: int) -> None:
    text = words.percent(share, digits).removesuffix(f"{words.NARROW}%")
    assert (share == 0) == (re.fullmatch(r"0(\.0+)?", text) is not None)
    assert (share == 1) == (re.fullmatch(r"100(\.0+)?", text) is not None)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (words.count(1234567), "1,234,567"), (words.count(-1500), "−1,500"), (words.percent(0.0244, 2), "2.44\u202f%"),
        (words.signed(-0.32), "−0.32"), (words.signed(0.0), "0.00"), (words.signed(-0.004), "0.00"),
        (words.signed(0.49), "+0.49"), (words.interval(-0.004, -0.1, 0.006), "−0.004 (−0.100 to 0.006)"),
        (words.p_value(0.0004), "p < 0.001"),
    ],
)  # fmt: skip
def test_numbers_read_as_a_person_writes_them(told: str, expected: str) -> None:
    assert told == expected


@pytest.mark.parametrize("form", [words.count, words.percent, words.probability, words.signed, words.decimal])
def test_what_is_not_known_is_a_dash(form: object) -> None:
    assert callable(form)
    assert form(math.nan) == "–"


def test_in_cells_marks_that_turn_text_round_are_written_as_codes() -> None:
    assert words.escaped("a\u202ec\u200f d\x00é\u200dx") == "a\\u202ec\\u200f d\ufffdé\u200dx"
    frame = pd.DataFrame({"n\u2066": [1, 2], "user": ["u\u2067", None], "both": [["\u202e"], 3.5]})
    shown = cells.safe(frame)
    assert list(shown) == ["n\\u2066", "user", "both"]
    assert shown["user"][0] == "u\\u2067"
    assert shown["n\\u2066"].tolist() == [1, 2]
    assert frame["user"][0] == "u\u2067"


def test_every_grid_shows_what_is_safe_in_cells() -> None:
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.dataframe":
                assert ast.unparse(node.args[0]).startswith("safe("), f"{path}:{node.lineno}"
