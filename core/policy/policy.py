"""The policy: three thresholds that turn a calibrated probability into a band, rules, and what is done.

The band is what the policy says; the action is what is done. They are equal, except that `auto_remove`
acts only under an armed policy: otherwise a person looks first. `core.policy.decide` says both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from core import formats
from core.errors import BadOptionError
from core.formats import Upgrade
from core.policy import rules
from core.policy.automation.removal import DEFAULT, Removal, reason_of
from core.policy.bands import Band
from core.policy.rules import MOST_RULES, Rule
from core.policy.thresholds.aims import USUAL, Aims

FORMAT: Final = 4
#: Up to format 1 there were no rules, up to format 2 nothing was said of automatic removal, up to format 3 nothing of
#: what thresholds are made for.
_UPGRADES: Final[Mapping[int, Upgrade]] = MappingProxyType(
    {
        1: lambda told: told | {"rules": [], "rule_precision": 0.5},
        2: lambda told: told | {"removal": {}},
        3: lambda told: told | {"aims": {}},
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds on the calibrated probability, each strictly greater: .3 itself is still `allow`; and rules, the first
    of which to match decides before the score does.

    `version`: the one it is known by in a home, such as "p0001"; `armed`: whether `auto_remove` acts; `rule_precision`:
    how often a rule has to be right, else it needs attention; `removal`: what is asked of automatic removal; `aims`:
    what the thresholds are made for.
    """

    monitor: float
    review: float
    remove: float
    version: str
    armed: bool
    rules: tuple[Rule, ...] = ()
    rule_precision: float = 0.5
    removal: Removal = DEFAULT
    aims: Aims = USUAL

    def __post_init__(self) -> None:
        if not 0 < self.monitor < self.review < self.remove < 1:
            raise BadOptionError(
                "policy", f"thresholds must rise between 0 and 1, not {self.monitor}, {self.review}, {self.remove}."
            )
        if not 0 <= self.rule_precision <= 1:
            raise BadOptionError("policy", f"a precision lies between 0 and 1, not at {self.rule_precision}.")
        if len(self.rules) > MOST_RULES:
            raise BadOptionError("policy", f"it has {len(self.rules):,} rules; at most {MOST_RULES} are taken.")
        names = [rule.name.casefold() for rule in self.rules]
        if twice := [rule.name for rule in self.rules if names.count(rule.name.casefold()) > 1]:
            raise BadOptionError("policy", f"two rules are named {twice[0]}: give one another name.")

    @property
    def thresholds(self) -> dict[Band, float]:
        """The score above which each band but `allow` begins."""
        return {"monitor": self.monitor, "human_review": self.review, "auto_remove": self.remove}

    def rule(self, name: str) -> Rule | None:
        """The rule of this name, without regard to case."""
        return next((rule for rule in self.rules if rule.name.casefold() == name.strip().casefold()), None)

    def statement(self, decided_by: str) -> str:
        """What a user is told who was removed by this decision."""
        return self.removal.statement(reason_of(decided_by, {rule.name: rule.reason for rule in self.rules}))

    def acting(self, now: datetime) -> tuple[Rule, ...]:
        """The rules that decide at this moment, in their order."""
        return tuple(rule for rule in self.rules if rule.state == "live" and not rule.expired(now))

    def shadowed(self, now: datetime) -> tuple[Rule, ...]:
        """The rules that are counted and never acted on at this moment."""
        return tuple(rule for rule in self.rules if rule.state == "shadow" and not rule.expired(now))

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT, "version": self.version, "monitor": self.monitor, "review": self.review,
            "remove": self.remove, "armed": self.armed, "rules": [rule.as_json() for rule in self.rules],
            "rule_precision": self.rule_precision, "removal": self.removal.as_json(),
            "aims": self.aims.as_json(),
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Policy:
        """What `as_json` gave, in this format or one of before. Raises BadOptionError, NewerFormatError, KeyError or
        TypeError for anything else."""
        told = formats.read(raw, "the policy", known=FORMAT, upgrades=_UPGRADES)
        return cls(
            told["monitor"], told["review"], told["remove"], told["version"], told["armed"],
            rules.all_from_json(told["rules"]), told["rule_precision"],
            Removal.from_json(told["removal"]), Aims.from_json(told["aims"]),
        )  # fmt: skip
