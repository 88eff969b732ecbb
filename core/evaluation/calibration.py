"""Whether probabilities come true on average: how many times too high or too low they run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.evaluation.metrics import exact
from core.wording import percent

#: Probabilities this many times too high or too low are said to be so.
FAR: Final = 1.25


@dataclass(frozen=True, slots=True)
class Calibration:
    """A model's mean probability, and the share of spammers with its 95 % interval."""

    name: str
    predicted: float
    observed: float
    low: float
    high: float

    @property
    def factor(self) -> float:
        """How many times too high the probabilities run; below 1 they run too low."""
        return self.predicted / self.observed

    @property
    def far(self) -> bool:
        return not 1 / FAR <= self.factor <= FAR

    @property
    def off(self) -> bool:
        """Whether they run far too high or too low beyond what chance explains."""
        return self.far and not self.low <= self.predicted <= self.high

    @property
    def words(self) -> str:
        """'b's probabilities run 5.5 times too high'."""
        whose = f"{self.name}'s probabilities"
        if self.predicted == 0:
            return f"{whose} are all 0"
        if not self.far:
            return f"{whose} are about right on average"
        high = self.factor > 1
        said = f"{whose} run {_times(self.factor if high else 1 / self.factor)} times too {'high' if high else 'low'}"
        return said if self.off else f"{said}, which chance alone may explain"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "factor": self.factor, "off": self.off, "sentence": f"{self.words}."}


def of(name: str, label: npt.ArrayLike, probability: npt.ArrayLike) -> Calibration:
    """label (n,) of 0 and 1 with both present, probability (n,).

    The exact interval of a share is the wider one: the sum of unlike chances varies less than that of like ones.
    """
    y = np.asarray(label, np.float64)
    events, n = float(y.sum()), len(y)
    return Calibration(name, float(np.asarray(probability, np.float64).mean()), events / n, *exact(events, n))


def sentence(found: list[Calibration]) -> str:
    """What is said of models on the same users: each one's mean, and the share of spammers."""
    told = [f"{each.words} ({percent(each.predicted)})" for each in found]
    return f"{'; '.join(told)}. {percent(found[0].observed)} of these users are spammers."


def _times(factor: float) -> str:
    return f"{factor:.1f}" if 1 < factor < 9.95 else f"{factor:,.0f}"
