"""The figures of a model with their intervals, as rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pandas as pd

from app.words import UNKNOWN, interval
from core.evaluation.estimate import Estimate
from core.evaluation.metrics import AT_THRESHOLD, Figures
from core.policy.bands import BANDS, Band

NAMES: Final = {"pr_auc": "PR-AUC", "roc_auc": "ROC-AUC", "brier": "Brier", "ece": "ECE"}
_SHARES: Final = {"precision": "Precision", "recall": "Recall", "f1": "F1", "fpr": "FPR"}


def overall(found: Figures, *, first: str) -> pd.DataFrame:
    """Four figures over all thresholds: value, from and to of the 95 % interval; `first` heads the names."""
    rows = [(NAMES[name], *cells(each)) for name, each in found.overall.items()]
    return pd.DataFrame(rows, columns=[first, "Value", "from", "to"])


def cells(figure: Estimate) -> tuple[float | None, float | None, float | None]:
    return figure.value, figure.low, figure.high


def at_thresholds(found: Figures, word: Callable[[Band], str]) -> pd.DataFrame:
    """Precision, recall, F1 and FPR above each threshold, with intervals; `word`: a band as it is shown."""
    rows = [
        {"Above": f"{found.thresholds[band]:g}", "Band": word(band)}
        | {_SHARES[name]: _share(found.at[band][name], 4 if name == "fpr" else 3) for name in AT_THRESHOLD}
        for band in BANDS if band in found.at
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _share(share: Estimate, digits: int) -> str:
    if share.value is None or share.low is None or share.high is None:
        return UNKNOWN
    return interval(share.value, share.low, share.high, digits)
