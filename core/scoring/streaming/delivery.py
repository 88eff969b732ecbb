"""A run that was just recorded, as the table that leaves the house, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from core.schema.schema import Schema
from core.scoring import export
from core.scoring.score_file import Pieces, Scoring
from core.scoring.texts import unquoted


def tables(
    done: Scoring, pieces: Pieces, schema: Schema, *, keep_features: bool, texts: bool = True
) -> Iterator[pa.Table]:  # fmt: skip
    """The result table of `export.table`, in parts and in input order. texts: whether a word of a text is in it."""
    for piece in pieces(features=keep_features):
        kept = export.kept(piece.frame, schema, keep_features=keep_features, texts=texts)
        reasons = piece.reasons if texts else unquoted.reasons(piece.reasons)
        yield export.table(kept, piece.scores, reasons, done.run)
