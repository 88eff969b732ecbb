"""A comparison on disk: `data/compared/<identity>/`, figures and sentences as JSON, users and segments as Parquet.

Curves, bands and confusion matrices are not kept: they follow from the scores faster than they could be read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from core import formats
from core.comparison import flips, lead
from core.comparison.by_category import ByCategory
from core.comparison.flips import Flips
from core.comparison.lead import Lead
from core.comparison.paired_metrics import Comparison, at_costs
from core.comparison.result import MILDEST
from core.evaluation.resample import Costs
from core.files import add_digests, replacing, within

FORMAT: Final = 2
#: All that a comparison of format 1 lacks has a default: its two sides hold probabilities.
_UPGRADES: Final = {1: lambda raw: raw}
_ABOUT: Final = "comparison.json"
_USERS: Final = "users.parquet"
_WHY: Final = "why.parquet"
_SEGMENTS: Final = ("segments_a.parquet", "segments_b.parquet")


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What was found of two contenders, by their ids, on the same users.

    `rows`: a sentence on who they are and who was left out. `users`: a row each, indexed by input row: user, label,
    and the probabilities a and b, or what stands for them (see `Contender`). `why`: of those who flip, as `flips.why`
    but with the input row, None unless both are versions; `segments` of a and of b, at the first threshold (see
    `weakest.segments`); `reasons`: how many they share, in a sentence, "" unless both are versions. `policy`: the
    thresholds that were asked for, also where none was compared at. `by_category`: None unless both say categories.
    `costs`: what its cost per user counts; comparisons are kept at those of `Costs()`.
    """

    contenders: tuple[str, str]
    rows: str
    comparison: Comparison
    users: pd.DataFrame
    why: pd.DataFrame | None
    segments: tuple[pd.DataFrame, pd.DataFrame]
    reasons: str
    cautions: tuple[str, ...]
    policy: Mapping[str, float] = field(default_factory=dict)
    by_category: ByCategory | None = None
    costs: Costs = field(default_factory=Costs)

    @property
    def names(self) -> tuple[str, str]:
        return self.comparison.a, self.comparison.b

    @property
    def thresholds(self) -> dict[str, float]:
        """Band -> score above which it begins, mildest first."""
        found = self.comparison.figures[0].thresholds
        return {str(band): found[band] for band in sorted(found, key=lambda band: found[band])}

    def lead(self, day: int = 0) -> Lead:
        """Ranking, calibration and equal capacity, worked out of what was scored; `day`: reviews in a day, if known."""
        found = self.comparison
        return lead.of(found, *(self.users[each] for each in ("label", "a", "b")), thresholds=self.policy, day=day)

    def at_costs(self, costs: Costs, *, seed: int) -> Compared:
        """The same with its cost per user at other costs."""
        if costs == self.costs or not self.comparison.by_probability:
            return self
        label, a, b = (self.users[each].to_numpy(np.float64) for each in ("label", "a", "b"))
        return replace(self, comparison=at_costs(self.comparison, label, a, b, costs, seed=seed), costs=costs)

    def flips(self) -> Flips:
        """Who changes band from a to b."""
        before, after = (flips.severity(self.users[side], self.thresholds) for side in ("a", "b"))
        return flips.flips(before, after, (MILDEST, *self.thresholds))


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """The comparisons kept in `folder`."""

    folder: Path

    def save(self, identity: str, found: Compared) -> None:
        """Store a comparison; one that is there already is left as it is."""
        folder = within(self.folder, identity)
        try:
            with replacing(folder) as temporary:
                temporary.mkdir()
                _write(temporary, found)
                add_digests(temporary)
        except OSError:
            if not folder.is_dir():  # otherwise another process has just stored the same comparison
                raise

    def known(self, identity: str) -> bool:
        """Whether the comparison was made before."""
        return (within(self.folder, identity) / _ABOUT).is_file()

    def made(self) -> dict[str, datetime]:
        """When each comparison was made, by its identity."""
        return {path.parent.name: datetime.fromtimestamp(path.stat().st_mtime, UTC)
                for path in sorted(self.folder.glob(f"*/{_ABOUT}"))}  # fmt: skip

    def load(self, identity: str) -> Compared | None:
        """What `save` stored, or None."""
        folder = within(self.folder, identity)
        if not self.known(identity):
            return None
        raw = formats.load(folder / _ABOUT, known=FORMAT, upgrades=_UPGRADES)
        a, b = (pd.read_parquet(folder / name) for name in _SEGMENTS)
        return Compared(
            contenders=tuple(raw["contenders"]),
            rows=raw["rows"],
            comparison=Comparison.from_json(raw["comparison"]),
            users=pd.read_parquet(folder / _USERS),
            why=pd.read_parquet(folder / _WHY) if (folder / _WHY).is_file() else None,
            segments=(a, b),
            reasons=raw["reasons"],
            cautions=tuple(raw["cautions"]),
            policy=raw.get("policy", {}),
            by_category=ByCategory.from_json(raw["by_category"]) if raw.get("by_category") else None,
        )


def _write(folder: Path, comparison: Compared) -> None:
    comparison.users.to_parquet(folder / _USERS, compression="lz4")
    if comparison.why is not None:
        comparison.why.to_parquet(folder / _WHY, index=False)
    for name, table in zip(_SEGMENTS, comparison.segments, strict=True):
        table.to_parquet(folder / name, index=False)
    (folder / _ABOUT).write_text(json.dumps(_as_json(comparison), indent=1, ensure_ascii=False), encoding="utf-8")


def _as_json(comparison: Compared) -> dict[str, Any]:
    return {
        "format": FORMAT, "contenders": comparison.contenders, "rows": comparison.rows,
        "comparison": comparison.comparison.as_json(), "reasons": comparison.reasons, "cautions": comparison.cautions,
        "policy": dict(comparison.policy),
        "by_category": comparison.by_category and comparison.by_category.as_json(),
    }  # fmt: skip
