"""From the blocks of a file to scores and reasons in parts on disk; it goes on after the last part there is.

While a block is scored, the next one is read and the one before is stored.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from core.data import datasets
from core.data.streaming.reading import Block, Read, Reading
from core.data.streaming.unfinished import Work
from core.policy.bands import BANDS, Band
from core.policy.decide import Hits
from core.registry.registry import Model
from core.schema.levels import written
from core.schema.schema import Schema
from core.scoring.decisions import score_table
from core.scoring.decisions.deciding import Decider
from core.scoring.export import TOP
from core.scoring.reasons import texts
from core.scoring.scorer import Scored
from core.scoring.streaming.engines import Engine

Which = Literal["flagged", "all", "none"]


@dataclass(frozen=True, slots=True)
class Order:
    """How a file is to be scored. which: whose scores are explained, by up to `top` reasons."""

    schema: Schema
    model: Model
    decider: Decider
    allow_missing: bool = False
    which: Which = "all"
    top: int = TOP

    @property
    def reasons(self) -> int:
        """How many reasons to look for."""
        return 0 if self.which == "none" else self.top

    def identity(self, sha256: str) -> str:
        """The id of the dataset that a file with this digest becomes."""
        return datasets.identify(sha256, self.schema, allow_missing=self.allow_missing)

    def key(self, sha256: str, job: str) -> str:
        """The same for the same bytes to be scored in the same way, by the same job if by one, and for nothing else."""
        said = [self.identity(sha256), self.model.version, self.decider.as_json(), self.which, self.top, job]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Done:
    """What is known of a file of which all blocks up to one were scored.

    `unscored`: rows that the model gives no score; `explained`: how many users have reasons; `hits`: of the rules of
    the policy, by name; `seconds` of the work.
    """

    read: Read
    counts: Mapping[Band, int]
    unscored: tuple[int, ...] = ()
    explained: int = 0
    hits: Mapping[str, Hits] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def rejects(self) -> bool:
        """Whether a row was rejected."""
        return self.read.received > self.read.accepted or bool(self.unscored)

    def as_json(self) -> dict[str, Any]:
        return {
            "read": self.read.as_json(), "counts": dict(self.counts), "unscored": list(self.unscored),
            "explained": self.explained, "seconds": self.seconds,
            "hits": {name: [each.matched, each.decided] for name, each in self.hits.items()},
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Done:
        hits = {name: Hits(*each) for name, each in raw["hits"].items()}
        return cls(**raw | {"read": Read.from_json(raw["read"]), "unscored": tuple(raw["unscored"]), "hits": hits})


@dataclass(frozen=True, slots=True, eq=False)
class BlockScoring:
    """Scores what is left of a file. `ready` is called when rows were rejected; what it raises ends the work."""

    work: Work
    reading: Reading
    order: Order
    engine: Engine
    ready: Callable[[], None] = lambda: None

    def go(self, progress: Callable[[int, int], None]) -> Done:
        """Score all blocks that are left; progress: told how many users are done, and of about how many.

        Raises what reading and scoring raise.
        """
        done = None if self.work.state is None else Done.from_json(self.work.state)
        began = time.monotonic() - (done.seconds if done else 0.0)
        with ThreadPoolExecutor(1) as behind:
            storing: Future[None] | None = None
            self._tell(progress, done)
            blocks = self.reading.blocks(done.read if done else None, self.work.ids())
            for block, scored in self.engine.scored(blocks, self.order.model, self.order.reasons):
                tables, done = self._decided(block, scored, done)
                done = replace(done, seconds=time.monotonic() - began)
                if done.rejects:
                    self.ready()
                if storing is not None:
                    storing.result()
                storing = behind.submit(self.work.add, tables, block.ids, done.as_json())
                self._tell(progress, done)
            if storing is not None:
                storing.result()
        assert done is not None  # noqa: S101 - a file without a block was refused
        return done

    def _decided(self, block: Block, scored: Scored | None, done: Done | None) -> tuple[dict[str, pa.Table], Done]:
        before = done or Done(block.read, dict.fromkeys(BANDS, 0))
        tables = {}
        if done is None or len(block.rejected):
            tables["rejected"] = pa.Table.from_pandas(block.rejected, preserve_index=False)
        if scored is None:
            return tables, replace(before, read=block.read)
        order, frame = self.order, block.frame
        tables["rows"] = pa.Table.from_pandas(frame)
        finite = scored.finite
        unscored = tuple(map(int, frame.index[~finite]))
        if unscored:
            frame, scored = frame[finite], scored.only(finite)
        decided = order.decider.decide(frame, scored)
        reasons = explained(frame, scored, order.model, decided.flagged, order.which)
        tables["scores"] = pa.Table.from_pandas(score_table.table(scored, decided, frame.index))
        if len(reasons):
            tables["reasons"] = pa.Table.from_pandas(reasons)
        counts = Counter(before.counts)
        counts.update(score_table.counts(decided))
        hits = {name: each + before.hits.get(name, Hits(0, 0)) for name, each in decided.hits.items()}
        return tables, Done(
            block.read, {band: counts[band] for band in BANDS}, (*before.unscored, *unscored),
            before.explained + len(reasons), hits,
        )  # fmt: skip

    def _tell(self, progress: Callable[[int, int], None], done: Done | None) -> None:
        if done is None:
            progress(0, 0)
        else:
            progress(done.read.received, self.reading.rows(done.read))


@dataclass(frozen=True, slots=True)
class Piece:
    """Some users of a run that was just recorded, in their order, by input row: what the file says of them, their
    scores as `Runs.scores` has them, and reasons of some or all.
    """

    frame: pd.DataFrame
    scores: pd.DataFrame
    reasons: pd.DataFrame


def pieces(work: Work, done: Done, schema: Schema, *, features: bool) -> Iterator[Piece]:
    """All who have a score; `features`: whether their frames have features too."""
    left = {*schema.names, *map(written, schema.worded)} if not features else set()
    real = {name: np.float64 for name in schema.names if name in done.read.unwhole and features}
    for part in range(work.parts):
        rows, scores = work.table(part, "rows", without=left), work.table(part, "scores")
        if rows is None or scores is None:
            continue
        reasons, found = work.table(part, "reasons"), scores.to_pandas()
        frame = rows.to_pandas().astype(real)
        told = nobody(frame.index) if reasons is None else reasons.to_pandas()
        yield Piece(frame if len(frame) == len(found) else frame.loc[found.index], found, told)


def explained(
    frame: pd.DataFrame, scored: Scored, model: Model, flagged: npt.NDArray[np.bool_], which: Which
) -> pd.DataFrame:  # fmt: skip
    """`reason_1` ... of all users of a frame (n rows), indexed by input row; of the `flagged` (n,), or of none."""
    if scored.strongest is None or which == "none":
        return nobody(frame.index)
    chosen = np.ones(len(frame), bool) if which == "all" else flagged
    return texts(frame[chosen], model.metadata.features, scored.strongest.only(chosen), model.texts, model.phrases)


def nobody(rows: pd.Index[int]) -> pd.DataFrame:
    """The reasons of none of the users of these rows."""
    return pd.DataFrame({f"reason_{j + 1}": pd.array([], "str") for j in range(TOP)}, index=rows[:0])
