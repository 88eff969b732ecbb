"""Verdicts on made-up users, as reviewers who know the truth would have given them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from core.feedback.verdict import Verdict
from core.home import Home
from tests.core.feedback.verdicts import verdict
from tests.make import SCHEMA


def verdicts(frame: pd.DataFrame, *, inclusion: float = 1.0, name: str = "f", **changes: Any) -> list[Verdict]:
    """A verdict on each user of a labelled frame, audited at random with this inclusion."""
    stratum = "certain" if inclusion == 1 else "random"
    features = frame[list(SCHEMA.names)].astype(float).replace({np.nan: None}).to_dict("records")
    return [
        verdict(
            f"{name}-{user}",
            **{"user": user, "verdict": "spammer" if spam else "legitimate", "features": values}
            | {"stratum": stratum, "inclusion": inclusion} | changes,
        )
        for user, spam, values in zip(frame["user"], frame["spam"], features, strict=True)
    ]  # fmt: skip


def judged(home: Home, frame: pd.DataFrame, *, inclusion: float = 0.2, name: str = "f", **changes: Any) -> None:
    """Store a verdict on each user of a labelled frame."""
    home.feedback.record(verdicts(frame, inclusion=inclusion, name=name, **changes))
