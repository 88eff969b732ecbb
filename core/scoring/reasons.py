"""Reasons: the largest pushes towards "spammer", told as `X19=7 (+1.83)`, and as words where words exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.model.shap_values import Contributions
from core.registry.metadata import Metadata, Trained
from core.schema.glossary import Glossary
from core.wording import value_text

Direction = Literal["high", "low", "typical", "missing"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One feature of one user: its value (None when missing) and its push on the score, in log-odds.

    `direction` compares the value with the training median; `meaning` and `category` come from the
    glossary, the former marked where it is assumed, and are empty where nothing is known.
    """

    feature: str
    value: float | None
    contribution: float
    direction: Direction
    meaning: str
    category: str

    @property
    def text(self) -> str:
        """As written to files: `X19=7 (+1.83)`."""
        return told(self.feature, value_text(self.value), self.contribution)

    @property
    def sentence(self) -> str:
        """'X19 high', with the meaning behind it where there is one."""
        return f"{self.feature} {self.direction}" + (f" ({self.meaning})" if self.meaning else "")

    @property
    def explanation(self) -> str:
        """'X19 high (count of links) pushes the score up by 1.83 log-odds.'"""
        way = "up" if self.contribution > 0 else "down"
        return f"{self.sentence} pushes the score {way} by {abs(self.contribution):.2f} log-odds."


def told(feature: str, value: str, contribution: float) -> str:
    """`X19=7 (+1.83)`."""
    return f"{feature}={value} ({contribution:+.2f})"


def strongest(contributions: Contributions, k: int) -> npt.NDArray[np.int64]:
    """Positions of the k largest contributions above 0 of each row, (n, f) -> (n, k), strongest first.

    -1 where a row has fewer. Equal contributions come in the order of the columns.
    """
    n, f = contributions.shape
    order = np.argsort(-contributions, axis=1, kind="stable")[:, :k]
    order = np.where(np.take_along_axis(contributions, order, axis=1) > 0, order, -1)
    return np.pad(order, ((0, 0), (0, max(k - f, 0))), constant_values=-1) if k > f else order.reshape(n, k)


def texts(frame: pd.DataFrame, names: Sequence[str], contributions: Contributions, k: int) -> pd.DataFrame:
    """`reason_1` to `reason_k` of each row of a frame (n rows), empty where a row has fewer.

    contributions: (n, f) for the features `names`, whose values are read from the frame.
    """
    best = strongest(contributions, k)
    columns = {f"reason_{j + 1}": np.full(len(frame), "", dtype=object) for j in range(k)}
    for position, name in enumerate(names):
        values = frame[name].to_numpy(np.float64)
        for j in range(k):
            rows = np.flatnonzero(best[:, j] == position)
            pushes = contributions[rows, position].tolist()
            columns[f"reason_{j + 1}"][rows] = [
                told(name, value_text(value), push) for value, push in zip(values[rows].tolist(), pushes, strict=True)
            ]
    return pd.DataFrame(columns, index=frame.index, dtype="str")


def reasons(
    row: pd.Series[float], contributions: npt.NDArray[np.float32], metadata: Metadata, glossary: Glossary
) -> tuple[Reason, ...]:
    """A Reason for every feature of one user, the largest push towards "spammer" first.

    row: values by feature name; contributions: (f,) in the model's order.
    """
    order = np.argsort(-contributions, kind="stable")
    return tuple(
        _reason(metadata.features[i], float(row[metadata.names[i]]), float(contributions[i]), glossary) for i in order
    )


def strongest_reasons(
    values: npt.NDArray[np.float64], contributions: npt.NDArray[np.float32], metadata: Metadata, glossary: Glossary,
    k: int,
) -> tuple[Reason, ...]:  # fmt: skip
    """The first of `reasons`: up to k of them, and only pushes towards "spammer".

    values, contributions: (f,) in the model's order.
    """
    best = strongest(contributions[np.newaxis], k)[0]
    return tuple(
        _reason(metadata.features[i], float(values[i]), float(contributions[i]), glossary) for i in best if i >= 0
    )


def _reason(trained: Trained, value: float, contribution: float, glossary: Glossary) -> Reason:
    return Reason(
        trained.name,
        None if np.isnan(value) else value,
        contribution,
        direction(value, trained.median),
        glossary.sentence(trained.name),
        glossary.category(trained.name),
    )


def direction(value: float, median: float | None) -> Direction:
    """Where a value stands against the training median."""
    if np.isnan(value):
        return "missing"
    if median is None or value == median:
        return "typical"
    return "high" if value > median else "low"
