"""Files and bodies, spoilt: what was fine, changed in one to five places by a generator with a seed."""

from __future__ import annotations

import codecs
import gzip
import json
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

#: Longest input, so that thousands are tried in minutes; how size is borne is tested elsewhere.
MOST: Final = 20_000
_ODD: Final = (
    b"\0", b'"', b'""', b"'", b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b" ", b"\\", b"\\N", b"\x1a", b"\x7f",
    b"#", b"=", b"sep=;\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\x1f\x8b", b"PK\x03\x04",
    b"\xff", b"\x80", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", "\u00a0".encode(), "\u200b".encode(),
    "\u202e".encode(), "\u2028".encode(), "\u0085".encode(), "e\u0301".encode(), "\U0001f469\u200d\U0001f680".encode(),
    "\u0661".encode(), "\uff11".encode(), "\u2212".encode(), "\ufdfa".encode(), b"{", b"}", b"[", b"]", b":", b"{}",
    b"[]", b"null", b"true", b"\\ud800", b"\\u0000", b"//", b"/*",
)  # fmt: skip
_VALUES: Final = (
    "", " ", "0", "-0", "1", "-1", "1.0", "01", "1e5", "9.91214E+15", "1e38", "3.5e38", "-3.4e38", "1e400", "-1e400",
    "4.9e-324", "9007199254740993", "18446744073709551616", "9" * 400, "0." + "0" * 400 + "1", "NaN", "-nan", "inf",
    "Infinity", "NA", "#N/A", "null", "None", "true", "yes", "0x10", "1_000", "1,5", "1 000", "1.2.3", "+-1", "--",
    '="123"', "=1+1", "@x", "'1", '"', '"a', 'a"b', "u0-0", " u0-0 ", "\ufeff1", "2026-01-01", "x" * 3_000,
    "\u0661\u0662", "\uff17", "\u221e", "\u00bd", "[1]", '{"a":1}', '"1"', "[" * 120 + "]" * 120, '{"a":' * 60 + "1",
    "user", "spam", "links", "row", "score", "probability", "reason_1", "action", "human_review", "spammer",
)  # fmt: skip
_OTHERS: Final = (
    None, True, False, 0, -1, 1, 2, 0.5, 1e300, -1e-300, 2**31, 2**53 + 1, 2**63, -(2**63), 2**64, 10**400,
    float("nan"), float("inf"), "", [], {}, [None], [[]], {"a": {}}, [1, 2, 3], {"1": 1.0},
)  # fmt: skip
_ENCODINGS: Final = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1", "utf-8-sig", "utf-7", "cp037")
_BETWEEN: Final = b',;\t|\n\r"{}[]: '


def mutant(seeds: Sequence[bytes], random: random.Random) -> bytes:
    """One of the seeds, changed in one to five places."""
    content = random.choice(seeds)
    for _ in range(random.choice((1, 1, 1, 2, 3, 5))):
        content = random.choice(_CHANGES)(content, random)[:MOST]
    if random.random() < 0.03:
        content = random.choice(_WHOLE)(content, random)[:MOST]
    return random.choice(seeds)[: random.randint(0, 400)] + content if random.random() < 0.03 else content


