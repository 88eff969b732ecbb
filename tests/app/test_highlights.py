from __future__ import annotations

import html
import re
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from app.highlights import (
    MASK,
    Mark,
    Row,
    contacts,
    highlighted,
    legend,
    of_counted,
    of_words,
    rows,
    rows_of,
    without,
    written,
)
from core.scoring.reasons import Reason
from core.text.shown import escaped
from core.text.text_model import Word
from tests.app.test_words import HOSTILE as MARKUP
from tests.app.test_words import MARKDOWN, REPLACED, texts

HOSTILE: Final = [
    *MARKUP, "a:b", ":small{}", ":violet-background[**x**]", "a\n- b\n- c", "a\n# b", "a\n> b",
    "1\n===", "x\n    y", "{.c #d}", ":::note\nx\n:::", "<details open ontoggle=alert(1)>",
    "<!-- x -->", "<?php ?>", "<![CDATA[x]]>", "&amp;amp;", "&#x41;", "[x]: http://a", "[^1]",
    "![x][y]", "a\\\nb", "t e l e g r a m", "a   b", " a ", "a\tb", "a\r\nb",
    "$$\n\\frac{1}{2}\n$$", "\\(x\\)", "\\[x\\]", "a|b\n-|-\n1|2", "**a", "a**", "*", "~", "``",
    ":", "::", "@", "@a", "#a", "http://a.b/c_d_e", "HTTP://X.Y", "ftp://a.b", "mailto:a@b.c",
    "a@b.c", "me at b dot c", "~~a~~ ~b~", "+1 (555) 010-99", "Привет, пишите в телеграм", "مرحبا",
    "日本語 テスト", "👍🏽 👨‍👩‍👧", "e\u0301a\u0300", "<3", "->", "a <- b", "x >= y --", ":smile:a",
    ":material/home:b", "a:material/home:", ":material_home:", ":streamlit:", ":rainbow[x]",
    ":small[x]", ":red-badge[x]", "[a]{.b}",
]  # fmt: skip


def marks_of(text: str) -> list[Mark]:
    """Marks on the words of a text, raising and lowering, some of which overlap."""
    found = [Mark(each.start(), each.end(), 1 / (at + 1)) for at, each in enumerate(re.finditer(r"\w+|\W+", text))]
    return [*found[::2], *(Mark(each.start, each.end, -each.part) for each in found[1::4])]


def read(markdown: str) -> str:
    """What a reader sees of the markdown; directives of Streamlit are left out, and breaks are breaks."""
    opening, inline, closing = MARKDOWN.parse(markdown)
    assert (opening.type, closing.type) == ("paragraph_open", "paragraph_close")
    kinds = {child.type for child in inline.children or []}
    assert kinds <= {"text", "text_special", "hardbreak", "strong_open", "strong_close"}
    told = "".join("\n" if child.type == "hardbreak" else child.content for child in inline.children or [])
    return told.replace(":small{}", "").replace("\N{NO-BREAK SPACE}", " ").replace("\t", " ")


def drawn(text: str) -> str:
    """A text as a browser can draw it: one kind of break and of space, and what nobody sees written out."""
    one = escaped(re.sub(r"\r\n?", "\n", text)).rstrip("\n")
    return one.replace("\t", " ").replace("\N{NO-BREAK SPACE}", " ")


@given(texts.filter(lambda text: text.strip("\r\n") != ""))
def test_a_message_is_shown_letter_by_letter_with_its_breaks(text: str) -> None:
    markdown = written(text)
    assert read(markdown) == drawn(text)
    pieces = [html.unescape(piece) for line in markdown.split("\\\n") for piece in line.split(":small{}")]
    assert [piece for piece in pieces if REPLACED.search(piece)] == []


@given(st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=3).map("".join), st.data())
def test_marks_take_no_letter_away(text: str, data: st.DataObject) -> None:
    places = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)), st.floats(-2, 2))
    marks = [Mark(min(a, b), max(a, b), part) for a, b, part in data.draw(st.lists(places, max_size=6))]
    told = highlighted(text, rows(text, marks))
    bare = re.sub(r":(?:violet|gray)\[\u202f[\d, ]+\]", "", told)
    bare = re.sub(r":(?:violet|gray)-background\[(?:\*\*)?|(?:\*\*)?\]", "", bare)
    expected = " ".join(drawn(text).split())
    assert " ".join(html.unescape(bare.replace(":small{}", "").replace("\\\n", "\n")).split()) == expected


