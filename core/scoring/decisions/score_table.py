"""Scores and what was decided on them, as a run stores them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.policy.bands import BANDS, Band
from core.policy.decide import Decided
from core.scoring.scorer import Scored


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run stores, in parts: tables of scores and of reasons, as often as asked for; and users by band."""

    scores: Callable[[], Iterable[pa.Table]]
    reasons: Callable[[], Iterable[pa.Table]]
    counts: Mapping[Band, int]

    @classmethod
    def of(cls, scored: Scored, decided: Decided, rows: pd.Index[int], reasons: pd.DataFrame | None) -> Parts:
        """All in one part; reasons: of some or all users, indexed by input row, None for nobody's."""
        told = [] if reasons is None or reasons.empty else [pa.Table.from_pandas(reasons)]
        return cls(lambda: [pa.Table.from_pandas(table(scored, decided, rows))], lambda: told, counts(decided))


def counts(decided: Decided) -> dict[Band, int]:
    """Users by band."""
    return dict(zip(BANDS, np.bincount(decided.severity, minlength=len(BANDS)).tolist(), strict=True))


def decisions(decided: Decided) -> dict[str, Any]:
    """The columns of what was decided, (n,) each."""
    return {
        "severity": decided.severity,
        "decided_by": pd.array(np.asarray(decided.deciders, object)[decided.by], dtype="str"),
    }


def categories(scored: Scored) -> dict[str, Any]:
    """The columns of the category that a violation would be of, (n,) each; none where there are no categories."""
    if scored.categories is None:
        return {}
    return {
        "category": pd.array(scored.categories.category, dtype="str"),
        "category_probability": scored.categories.probability,
    }


def table(scored: Scored, decided: Decided, rows: pd.Index[int]) -> pd.DataFrame:
    """The scores of users (n,) and what was decided, as they are stored, by input row."""
    return pd.DataFrame(
        {
            "probability": scored.probability,
            "margin": scored.margin,
            "n_missing": scored.missing,
            "novel_features": pd.array(scored.novel, dtype="str"),
            **decisions(decided),
            **categories(scored),
        },
        index=rows,
    )
