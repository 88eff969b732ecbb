"""What is said of two models: a difference with its interval, and the sentence a person reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from core.evaluation.estimate import Estimate
from core.wording import count

Method = Literal["paired bootstrap", "DeLong", "McNemar"]
#: Figures of which less is better.
LOWER_IS_BETTER: Final = frozenset({"brier", "fpr", "cost"})
TOLD: Final = {
    "pr_auc": "PR-AUC", "roc_auc": "ROC-AUC", "brier": "Brier score", "ece": "ECE", "f1": "F1", "fpr": "FPR",
    "cost": "cost per user", "macro_f1": "macro-F1",
}  # fmt: skip
#: Below this p-value there is evidence, as a 95 % interval would say.
_LEVEL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of a and b, and b - a with its 95 % interval; `p` is two-sided.

    `band` is empty for figures of the whole ranking. `changed`: the users whose different flags make the difference,
    None for figures of the whole ranking; fewer than 10 are too few for an interval. Interval and p are None where
    nothing can be told.
    """

    figure: str
    band: str
    a: str
    b: str
    difference: Estimate
    p: float | None
    method: Method
    changed: int | None = None

    @property
    def evidence(self) -> bool:
        """Whether the 95 % interval leaves out 0."""
        low, high = self.difference.low, self.difference.high
        return low is not None and high is not None and (low > 0 or high < 0)

    @property
    def better(self) -> str | None:
        """The name of the model for which there is evidence that it is better, or None."""
        if not self.evidence or self.difference.value is None:
            return None
        return self.b if (self.difference.value > 0) != (self.figure in LOWER_IS_BETTER) else self.a

    @property
    def sentence(self) -> str:
        """'v0004 is better than v0003 by 0.012 PR-AUC, 95 % 0.004 to 0.020', or why that cannot be said."""
        text = TOLD.get(self.figure, self.figure) + (f" above {self.band}" if self.band else "")
        value, low, high = self.difference.value, self.difference.low, self.difference.high
        if value is None:
            return f"{text[0].upper()}{text[1:]} of {self.a} and {self.b} cannot be compared: one has none."
        if low is None or high is None:
            why = "" if self.changed is None else f": only {count(self.changed, 'user')} flagged by just one of them"
            return f"Too few users to tell {self.a} from {self.b} by {text}{why}."
        if self.better is None:
            return (
                f"No evidence of a difference in {text} between {self.a} and {self.b}: "
                f"{short(value)}, 95 % {short(low)} to {short(high)}."
            )
        ends = sorted((abs(low), abs(high)))
        worse = self.a if self.better == self.b else self.b
        return (
            f"{self.better} is better than {worse} by {short(abs(value))} {text}, 95 % {' to '.join(map(short, ends))}."
        )

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "evidence": self.evidence, "better": self.better, "sentence": self.sentence}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Difference:
        own = {name: value for name, value in raw.items() if name in cls.__dataclass_fields__}
        return cls(**{**own, "difference": Estimate.from_json(raw["difference"])})


@dataclass(frozen=True, slots=True)
class Verdicts:
    """McNemar's test at one threshold: how many users only a, and only b, judged rightly, and the p-value."""

    band: str
    above: float
    a: str
    b: str
    only_a: int
    only_b: int
    p: float

    @property
    def evidence(self) -> bool:
        return self.p < _LEVEL

    @property
    def sentence(self) -> str:
        """Who judges more users rightly, or that there is no evidence of a difference."""
        p = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.3f}"
        facts = (
            f"above {self.band} {count(self.only_a, 'user')} judged rightly by {self.a} alone and "
            f"{self.only_b:,} by {self.b} alone (McNemar, {p})"
        )
        if not self.evidence:
            return f"No evidence of a difference: {facts}."
        return f"{self.b if self.only_b > self.only_a else self.a} is right more often: {facts}."

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "evidence": self.evidence, "sentence": self.sentence}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Verdicts:
        return cls(**{name: value for name, value in raw.items() if name in cls.__dataclass_fields__})


def short(value: float) -> str:
    """A difference with two digits that count, three decimals at least.

    >>> [short(value) for value in (0.0124, -0.5, 0.00012, 0.0, 12.3)]
    ['0.012', '−0.500', '0.00012', '0.000', '12.300']
    """
    decimals = 3 if value == 0 else min(max(3, 1 - math.floor(math.log10(abs(value)))), 6)
    text = f"{abs(value):.{decimals}f}"
    return ("−" if value < 0 and float(text) else "") + text
