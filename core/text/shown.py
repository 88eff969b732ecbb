"""Text as it may be shown: what nobody sees, and what turns the direction round, is written out."""

from __future__ import annotations

import re
from typing import Final

from core.text import halves

#: Letters of scripts that are written with joiners, and emoji: behind one of them a joiner hides nothing.
_JOINED: Final = (
    "\u0600-\u07ff\u0840-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af\u2600-\u27bf\ufe0f\ufb50-\ufdff\ufe70-\ufefc"
    "\U0001f000-\U0001faff"
)
_HIDDEN: Final = re.compile(
    f"(?<![{_JOINED}])[\u200c\u200d]|"
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff\U0010f800-\U0010ffff]"
)
_ONE_BYTE, _TWO_BYTES = 0x100, 0x10000


def escaped(text: str) -> str:
    r"""A text in which every character can be seen; line breaks and tabs stay, and the joiners that a script needs.

    >>> escaped("a\u202eb\x00c"), escaped("good 👍\n"), escaped("fr\u200dee")
    ('a\\u202eb\\x00c', 'good 👍\n', 'fr\\u200dee')
    """
    return _HIDDEN.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(halves.sent(found[0]))
    if code < _ONE_BYTE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _TWO_BYTES else f"\\U{code:08x}"
