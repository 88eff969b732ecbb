"""The training baseline of a version: what users looked like when the model was fitted.

One Parquet file: a sample of up to 20,000 training users (features, label, score; no ids), and in the file's
own metadata, as JSON, a histogram of every feature and of the score. A second file holds the fingerprints
of all users trained on, so that figures on overlapping users can be told from honest ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.split import Keys, fingerprints

SAMPLE_ROWS: Final = 20_000
FEATURE_BINS: Final = 64
SCORE_BINS: Final = 50
SCORE_QUANTILES: Final = 1_001
_KEY: Final = b"trustdesk.histograms"


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts` (bins,) between `edges` (bins + 1,); values missing are counted apart."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Baseline:
    """`sample`: features, `label`, `score`; `features`: a histogram each.

    Of the scores of the test part: `score`, a histogram, and `quantiles`, 1,001 of them from lowest to highest.
    """

    sample: pd.DataFrame
    features: Mapping[str, Histogram]
    score: Histogram
    quantiles: tuple[float, ...]

    def share_below(self, score: float) -> float:
        """Share of the test part with a lower score, to the nearest thousandth."""
        return int(np.searchsorted(self.quantiles, score)) / len(self.quantiles)


def histogram(values: npt.ArrayLike) -> Histogram:
    """Up to 64 bins: one per value where there are few, else of equal count (so that none is empty)."""
    array = np.asarray(values, np.float64)
    seen = array[~np.isnan(array)]
    if not len(seen):
        return Histogram((), (), len(array))
    distinct = np.unique(seen)
    if len(distinct) > FEATURE_BINS:
        distinct = np.unique(np.quantile(seen, np.linspace(0, 1, FEATURE_BINS), method="lower"))
    edges = np.append(distinct, np.nextafter(seen.max(), np.inf))
    counts, _ = np.histogram(seen, edges)
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), len(array) - len(seen))


def score_histogram(score: npt.ArrayLike) -> Histogram:
    """50 equal bins of .02 over [0, 1]."""
    counts, edges = np.histogram(np.asarray(score, np.float64), bins=SCORE_BINS, range=(0.0, 1.0))
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()))


def of(
    names: Sequence[str],
    features: npt.NDArray[np.float32],
    label: npt.NDArray[np.float64],
    score: npt.NDArray[np.float64],
    test: npt.NDArray[np.bool_],
    *,
    seed: int,
) -> Baseline:
    """The baseline of rows (n, f) with label, score and test part (n,): features of the rows trained on."""
    trained = np.flatnonzero(~test)
    random = np.random.default_rng(seed)
    rows = np.sort(random.choice(trained, min(SAMPLE_ROWS, len(trained)), replace=False))
    sample = pd.DataFrame(features[rows], columns=list(names))
    sample = sample.assign(**{_free("label", names): label[rows], _free("score", names): score[rows]})
    histograms = {name: histogram(features[trained, i]) for i, name in enumerate(names)}
    quantiles = tuple(np.quantile(score[test], np.linspace(0, 1, SCORE_QUANTILES)).tolist())
    return Baseline(sample, histograms, score_histogram(score[test]), quantiles)


def without_rows(baseline: Baseline) -> Baseline:
    """The same histograms, of no single user."""
    return replace(baseline, sample=baseline.sample.iloc[:0])


def save(baseline: Baseline, path: Path) -> None:
    raw = {
        "format": 1,
        "score": _as_json(baseline.score),
        "quantiles": baseline.quantiles,
        "features": {name: _as_json(entry) for name, entry in baseline.features.items()},
    }
    table = pa.Table.from_pandas(baseline.sample, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: json.dumps(raw).encode()})
    pq.write_table(table, path, compression="zstd")


def load(path: Path) -> Baseline:
    raw = json.loads((pq.read_schema(path).metadata or {})[_KEY])
    features = {name: _from_json(entry) for name, entry in raw["features"].items()}
    return Baseline(pd.read_parquet(path), features, _from_json(raw["score"]), tuple(raw["quantiles"]))


def save_users(keys: Keys, path: Path) -> None:
    """Fingerprints of all users trained on, sorted, so that their differences pack into about 3 bytes each."""
    table = pa.table({"user": fingerprints(keys).astype(np.int64)})
    pq.write_table(
        table, path, compression="zstd", use_dictionary=False, column_encoding={"user": "DELTA_BINARY_PACKED"}
    )


def load_users(path: Path) -> Keys:
    return np.asarray(pq.read_table(path).column("user").to_numpy(), np.uint64)


def _free(name: str, taken: Sequence[str]) -> str:
    """`name`, or `name` with underscores where a feature already has it."""
    return name if name not in taken else _free(f"{name}_", taken)


def _as_json(entry: Histogram) -> dict[str, Any]:
    return {"edges": entry.edges, "counts": entry.counts, "missing": entry.missing}


def _from_json(raw: Mapping[str, Any]) -> Histogram:
    return Histogram(tuple(raw["edges"]), tuple(raw["counts"]), raw["missing"])
