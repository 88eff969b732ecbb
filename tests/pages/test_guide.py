"""Every page says in one sentence what it is for, and explains its words to who reads it."""

from __future__ import annotations

import re

import pytest

from app import guide
from core.home import Home
from core.settings import ROOT
from tests.screen import Visit

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
#: The figures of the field, as pages name them; whoever meets one in a guide is told there what it means.
FIGURES = ("PR-AUC", "ROC-AUC", "PSI", "Brier", "ECE", "FPR", "recall", "precision")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_shows_its_purpose_and_offers_its_help(visit: Visit, own: Home, name: str) -> None:
    at = visit(own, name)

    told = guide.of(name)
    assert told.purpose in [element.value for element in at.caption]
    assert told.help in [element.value for element in at.markdown]


@pytest.mark.parametrize("name", PAGES)
def test_a_purpose_is_one_sentence_and_help_is_short_enough_to_be_read(name: str) -> None:
    told = guide.of(name)

    assert re.fullmatch(r"[A-Z][^.!?]*\.", told.purpose)
    assert 60 <= len(told.help.split()) <= 260


def test_no_guide_is_left_over_and_no_page_is_without() -> None:
    assert sorted(path.stem for path in (ROOT / "app" / "guide").glob("*.md")) == PAGES


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_of_the_field_is_explained_somewhere_in_bold_or_italics(figure: str) -> None:
    assert any(re.search(rf"\*{figure}\*", guide.of(page).help, re.IGNORECASE) for page in PAGES)
