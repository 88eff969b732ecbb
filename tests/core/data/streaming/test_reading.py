"""A file read in blocks comes to what it comes to when it is read whole, however often it is begun anew in between."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data import intake, lines
from core.data.intake import Checked
from core.data.streaming import id_index, windows
from core.data.streaming.id_index import Entries
from core.data.streaming.reading import Block, Read, Reading
from core.data.streaming.source import Source, source_of
from core.errors import UnusableInputError
from core.schema.schema import Schema
from tests import make
from tests.fuzz.mutate import mutant
from tests.fuzz.targets import tables

#: Bytes of a window: a few lines.
WINDOW = 600
#: How ids come to be written in files.
IDS = ("u{}", "{}", "{}.0", "{}00000000000000", '"=""{}"""', "\u200b{}", "1.{}E+15", " {} ", "")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is done a piece at a time is done in pieces that a small file has many of."""
    monkeypatch.setattr(lines, "_SPAN", 90)
    monkeypatch.setattr(lines, "REACH", 3)
    monkeypatch.setattr(windows, "_BEYOND", 5)
    for module in (lines, windows):
        monkeypatch.setattr(module, "REACH_BYTES", 150)
    monkeypatch.setattr("core.data.formats.packed._SLICE", 101)
    monkeypatch.setattr("core.data.formats.text._SLICE", 101)
    monkeypatch.setattr(id_index, "_LONG", 16)


def whole(content: bytes, schema: Schema, *, need_label: bool) -> Checked | str:
    try:
        return intake.read("x.csv", content, schema, need_label=need_label)
    except UnusableInputError as error:
        return str(error)


def in_blocks(content: bytes, schema: Schema, folder: Path, *, need_label: bool, cut: bool = False) -> Checked | str:
    """What the blocks of a file come to. cut: begin anew after each, with what was kept of those before."""
    try:
        text = source_of("x.csv", content)
        reading = Reading(text, schema, folder, need_label=need_label, window=WINDOW)
        blocks = list(resumed(text, schema, folder, need_label=need_label) if cut else reading.blocks())
    except UnusableInputError as error:
        return str(error)
    last = blocks[-1].read
    frame = pd.concat([block.frame for block in blocks])
    whole = [name for name in schema.names if name not in last.unwhole]
    return Checked(
        "x.csv", text.sha256, frame.astype(dict.fromkeys(whole, np.int64)),
        pd.concat([block.rejected for block in blocks], ignore_index=True), reading.problems(last), last.received,
        tuple(reading.layout.context), reading.layout.absent,
    )  # fmt: skip


def resumed(text: Source, schema: Schema, folder: Path, *, need_label: bool) -> Iterator[Block]:
    after: Read | None = None
    known: list[Entries] = []
    while True:
        reading = Reading(text, schema, folder, need_label=need_label, window=WINDOW)
        block = next(reading.blocks(after, known), None)
        if block is None:
            return
        yield block
        after, known = Read.from_json(json.loads(json.dumps(block.read.as_json()))), [*known, block.ids]


def assert_same(found: Checked | str, expected: Checked | str) -> None:
    if isinstance(found, str) or isinstance(expected, str):
        assert found == expected
        return
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    pd.testing.assert_frame_equal(found.rejected, expected.rejected)
    for name in ("sha256", "problems", "received", "context", "absent"):
        assert getattr(found, name) == getattr(expected, name)


def users(number: int) -> bytes:
    """60 users of a seed; some stand there twice, and the ids of some are written as a spreadsheet writes them."""
    drawn = random.Random(number)  # noqa: S311 - to be repeated, not secret
    frame = make.users(60, seed=number).astype({"user": "object"})
    odd = drawn.choice(IDS)
    frame["user"] = [
        (odd if drawn.random() < drawn.choice((0, 0.03, 1)) else IDS[0]).format(drawn.randint(0, 999))
        for _ in range(60)
    ]
    frame["name"] = [drawn.choice(("a", 'say "x"', "two\nlines", "Zoë", "")) for _ in range(60)]
    return make.csv(frame)


def spoilt(number: int) -> bytes:
    content, drawn = users(number), random.Random(number)  # noqa: S311
    content = mutant([content], drawn) if number % 3 else content
    content = mutant(tables(), drawn) if number % 7 == 5 else content
    content = content.decode("utf-8", "replace").encode("cp1252", "replace") if number % 11 == 0 else content
    return gzip.compress(content) if number % 5 == 0 else content


@pytest.mark.parametrize("third", range(3))
def test_blocks_come_to_the_same_as_the_whole(third: int, tmp_path: Path) -> None:
    for number in range(third, 60, 3):
        content, need = spoilt(number), number % 4 == 0
        expected = whole(content, make.SCHEMA, need_label=need)
        assert_same(in_blocks(content, make.SCHEMA, tmp_path, need_label=need), expected)
        if number % 30 == third:
            assert_same(in_blocks(content, make.SCHEMA, tmp_path, need_label=need, cut=True), expected)


@pytest.mark.slow
def test_blocks_of_many_spoilt_files_come_to_the_same_as_the_whole(tmp_path: Path) -> None:
    for number in range(60, 6_000):
        content, need = spoilt(number), number % 4 == 0
        expected = whole(content, make.SCHEMA, need_label=need)
        assert_same(in_blocks(content, make.SCHEMA, tmp_path, need_label=need, cut=number % 9 == 0), expected)


def test_a_file_of_several_blocks_is_one(tmp_path: Path) -> None:
    reading = Reading(source_of("x.csv", users(1)), make.SCHEMA, tmp_path, window=WINDOW)
    assert len(list(reading.blocks())) > 3
