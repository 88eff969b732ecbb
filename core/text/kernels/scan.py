"""Which texts may have something to undo: one look at every code point, so that all others need none."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.compiled import compiled

Array = npt.NDArray[Any]
_LETTER, _SPACE, _DIGIT, _SIGN, _START, _PREFIX, _ODD = 1, 2, 4, 8, 16, 32, 64
_FIRST_BEYOND: Final = 128
#: Between letters of a word that is spaced out, at most.
_WIDEST: Final = 3
_DOLLAR, _AT = 36, 64


def _kinds() -> Array:
    found = np.zeros(_FIRST_BEYOND, np.uint8)
    for code in range(_FIRST_BEYOND):
        character = chr(code)
        found[code] = (
            _LETTER * character.isalpha() + _SPACE * character.isspace() + _DIGIT * character.isdigit()
            + _SIGN * (character in "4@31!05$78|9(+") + _START * (character in "$!")
            + _PREFIX * (character in "#\"'(|+")
            + _ODD * (character == "`" or (not character.isprintable() and not character.isspace()))
        )  # fmt: skip
    return found


KINDS: Final = _kinds()


@compiled
def odd(codes: Array, first: Array, kinds: Array, found: Array) -> None:
    """Set for each text whether it is more than small ASCII letters and capitals that read as they stand.

    first: (n + 1,) where texts begin and end. Some are said to be odd that are not; never the other way round.
    """
    for text in range(first.size - 1):
        begin, end = first[text], first[text + 1]
        found[text] = False
        singles, single_at = 0, -1
        same, last = 0, 0
        signed = False  # since the last letter of the word, if any, were nothing but signs
        for i in range(begin, end):
            code = codes[i]
            if code >= _FIRST_BEYOND:
                found[text] = True
                break
            kind = kinds[code]
            if kind & _ODD:
                found[text] = True
                break
            before = kinds[codes[i - 1]] if i > begin else np.uint8(_SPACE)
            if kind & _LETTER:
                small = code | 32
                same = same + 1 if small == last else 1
                last = small
                starts = before & _START and (i - 1 == begin or kinds[codes[i - 2]] & (_SPACE | _PREFIX))
                if same == 3 or starts or (signed and before & _SIGN):
                    found[text] = True
                    break
                signed = False
                alone = i + 1 == end or not kinds[codes[i + 1]] & (_LETTER | _DIGIT)
                if alone and not before & (_LETTER | _DIGIT):
                    singles = singles + 1 if singles and i - single_at <= _WIDEST + 1 else 1
                    single_at = i
                    if singles == 3:
                        found[text] = True
                        break
                else:
                    singles = 0
            else:
                same, last = 0, 0
                if kind & _SIGN and before & _LETTER:
                    signed = True
                    if code == _DOLLAR or code == _AT:  # a word may end in it
                        found[text] = True
                        break
                elif not kind & _SIGN:
                    signed = False
