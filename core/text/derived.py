"""What can be counted of a text as it was sent, such as its length, contacts, prices and marks; and where these are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.text.normalise import Place, normalised

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a derived column counts: from code point `start` up to `end` of the text as sent."""

    key: str
    start: int
    end: int


_WORD: Final = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_LINK: Final = re.compile(
    r"(?:https?://|www\.)[^\s<>\"]{2,2000}|(?<![\w@.\-])(?:[a-z0-9\-]{1,63}\.){1,4}"
    r"(?:com|net|org|info|biz|io|co|me|ly|gl|gg|ru|cn|de|uk|xyz|top|club|online|site|shop|live|app|link|click)\b"
    r"(?:/[^\s<>\"]{0,2000})?",
    re.IGNORECASE,
)
_MENTION: Final = re.compile(r"(?<![\w@.])@\w{2,100}(?![\w@]*\.\w)")
_EMAIL: Final = re.compile(r"(?<![\w.+\-])[\w.+\-]{1,64}@(?:[\w\-]{1,63}\.){1,4}[a-z]{2,24}\b", re.IGNORECASE)
#: Seven to fifteen digits, as E.164 has at most, with at most two signs between any two of them; no date, no fraction.
_PHONE: Final = re.compile(
    r"(?<![\w.,/\-])(?!\d{4}[\-./]\d\d?[\-./]\d\d?|\d\d?[\-./]\d\d?[\-./]\d{4}|\d+\.\d{4,}(?![\d.]))"
    r"\+?(?:\(?\d[\s().\-/]{0,2}){6,14}\d(?![\w/]|[.,\-]\d)"
)
_HANDLE: Final = re.compile(
    r"\b(?:whats\s?app|telegram|signal|viber|snap(?:chat)?|insta(?:gram)?|skype|discord|wechat|line|kik|tg|wa|ig)"
    r"(?:\s{0,2}(?:id|name|me|at|on)\b)?\s{0,2}[:=@\-]\s{0,2}@?[\w.+]{3,64}|\b(?:t\.me|wa\.me)/[\w+]{3,64}",
    re.IGNORECASE,
)
_MONEY: Final = r"[$€£¥₹₽₩₦฿₫₴₺₿]"
_UNIT: Final = r"(?:dollars?|usd|euros?|eur|pounds?|quid|gbp|rupees?|rs|inr|yen|rubles?|btc|eth|usdt|bucks?|cents?)"
_AMOUNT: Final = r"\d{1,15}(?:[.,]\d{1,3}){0,5}\s?(?:k|m|mio|bn)?"
_PRICE: Final = re.compile(
    rf"{_MONEY}\s?{_AMOUNT}|(?<![\w.,]){_AMOUNT}\s?(?:{_MONEY}|{_UNIT}\b)|\b(?:usd|eur|gbp|rs\.?)\s?{_AMOUNT}",
    re.IGNORECASE,
)


def evidence(text: str) -> tuple[Evidence, ...]:
    """What the derived columns count that has a place in a text, in order: links, contacts, prices and the like."""
    found = [Evidence(key, *span) for key, find in _PLACED.items() for span in find(text)]
    found += [Evidence("undone", place.start, place.end) for place in undone(text)]
    return tuple(sorted(found, key=lambda each: (each.start, each.end, each.key)))


def undone(text: str) -> tuple[Place, ...]:
    return normalised(text).places


def parts(texts: Sequence[str | None]) -> dict[str, Floats]:
    """Each derived column (n,) by its key, NaN where the text is missing; shares are of 0 to 1, and 0 of nothing."""
    found = np.full((len(KEYS), len(texts)), np.nan)
    for at, text in enumerate(texts):
        if text is not None:
            found[:, at] = _of(text)
    return dict(zip(KEYS, found, strict=True))


def _of(text: str) -> tuple[float, ...]:
    length = max(len(text), 1)
    small, tall = sum(map(str.islower, text)), sum(map(str.isupper, text))
    placed = (len(list(find(text))) for find in _PLACED.values())
    return (
        len(text),
        sum(1 for _ in _WORD.finditer(text)),
        *placed,
        tall / max(small + tall, 1),
        sum(map(str.isdigit, text)) / length,
        text.count("!"),
        text.count("?"),
        len(undone(text)),
        0.0 if text.isascii() else sum(character >= "\x80" for character in text) / length,
    )


def _links(text: str) -> Iterator[tuple[int, int]]:
    if "." in text:
        yield from (each.span() for each in _LINK.finditer(text))


def _mentions(text: str) -> Iterator[tuple[int, int]]:
    if "@" in text:
        yield from (each.span() for each in _MENTION.finditer(text))


def _contacts(text: str) -> Iterator[tuple[int, int]]:
    """Phone numbers, e-mail addresses, and names in messengers: none in another."""
    end = -1
    for span in sorted(each.span() for pattern in (_EMAIL, _HANDLE, _PHONE) for each in pattern.finditer(text)):
        if span[0] >= end:
            yield span
            end = span[1]


def _prices(text: str) -> Iterator[tuple[int, int]]:
    yield from (each.span() for each in _PRICE.finditer(text))


_PLACED: Final = MappingProxyType[str, Callable[[str], Any]](
    {"links": _links, "mentions": _mentions, "contacts": _contacts, "prices": _prices}
)
#: The derived columns in their order.
KEYS: Final = (
    "characters", "words", *_PLACED, "capitals", "digits", "exclamations", "questions", "undone", "foreign",
)  # fmt: skip
