"""Predictions from outside that somebody gave to this home, kept by content: `data/predictions/p-<hash>/`.

`predictions.json` says what they are, `predictions.parquet` holds them as they were read and checked. The same file
given again is the same entry, under the name it came with first. Nothing in it is ever changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from core import formats
from core.comparison import external
from core.comparison.external import Predictions
from core.comparison.paired_metrics import Kind
from core.data.formats import options
from core.errors import UnknownItemError
from core.files import add_digests, replacing, within

FORMAT: Final = 2
#: Of what was stored when all predictions were probabilities.
_UPGRADES: Final = {1: lambda raw: {**raw, "kind": "probability", "note": ""}}
IDENTITY: Final = re.compile(r"p-[0-9a-f]{16}")
_ABOUT: Final = "predictions.json"
_ROWS: Final = "predictions.parquet"


@dataclass(frozen=True, slots=True)
class Given:
    """A stored file of predictions of n users; `by_id` where they are named, so that they meet versions.

    `kind` and `note`: as those of `Predictions`.
    """

    id: str
    name: str
    created: datetime
    n: int
    positives: int
    by_id: bool
    kind: Kind
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class PredictionFiles:
    """Predictions from outside, kept in `folder`."""

    folder: Path

    def put(self, name: str, payload: bytes, *, now: datetime, reading: options.Given = options.NOTHING) -> Given:
        """Read, check and store a file of predictions under its name, with a number where another one has it.

        `reading`: what was said of how to read it; the same file read in another way is another entry.
        Raises as `external.read` does.
        """
        identity = f"p-{reading.named(hashlib.sha256(payload).hexdigest())[:16]}"
        folder = self.folder / identity
        if not folder.is_dir():
            predictions = external.read(external.base_name(name), payload, reading)
            given = Given(
                identity, external.apart(predictions.name, [each.name for each in self.listed()]), now,
                len(predictions.label), int(predictions.label.sum()), predictions.ids is not None,
                predictions.kind, predictions.note,
            )  # fmt: skip
            try:
                with replacing(folder) as temporary:
                    temporary.mkdir()
                    _frame(predictions).to_parquet(temporary / _ROWS, index=False)
                    (temporary / _ABOUT).write_text(json.dumps(_as_json(given)), encoding="utf-8")
                    add_digests(temporary)
            except OSError:
                if not folder.is_dir():  # otherwise another process has just stored the same content
                    raise
        return self.find(identity)

    def listed(self) -> tuple[Given, ...]:
        """All stored predictions, newest first."""
        if not self.folder.is_dir():
            return ()
        names = [entry.name for entry in self.folder.iterdir() if IDENTITY.fullmatch(entry.name)]
        return tuple(sorted((self.find(name) for name in names), key=lambda given: given.created, reverse=True))

    def find(self, identity: str) -> Given:
        """Raises UnknownItemError when this home has no such predictions."""
        return _from_json(formats.load(self._folder(identity) / _ABOUT, known=FORMAT, upgrades=_UPGRADES))

    def load(self, identity: str) -> Predictions:
        """The predictions as they were read, under the name of their file. Raises UnknownItemError."""
        frame = pd.read_parquet(self._folder(identity) / _ROWS)
        label, probability = (frame[name].to_numpy(np.float64) for name in ("label", "probability"))
        ids = frame["id"].to_numpy(object) if "id" in frame else None
        flagged = frame["flagged"].to_numpy(bool) if "flagged" in frame else None
        given = self.find(identity)
        return Predictions(given.name, label, probability, ids, flagged, given.kind, given.note)

    def _folder(self, identity: str) -> Path:
        folder = within(self.folder, identity)
        if not IDENTITY.fullmatch(identity) or not (folder / _ABOUT).is_file():
            raise UnknownItemError("predictions", identity)
        return folder


def _frame(predictions: Predictions) -> pd.DataFrame:
    columns: dict[str, Any] = {"label": predictions.label, "probability": predictions.probability}
    optional = {"id": predictions.ids, "flagged": predictions.flagged}
    return pd.DataFrame(columns | {name: values for name, values in optional.items() if values is not None})


def _as_json(given: Given) -> dict[str, Any]:
    return {"format": FORMAT, **asdict(given), "created": given.created.isoformat()}


def _from_json(raw: Mapping[str, Any]) -> Given:
    return Given(**{**raw, "name": external.base_name(raw["name"]), "created": datetime.fromisoformat(raw["created"])})
