"""The owner's phrases are found however they are written, in bounded time; what might take long is refused."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadOptionError, NewerFormatError
from core.text.lists import pattern, phrases

LISTS = """
format = 1
[drugs]
phrases = ["Cash only", "discreet  shipping", "420"]
patterns = ["wh?atsap{1,2} ?[0-9]{4,12}", "(buy|sell)(ing)? [^ ]{1,10} pills?"]
["fake goods"]
phrases = ["cash only!", "rép lica"]
"""


@pytest.fixture(scope="module")
def lists() -> phrases.Phrases:
    return phrases.loads(LISTS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CASH  only, c4sh \u200bonly.", [("drugs", "CASH  only"), ("drugs", "c4sh \u200bonly")]),
        ("cash only!", [("drugs", "cash only"), ("fake goods", "cash only!")]),
        ("cash onlyx, 1420, at 420", [("drugs", "420")]),
        ("Whatsapp 12345678 or watsap1234", [("drugs", "Whatsapp 12345678"), ("drugs", "watsap1234")]),
        ("selling blue pills, buy x pill", [("drugs", "selling blue pills"), ("drugs", "buy x pill")]),
        ("RÉP LICA", [("fake goods", "RÉP LICA")]),
        ("nothing", []),
    ],
)
def test_a_phrase_is_found_where_it_stands(lists: phrases.Phrases, text: str, found: list[tuple[str, str]]) -> None:
    assert [(hit.category, text[hit.start : hit.end]) for hit in lists.hits(text)] == found


def test_phrases_are_counted_by_category(lists: phrases.Phrases) -> None:
    counts = lists.counts(["cash only 420", None, ""])

    assert list(counts) == ["drugs", "fake goods"]
    assert counts["drugs"].tolist()[::2] == [2, 0]
    assert np.isnan(counts["drugs"][1])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            '[a]\npatterns = ["(.*)*"]',
            r"on line 2, entry 1 in patterns of \[a\].*repeats without end: write how often, such as \{0,20\}",
        ),
        ('[a]\npatterns = ["a+"]', "repeats without end"),
        ('[a]\npatterns = ["a{2}{3}"]', "repeats what repeats already"),
        ('[a]\npatterns = ["a{2,99}"]', "more than 30 times"),
        ('[a]\npatterns = ["a{x}"]', "does not say how often"),
        ('[a]\npatterns = ["a{3,2}"]', "at least more often"),
        ('[a]\npatterns = ["((a{30}){30}){30}"]', "too large"),
        ('[a]\npatterns = ["(((((){30}){30}){30}){30}){30}"]', "too large"),
        ('[a]\npatterns = ["a?"]', "where nothing is"),
        ('[a]\npatterns = ["(a"]', r"a \( without its \)"),
        ('[a]\npatterns = ["a)"]', r"a \) without its \("),
        ('[a]\npatterns = ["[a"]', r"\[ without its \]"),
        ('[a]\npatterns = ["[z-a]"]', "ends before it begins"),
        ('[a]\npatterns = ["^a"]', "patterns fit at words"),
        ('[a]\npatterns = ["(?=a)"]', r"\(\?, which is not known"),
        ('[a]\npatterns = ["a\\\\1"]', "not known here"),
        ('[a]\npatterns = ["((((((((((a))))))))))"]', "more than 8 groups"),
        ('[a]\nphrases = ["\u200b"]', "nothing that can be seen"),
        ("[a]\nphrases = [1]", "must be a list of texts"),
        ("[a]\nwords = []", "must be a table with phrases"),
        ("a = 1", "must be a table with phrases"),
        ("[a", "cannot be read as TOML"),
        ('format = "x"', "has format 'x'"),
        (f'[a]\nphrases = ["{"x" * 201}"]', "more than 200 characters"),
        (f"['{'x' * 41}']\nphrases = ['a']", "a name that can be seen, of up to 40 characters"),
        (
            '["a*"]\n# "a*"\nphrases = ["a*", """\n\na*"""]\n[b]\npatterns = [\n"b",\n\n\'a*\']',
            "on line 10, entry 2 in pat",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_told_why(content: str, said: str) -> None:
    with pytest.raises(BadOptionError, match=said):
        phrases.loads(content)


def test_too_many_are_refused_and_a_newer_file_says_so() -> None:
    with pytest.raises(BadOptionError, match="51 categories"):
        phrases.loads("\n".join(f"[c{i}]" for i in range(51)))
    with pytest.raises(BadOptionError, match="more than 5,000 phrases"):
        phrases.loads(f"[a]\nphrases = {[f'p{i}' for i in range(5001)]}")
    with pytest.raises(NewerFormatError):
        phrases.loads("format = 2")


atoms = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", " ", r"\d", r"\w", "1"])
patterns = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.lists(inner, min_size=2, max_size=3).map(lambda each: f"({'|'.join(each)})")
        | st.tuples(inner, st.sampled_from(["?", "{2}", "{0,2}", "{1,3}"])).map(lambda each: f"({each[0]}){each[1]}")
    ),
    max_leaves=5,
)


@given(patterns, st.text("ab 1", max_size=8))
def test_a_pattern_fits_what_the_same_regular_expression_does(text: str, written: str) -> None:
    try:
        made = pattern.parsed(text)
    except pattern.PatternError:
        assert re.fullmatch(text, "")
        return

    state, last = made.first, False
    for character in written:
        here = {at for at in state if made.letters[at].has(character)}
        state, last = frozenset().union(*(made.after[at] for at in here)), bool(here & made.last)
    assert (bool(written) and last) is bool(re.fullmatch(text, written))


def test_a_text_made_to_take_long_does_not() -> None:
    many = phrases.loads(
        f'[a]\nphrases = {[f"a{i} b" for i in range(3000)]}\npatterns = ["(a?){{30}}a{{30}}", ".{{30}}b"]'
    )

    assert many.hits("ac" * 20_000) == ()
    assert len(many.hits(" ".join(f"a{i} b" for i in range(3000)))) >= 3000


def test_a_file_is_read_up_to_a_size_and_its_list_has_a_digest(tmp_path: Path) -> None:
    file = tmp_path / "phrases.toml"
    assert phrases.load(file) is None
    file.write_text("format = 1\n[a]\n")
    assert phrases.load(file) is None
    file.write_bytes(b"[a]\nphrases = ['\xff']")
    with pytest.raises(BadOptionError, match="line 2 is not in UTF-8"):
        phrases.load(file)
    file.write_bytes(b"#" * (phrases.MOST_BYTES + 1))
    with pytest.raises(BadOptionError, match="more than 2,000,000 bytes"):
        phrases.load(file)
    file.write_text(LISTS)
    found = phrases.load(file)
    assert found is not None
    assert found.source == LISTS
    assert found.digest == hashlib.sha256(LISTS.encode()).hexdigest()
    assert [found.number(each) for each in found.categories] == [5, 2]
