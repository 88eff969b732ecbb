"""What is counted of a text, and where that stands in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import derived


def test_the_columns_say_what_is_in_a_text() -> None:
    text = "CALL me @joe 5!! +49 (170) 123-4567, jo@ex.org, WhatsApp: +15551234567, $50 or 20 euros at www.x.com/a?b É"

    found = {name: float(values[0]) for name, values in derived.parts([text]).items()}

    assert {name: found[name] for name in ("links", "mentions", "contacts", "prices", "exclamations", "questions")} == {
        "links": 1, "mentions": 1, "contacts": 3, "prices": 2, "exclamations": 2, "questions": 1,
    }  # fmt: skip
    assert found["characters"] == len(text)
    assert found["foreign"] == round(1 / len(text), 4)
    assert found["capitals"] == round(7 / sum(map(str.isalpha, text)), 4)
    assert found["digits"] == round(sum(map(str.isdigit, text)) / len(text), 4)
    assert tuple(found) == derived.KEYS


def test_a_text_that_is_missing_has_none_of_them_and_an_empty_one_has_nothing() -> None:
    found = derived.parts([None, "", "h a t e"])

    assert all(np.isnan(values[0]) and values[1] == 0 for values in found.values())
    assert found["undone"][2] == 1


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("see https://a.example/x and b.com", ["links", "links"]),
        ("write to jo.doe@mail.example.org", ["contacts"]),
        ("telegram @seller99 or t.me/seller", ["contacts", "mentions", "contacts", "links"]),
        ("call 0171 1234567", ["contacts"]),
        ("on 2024-01-15 10:30, 1,000,000 of 3.14159265", []),
        ("only 9.99$ or USD 20", ["prices", "prices"]),
        ("@user fr\u200bee", ["mentions", "undone"]),
    ],
)
def test_what_is_counted_has_a_place(text: str, kinds: list[str]) -> None:
    found = derived.evidence(text)

    assert [each.key for each in found] == kinds
    counted = derived.parts([text])
    assert all(counted[kind][0] == kinds.count(kind) for kind in ("links", "mentions", "contacts", "prices", "undone"))


@given(st.text(st.characters(exclude_categories=()), max_size=80))
def test_any_text_has_them(text: str) -> None:
    assert all(np.isfinite(values).all() for values in derived.parts([text]).values())
    assert all(0 <= each.start < each.end <= len(text) for each in derived.evidence(text))


@pytest.mark.parametrize(
    "text", ["1" * 10**5, "a." * 50_000, "@" * 10**5, "a@b." * 25_000, "1 " * 50_000, "$1," * 10**4]
)
def test_a_text_made_to_take_long_does_not(text: str) -> None:
    assert derived.parts([text])["characters"][0] == len(text)
