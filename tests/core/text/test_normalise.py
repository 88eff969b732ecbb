"""What hides words is undone, in its place; what people write in their own script stays."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.text import key, normalise, shown
from core.text.normalise import normalised, remembered
from tests.core.text.texts import SENTENCES

anything = st.text(st.characters(exclude_categories=()), max_size=60)
hiding = st.text(
    st.sampled_from("ab $|(@'x9+#aehtTH аеН4@31! .-\u200b\u0301\u0336ｈｅ𝐡\ud800\x00\u202eﾊﾞ각ᅡ"), max_size=40
)


@pytest.mark.parametrize(
    ("sent", "read", "kinds"),
    [
        ("i\u200bdi\u2060ot", "idiot", ["unseen", "unseen"]),
        ("h\x00at\ud800e", "hate", ["unseen", "unseen"]),
        ("\u202eetah", "etah", ["unseen"]),
        ("Z̸̢͝a̷̡̕l̶̨͘g̵o̸", "zalgo", ["marks"] * 3 + ["marks"]),
        ("h̷a̷t̷e̷", "hate", ["marks"]),
        ("Ｈａｔｅ 𝐡𝐚𝐭𝐞", "hate hate", ["styled", "styled"]),
        ("hаtе уоu", "hate you", ["look-alike", "look-alike"]),
        ("I hate уоu", "i hate you", ["look-alike"]),
        ("приBет", "привет", ["look-alike"]),
        ("ʜᴀᴛᴇ 🅗🅐🅣🅔", "hate hate", ["look-alike", "look-alike"]),
        ("h4te y0u, 1d10t! $tup1d sh!t", "hate you, idiot! stupid shit", ["leet"] * 5),
        ("They h a t e you", "they hate you", ["spaced"]),
        ("h a t e   y o u", "hate y o u", ["spaced"]),
        ("f.u.c.k i-d-i-o-t", "fuck idiot", ["spaced", "spaced"]),
        ("haaaate", "haate", ["repeat"]),
        ("  Free \n CRYPTO “now” ", 'free crypto "now"', []),
    ],
)
def test_a_word_that_is_hidden_is_read(sent: str, read: str, kinds: list[str]) -> None:
    found = normalised(sent)

    assert (found.text, [place.kind for place in found.places]) == (read, kinds)


@pytest.mark.parametrize(
    "text",
    [
        "call 0800-123 or 10am, mp3, covid19, b2b, 3g, $100, 1st and 4ever", "e.g. this, i.e. that", "a b or c",
        "t-shirt re-do co-op", "mail me: jo3@example.com", "@user5 and http://t.co/a1b2c3", "www.example.com, xxx",
        "friend(s) and he said hello!and left", "p5's, 90+mins, t+1, $50k, #10things, them@user, 80's",
    ],
)  # fmt: skip
def test_what_means_what_it_says_stays(text: str) -> None:
    assert (normalised(text).text, normalised(text).undone) == (text, 0)


@pytest.mark.parametrize("language", SENTENCES)
def test_nobody_s_script_is_changed(language: str) -> None:
    for text in SENTENCES[language]:
        found = normalised(text)

        assert found.places == ()
        assert _scripts(found.text) <= _scripts(unicodedata.normalize("NFKC", text).lower())


def _scripts(text: str) -> set[str]:
    return {unicodedata.name(each).split()[0] for each in text if each.isalpha()}


@given(anything | hiding)
@example("\u0344a\u3164ｶﾞ")
def test_every_code_point_has_a_place_in_the_text_as_sent(text: str) -> None:
    found = normalised(text)

    assert len(found.at) == len(found.text)
    assert (np.diff(found.at) >= 0).all()
    assert not len(found.at) or (found.at[0] >= 0 and found.at[-1] < len(text))
    assert all(0 <= place.start < place.end <= len(text) for place in found.places)
    assert normalise.plain(["a", text, text]) == ["a", found.text, found.text]
    assert found.text == " ".join(found.text.split())
    found.text.encode()  # nothing is left that no file can hold


@given(anything | hiding)
def test_what_nobody_hid_reads_as_unicode_has_it(text: str) -> None:
    found = normalised(text)

    if not found.places:
        same = text.translate(str.maketrans(normalise._SAME))
        seen = "".join(each for each in same if not normalise._UNSEEN.match(each))
        expected = unicodedata.normalize("NFKC", seen).lower()
        assert found.text == " ".join(expected.split()) or normalise._REPEAT.search(expected)


@pytest.mark.parametrize(
    "text",
    [
        "a" + "\u0301\u0316" * 500_000, "\u05b0\u0591" * 50_000, "x" * 100_000, "a " * 50_000, "a.b" * 30_000,
        "4a" * 50_000, "\u200b" * 100_000, "аa" * 50_000, "h4t3 " * 20_000, "!(" * 50_000, "\ud800" * 100_000,
        "ｶﾞ" * 50_000, "'" * 100_000, "a4" * 20_000 + " ", "[" * 100_000,
    ],
    ids=range(15),
)  # fmt: skip
def test_a_text_made_to_take_long_does_not(text: str) -> None:
    assert len(normalised(text).text) <= len(text)


def test_texts_that_read_the_same_have_one_number() -> None:
    same = ["Free crypto", "free  CRYPTO ", "fr\u200bee crypto", "frее сryptо", "Ｆｒｅｅ crypto"]

    assert len(set(key.numbers(same).tolist())) == 1
    assert np.isnan(key.numbers(["a", None, ""])).tolist() == [False, True, False]
    assert key.number("free crypto") == 4716937034096194.0  # for ever: homes keep it


def test_what_nobody_sees_is_written_out() -> None:
    assert shown.escaped("a\x00\ud800\u202e\U000e0041é\t") == r"a\x00\ud800\u202e\U000e0041é" + "\t"


@pytest.mark.parametrize("text", ["می\u200cخواهم", "क्\u200dष और", "👨\u200d👩\u200d👧", "❤\ufe0f\u200d🔥", "ന്\u200d"])
def test_joiners_that_a_script_needs_hide_nothing_and_are_shown_as_they_are(text: str) -> None:
    assert normalised(text).undone == 0
    assert shown.escaped(text) == text
    assert normalised("fr\u200cee").undone == 1
    assert shown.escaped("fr\u200cee ى\u200c\u200c") == "fr\\u200cee ى\u200c\\u200c"


def test_a_text_is_read_once_while_it_is_asked_for_and_held_no_longer() -> None:
    text = "fr\u200bee crypto"
    with remembered():
        found = normalised(text)
        assert normalised(text) is found
        assert all(normalised(f"{text} {at}") for at in range(20))
        assert normalised(text) is not found
    assert normalised(text) is not normalised(text)
