"""What can be counted of a text as it was sent, such as its length, contacts, prices and marks; and where these are."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.text.language import language
from core.text.normalise import normalised, places

Floats = npt.NDArray[np.float64]
Span = tuple[int, int]
_SMALL, _TALL, _DIGITS = (each.encode() for each in (string.ascii_lowercase, string.ascii_uppercase, string.digits))
_DIGIT: Final = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a derived column counts: from code point `start` up to `end` of the text as sent."""

    key: str
    start: int
    end: int


_DECIMALS: Final = 4
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
    r"(?:\s{0,2}(?:id|name|me|at|on)\b)?\s{0,2}[:=@]\s{0,2}@?[\w.+]{3,64}|\b(?:t\.me|wa\.me)/[\w+]{3,64}",
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
    found = [Evidence(key, *span) for key in PLACED for span in spans(key, text)]
    return tuple(sorted(found, key=lambda each: (each.start, each.end, each.key)))


def spans(key: str, text: str) -> Iterator[Span]:
    """Where what one of PLACED counts stands in a text."""
    if key == _UNDONE:
        return ((place.start, place.end) for place in normalised(text).places)
    found: Iterator[Span] = _PLACED[key](text)
    return found


def parts(texts: Sequence[str | None]) -> dict[str, Floats]:
    """Each derived column (n,) by its key, NaN where the text is missing; shares are of 0 to 1, to four decimals as
    people can read them, and 0 of nothing. A language is its number in `core.schema.languages`.
    """
    found = np.full((len(KEYS), len(texts)), np.nan)
    there = [at for at, text in enumerate(texts) if text is not None]
    known = [text for text in texts if text is not None]
    for at, text, undone in zip(there, known, places(known), strict=True):
        found[:, at] = _of(text, len(undone))
    return dict(zip(KEYS, found, strict=True))


def _of(text: str, undone: int) -> tuple[float, ...]:
    length = max(len(text), 1)
    small, tall, digits, foreign = _letters(text)
    placed = (sum(1 for _ in find(text)) for find in _PLACED.values())
    return (
        len(text), sum(1 for _ in _WORD.finditer(text)), *placed, round(tall / max(small + tall, 1), _DECIMALS),
        round(digits / length, _DECIMALS), text.count("!"), text.count("?"), undone, round(foreign / length, _DECIMALS),
        language(text),
    )  # fmt: skip


def _letters(text: str) -> tuple[int, int, int, int]:
    """How many small letters, capitals, digits and characters beyond ASCII a text has."""
    if not text.isascii():
        beyond = sum(character >= "\x80" for character in text)
        return (*(sum(map(of, text)) for of in (str.islower, str.isupper, str.isdigit)), beyond)  # type: ignore[return-value]
    written = text.encode("ascii")
    return (*(len(written) - len(written.translate(None, each)) for each in (_SMALL, _TALL, _DIGITS)), 0)  # type: ignore[return-value]


def _links(text: str) -> Iterator[Span]:
    return (each.span() for each in _LINK.finditer(text)) if "." in text else iter(())


def _mentions(text: str) -> Iterator[Span]:
    return (each.span() for each in _MENTION.finditer(text)) if "@" in text else iter(())


def _contacts(text: str) -> Iterator[Span]:
    """Phone numbers, e-mail addresses, and names in messengers: none in another."""
    patterns = []
    if "@" in text:
        patterns.append(_EMAIL)
    if "@" in text or ":" in text or "=" in text or ".me/" in text:
        patterns.append(_HANDLE)
    if _DIGIT.search(text):
        patterns.append(_PHONE)
    end = -1
    for span in sorted(each.span() for pattern in patterns for each in pattern.finditer(text)):
        if span[0] >= end:
            yield span
            end = span[1]


def _prices(text: str) -> Iterator[Span]:
    return (each.span() for each in _PRICE.finditer(text)) if _DIGIT.search(text) else iter(())


_PLACED: Final = MappingProxyType[str, Callable[[str], Any]](
    {"links": _links, "mentions": _mentions, "contacts": _contacts, "prices": _prices}
)
_UNDONE: Final = "undone"
#: The derived columns that count what has a place in a text.
PLACED: Final = (*_PLACED, _UNDONE)
#: The derived columns in their order.
KEYS: Final = (
    "characters", "words", *_PLACED, "capitals", "digits", "exclamations", "questions", "undone", "foreign",
    "language",
)  # fmt: skip
