"""The training baseline of a version: what users looked like when the model was fitted.

One Parquet file: a sample of up to 20,000 training users (features, label, score; no ids), and in the file's
own metadata, as JSON, a histogram of every feature and of the score. A second file holds the fingerprints
of all users trained on, so that figures on overlapping users can be told from honest ones.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core import formats
from core.data.split import Keys, fingerprints
from core.evaluation.histogram import Histogram, histogram, score_histogram
from core.store import strict_json
from core.store.strict_json import typed

FORMAT: Final = 1
SAMPLE_ROWS: Final = 20_000
#: Users whose fingerprints are read at most: 800 MB of them, which a file of a few bytes can claim to hold.
MOST_USERS: Final = 100_000_000
SCORE_QUANTILES: Final = 1_001
_KEY: Final = b"trustdesk.histograms"


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
        "format": FORMAT,
        "score": _as_json(baseline.score),
        "quantiles": baseline.quantiles,
        "features": {name: _as_json(entry) for name, entry in baseline.features.items()},
    }
    table = pa.Table.from_pandas(baseline.sample, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: json.dumps(raw).encode()})
    pq.write_table(table, path, compression="zstd")


def load(source: Path | BinaryIO) -> Baseline:
    """Raises AttributeError, KeyError, TypeError or ValueError when the file is no baseline, NewerFormatError."""
    with _opened(source) as file:
        raw = strict_json.parsed((file.schema_arrow.metadata or {})[_KEY])
        formats.number(raw.get("format", 1), "baseline.parquet", FORMAT)
        features = {name: _from_json(entry) for name, entry in raw["features"].items()}
        quantiles = tuple(raw["quantiles"])
        if not quantiles:
            raise ValueError("has no quantiles")
        return typed(Baseline(_frame(file, SAMPLE_ROWS), features, _from_json(raw["score"]), quantiles))


def save_users(keys: Keys, path: Path) -> None:
    """Fingerprints of all users trained on, sorted, so that their differences pack into about 3 bytes each."""
    table = pa.table({"user": fingerprints(keys).astype(np.int64)})
    pq.write_table(
        table, path, compression="zstd", use_dictionary=False, column_encoding={"user": "DELTA_BINARY_PACKED"}
    )


def load_users(source: Path | BinaryIO) -> Keys:
    """Sorted. Raises KeyError or ValueError when the file holds no fingerprints."""
    with _opened(source) as file:
        # Also of a file from elsewhere, in which they may stand otherwise.
        return np.sort(np.asarray(_frame(file, MOST_USERS)["user"].to_numpy(np.int64), np.uint64))


@contextlib.contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[pq.ParquetFile]:
    """What Arrow says of a file that it cannot read becomes a ValueError."""
    try:
        with pq.ParquetFile(source) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise ValueError(str(error)) from error


def _frame(file: pq.ParquetFile, most: int) -> pd.DataFrame:
    """The columns as they stand, without what the file says about pandas; up to `most` rows of numbers, no more."""
    rows, kinds = file.metadata.num_rows, file.schema_arrow.types
    if rows > most:
        raise ValueError(f"has {rows:,} rows, and no more than {most:,} are read")
    if not all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in kinds):
        raise ValueError("has columns of something else than numbers")
    frame: pd.DataFrame = file.read().to_pandas(ignore_metadata=True)
    return frame


def _free(name: str, taken: Sequence[str]) -> str:
    """`name`, or `name` with underscores where a feature already has it."""
    return name if name not in taken else _free(f"{name}_", taken)


def _as_json(entry: Histogram) -> dict[str, Any]:
    return {"edges": entry.edges, "counts": entry.counts, "missing": entry.missing}


def _from_json(raw: Mapping[str, Any]) -> Histogram:
    found = Histogram(tuple(raw["edges"]), tuple(raw["counts"]), raw["missing"])
    if len(found.edges) != len(found.counts) + bool(found.counts) or any(count < 0 for count in found.counts):
        raise ValueError("has a histogram whose counts do not go with its edges")
    if any(low >= high for low, high in itertools.pairwise(found.edges)):
        raise ValueError("has a histogram whose edges do not rise")
    return found
