"""Files of a version with a right sum and the wrong content: a damaged model in every place that meets one, no bug."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import DamagedModelError
from core.home import Home
from core.registry import baseline, registry
from core.store import strict_json
from tests import make
from tests.core.registry import crafted

DEEP = b"[" * 100_000 + b"]" * 100_000
#: Deep enough for whoever walks through it, and not too deep for the one who reads it.
HALF_DEEP = b"[" * 600 + b"]" * 600
ANYWHERE = {
    "nesting without end": DEEP, "nesting that a reader bears": HALF_DEEP, "an object without end": b'{"a":' * 100_000,
    "no number": b'{"format": NaN}', "infinity": b'{"format": -Infinity}', "too large a number": b'{"format": 1e999}',
    "a number of 10,000 digits": b'{"format": ' + b"9" * 10_000 + b"}", "65 bits": b'{"format": 18446744073709551616}',
    "no UTF-8": b'{"format": "\xff"}', "half of a pair": b'{"format": "\\ud800"}', "a name twice": b'{"a": 1, "a": 2}',
    "a list": b"[]", "null": b"null", "a text": b'"a"', "nothing after all": b"{",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "another format": b'{"format": "1"}',
}  # fmt: skip


@pytest.mark.parametrize("content", ANYWHERE.values(), ids=ANYWHERE.keys())
@pytest.mark.parametrize("name", ["metadata.json", "calibration.json", "origin.json"])
def test_json_that_nobody_here_writes_is_a_damaged_model(own: Home, name: str, content: bytes) -> None:
    folder = own.settings.models / "v0001"
    if name == "origin.json":
        (folder / name).write_bytes(content)
        registry.sums.add(folder, name)
    crafted.put(folder, content, name)
    with pytest.raises(DamagedModelError, match=rf"Model v0001 was not loaded: a file cannot be read \({name}: "):
        own.registry.load()
    with pytest.raises(DamagedModelError):
        make.promoted(own, "v0001")
    (listed,) = own.registry.listing()
    assert (listed.metadata is None) == (name != "calibration.json")
    assert (listed.damage != "") == (name != "calibration.json")


def at(*path: str | int, value: object) -> Callable[[Any], None]:
    def change(raw: Any) -> None:
        for step in path[:-1]:
            raw = raw[step]
        raw[path[-1]] = value

    return change


METADATA = {
    "a feature twice": at("features", 1, "name", value="links"),
    "a name that is none": at("features", 0, "name", value=7),
    "a name in a list": at("features", 0, "name", value=["links"]),
    "a range of text": at("features", 0, "low", value="0"),
    "a flag for a number": at("features", 0, "missing", value=True),
    "no features": at("features", value=[]),
    "features as text": at("features", value="links"),
    "a fact that nobody knows": at("features", 0, "\x1b[2J", value=1),
    "a time without a zone": at("created", value="2026-03-01T12:00:00"),
    "a time that is none": at("created", value=7),
    "a bias of text": at("bias", value="0"),
    "trees of text": at("rounds", value="12"),
    "a notice that is no text": at("notice", value=["a"]),
    "parameters as a list": at("parameters", value=[]),
    "a library that is no text": at("libraries", "xgboost", value=3),
    "data without rows": at("data", value={}),
    "rows of text": at("data", "rows", value="1500"),
    "figures of text": at("figures", "pr_auc", "value", value="0.9"),
    "no interval": at("figures", "pr_auc", value={}),
    "thresholds of text": at("figures", "thresholds", "monitor", "above", value="0.3"),
    "a threshold without figures": at("figures", "thresholds", "monitor", value={"above": 0.3}),
    "a group that is none": at("figures", "reliability", 0, value=[]),
}


@pytest.mark.parametrize("change", METADATA.values(), ids=METADATA.keys())
def test_metadata_of_other_types_is_a_damaged_model(own: Home, change: Callable[[Any], None]) -> None:
    folder = own.settings.models / "v0001"
    raw = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
    change(raw)
    crafted.put(folder, json.dumps(raw).encode(), "metadata.json")
    with pytest.raises(DamagedModelError, match=r"cannot be read \(metadata\.json: ") as told:
        own.registry.describe("v0001")
    assert str(told.value).isprintable()
    (listed,) = own.registry.listing()
    assert listed.damage == str(told.value)


@pytest.mark.parametrize(
    "calibration",
    [
        {"a": 1, "b": 1}, {"a": True, "b": 1, "c": 0}, {"a": 1, "b": 1, "c": None}, {"a": 1, "b": 1, "c": "0"},
        {"a": 0, "b": 1, "c": 0}, {"a": 1e300, "b": 1e300, "c": 0}, {"a": 1, "b": 1, "c": -1e300},
        {"a": [1], "b": 1, "c": 0},
    ],
    ids=str,
)  # fmt: skip
def test_a_calibration_that_could_give_no_number_is_a_damaged_model(own: Home, calibration: Any) -> None:
    crafted.put(own.settings.models / "v0001", json.dumps(calibration).encode(), "calibration.json")
    with pytest.raises(DamagedModelError, match=r"cannot be read \(calibration\.json: "):
        own.registry.load()


def histograms(change: Callable[[Any], None]) -> Callable[[pa.Table], pa.Table]:
    """A baseline whose facts beside the rows are changed."""

    def changed(table: pa.Table) -> pa.Table:
        raw = json.loads(table.schema.metadata[b"trustdesk.histograms"])
        change(raw)
        return table.replace_schema_metadata({b"trustdesk.histograms": json.dumps(raw).encode()})

    return changed


def facts(content: bytes) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.replace_schema_metadata({b"trustdesk.histograms": content})


BASELINES: dict[str, Callable[[pa.Table], pa.Table]] = {
    "no histograms": lambda table: table.replace_schema_metadata({}),
    "nesting without end": facts(DEEP),
    "no number": facts(b'{"features": NaN}'),
    "a list": facts(b"[]"),
    "edges of text": histograms(at("features", "links", "edges", value=["a", "b"])),
    "edges that fall": histograms(at("features", "links", "edges", 0, value=1e9)),
    "more edges than counts": histograms(at("features", "links", "counts", value=[1])),
    "counts below none": histograms(at("score", "counts", 0, value=-1)),
    "no quantiles": histograms(at("quantiles", value=[])),
    "quantiles of text": histograms(at("quantiles", 0, value="0")),
    "more rows than a sample": lambda table: pa.concat_tables([table] * 20),
    "text in place of numbers": lambda table: table.set_column(0, "links", pa.array(["a"] * len(table))),
}


@pytest.mark.parametrize("change", BASELINES.values(), ids=BASELINES.keys())
def test_a_baseline_that_is_none_is_a_damaged_model(
    own: Home, tmp_path: Path, change: Callable[[pa.Table], pa.Table]
) -> None:
    folder = own.settings.models / "v0001"
    pq.write_table(change(pq.read_table(folder / "baseline.parquet")), tmp_path / "changed.parquet")
    crafted.put(folder, (tmp_path / "changed.parquet").read_bytes(), "baseline.parquet")
    with pytest.raises(DamagedModelError, match=r"cannot be read \(baseline\.parquet: "):
        own.registry.load().baseline()


@pytest.mark.parametrize("name", ["baseline.parquet", "users.parquet"])
def test_what_is_no_parquet_is_a_damaged_model(own: Home, name: str) -> None:
    crafted.put(own.settings.models / "v0001", b"PAR1" + b"\0" * 100 + b"PAR1", name)
    model = own.registry.load()
    with pytest.raises(DamagedModelError, match=rf"cannot be read \({name}: "):
        model.baseline() if name == "baseline.parquet" else model.users()


def test_users_beyond_what_is_read_or_of_another_kind_are_a_damaged_model(
    own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, path = own.settings.models / "v0001", tmp_path / "users.parquet"
    monkeypatch.setattr(baseline, "MOST_USERS", 98)
    for frame in (pd.DataFrame({"nobody": [1]}), pd.DataFrame({"user": ["a"]}), pd.DataFrame({"user": np.arange(99)})):
        frame.to_parquet(path, index=False)
        crafted.put(folder, path.read_bytes(), "users.parquet")
        with pytest.raises(DamagedModelError, match=r"users\.parquet: "):
            own.registry.load().users()


def test_one_damaged_version_leaves_the_others_in_the_list(own: Home) -> None:
    first = own.registry.load()
    parts = registry.Parts(
        first.predictor, first.calibration, first.metadata, first.baseline(), make.users(5).index.to_numpy(np.uint64)
    )
    assert own.registry.publish(parts) == "v0002"
    crafted.put(own.settings.models / "v0002", DEEP, "metadata.json")
    newest, oldest = own.registry.listing()
    assert "v0002" in newest.damage
    assert oldest.metadata == first.metadata


def test_a_champion_that_is_no_text_is_no_version(own: Home) -> None:
    (own.settings.models / "CHAMPION").write_bytes(b"v00\xff01\n")
    with pytest.raises(registry.UnknownVersionError, match="This workspace has v0001"):
        own.registry.load()


def test_what_is_written_here_is_read_as_it_was(own: Home) -> None:
    for name in ("metadata.json", "calibration.json"):
        content = (own.settings.models / "v0001" / name).read_bytes()
        assert strict_json.parsed(content) == json.loads(content)
