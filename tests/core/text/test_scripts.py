"""Nobody's script is changed: sentences of common words in the languages that read unlike Latin."""

from __future__ import annotations

import unicodedata

import pytest

from core.text.normalise import normalised
from tests.core.text.sentences import WORDS, sentences


@pytest.mark.parametrize("language", ["Russian", "Greek", "Arabic", "Chinese", "Hindi"])
def test_none_of_a_thousand_sentences_is_changed_in_script(language: str) -> None:
    assert len(set(WORDS[language].split())) >= 60
    for text in sentences(language, 1_000):
        read = normalised(text)
        assert read.places == (), text
        assert _scripts(read.text) == _scripts(unicodedata.normalize("NFKC", text).lower().replace("ς", "σ")), text


def _scripts(text: str) -> list[str]:
    """The script of each letter, as the name of the letter begins."""
    return [unicodedata.name(each).split()[0] for each in text if each.isalpha()]


def test_few_clean_texts_are_touched() -> None:
    texts = [text for language in WORDS for text in sentences(language, 100, seed=1)]
    assert sum(bool(normalised(text).places) for text in texts) <= 0.05 * len(texts)