def marked_mutant(seeds: Sequence[bytes], random: random.Random) -> bytes:
    """One of the seeds, whose first byte says what it is and nearly always stays; of JSON, what it says is changed."""
    seed = random.choice(seeds)
    mark, content = seed[:1], seed[1:]
    if content.startswith(b"{") and random.random() < 0.7:
        said = json.loads(content)
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            said = _said(said, random)
        content = json.dumps(said, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")[:MOST]
    else:
        content = mutant([content], random)
    return (mark if random.random() < 0.97 else random.randbytes(1)) + content


def _said(said: Any, random: random.Random) -> Any:
    """A value somewhere inside is another one, or gone, or said twice, or of another name."""
    if not isinstance(said, dict | list) or not said or random.random() < 0.05:
        return _other(said, random)
    if isinstance(said, list):
        at = random.randrange(len(said))
        if (way := random.random()) < 0.1:
            return said[:at] + said[at + 1 :]
        return [*said, said[at]] if way < 0.2 else [*said[:at], _said(said[at], random), *said[at + 1 :]]
    name = random.choice(list(said))
    if (way := random.random()) < 0.2:
        without = {each: value for each, value in said.items() if each != name}
        return without if way < 0.1 else without | {random.choice(_VALUES): said[name]}
    return said | {name if way < 0.9 else random.choice(_VALUES): _said(said[name], random)}


def _other(said: Any, random: random.Random) -> Any:
    if isinstance(said, int | float) and abs(said) < 1e300 and random.random() < 0.5:
        return random.choice((said + 1, -said, said * 1e30, said / 3, float(said), int(said), not said, str(said)))
    if isinstance(said, str) and random.random() < 0.5:
        return random.choice((said + "\0", said + "\ud800", said[:-1], said.upper(), said * 3, f" {said} ", said[::-1]))
    return random.choice((*_OTHERS, random.choice(_VALUES)))


def _flipped(content: bytes, random: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(random.randint(1, 8) if changed else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut(content: bytes, random: random.Random) -> bytes:
    at = random.randint(0, len(content))
    return content[:at] if random.random() < 0.3 else content[:at] + content[at + random.randint(1, 40) :]


def _doubled(content: bytes, random: random.Random) -> bytes:
    """A piece of it once or many times more."""
    at = random.randint(0, len(content))
    piece = content[at : at + random.choice((1, 3, 20, 200))]
    return content[:at] + piece * random.choice((2, 2, 2, 3, 50)) + content[at + len(piece) :]


def _line_moved(content: bytes, random: random.Random) -> bytes:
    """A line dropped, said twice, empty or somewhere else."""
    lines = content.split(b"\n")
    at, line = random.randrange(len(lines)), random.choice(lines)
    lines[at : at + random.randint(0, 1)] = random.choice(([], [line], [line, line], [b""], [line + b",1"]))
    return b"\n".join(lines)


def _odd(content: bytes, random: random.Random) -> bytes:
    at = random.choice((0, 0, len(content), *(random.randint(0, len(content)) for _ in range(6))))
    return content[:at] + random.choice(_ODD) + content[at + random.choice((0, 0, 1)) :]


def _value(content: bytes, random: random.Random) -> bytes:
    """What stands between two delimiters is something else."""
    places = [at for at, byte in enumerate(content) if byte in _BETWEEN]
    if len(places) < 2:
        return content + random.choice(_VALUES).encode()
    first = random.randrange(len(places) - 1)
    return content[: places[first] + 1] + random.choice(_VALUES).encode() + content[places[first + 1] :]


def _delimiter(content: bytes, random: random.Random) -> bytes:
    """Another delimiter, everywhere or from some place on."""
    old, new = random.choice((b",", b"\n", b'"', b".")), random.choice((b";", b"\t", b"|", b"\r", b"\r\n", b",", b" "))
    at = random.choice((0, random.randint(0, len(content))))
    return content[:at] + content[at:].replace(old, new)


def _encoded(content: bytes, random: random.Random) -> bytes:
    return content.decode("utf-8", "replace").encode(random.choice(_ENCODINGS), "ignore")


def _nested(content: bytes, random: random.Random) -> bytes:
    depth = random.choice((1, 2, 5, 99, 101, 3_000))
    opening, closing = random.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'{"features":', b"}"), (b'{"users":[', b"]}")))
    return opening * depth + content + closing * depth


def _packed(content: bytes, random: random.Random) -> bytes:
    packed = gzip.compress(content, 1, mtime=0)
    return packed if random.random() < 0.5 else random.choice((_flipped, _cut))(packed, random)


_CHANGES: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    _flipped, _cut, _doubled, _line_moved, _odd, _odd, _value, _value, _value, _value, _delimiter,
)  # fmt: skip
_WHOLE: Final = (_encoded, _encoded, _nested, _packed)
