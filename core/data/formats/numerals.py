"""How numbers are written in a file: the decimal sign, and what stands between thousands; never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pyarrow import compute

from core.data.formats.options import Given

#: Spaces that do not break, as spreadsheets put them between thousands.
_SPACES: Final = " \u00a0\u2009\u202f"
_EXPONENT: Final = "(?:[eE][+-]?[0-9]+)?"
#: A number with a decimal comma, and with points between its thousands maybe.
COMMA: Final = r"^\s*[+-]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]+\s*$"
#: The same with points for certain.
POINTS: Final = r"^\s*[+-]?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?\s*$"


@dataclass(frozen=True)
class Numerals:
    """One sign for decimals, and one or none between groups of three digits.

    >>> Numerals(",", ".").plain("-1.234,5"), Numerals(",", ".").plain("1.5")
    ('-1234.5', None)
    """

    decimal: str = "."
    thousands: str = ""

    @classmethod
    def of(cls, given: Given) -> Numerals:
        found = cls(given.decimal or ".", given.thousands or "")
        return PLAIN if found == PLAIN else found

    @cached_property
    def pattern(self) -> str:
        """What a number matches; one way only to read each digit."""
        whole = f"(?:[0-9]{{1,3}}(?:{self._between}[0-9]{{3}})+|[0-9]+)" if self.thousands else "[0-9]+"
        sign = re.escape(self.decimal)
        return f"[+-]?(?:{whole}(?:{sign}[0-9]*)?|{sign}[0-9]+){_EXPONENT}"

    @cached_property
    def _known(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @property
    def _between(self) -> str:
        return f"[{_SPACES}]" if self.thousands == " " else f"[{self.thousands}]"

    def plain(self, text: str) -> str | None:
        """A number as programs write it; None where a text is none."""
        if not self._known.fullmatch(text):
            return None
        bare = re.sub(self._between, "", text) if self.thousands else text
        return bare.replace(self.decimal, ".")

    def all_plain(self, numbers: Any) -> Any:
        """The same of an array of texts that are numbers."""
        if self.thousands:
            numbers = compute.replace_substring_regex(numbers, self._between, "")
        return numbers if self.decimal == "." else compute.replace_substring(numbers, self.decimal, ".")


PLAIN: Final = Numerals()
