"""Model versions on disk: `models/v0001/`, and `models/CHAMPION`, which names the one in charge.

What is put in charge, by whom and why, is noted in the audit log first (`core.model.lineage`).

A version is a folder of data, never of code: trees as XGBoost UBJ, calibration and metadata as JSON, the
training baseline as Parquet, and SHA256SUMS over all of them. It is published by one rename and never
changed afterwards. Loading checks every sum first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import xgboost as xgb

from core import accounts, chain
from core.data.split import Keys
from core.errors import BadOptionError, DamagedModelError, RefusedError, UnknownVersionError
from core.files import replacing, write_text
from core.model import baseline, lineage
from core.model.baseline import Baseline
from core.model.calibrate import Calibration
from core.model.lineage import PROMOTE, ROLL_BACK, VERSION, Promotion
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
#: Longest reason for a promotion, in characters.
MOST_WHY: Final = 1_000


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


@dataclass(frozen=True, slots=True)
class Listed:
    """A version in a list. `metadata` is None when the version is damaged, and `damage` then says how."""

    version: str
    in_charge: bool
    metadata: Metadata | None
    damage: str
    promotion: Promotion | None


def versions(settings: Settings) -> tuple[str, ...]:
    """All published versions, oldest first."""
    if not settings.models.is_dir():
        return ()
    names = [entry.name for entry in settings.models.iterdir() if entry.is_dir() and VERSION.fullmatch(entry.name)]
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


def promote(settings: Settings, version: str, *, by: str, why: str, now: datetime) -> str | None:
    """Put a version in charge, after checking the role of `by` and that the version can be loaded.

    Returns the version in charge before; that is `version` itself, and nothing is noted, when it is in charge already.
    Two promotions at once come one after the other. Raises NotAllowedError, BadOptionError without a reason, and as
    `load` does.
    """
    person, reason = accounts.authorise(settings, by, "promote"), _reason(why)
    with chain.locked(settings.audit):
        before = champion(settings)
        load(settings, version)
        if version != before:
            _put_in_charge(settings, Promotion(version, before, PROMOTE, person.name, reason, now))
        return before


def rollback(settings: Settings, *, by: str, why: str, now: datetime, leaving: str | None = None) -> str:
    """Put the version in charge that was before the latest promotion, and return it; the next one goes further back.

    `leaving`: the version that is to be left, where two people may have the same thought at once. Raises RefusedError
    when there is nothing to go back to or `leaving` is not in charge any more, and otherwise as `promote` does. The
    version in charge may be damaged.
    """
    person, reason = accounts.authorise(settings, by, "promote"), _reason(why)
    with chain.locked(settings.audit):
        before = champion(settings)
        if leaving not in {None, before}:
            raise RefusedError(f"{leaving} is not in charge any more: {before} is. Look again before you roll back.")
        version = lineage.former(lineage.history(settings, before))
        if version is None:
            raise RefusedError("There is no version to roll back to: the log names none before. Promote one instead.")
        load(settings, version)
        _put_in_charge(settings, Promotion(version, before, ROLL_BACK, person.name, reason, now))
        return version


def describe(settings: Settings, version: str) -> Metadata:
    """What is known about a version, after checking every checksum; faster than `load`, which also builds the trees.

    Raises as `load` does.
    """
    folder = _checked(settings, version)
    try:
        return _metadata(folder)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedModelError(version, METADATA, f"cannot be read ({error})") from error


def listing(settings: Settings, promotions: Sequence[Promotion] = ()) -> tuple[Listed, ...]:
    """All versions, newest first, each with its latest of these promotions (oldest first). Damaged ones are told."""
    latest, inside = {each.version: each for each in promotions}, champion(settings)
    return tuple(
        Listed(version, version == inside, *_described(settings, version), latest.get(version))
        for version in reversed(versions(settings))
    )


def load(settings: Settings, version: str | None = None) -> Model:
    """Load a version, by default the champion, after checking every checksum.

    Raises UnknownVersionError, or DamagedModelError when a file is absent, differs or cannot be read.
    """
    folder = _checked(settings, version or champion(settings))
    booster = xgb.Booster()
    try:
        booster.load_model(bytearray((folder / TREES).read_bytes()))
        raw = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
        calibration = Calibration(raw["a"], raw["b"], raw["c"])
        metadata = _metadata(folder)
    except (KeyError, TypeError, ValueError, xgb.core.XGBoostError) as error:
        raise DamagedModelError(folder.name, "a file", f"cannot be read ({error})") from error
    return Model(folder.name, folder, booster, calibration, metadata)


def bias(booster: xgb.Booster, features: int) -> float:
    """XGBoost's own expected margin: the constant that contributions are added to, in log-odds."""
    blank = xgb.DMatrix(np.full((1, features), np.nan, np.float32))
    return float(booster.predict(blank, pred_contribs=True)[0, -1])


def _described(settings: Settings, version: str) -> tuple[Metadata | None, str]:
    try:
        return describe(settings, version), ""
    except DamagedModelError as error:
        return None, str(error)


def _put_in_charge(settings: Settings, promotion: Promotion) -> None:
    lineage.note(settings, promotion)  # first: a note without a move is found out, a move without a note is not
    write_text(settings.models / CHAMPION, promotion.version + "\n")


def _reason(why: str) -> str:
    reason = why.strip()
    if not reason or len(reason) > MOST_WHY:
        raise BadOptionError("why", f"say why in 1 to {MOST_WHY:,} characters.")
    return reason


def _checked(settings: Settings, version: str | None) -> Path:
    if version is None or version not in versions(settings):
        raise UnknownVersionError(version or "in charge", versions(settings))
    _check(settings.models / version)
    return settings.models / version


def _metadata(folder: Path) -> Metadata:
    return Metadata.from_json(json.loads((folder / METADATA).read_text(encoding="utf-8")))


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
