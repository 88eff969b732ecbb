"""Model versions on disk: `models/v0001/`, and `models/CHAMPION`, which names the one in charge.

A version is a folder of data, never of code: trees as XGBoost UBJ, calibration and metadata as JSON, the
training baseline as Parquet, and SHA256SUMS over all of them. It is published by one rename and never
changed afterwards. Loading checks every sum first.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import xgboost as xgb

from core.data.split import Keys
from core.errors import DamagedModelError, UnknownVersionError
from core.files import replacing, write_text
from core.model import baseline
from core.model.baseline import Baseline
from core.model.calibrate import Calibration
from core.model.metadata import Metadata
from core.settings import Settings

TREES: Final = "model.ubj"
CALIBRATION: Final = "calibration.json"
METADATA: Final = "metadata.json"
BASELINE: Final = "baseline.parquet"
USERS: Final = "users.parquet"
SUMS: Final = "SHA256SUMS"
CHAMPION: Final = "CHAMPION"
FORMAT: Final = 1
_FILES: Final = (TREES, CALIBRATION, METADATA, BASELINE, USERS)
_VERSION: Final = re.compile(r"v\d{4,}")


@dataclass(frozen=True, slots=True)
class Model:
    """A version, checked and loaded. The baseline and the users are read only when asked for."""

    version: str
    folder: Path
    booster: xgb.Booster
    calibration: Calibration
    metadata: Metadata

    def baseline(self) -> Baseline:
        return baseline.load(self.folder / BASELINE)

    def users(self) -> Keys:
        """Fingerprints of the users trained on, sorted (see `core.data.split.known`)."""
        return baseline.load_users(self.folder / USERS)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a version consists of, ready to be published."""

    booster: xgb.Booster
    calibration: Calibration
    metadata: Metadata
    baseline: Baseline
    users: Keys


def versions(settings: Settings) -> tuple[str, ...]:
    """All published versions, oldest first."""
    if not settings.models.is_dir():
        return ()
    names = [entry.name for entry in settings.models.iterdir() if entry.is_dir() and _VERSION.fullmatch(entry.name)]
    return tuple(sorted(names, key=lambda name: int(name[1:])))


def champion(settings: Settings) -> str | None:
    """The version in charge, or None before the first promotion."""
    pointer = settings.models / CHAMPION
    return pointer.read_text(encoding="ascii").strip() if pointer.is_file() else None


def publish(settings: Settings, parts: Parts) -> str:
    """Store a new version under the next number and return it. Nobody ever sees half of one."""
    settings.models.mkdir(parents=True, exist_ok=True)
    number = int(versions(settings)[-1][1:]) + 1 if versions(settings) else 1
    while True:
        version = f"v{number:04d}"
        try:
            with replacing(settings.models / version) as folder:
                folder.mkdir()
                _write(folder, parts)
        except OSError:
            if not (settings.models / version).exists():
                raise
            number += 1  # somebody published under this number meanwhile
        else:
            return version


def promote(settings: Settings, version: str) -> None:
    """Put a version in charge, after checking that it can be loaded. Raises as `load` does."""
    load(settings, version)
    write_text(settings.models / CHAMPION, version + "\n")


def load(settings: Settings, version: str | None = None) -> Model:
    """Load a version, by default the champion, after checking every checksum.

    Raises UnknownVersionError, or DamagedModelError when a file is absent, differs or cannot be read.
    """
    wanted = version or champion(settings)
    if wanted is None or wanted not in versions(settings):
        raise UnknownVersionError(wanted or "in charge", versions(settings))
    folder = settings.models / wanted
    _check(folder)
    booster = xgb.Booster()
    try:
        booster.load_model(bytearray((folder / TREES).read_bytes()))
        raw = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
        calibration = Calibration(raw["a"], raw["b"], raw["c"])
        metadata = Metadata.from_json(json.loads((folder / METADATA).read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError, xgb.core.XGBoostError) as error:
        raise DamagedModelError(wanted, "a file", f"cannot be read ({error})") from error
    return Model(wanted, folder, booster, calibration, metadata)


def bias(booster: xgb.Booster, features: int) -> float:
    """XGBoost's own expected margin: the constant that contributions are added to, in log-odds."""
    blank = xgb.DMatrix(np.full((1, features), np.nan, np.float32))
    return float(booster.predict(blank, pred_contribs=True)[0, -1])


def _write(folder: Path, parts: Parts) -> None:
    parts.booster.save_model(folder / TREES)
    _write_json(folder / CALIBRATION, {"format": FORMAT, "kind": "beta", **asdict(parts.calibration)})
    _write_json(folder / METADATA, parts.metadata.as_json())
    baseline.save(parts.baseline, folder / BASELINE)
    baseline.save_users(parts.users, folder / USERS)
    sums = "".join(f"{_sum(folder / name)}  {name}\n" for name in _FILES)
    (folder / SUMS).write_text(sums, encoding="ascii", newline="\n")


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def _check(folder: Path) -> None:
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedModelError(folder.name, SUMS, "is absent or unreadable") from error
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for name in _FILES:
        if not (folder / name).is_file() or (folder / name).is_symlink():
            raise DamagedModelError(folder.name, name, "is absent")
        if not (folder / name).stat().st_size:  # XGBoost would end the whole process over an empty buffer
            raise DamagedModelError(folder.name, name, "is empty")
        if sums.get(name) != _sum(folder / name):
            raise DamagedModelError(folder.name, name, f"differs from {SUMS}")


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
