"""A run that was just recorded, as the table that leaves the house, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from core.schema.schema import Schema
from core.scoring import export
from core.scoring.score_file import Pieces, Scoring


def tables(done: Scoring, pieces: Pieces, schema: Schema, *, keep_features: bool) -> Iterator[pa.Table]:
    """The result table of `export.table`, in parts and in input order."""
    for piece in pieces(features=keep_features):
        kept = export.kept(piece.frame, schema, keep_features=keep_features)
        yield export.table(kept, piece.scores, piece.reasons, done.run)