def test_rows_are_numbered_by_strength_what_raises_first_and_same_words_once() -> None:
    text = "Order here. order NOW, cheap order thank you"
    marks = [Mark(0, 5, 0.2), Mark(12, 17, 0.3), Mark(23, 28, 0.9), Mark(29, 34, 0.2), Mark(35, 44, -0.8)]
    found = rows(text, marks)
    assert [(row.number, row.text, round(row.part, 6)) for row in found] == [
        (1, "cheap", 0.9), (2, "Order", 0.7), (3, "thank you", -0.8),
    ]  # fmt: skip
    assert found[1].spans == ((0, 5), (12, 17), (29, 34))
    assert rows(text, marks, most=1) == (Row(1, "cheap", 0.9, "", ((23, 28),)),)


def test_what_a_feature_has_counted_is_one_row() -> None:
    text = "call 555 or 777"
    found = rows(text, [Mark(5, 8, 0.2, kind="contact"), Mark(12, 15, 0.2, kind="contact"), Mark(5, 8, 0.1)])
    assert [(row.number, row.spans) for row in found] == [(1, ((5, 8), (12, 15))), (2, ((5, 8),))]
    assert ":violet-background[**555**]:violet[\N{NARROW NO-BREAK SPACE}1, 2]" in highlighted(text, found)


def test_nothing_of_a_masked_stretch_is_sent() -> None:
    text = "you utter walnut, go away walnut"
    (row, *_) = found = rows(text, [Mark(10, 16, 0.5), Mark(26, 32, 0.5)])
    told = highlighted(text, found, masked=row.spans)
    assert "walnut" not in told
    assert told.count(MASK) == 2
    assert "███ masked, 2 words; M shows them" in legend(found, 2)


def test_a_row_is_struck_by_its_number_and_the_text_is_what_is_left() -> None:
    text = "write me on telegram now"
    found = rows(text, [Mark(9, 20, 1.0), Mark(21, 24, -0.1)])
    assert highlighted(text, found, struck=[1]).startswith("write me&#32;:gray[~~on\N{NO-BREAK SPACE}telegram~~")
    assert without(text, found[0].spans) == "write me now"
    assert without(text, []) == text
    assert without("a", [(0, 1)]) == ""


def test_a_word_that_was_hidden_says_how_it_reads() -> None:
    text = "me on t e l e g r a m now"
    marks = of_words(text, [Word(6, 21, 2.0, undone=True), Word(22, 25, -0.5, undone=False)], share=0.5)
    assert marks == [Mark(6, 21, 1.0, "= telegram"), Mark(22, 25, -0.25)]
    assert ":small[:gray[(&#61; telegram)]]" in highlighted(text, rows(text, marks))


def reason(feature: str, part: float, words: tuple[Word, ...] = (), places: tuple[Word, ...] = ()) -> Reason:
    return Reason(feature, None, part, "typical", "", "", words=words, places=places)


def test_a_contact_is_one_row_with_what_its_feature_says_and_slight_words_have_none() -> None:
    text = "mail a@b.co or stay here"
    parts = [(0, 4, 0.5), (5, 6, 0.2), (7, 8, 0.1), (9, 11, 0.3), (12, 14, 0.01), (15, 24, -0.4)]
    words = tuple(Word(*each, undone=False) for each in parts)
    told = [reason("body", 0.71, words), reason("body (contacts)", 0.25, places=(Word(5, 11, 0.25, False),)),
            reason("age", 3.0)]  # fmt: skip
    found = rows_of(text, "body", told)
    assert [(row.number, row.text, row.kind, round(row.part, 9)) for row in found] == [
        (1, "a@b.co", "word", 0.6), (2, "mail", "word", 0.5), (3, "a@b.co", "body (contacts)", 0.25),
        (4, "stay here", "word", -0.4),
    ]  # fmt: skip
    assert "**a&#64;:small{}b.co**]:violet[\N{NARROW NO-BREAK SPACE}1, 3]" in highlighted(text, found)


def test_what_is_counted_is_pointed_at_where_its_feature_moves_the_score() -> None:
    text = "mail a@b.co or +1 555 0142 99, see www.x.example"
    told = [
        Reason("body (contacts)", 2.0, 0.6, "high", "", "", places=(Word(5, 11, 0.3, False), Word(15, 29, 0.3, False))),
        Reason("title (contacts)", 2.0, 0.6, "high", "", "", places=(Word(0, 3, 0.6, False),)),
    ]
    marks = of_counted("body", told)
    assert [(text[each.start : each.end], each.part, each.kind) for each in marks] == [
        ("a@b.co", 0.3, "body (contacts)"), ("+1 555 0142 99", 0.3, "body (contacts)"),
    ]  # fmt: skip
    assert [text[start:end] for start, end in contacts(text)] == ["@b.c", "1 555 0142 9"]
