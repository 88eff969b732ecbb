"""On which line of a TOML file a text stands: the library that reads it does not say."""

from __future__ import annotations

import re
import tomllib
from typing import Final

#: A comment, or a text: of several lines or of one, with escapes or without.
_TOKEN: Final = re.compile(
    r"#[^\n]*"
    r'|(?P<text>"""(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*')"
)
#: What goes before a text that is a value: the names of tables and keys have none of it.
_IN_A_LIST: Final = re.compile(r"[\[,]\s*$")
_HEADER: Final = re.compile(r"(?:^|\n)[ \t]*\[{1,2}[^\n=]*$")


def of_entry(source: str, entry: str, before: int = 0) -> int | None:
    """The line, from 1, on which a text stands in a list of a file that is TOML, after so many of the same before it;
    None where it does not.

    >>> of_entry('[a] # "b"' + chr(10) + 'phrases = [' + chr(10) + '  "b"]', "b")
    3
    """
    line = at = 0
    near = ""
    for token in _TOKEN.finditer(source):
        line += source.count("\n", at, token.start())
        near = (near + source[at : token.start()])[-_NEAR:]
        written = token["text"]
        if written is None:
            near = near.rstrip(" \t")
        else:
            is_value = _IN_A_LIST.search(near) and not _HEADER.search(near)
            if is_value and tomllib.loads(f"x = {written}")["x"] == entry:
                if not before:
                    return line + 1
                before -= 1
            near = '"'
        line += token[0].count("\n")
        at = token.end()
    return None


#: Characters before a text that tell what it is.
_NEAR: Final = 400
