"""The policy: three thresholds that turn a calibrated probability into a band, and a band into an action.

The band is what the policy says; the action is what is done. They are equal, except that `auto_remove`
acts only under an armed policy: otherwise a person looks first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from core.errors import BadOptionError

Action = Literal["allow", "monitor", "human_review", "auto_remove"]
Band = Action
#: Ascending severity; a higher score never gets a milder one.
BANDS: Final[tuple[Band, ...]] = get_args(Action)
#: Bands whose prediction is "spammer".
POSITIVE: Final[frozenset[Band]] = frozenset({"human_review", "auto_remove"})


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds on the calibrated probability, each strictly greater: .3 itself is still `allow`."""

    monitor: float = 0.3
    review: float = 0.7
    remove: float = 0.9
    version: str = "p0001"
    armed: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.monitor < self.review < self.remove < 1:
            raise BadOptionError(
                "policy", f"thresholds must rise between 0 and 1, not {self.monitor}, {self.review}, {self.remove}."
            )

    @property
    def thresholds(self) -> dict[Band, float]:
        """The score above which each flagged band begins."""
        return {"monitor": self.monitor, "human_review": self.review, "auto_remove": self.remove}

    def severity(self, probability: npt.ArrayLike) -> npt.NDArray[np.int8]:
        """0 to 3, positions in BANDS, of probabilities of any shape (n,). Raises ValueError for one that is no number.

        A search would place what is no number above every threshold.
        """
        given = np.asarray(probability, float)
        if not np.isfinite(given).all():
            raise ValueError("a score that is not finite has no band")
        edges = [self.monitor, self.review, self.remove]
        return np.searchsorted(edges, given, side="left").astype(np.int8)

    def bands(self, probability: npt.ArrayLike) -> npt.NDArray[np.str_]:
        """The band of each probability, (n,) -> (n,)."""
        return np.asarray(BANDS)[self.severity(probability)]

    def actions(self, probability: npt.ArrayLike) -> npt.NDArray[np.str_]:
        """The action for each probability, (n,) -> (n,)."""
        severity = self.severity(probability)
        return np.asarray(BANDS)[severity if self.armed else np.minimum(severity, BANDS.index("human_review"))]

    def flagged(self, probability: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether the band is anything but `allow`, (n,) -> (n,)."""
        return np.asarray(self.severity(probability) > 0)

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version, "monitor": self.monitor, "review": self.review,
            "remove": self.remove, "armed": self.armed,
        }  # fmt: skip
