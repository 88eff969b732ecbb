"""Words, glyphs and numbers as a person reads them, and other people's text made safe to show.

Severity grows from `allow` to `auto_remove`. Nothing here knows how things are drawn.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Final
from urllib.parse import quote, urlsplit

from core.policy.bands import Action
from core.wording import BIDI, code

# All four glyphs are in the bundled font, so they look alike in pages, grids, charts and files.
WORD: Final[dict[Action, str]] = {
    "allow": "Allow", "monitor": "Monitor", "human_review": "Human review", "auto_remove": "Auto-remove"
}  # fmt: skip
GLYPH: Final[dict[Action, str]] = {"allow": "○", "monitor": "●", "human_review": "▲", "auto_remove": "■"}
#: Plotly markers of the same shapes.
SYMBOL: Final[dict[Action, str]] = {
    "allow": "circle-open", "monitor": "circle", "human_review": "triangle-up", "auto_remove": "square"
}  # fmt: skip
#: Theme colour names of Streamlit; the theme gives them the tints of the palette.
BADGE: Final[dict[Action, str]] = {"allow": "gray", "monitor": "blue", "human_review": "orange", "auto_remove": "red"}

NARROW: Final = "\u202f"  # narrow no-break space: "95 %" never breaks over two lines
MINUS: Final = "\u2212"
UNKNOWN: Final = "\u2013"  # a number that is not known
MISSING: Final = "missing"  # a value that the file does not give; never 0


def label(action: Action) -> str:
    """For grids, filters and axis ticks.

    >>> label("human_review")
    '▲ Human review'
    """
    return f"{GLYPH[action]} {WORD[action]}"


def badge(action: Action) -> str:
    """For markdown and st.table."""
    return f":{BADGE[action]}-badge[{label(action)}]"


def count(n: float) -> str:
    """A whole number with thousands separators; NaN is not known.

    >>> count(40000)
    '40,000'
    """
    return UNKNOWN if math.isnan(n) else _minus(f"{n:,.0f}")


def hours(n: float) -> str:
    """How long somebody has waited.

    >>> hours(0.3), hours(26.4)
    ('less than 1 h', '26 h')
    """
    return "less than 1 h" if n < 1 else f"{count(n)} h"


def size(n: int) -> str:
    """Bytes of a file.

    >>> size(4_100_000), size(900)
    ('4.1 MB', '0.9 kB')
    """
    return f"{n / 1e6:,.1f} MB" if n >= 100_000 else f"{n / 1e3:,.1f} kB"


def percent(share: float, digits: int = 1) -> str:
    """A share of 1; one number of digits per column. What is not 0 or 1 is never shown as 0 or 100 %.

    >>> percent(0.0244, 2).replace(NARROW, " "), percent(0.99999).replace(NARROW, " ")
    ('2.44 %', '>99.9 %')
    """
    if math.isnan(share):
        return UNKNOWN
    shown, step = f"{100 * share:.{digits}f}", 10.0**-digits
    if share > 0 and float(shown) == 0:
        shown = f"<{step:.{digits}f}"
    elif share < 1 and float(shown) == 100:
        shown = f">{100 - step:.{digits}f}"
    return f"{_minus(shown)}{NARROW}%"


def probability(p: float) -> str:
    """Three decimals, but never 0.000 or 1.000: a model is not that sure.

    >>> probability(0.8841), probability(1.0)
    ('0.884', '>0.999')
    """
    if math.isnan(p):
        return UNKNOWN
    return "<0.001" if p < 0.001 else ">0.999" if p > 0.999 else f"{p:.3f}"


def signed(x: float, digits: int = 2) -> str:
    """For pushes and differences, with a real minus sign; what rounds to 0 has no sign.

    >>> signed(2.82), signed(-0.0012, 3), signed(-0.001)
    ('+2.82', '−0.001', '0.00')
    """
    if math.isnan(x):
        return UNKNOWN
    size = f"{abs(x):.{digits}f}"
    return size if float(size) == 0 else f"{'+' if x > 0 else MINUS}{size}"


def decimal(x: float, digits: int = 3) -> str:
    """A figure with fixed decimals and a real minus sign."""
    return UNKNOWN if math.isnan(x) else _minus(f"{x:.{digits}f}")


def p_value(p: float) -> str:
    """Never p = 0.000, never stars.

    >>> p_value(0.0032), p_value(0)
    ('p = 0.003', 'p < 0.001')
    """
    return UNKNOWN if math.isnan(p) else "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def interval(value: float, low: float, high: float, digits: int = 3) -> str:
    """A figure and its 95 % interval; "to", because a dash reads as minus.

    >>> interval(0.684, 0.661, 0.706)
    '0.684 (0.661 to 0.706)'
    """
    return f"{decimal(value, digits)} ({decimal(low, digits)} to {decimal(high, digits)})"


def day(at: date) -> str:
    """A day of this year or near it.

    >>> day(date(2026, 11, 7))
    '7 Nov'
    """
    return f"{at.day} {at:%b}"


def moment(at: datetime) -> str:
    """A day and the time, in the zone that `at` is in.

    >>> moment(datetime(2026, 11, 7, 9, 12))
    '7 Nov, 09:12'
    """
    return f"{day(at)}, {at:%H:%M}"


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


# Control characters, halves of surrogate pairs, and the marks that turn the direction of the rest of the line
# (U+202A-E, U+2066-9): none can be shown, and the last would let a user name rewrite what stands beside it.
_ILLEGIBLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def legible(text: str) -> str:
    """The text with characters that cannot be shown replaced by "\N{REPLACEMENT CHARACTER}"."""
    return _ILLEGIBLE.sub("\N{REPLACEMENT CHARACTER}", text)


_BIDI: Final = re.compile(f"[{BIDI}]")


def escaped(text: str) -> str:
    """For cells of tables: legible, and every mark that turns the direction of text round written as its code.

    >>> escaped(f"u1{chr(0x202E)}gpj")
    'u1\\\\u202egpj'
    """
    return legible(_BIDI.sub(lambda found: code(found[0]), text))


#: An empty directive: it shows nothing, and parts text that Streamlit replaces only after escapes are undone.
_PART: Final = ":small{}"
# Between these pairs: icons, logo, emoji and web addresses; mail addresses; www; and the seven arrows
# and signs that Streamlit makes of "<->", "->", "<-", "--", ">=", "<=" and "~=".
_PAIRS: Final = re.compile(r"(?<=[:@])(?=.)|(?<=[wW]{3})(?=\.)|(?<=[<-])(?=[->])|(?<=[<>~])(?=[=-])", re.DOTALL)
_MARKUP: Final = re.compile(
    r"[\n\r\t\\`*{}\[\]<>#&|~$!:@]"  # wherever they stand: line breaks, markup, HTML, maths, directives, tables
    r"|^\s+|\s+$"  # or they would be stripped, and four of them make code
    r"|^[0-9]+[.)](?=\s|$)|^[!-/:-@\[-`{-~]"  # first in the line: lists, rules, underlines of headings
    r"|(?<![^\W_])_+|_+(?![^\W_])"  # an underscore is emphasis unless it stands between letters or digits
)


def plain(text: str) -> str:
    """Markdown that Streamlit shows as `text`, character by character; for any text that came from a file.

    Safe in st.markdown, st.caption, titles, headings, st.badge, widget labels, st.table and inside directives
    such as `:gray[...]` and `**...**`. Not for places that take no markdown (grids, selectbox options): they
    show text as it is. Characters that cannot be shown become "\N{REPLACEMENT CHARACTER}" (see `legible`).

    >>> plain("november_21.csv"), plain("a*b")
    ('november_21.csv', 'a&#42;b')
    """
    return _PART.join(_MARKUP.sub(_entities, piece) for piece in _PAIRS.split(legible(text)))


def _entities(match: re.Match[str]) -> str:
    return "".join(c if c.isalnum() else f"&#{ord(c)};" for c in match[0])


#: Kept in an address; brackets, quotes and the like would end a markdown link, and are written as %28.
_IN_ADDRESS: Final = ":/?#@&'+,=%~-._"


def link(url: str) -> str | None:
    """The address when a person may be sent there, else None.

    Only http and https, with a host, without a user name before it (which hides the real host), spaces or
    control characters. Safe as the target of a markdown link.

    >>> link("https://example.org/a_(b)"), link("javascript:alert(1)")
    ('https://example.org/a_%28b%29', None)
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    unsafe = re.search(r'[\s\\<>"\[\]]', url) or legible(url) != url
    if unsafe or parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    return quote(url, safe=_IN_ADDRESS)
