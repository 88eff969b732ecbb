"""Files of every format, spoilt as they lie and inside of what packs them, read in every way that can be said."""

from __future__ import annotations

import io
import random
import zipfile
import zlib
from collections.abc import Sequence
from typing import Final

from core.data import intake
from core.data.formats.options import DECIMALS, DELIMITERS, NOTHING, THOUSANDS, Given
from core.data.understanding.preview import preview
from core.errors import BadOptionError
from tests import make, workbook
from tests.core.data.formats import test_every_format as written
from tests.fuzz.mutate import mutant

_PARTS: Final = 0.7


def seeds() -> tuple[bytes, ...]:
    """A small table in every format and dialect."""
    frame = written.users(8)
    texts = frame.assign(ratio=[f"{i},5" for i in range(8)], name="=1+1")
    sheet = workbook.sheet([list(texts.columns), *texts.astype(str).to_numpy().tolist()], first=3)
    return (*(make_(frame)[0] for make_ in written.FORMATS.values()), workbook.book({"A": sheet, "B": sheet}))


def spoilt(seeds: Sequence[bytes], drawn: random.Random) -> bytes:
    """One of the seeds changed; of an archive mostly what is in it, so that its parts are looked at."""
    seed = drawn.choice(seeds)
    if not seed.startswith(b"PK") or drawn.random() > _PARTS:
        return mutant([seed], drawn)
    with zipfile.ZipFile(io.BytesIO(seed)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    changed, packed = drawn.choice([*parts]), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, mutant([part], drawn) if name == changed else part)
    return packed.getvalue()


def _given(way: int) -> Given:
    """A way to read, by a number; none in half of all."""
    if way % 2:
        return NOTHING
    drawn = random.Random(way)  # noqa: S311 - to be repeated, not secret
    try:
        return Given(
            drawn.choice([None, *DELIMITERS.values()]), drawn.choice((None, None, "UTF-8", "UTF-16", "Windows-1252")),
            drawn.choice([None, *DECIMALS]), drawn.choice([None, *THOUSANDS]), drawn.choice((None, None, None, "B")),
            drawn.choice((None, None, 0, 2)), drawn.choice(((), (), (("name", "links"),))),
        )  # fmt: skip
    except BadOptionError:
        return NOTHING


def read(content: bytes) -> None:
    """Look at a file and read it: all that came is accepted or rejected, and whoever looks sees how it is read."""
    given = _given(zlib.crc32(content))
    seen = preview("x", content, make.SCHEMA, given)
    assert seen.options.sentence.endswith(".")
    checked = intake.read("x", content, make.SCHEMA, allow_missing=True, given=given)
    assert checked.received == len(checked.frame) + checked.turned_away
    assert len({*checked.frame.index, *checked.rejected["row"]}) == checked.received
