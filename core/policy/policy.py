"""The policy: three thresholds that turn a calibrated probability into a band, and a band into an action.

The band is what the policy says; the action is what is done. They are equal, except that `auto_remove`
acts only under an armed policy: otherwise a person looks first. `core.policy.decide` says both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from core.errors import BadOptionError

Action = Literal["allow", "monitor", "human_review", "auto_remove"]
Band = Action
#: Ascending severity; a higher score never gets a milder one.
BANDS: Final[tuple[Band, ...]] = get_args(Action)
#: Bands whose users are flagged: the prediction is "spammer", and somebody looks or the user is removed.
POSITIVE: Final[frozenset[Band]] = frozenset({"human_review", "auto_remove"})


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds on the calibrated probability, each strictly greater: .3 itself is still `allow`.

    `version`: the one it is known by in a home, such as "p0001"; `armed`: whether `auto_remove` acts.
    """

    monitor: float
    review: float
    remove: float
    version: str
    armed: bool

    def __post_init__(self) -> None:
        if not 0 < self.monitor < self.review < self.remove < 1:
            raise BadOptionError(
                "policy", f"thresholds must rise between 0 and 1, not {self.monitor}, {self.review}, {self.remove}."
            )

    @property
    def thresholds(self) -> dict[Band, float]:
        """The score above which each band but `allow` begins."""
        return {"monitor": self.monitor, "human_review": self.review, "auto_remove": self.remove}

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version, "monitor": self.monitor, "review": self.review,
            "remove": self.remove, "armed": self.armed,
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Policy:
        """What `as_json` gave. Raises BadOptionError, KeyError or TypeError for anything else."""
        return cls(raw["monitor"], raw["review"], raw["remove"], raw["version"], raw["armed"])
