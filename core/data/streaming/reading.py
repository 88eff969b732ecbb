"""A file of users, read and checked block after block; whoever was interrupted goes on after any of them.

What a file is judged by as a whole is added up on the way: what was found, how ids are written, which of them came
before. The rows, the problems and the rejected rows are those of `intake.read`.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from core.data import ids, intake
from core.data.cells import Marks
from core.data.formats.header import Header
from core.data.ids import Digits, Habits, Survey
from core.data.intake import Part
from core.data.layout import Layout, wanted
from core.data.problems import Findings, Problem
from core.data.records import KEPT
from core.data.rejects import MOST_BYTES
from core.data.streaming import windows
from core.data.streaming.id_index import Entries, IdIndex
from core.data.streaming.source import Source
from core.data.streaming.windows import WINDOW, Place
from core.schema.schema import Schema

_KEY_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Read:
    """What is known of a file up to a block, as JSON can hold it: enough to go on from there."""

    header: Header
    place: Place
    findings: Findings
    key: str
    accepted: int = 0
    positives: int = 0
    #: Rejected rows that are kept, and the bytes of their records; `full` once no other is.
    kept: int = 0
    kept_bytes: int = 0
    full: bool = False
    #: Columns of whole numbers in which something else was met.
    unwhole: tuple[str, ...] = ()

    @property
    def received(self) -> int:
        return sum(self.place.counts.values())

    def as_json(self) -> dict[str, Any]:
        raw = {name: getattr(self, name) for name in ("key", "accepted", "positives", "kept", "kept_bytes", "full")}
        return raw | {
            "header": asdict(self.header), "place": self.place.as_json(), "findings": self.findings.as_json(),
            "unwhole": list(self.unwhole),
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Read:
        header = raw["header"]
        return cls(**raw | {
            "header": Header(**header | {"names": tuple(header["names"])}), "place": Place.from_json(raw["place"]),
            "findings": Findings.from_json(raw["findings"]), "unwhole": tuple(raw["unwhole"]),
        })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """Some records of a file: the accepted rows as `Checked.frame` has them, the rejected ones that are kept, the
    entries of ids that came for the first time; and what is known of the file after them.

    A whole-number column in which nothing is missing has int64, whatever it has in other blocks.
    """

    frame: pd.DataFrame
    rejected: pd.DataFrame
    ids: Entries
    read: Read


@dataclass(slots=True)
class Reading:
    """Reads a file. `folder` is for what does not fit into memory; `window`: bytes of text at a time.

    Raises FileProblemError, MissingColumnsError and SchemaError as `intake.read`, here or while blocks are read.
    """

    source: Source
    schema: Schema
    folder: Path
    allow_missing: bool = False
    need_label: bool = False
    window: int = WINDOW
    layout: Layout = field(init=False)
    _begun: Read = field(init=False)
    _habits: Habits | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        header = windows.header_of(self.source, wanted(self.schema))
        self._begun = Read(header, windows.first(header), Findings(), secrets.token_hex(_KEY_BYTES))
        self.layout = intake.layout_of(
            self.source, header, self.schema, allow_missing=self.allow_missing, need_label=self.need_label
        )  # fmt: skip

    def blocks(self, after: Read | None = None, known: Iterable[Entries] = ()) -> Iterator[Block]:
        """All blocks, or those that come after one; known: the entries of ids of the blocks before."""
        read = after or self._begun
        index = IdIndex(self.folder, read.key, known)
        for records, place in windows.windows(self.source, read.header, read.place, self.window):
            part = intake.check(
                records, self.layout, self.schema, need_label=self.need_label, source=self.source,
                habits=self._all_habits, known=index,
            )  # fmt: skip
            read, rejected = self._after(read, place, part, len(records))
            yield Block(part.frame, rejected, index.added, read)

    @property
    def labelled(self) -> bool:
        """Whether the file has the label of the schema."""
        return self.layout.label is not None

    def rows(self, read: Read) -> int:
        """About how many rows the file has, by those that were read."""
        return max(read.received, round(read.received * self.source.size / read.place.offset))

    def problems(self, read: Read) -> tuple[Problem, ...]:
        """What is wrong with the file and what is odd, once all of it was read."""
        return intake.told(
            read.findings, self.layout, self.schema, accepted=read.accepted, source=self.source, header=read.header
        )  # fmt: skip

    def _after(self, before: Read, place: Place, part: Part, received: int) -> tuple[Read, pd.DataFrame]:
        findings = Findings(before.findings)
        findings.add(part.findings)
        rejected, full = part.rejected, before.full
        size = before.kept_bytes + np.cumsum([len(text.encode()) for text in rejected["record"]], dtype=np.int64)
        most = min(KEPT - before.kept, max(int(np.searchsorted(size, MOST_BYTES, "right")), int(not before.kept)))
        kept = rejected[: 0 if full else most]
        label = part.frame.get(self.schema.label.column) if self.schema.label else None
        unwhole = {column.name for column in self.schema.derived if part.frame[column.name].dtype != np.int64}
        return Read(
            header=before.header, place=place, findings=findings, key=before.key,
            accepted=before.accepted + len(part.frame),
            positives=before.positives + (0 if label is None else int(label.sum())),
            kept=before.kept + len(kept), kept_bytes=int(size[len(kept) - 1]) if len(kept) else before.kept_bytes,
            full=full or len(kept) < received - len(part.frame),
            unwhole=tuple(sorted({*before.unwhole, *unwhole})),
        ), kept  # fmt: skip

    def _all_habits(self) -> Habits:
        """How ids are written in all of the file, which is gone through for it when the first odd one is met."""
        if self._habits is None:
            survey, digits, marks = Survey(), Counter[Digits](), Marks.of(self.schema.missing)
            for column in self._all_ids():
                survey += Survey.of(column, marks)
            for column in self._all_ids():
                digits.update(survey.digits(column))
            self._habits = Habits.of(survey, digits)
        return self._habits

    def _all_ids(self) -> Iterator[Any]:
        begun = self._begun
        for records, _ in windows.windows(self.source, begun.header, begun.place, self.window):
            at = self.layout.id
            if at is not None:
                yield ids.bare(records.columns({at: pa.large_string()})[at])[0]
