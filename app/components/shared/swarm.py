"""How a version uses its features: the contributions of a sample of users, a dot each."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from app import charts
from app.components.shared.figure import Click, figure, theme
from app.words import MISSING, count
from core.diagnostics.contributions import SEED, Contributions
from core.registry.registry import Model
from core.wording import value_text

#: Features drawn.
MOST: Final = 10


def swarm(found: Contributions, model: Model, who: str, *, click: Click | None = None) -> None:
    """found: of users who are described by `who`, which follows their number."""
    frame = _frame(found, model)
    drawn = min(charts.DOTS, len(found.pushes))
    part = f"{count(drawn)} of " if drawn < len(found.pushes) else ""
    sample = f"{part}{count(len(found.pushes))} {who}, seed {SEED}"
    figure(
        charts.beeswarm(frame, version=model.version, sample=sample, theme=theme()), key="beeswarm", of=model.version,
        table=frame.drop(columns="rank"), click=click,
    )  # fmt: skip


def _frame(found: Contributions, model: Model) -> pd.DataFrame:
    """A row for each of the strongest features and user. Words stand in no order: they have no rank and no number."""
    parts = []
    for at in found.strongest(MOST):
        name, values = found.names[at], found.values[:, at].astype(np.float64)
        worded = name in model.encoding.levels
        rank = np.where(np.isnan(values), np.nan, 0.5) if worded else charts.ranks(values)
        distinct, which = np.unique(values, return_inverse=True)
        told = [MISSING if np.isnan(value) else "" if worded else value_text(value) for value in distinct.tolist()]
        said = np.array(told, object)[which]
        parts.append(pd.DataFrame({"feature": name, "rank": rank, "said": said, "contribution": found.pushes[:, at]}))
    empty = pd.DataFrame(columns=["feature", "rank", "said", "contribution"])
    return pd.concat(parts, ignore_index=True) if parts else empty
