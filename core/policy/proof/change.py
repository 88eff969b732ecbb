"""How a fall of a band's precision is seen: a sum that rises with every wrong removal, and how soon it is too high.

Page's cumulative sum (Biometrika 41, 1954, 100-115) of the log-likelihood ratio of two shares of verdicts that say
spammer: that of a band at its target, and that of one FALLEN below it. The sum never goes below 0, so that a long good
past buys nothing. For verdicts of two kinds: Reynolds and Stoumbos, Journal of Quality Technology 31, 1999, 87-108.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: The rule is quickest for a precision so far below the target.
FALLEN: Final = 0.1
#: The sum that disarms. While precision is .05 above a target of .90, .80 or .70, a thousand verdicts reach it in one
#: of a hundred cases.
LIMIT: Final = 4.0
#: Steps of the sum that the lighter kind of verdict makes, when run lengths are worked out.
_STEPS: Final = 20
_SURVIVAL: Final = 1e-6
_MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
class Rule:
    """A change rule for verdicts of which a share `target` says spammer while all is well, `fallen` once it is not."""

    target: float
    fallen: float
    limit: float = LIMIT

    @property
    def spammer(self) -> float:
        """What a verdict that says spammer adds, below 0."""
        return math.log(self.fallen / self.target)

    @property
    def legitimate(self) -> float:
        """What a verdict that says legitimate adds, above 0."""
        return math.log((1 - self.fallen) / (1 - self.target))


def sums(spammer: Floats, weight: Floats, rule: Rule) -> Floats:
    """The sum after each verdict, (..., n), each adding by its weight.

    A step of part of the size disarms no sooner, as false alarms go, and later after a fall: unequal draws cost time.
    spammer: (..., n), 1 or 0; weight: (..., n), in (0, 1].
    """
    steps = np.where(spammer > 0, rule.spammer, rule.legitimate) * weight
    walk = np.cumsum(steps, axis=-1)
    # Never below 0: what the walk has gained since it was lowest, the start included.
    return np.asarray(walk - np.minimum(np.minimum.accumulate(walk, axis=-1), 0))


@dataclass(frozen=True, slots=True, eq=False)
class RunLength:
    """How many verdicts of equal weight it takes to disarm: `survival` (k,), the chances of more than 0, 1, 2 ..."""

    survival: Floats

    @property
    def mean(self) -> float:
        return float(self.survival.sum())

    def within(self, share: float) -> int:
        """The verdicts within which that share of falls is seen."""
        return int(np.argmax(self.survival <= 1 - share))


def run_length(rule: Rule, share: float) -> RunLength:
    """How many verdicts it takes where a `share` of them says spammer, from a sum of 0: worked out, not simulated.

    The sum as a Markov chain (Brook and Evans, Biometrika 59, 1972, 539-549); a verdict that says spammer makes _STEPS
    of its steps, one that says legitimate the nearest number.
    """
    step = -rule.spammer / _STEPS
    up, top = round(rule.legitimate / step), math.ceil(rule.limit / step)
    at = np.zeros(top)
    at[0] = 1.0
    survival = [1.0]
    while survival[-1] > _SURVIVAL and len(survival) < _MOST:
        moved = np.zeros(top)
        moved[: top - _STEPS] += share * at[_STEPS:]
        moved[0] += share * float(at[:_STEPS].sum())
        moved[up:] += (1 - share) * at[: top - up]
        at = moved
        survival.append(float(at.sum()))
    return RunLength(np.array(survival))
