"""Drift of the users of a file, of which nothing is stored: read, scored and counted block after block.

What a version is compared by are users in bins, and those of a file are the sum of those of its blocks: the figures
are the ones of a run of the same file. Of texts, those that are looked at come from all over the file, so that they
wait on disk until it is known how many there are.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from core.data import problems
from core.data.formats.limits import Limits
from core.data.formats.options import NOTHING, Given
from core.data.intake import refuse_unusable
from core.data.problems import Problem
from core.data.streaming.reading import Reading
from core.data.streaming.source import source_of
from core.data.streaming.unfinished import Unfinished
from core.data.streaming.windows import WINDOW
from core.evaluation.histogram import Histogram
from core.explore.value_counts import Ints
from core.files import told_when_full
from core.model.encoding import as_texts
from core.monitoring import text_drift
from core.monitoring.drift import Drift, below_one, compare, of_scores, placed, use_of, values_of
from core.registry.baseline import Baseline
from core.registry.registry import Model
from core.schema.schema import Schema
from core.scoring.scorer import Scored
from core.scoring.streaming.engines import HERE

_TOKEN_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Found:
    """The drift of the users of a file who were accepted and have a score, and what was found in it."""

    drift: Drift
    received: int
    problems: tuple[Problem, ...]

    @property
    def rejected(self) -> int:
        return self.received - self.drift.n

    def as_json(self) -> dict[str, Any]:
        counts = {"received": self.received, "accepted": self.drift.n, "rejected": self.rejected}
        return self.drift.as_json() | counts | {"problems": [each.sentence for each in self.problems]}


@dataclass(frozen=True, slots=True, eq=False)
class FileDrift:
    """Compares files with what versions were trained on. `window`: bytes of a file that are read at a time; `limits`:
    gives those in force.
    """

    unfinished: Unfinished
    window: int = WINDOW
    limits: Callable[[], Limits] = Limits

    def of_file(  # noqa: PLR0913 - what is read, and how
        self, name: str, payload: bytes | Path, schema: Schema, model: Model, *, now: datetime, given: Given = NOTHING,
        allow_missing: bool = False, progress: Callable[[str, int, int], None] = lambda _what, _done, _of: None,
    ) -> Found:  # fmt: skip
        """The users of a file against the baseline of a version. given: what was said of how to read it.

        Raises the errors of `intake.read`, FileProblemError where not one row is accepted, and WrongFeaturesError when
        the model was trained on other columns.
        """
        progress(f"Reading {name}", 0, 0)
        source, baseline = source_of(name, payload, given, self.limits()), model.baseline()
        with self.unfinished.work(secrets.token_hex(_TOKEN_BYTES), now=now) as work:
            reading = Reading(source, schema, work.folder, allow_missing=allow_missing, window=self.window)
            texts = {text: _Waiting(work.folder / f"{at}.texts.arrow") for at, text in enumerate(model.texts)}
            seen = _Seen(model, baseline, texts)
            read = None
            for block, scored in HERE.scored(reading.blocks(), model, 0):
                read = block.read
                if scored is not None:
                    seen.add(block.frame, scored)
                progress(f"Comparing {name}", read.received, reading.rows(read))
            assert read is not None  # noqa: S101 - a file without a row was refused
            found = reading.problems(read)
            refuse_unusable(name, read.received, read.accepted, found)
            if seen.unscored:
                found = problems.ordered([problems.no_score(seen.unscored[0], len(seen.unscored)), *found])
            return Found(replace(seen.drift(), file=name), read.received, found)


@dataclass(slots=True)
class _Waiting:
    """Texts of a column that are there, on disk, in their order."""

    path: Path
    count: int = 0
    _writer: pa.ipc.RecordBatchFileWriter | None = None

    def add(self, texts: Sequence[str | None]) -> None:
        batch = pa.record_batch({"text": pa.array([text for text in texts if text is not None], pa.large_string())})
        with told_when_full(self.path.parent):
            if self._writer is None:
                options = pa.ipc.IpcWriteOptions(compression="lz4")
                self._writer = pa.ipc.new_file(str(self.path), batch.schema, options=options)
            self._writer.write_batch(batch)
        self.count += len(batch)

    def some(self) -> list[str | None]:
        """Those that are looked at."""
        if self._writer is None:
            return []
        self._writer.close()
        at, before, found = text_drift.looked_at(self.count), 0, list[str | None]()
        with pa.OSFile(str(self.path), "rb") as file:
            reader = pa.ipc.open_file(file)
            for part in range(reader.num_record_batches):
                texts = reader.get_batch(part).column("text")
                inside = at[(at >= before) & (at < before + len(texts))] - before
                found += texts.take(pa.array(inside)).to_pylist()
                before += len(texts)
        return found


@dataclass(slots=True)
class _Seen:
    """The users so far, in the bins of a baseline; `texts`: by column."""

    model: Model
    baseline: Baseline
    texts: dict[str, _Waiting]
    #: The input rows of those to whom the model gives no score.
    unscored: list[int] = field(default_factory=list)
    _features: dict[str, Ints] = field(init=False)
    _bins: Histogram = field(init=False)
    _scores: Ints = field(init=False)

    def __post_init__(self) -> None:
        self._features = {name: placed(bins, []) for name, bins in self.baseline.features.items()}
        self._bins = of_scores(self.baseline)
        self._scores = placed(self._bins, [])

    def add(self, frame: pd.DataFrame, scored: Scored) -> None:
        finite = scored.finite
        if not finite.all():
            self.unscored += frame.index[~finite].tolist()
            frame, scored = frame[finite], scored.only(finite)
        sent = functools.cache(functools.partial(as_texts, frame))
        for name, bins in self.baseline.features.items():
            self._features[name] += placed(bins, values_of(self.model, name, frame.__getitem__, sent))
        self._scores += placed(self._bins, below_one(scored.probability))
        for name, waiting in self.texts.items():
            waiting.add(sent(name))

    def drift(self) -> Drift:
        found = compare(
            self.baseline, self._features.__getitem__, self._scores, version=self.model.version,
            use=use_of(self.model, self.baseline),
        )  # fmt: skip
        return replace(found, texts=text_drift.text_drift(self.model, lambda name: self.texts[name].some()))
