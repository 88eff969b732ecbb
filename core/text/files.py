"""Text models as files of a version: `text.json` says which there are, `text.parquet` has their buckets in a row.

Nobody's words are in them. A file may come from anywhere: it is looked at as data, and refused unless it is what would
have been written.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from core import formats
from core.store import strict_json
from core.text import normalise
from core.text.text_model import TextModel

FORMAT: Final = 1
FACTS: Final = "text.json"
WEIGHTS: Final = "text.parquet"
#: What a version may have of each, and weights of all models together: 256 MB in memory.
MOST_MODELS, MOST_OUTPUTS, MOST_WEIGHTS = 16, 64, 2**26
_MOST_BYTES: Final = 64_000_000
_NAMES: Final = ("bucket", "texts")
Array = npt.NDArray[Any]


def dumped(models: Mapping[str, TextModel]) -> dict[str, bytes]:
    """The files of the text models by their columns; the same models give the same bytes."""
    from core.text.kernels import grams  # noqa: PLC0415 - the compiler is half a second's import

    facts = {
        "format": FORMAT,
        "normaliser": normalise.VERSION,
        "hash": grams.HASH,
        "models": [
            {"column": column, "texts": model.texts, "buckets": len(model.buckets), "biases": list(model.biases)}
            | ({} if math.isnan(model.strange) else {"strange": model.strange})
            for column, model in models.items()
        ],
    }
    outputs = max((model.outputs for model in models.values()), default=0)
    wide = [np.pad(model.weights, ((0, 0), (0, outputs - model.outputs))) for model in models.values()]
    weights = np.concatenate([np.empty((0, outputs)), *wide]).astype(np.float16)
    names = _NAMES + tuple(f"weight {output}" for output in range(outputs))
    columns = [
        np.concatenate([np.empty(0, np.int32), *(model.buckets for model in models.values())]),
        np.concatenate([np.empty(0, np.int32), *(model.seen for model in models.values())]),
        *weights.T,
    ]
    buffer = io.BytesIO()
    pq.write_table(
        pa.table(dict(zip(names, map(np.ascontiguousarray, columns), strict=True))), buffer, compression="zstd",
        compression_level=9, use_dictionary=["texts"],
        column_encoding={"bucket": "DELTA_BINARY_PACKED"} | dict.fromkeys(names[2:], "BYTE_STREAM_SPLIT"),
    )  # fmt: skip
    return {FACTS: (json.dumps(facts, indent=1) + "\n").encode(), WEIGHTS: buffer.getvalue()}


def loaded(content: Mapping[str, bytes]) -> dict[str, TextModel]:
    """The text models of the files that `dumped` gave, by their columns.

    Raises ValueError, with a clause that goes on after the name of a file, for what is none; NewerFormatError.
    """
    for name in (FACTS, WEIGHTS):
        if name not in content:
            raise ValueError(f"is without {name}")
        if len(content[name]) > _MOST_BYTES:
            raise ValueError(f"has {len(content[name]):,} bytes in {name}, and no more than {_MOST_BYTES:,} are read")
    entries = _facts(content[FACTS])
    outputs = max((len(entry["biases"]) for entry in entries), default=0)
    table = _table(content[WEIGHTS], outputs, sum(entry["buckets"] for entry in entries))
    bucket, seen = (table[name].to_numpy() for name in _NAMES)
    weights = np.stack([table[at].to_numpy() for at in range(2, 2 + outputs)], 1) if outputs else np.empty((0, 0))
    models, at = {}, 0
    for entry in entries:
        to = at + entry["buckets"]
        models[entry["column"]] = _model(entry, bucket[at:to], seen[at:to], weights[at:to])
        at = to
    return models


def _facts(content: bytes) -> list[dict[str, Any]]:
    """What `text.json` says of each model, every fact of its type and within its bounds."""
    from core.text.kernels import grams  # noqa: PLC0415

    raw = strict_json.parsed(content)
    if not isinstance(raw, dict):
        raise ValueError("is no table of facts")  # noqa: TRY004 - what is wrong is the content of a file
    formats.number(raw.get("format"), FACTS, FORMAT)
    for what, known in (("normaliser", normalise.VERSION), ("hash", grams.HASH)):
        if raw.get(what) != known:
            raise ValueError(f"has the {what} {str(raw.get(what))[:20]}, and this program knows {known}")
    entries = raw.get("models")
    if not isinstance(entries, list) or len(entries) > MOST_MODELS:
        raise ValueError(f"has no list of at most {MOST_MODELS} models")
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("column"), str):
            raise ValueError("has a model of no column")  # noqa: TRY004 - as above
        biases = entry.get("biases")
        if not isinstance(biases, list) or not 1 <= len(biases) <= MOST_OUTPUTS:
            raise ValueError(f"has a model of something else than 1 to {MOST_OUTPUTS} outputs")
        if not all(isinstance(bias, float) for bias in biases):
            raise ValueError("has a bias that is no number")
        if not _whole(entry.get("buckets"), 0, grams.BUCKETS) or not _whole(entry.get("texts"), 0, 2**31):
            raise ValueError("does not say how many buckets and texts a model has")
        strange = entry.get("strange", 0.0)
        if not isinstance(strange, float) or not 0 <= strange <= 1:
            raise ValueError("has a share of new n-grams that is none")
    if len({entry["column"] for entry in entries}) < len(entries):
        raise ValueError("has two models of a column")
    return entries


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _table(content: bytes, outputs: int, rows: int) -> Any:
    """The columns as they must be, looked at before any of them is read."""
    if rows * outputs > MOST_WEIGHTS:
        raise ValueError(f"says that it has {rows * outputs:,} weights, and no more than {MOST_WEIGHTS:,} are read")
    try:
        with pq.ParquetFile(io.BytesIO(content)) as file:
            kinds = [pa.int32()] * len(_NAMES) + [pa.float16()] * outputs
            names = [*_NAMES, *(f"weight {output}" for output in range(outputs))]
            if file.schema_arrow.names != names or file.schema_arrow.types != kinds:
                raise ValueError("has other columns than those of its models")
            if file.metadata.num_rows != rows:
                raise ValueError(f"has {file.metadata.num_rows:,} buckets, where its models have {rows:,}")
            table = file.read().combine_chunks()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"cannot be read as Parquet: {strict_json.legible(str(error))}") from error
    if table.num_rows != rows or any(column.null_count for column in table.columns):
        raise ValueError("has buckets without a number")
    return table


def _model(entry: Mapping[str, Any], buckets: Array, seen: Array, weights: Array) -> TextModel:
    from core.text.kernels import grams  # noqa: PLC0415

    if len(buckets) and (buckets[0] < 0 or buckets[-1] >= grams.BUCKETS or (np.diff(buckets) <= 0).any()):
        raise ValueError("has buckets that do not rise, or that there are not")
    if len(seen) and (seen.min() < 1 or seen.max() > entry["texts"]):
        raise ValueError("has buckets in more texts than there were")
    mine = np.ascontiguousarray(weights[:, : len(entry["biases"])], np.float32)
    if not np.isfinite(mine).all():
        raise ValueError("has a weight that is no number")
    strange = entry.get("strange", math.nan)
    return TextModel(buckets, seen, entry["texts"], mine, tuple(entry["biases"]), strange)
