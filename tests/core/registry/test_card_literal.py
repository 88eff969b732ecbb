"""Whatever people call columns, categories, files and themselves, a model card shows it, and renders none of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from markdown_it import MarkdownIt

from core.evaluation.categories import CategoryFigures
from core.evaluation.cautions import Caution
from core.evaluation.segments.of_texts import SegmentFigures
from core.home import Home
from core.model.encoding import Levels
from core.registry import card
from core.registry.lineage import PROMOTE, Promotion
from core.registry.metadata import PHRASES, Metadata
from core.registry.origin import Origin
from tests.make import NOW

HOSTILE: Final = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</td></table><b>x</b>", "[a](javascript:alert(1))",
    "![i](http://h/x.png)", "<http://h>", "$x^2$", "$$x$$", ":material/delete:", ":red[x]", "**x** _y_ ~~z~~ `c`",
    "a | b || c", "# h", "- a", "+ a", "* a", "1. x", "1) x", "---", "===", "> q", "- [ ] t", "&lt;&nbsp;&#60;",
    "a\\|b\\",
    "http://auto.link/x", "HTTPS://AUTO.LINK", "www.auto.link", "me@mail.com", "@someone", "[^1]: x", "    code",
    "```py",
)  # fmt: skip
BIDI: Final = "u1\u202egpj.exe\u2066x\u200b"
#: What the markdown of GitHub and of Hubs makes links of by itself.
LINKS: Final = re.compile(r"https?://|www\.|[\w.]@\w", re.IGNORECASE)
MARKDOWN: Final = MarkdownIt("commonmark").enable(["table", "strikethrough"])
Place = Callable[[Metadata, str], str]


def _card(
    metadata: Metadata, *, promotion: Promotion | None = None, origin: Origin | None = None, keeping: str = ""
) -> str:
    return card.markdown("v0001", metadata, promotion, origin, keeping=keeping)


def _category(metadata: Metadata, text: str) -> str:
    each = metadata.figures.overall["pr_auc"]
    said = {text: {"precision": each, "recall": each, "f1": each}}
    found = CategoryFigures(("none", text), ((1, 0), (0, 1)), each, each, said)
    return _card(replace(metadata, figures=replace(metadata.figures, categories=found)))


def _segment(metadata: Metadata, text: str) -> str:
    each = metadata.figures.overall["pr_auc"]
    found = SegmentFigures(text, text, 9, 3, 0.5, {"roc_auc": each, "recall": each, "fpr": each})
    return _card(replace(metadata, figures=replace(metadata.figures, segments=(found,))))


def _feature(metadata: Metadata, text: str, **changed: object) -> Metadata:
    """With its first feature of this name."""
    return replace(metadata, features=(replace(metadata.features[0], name=text, **changed), *metadata.features[1:]))


PLACES: Final[dict[str, Place]] = {
    "notice": lambda known, text: _card(replace(known, notice=text)),
    "trained by": lambda known, text: _card(replace(known, trained_by=text)),
    "file": lambda known, text: _card(replace(known, data=replace(known.data, name=text))),
    "feature with gaps": lambda known, text: _card(_feature(known, text, missing=1)),
    "words of a column": lambda known, text: _card(_feature(known, "tier", levels=Levels((text,)))),
    "column of words": lambda known, text: _card(_feature(known, text, levels=Levels(("a",)))),
    "text column": lambda known, text: _card(_feature(known, text, kind="text")),
    "phrases": lambda known, text: _card(_feature(known, text, kind=PHRASES)),
    "what is kept": lambda known, text: _card(_feature(known, "body", kind="text"), keeping=text),
    "category": _category,
    "segment": _segment,
    "caution": lambda known, text: _card(replace(known, cautions=(Caution("leak", text),))),
    "promoted by": lambda known, text: _card(known, promotion=Promotion("v0001", None, PROMOTE, text, "x", NOW)),
    "why": lambda known, text: _card(known, promotion=Promotion("v0001", None, PROMOTE, "Ada", text, NOW)),
    "pulled by": lambda known, text: _card(known, origin=Origin("https://h", "a/b", "0" * 40, text, NOW)),
    "parameter": lambda known, text: _card(replace(known, parameters={text: text})),
}  # fmt: skip


def drawn(markdown: str) -> tuple[set[str], str]:
    """Kinds of what a reader of markdown makes of a card, and all its words with one space between them."""
    tokens = MARKDOWN.parse(markdown)
    inline = [child for token in tokens for child in token.children or []]
    kinds = {token.type.removesuffix("_open").removesuffix("_close") for token in [*tokens, *inline]}
    said = "".join(child.content if child.type.startswith("text") else " " for child in inline)
    return kinds, " ".join(said.split())


@pytest.mark.parametrize("place", PLACES)
def test_a_card_shows_what_people_wrote_and_renders_none_of_it(trained: Home, place: str) -> None:
    metadata = trained.registry.describe("v0001")
    usual, _ = drawn(PLACES[place](metadata, "word"))
    lists = PLACES[place](metadata, "word").count("\n- ")
    for text in HOSTILE:
        written = PLACES[place](metadata, text)
        kinds, said = drawn(written)
        assert kinds <= usual | {"text_special"}, (text, kinds - usual)
        assert " ".join(text.split()) in said, text
        assert written.count("\n- ") == lists, text
        assert not LINKS.search(written), text
    kinds, said = drawn(PLACES[place](metadata, BIDI))
    assert kinds <= usual
    assert "u1\N{REPLACEMENT CHARACTER}gpj.exe\N{REPLACEMENT CHARACTER}x" in said
