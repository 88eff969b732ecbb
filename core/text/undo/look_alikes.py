"""Letters that look like letters of another script: a part of Unicode's confusables, chosen by hand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

#: Letters of other scripts by the Latin one they look like, as they are written: ν is a v, but Ν an n.
_MIXED: Final = {
    "a": "аАαΑάΆᎪꓮⲁⲀӑӓ", "b": "ЬьВвβΒᏴꓐⲃⲂ", "c": "сСϲϹҫҪᏟꓚⲥⲤ", "d": "ԁԀᎠꓓժδ", "e": "еЕёЁєЄҽҼεΕέΈᎬꓰⲉⲈ℮ӗ",
    "f": "ϝϜꓝք", "g": "ԍԌցᏀꓖ", "h": "һҺнНΗηհᎻꓧⲎ", "i": "іІїЇιΙίΊϊΐᎥꓲⲓⲒӏӀ", "j": "јЈϳͿᎫꓙյ", "k": "кКκΚҝқᏦꓗⲕⲔ",
    "l": "ⳑᏞꓡլ", "m": "мМΜᎷꓟⲘ", "n": "ΝոпПպꓠⲚлπ", "o": "оОοΟόΌσօՕӧӦꓳⲟⲞөӨ", "p": "рРρΡᏢꓑⲣⲢҏ", "q": "ԛԚզգ",
    "r": "гГⲅᎡꓣᏒ", "s": "ѕЅՏᏚꓢς", "t": "тТτΤᎢꓔⲧⲦ", "u": "υύϋսՍꓴ", "v": "ѵѴνᏙꓦ", "w": "ԝԜωώшШꓪᎳա",
    "x": "хХχΧҳҲꓫⲭⲬ", "y": "уУүҮγΥΎўЎᎩꓬⲩⲨ", "z": "ΖᏃꓜⲌ",
}  # fmt: skip
#: No language writes words in these: small capitals, and letters on black circles and squares.
_ANYWHERE: Final = {
    "a": "ᴀɑ", "b": "ʙƅ", "c": "ᴄ", "d": "ᴅ", "e": "ᴇ", "f": "ꜰ", "g": "ɢɡ", "h": "ʜ", "i": "ɪɩ", "j": "ᴊ",
    "k": "ᴋ", "l": "ʟ", "m": "ᴍ", "n": "ɴ", "o": "ᴏ", "p": "ᴘ", "q": "ꞯ", "r": "ʀ", "s": "ꜱ", "t": "ᴛ",
    "u": "ᴜ", "v": "ᴠ", "w": "ᴡ", "y": "ʏ", "z": "ᴢ",
}  # fmt: skip
_BLACK_CIRCLES, _BLACK_SQUARES = 0x1F150, 0x1F170


def _by_letter(groups: Mapping[str, str]) -> dict[str, str]:
    return {other: letter for letter, others in groups.items() for other in others}


#: Letter of another script -> the Latin one it looks like, in lower case; to be read so only beside Latin letters.
LATIN: Final[Mapping[str, str]] = MappingProxyType(_by_letter(_MIXED))
#: The same for what is read so anywhere.
ANYWHERE: Final[Mapping[str, str]] = MappingProxyType(
    _by_letter(_ANYWHERE)
    | {chr(first + i): chr(ord("a") + i) for first in (_BLACK_CIRCLES, _BLACK_SQUARES) for i in range(26)}
)
#: Latin letter -> the Cyrillic one it looks like; to be read so only beside letters that are Cyrillic alone.
CYRILLIC: Final[Mapping[str, str]] = MappingProxyType(
    dict(zip("aAcCeEoOpPxXyYkKmMtTBHbiI", "аассееооррххууккммттвньіі", strict=True))
)
#: Ranges of letters, for patterns.
CYRILLIC_RANGE: Final = "\u0400-\u0481\u048a-\u052f"
