"""From a frame of users to calibrated scores. Knows no policy: what a score leads to is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import WrongFeaturesError
from core.model import train
from core.model.registry import Model


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of n users in the order given, all arrays (n,).

    `margin` is the booster's own log-odds, `probability` the calibrated risk of being a spammer.
    `novel` names the features outside the training range, separated by semicolons; empty for most.
    """

    margin: npt.NDArray[np.float32]
    probability: npt.NDArray[np.float64]
    missing: npt.NDArray[np.int64]
    novel: npt.NDArray[np.object_]
    version: str

    @property
    def confidence(self) -> npt.NDArray[np.float64]:
        """|p - .5| x 2: how far from undecided the score is, 0 to 1. A column to read, not a rule."""
        return np.abs(self.probability - 0.5) * 2


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores users with one model version. The same row gets the same bits in any batch."""

    model: Model

    def matrix(self, frame: pd.DataFrame) -> train.Matrix:
        """The features in the model's order as float32, (n, f), NaN for missing.

        Raises WrongFeaturesError when the frame lacks a feature of the model.
        """
        return matrix(frame, self.model.metadata.names, self.model.version)

    def score(self, frame: pd.DataFrame) -> Scored:
        """Score the users of a frame (n rows) that has every feature of the model, whatever else it has."""
        features = self.matrix(frame)
        margin = train.margin(self.model.booster, features)
        return Scored(
            margin=margin,
            probability=self.model.calibration.probability(margin),
            missing=np.isnan(features).sum(axis=1),
            novel=self._novel(frame),
            version=self.model.version,
        )

    def _novel(self, frame: pd.DataFrame) -> npt.NDArray[np.object_]:
        novel = np.full(len(frame), "", dtype=object)
        for feature in self.model.metadata.features:
            values = frame[feature.name].to_numpy(np.float64)
            if feature.low is None or feature.high is None:
                outside = ~np.isnan(values)
            else:
                outside = (values < feature.low) | (values > feature.high)
            rows = np.flatnonzero(outside)
            novel[rows] = [f"{before}; {feature.name}".removeprefix("; ") for before in novel[rows]]
        return novel


def matrix(frame: pd.DataFrame, names: tuple[str, ...], version: str = "") -> train.Matrix:
    """Columns `names` of a frame as float32 (n, f) in row order, without a copy of the whole in float64."""
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise WrongFeaturesError(version, absent)
    features = np.empty((len(frame), len(names)), np.float32)
    for position, name in enumerate(names):
        features[:, position] = frame[name].to_numpy()
    return features
