"""One word for one thing: what docs/terms.md rules out stands in nothing that a person reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import ROOT
from tests.documents import prose

TERMS = ROOT / "docs" / "terms.md"
#: Written for those who work on the code, where a workspace is a home and the live model the champion.
OF_THE_CODE = {"terms.md", "architecture.md", "floor-plan.md"}
#: Docstrings that people read: help of commands and pages of the API.
HELP = (ROOT / "app" / "commands", ROOT / "app" / "api" / "routes")


def ruled_out() -> list[str]:
    rows = re.findall(r"^\| .+ \| .+ \|(.*)\|$", TERMS.read_text(encoding="utf-8"), re.MULTILINE)
    return [word.strip() for row in rows for word in row.split(",") if word.strip() not in ("", "not")]


WORDS = re.compile(rf"\b(?:{'|'.join(ruled_out())})\b", re.IGNORECASE)


def found_in(source: str, *, help_too: bool = False) -> Iterator[str]:
    """Sentences of a module with a word that is ruled out. A text without a blank is a name, not a sentence."""
    tree = ast.parse(source)
    apart = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    if help_too:
        read = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        public = [node.body[0] for node in read if not node.name.startswith("_") and ast.get_docstring(node)]
        apart -= {id(node.value) for node in public if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            text = " ".join(node.value.split())
            if " " in text and WORDS.search(text):
                yield text


def modules() -> list[Path]:
    return sorted(path for room in ("app", "core", "pages") for path in (ROOT / room).rglob("*.py"))


def test_what_is_ruled_out_is_found() -> None:
    found = found_in(
        '"""It holds a home."""\ndef f():\n    "A wish."\n    return f"v{1} is in charge", "push", "a wish list"'
    )

    assert sorted(found) == ["a wish list", "is in charge"]
    assert list(found_in('def f():\n    """Put it in charge."""', help_too=True)) == ["Put it in charge."]


@pytest.mark.parametrize("room", ["app", "core", "pages"])
def test_no_sentence_of_the_product_uses_another_word(room: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)}: {text}"
        for path in modules()
        if path.is_relative_to(ROOT / room) and "devtools" not in path.parts
        for text in found_in(
            path.read_text(encoding="utf-8"), help_too=path.is_relative_to(HELP[0]) or path.is_relative_to(HELP[1])
        )
    }

    assert not wrong


def test_no_document_uses_another_word() -> None:
    texts = [
        path
        for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "app" / "guide").glob("*.md")]
        if path.name not in OF_THE_CODE
    ]

    assert texts
    assert {path.name: found for path in texts if (found := WORDS.findall(prose(path)))} == {}
