"""The checks of the gate, each from arrays: a figure, what it is held against, how it ended, and a sentence.

A check that *failed* is evidence that the candidate is worse in something; one that is *open* is no evidence either
way, or a change that only a person can call good. What is `weight` is how many users each judge stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import fisher_exact

from core.evaluation.difference import short
from core.evaluation.paired import mcnemar
from core.retraining.paired_gain import Gain
from core.wording import count, percent

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
State = Literal["passed", "open", "failed"]
#: A gain in PR-AUC worth a change of models. Ten to 25 % more users of the same kind bring .002 to .004, which many
#: judges tell from nothing: were it enough to be above 0 beyond chance, one in eight retrainings without news would do.
LEAST_GAIN: Final = 0.005
#: What precision of the top band and ECE may lose in the estimate and still pass: about as much as chance takes from a
#: model that is no worse, on 3,000 judges. A loss of precision beyond chance never passes.
SLACK: Final = 0.05
CALIBRATION_SLACK: Final = 0.02
#: Judges in the top band below whom its precision is too much a matter of chance for SLACK, and for a bootstrap: of 8
#: spammers among 8 every draw has nobody else.
FEWEST_INSIDE: Final = 30
#: Users who may change band before a person has to look: every one of them may be treated otherwise from now on. Where
#: a quarter are spammers, a gain of .03 PR-AUC changes the bands of 9 to 15 %; where 2.7 % are, of far fewer.
FLIP_BUDGET: Final = 0.15
#: Top-3 reasons in common, on average (Jaccard), below which reviewers would meet other explanations than before.
LEAST_OVERLAP: Final = 0.5
#: Times as long as the champion that the candidate may take, and seconds a user that nobody waits for, however fast the
#: champion is: of small models one easily has five times as many trees. To read a user from a file takes longer.
SLOWER: Final = 2.0
QUICK: Final = 5e-6
LEVEL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Check:
    """`figure` is None where there is none, as `threshold` is where it is held against nothing."""

    name: str
    figure: float | None
    threshold: float | None
    state: State
    sentence: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Check:
        return cls(**{name: raw[name] for name in cls.__dataclass_fields__})


def gain(found: Gain, judged: tuple[int, int], least: int) -> Check:
    """Whether the candidate surely ranks better by LEAST_GAIN: the lower 97.5 % bound of its gain is above that.

    judged: spammers and others, of either of whom `least` are needed.
    """
    if min(judged) < least:
        said = f"{judged[0]:,} spammers and {judged[1]:,} others are too few to judge by: {least} of either are needed."
        return Check("gain", None, LEAST_GAIN, "open", said)
    value = f"{short(found.value)} PR-AUC, 95 % {short(found.low)} to {short(found.high)}"
    # Two models that are much alike differ beyond chance by next to nothing: neither way is that worth a verdict.
    worse_off = found.high < 0 and found.value <= -LEAST_GAIN
    state: State = "passed" if found.low > LEAST_GAIN else "failed" if worse_off else "open"
    said = {
        "passed": f"It ranks better by {value}.",
        "open": f"It is not surely better by {short(LEAST_GAIN)} or more: {value}.",
        "failed": f"It ranks worse: {value}.",
    }[state]
    return Check("gain", found.value, LEAST_GAIN, state, said)


def precision(found: Gain, above: float, inside: tuple[int, int]) -> Check:
    """Whether those in the top band, scored above `above`, are spammers as often as before.

    inside: judges there by the champion and by the candidate. Of few of them only evidence counts: of twelve, one more
    mistake would be a loss of 8 %. Where the champion puts few there, precision has to be what their scores say.
    """
    if np.isnan(found.a) and np.isnan(found.b):
        return Check("top band", None, None, "passed", "Neither puts a judge into the top band.")
    if np.isnan(found.b):
        state: State = "passed" if inside[0] < FEWEST_INSIDE else "open"
        return Check("top band", None, None, state, f"It puts no judge into the top band, the champion {inside[0]:,}.")
    least = float(found.a if inside[0] >= FEWEST_INSIDE else np.fmin(found.a, above)) - SLACK
    enough = found.b >= least or max(inside) < FEWEST_INSIDE
    surely = found.high < 0 and (min(inside) >= FEWEST_INSIDE or _lost_by_chance(found, inside) < LEVEL / 2)
    state = "failed" if surely else "passed" if enough else "open"
    champion = (
        "nobody is there by the champion"
        if np.isnan(found.a)
        else f"{percent(found.a)} of {inside[0]:,} by the champion"
    )
    said = f"In the top band {percent(found.b)} of {count(inside[1], 'judge')} are spammers, {champion}"
    return Check("top band", found.b, least, state, f"{said}{_surely(state)}.")


def _lost_by_chance(found: Gain, inside: tuple[int, int]) -> float:
    """One-sided p-value that precision is lower by chance: Fisher's exact test, as of two groups of other users."""
    right = [round(share * of) for share, of in zip((found.a, found.b), inside, strict=True)]
    table = [[hits, of - hits] for hits, of in zip(right, inside, strict=True)]
    return float(fisher_exact(table, alternative="greater").pvalue)


def calibration(found: Gain) -> Check:
    """Whether probabilities mean what they say as well as before."""
    state = _not_worse(-found.value, found.low > CALIBRATION_SLACK, CALIBRATION_SLACK)
    said = f"Calibration error is {short(found.b)}, {short(found.a)} of the champion"
    return Check("calibration", found.b, found.a + CALIBRATION_SLACK, state, f"{said}{_surely(state)}.")


def golden(label: Floats, a: Bools, b: Bools) -> Check:
    """Whether users with a known answer are flagged rightly as often as before; a and b: who is flagged, (k,)."""
    right_a, right_b = a == (label == 1), b == (label == 1)
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    surely = only_a > only_b and mcnemar(only_a, only_b) < LEVEL
    state: State = "failed" if surely else "open" if only_a > only_b else "passed"
    said = f"Of {count(len(label), 'golden item')} it judges {int(right_b.sum()):,} rightly, the champion "
    return Check(
        "golden items", float(right_b.mean()), float(right_a.mean()), state, f"{said}{int(right_a.sum()):,}."
    )  # fmt: skip


def flips(changed: Bools, weight: Floats) -> Check:
    """Whether few users change band."""
    share = float(weight[changed].sum() / weight.sum())
    state: State = "passed" if share <= FLIP_BUDGET else "open"
    said = f"{percent(share)} of the users change band; {percent(FLIP_BUDGET)} may without a person's look."
    return Check("flips", share, FLIP_BUDGET, state, said)


def reasons(overlap: Floats) -> Check:
    """Whether flagged users are flagged for much the same reasons. overlap (k,): NaN for users without any."""
    known = overlap[~np.isnan(overlap)]
    if not len(known):
        return Check("reasons", None, LEAST_OVERLAP, "passed", "Nobody is flagged: there are no reasons to compare.")
    mean = float(known.mean())
    said = f"Of the top-3 reasons named by either, {percent(mean)} are named by both."
    return Check("reasons", mean, LEAST_OVERLAP, "passed" if mean >= LEAST_OVERLAP else "open", said)


def speed(a: float, b: float) -> Check:
    """Whether it scores fast enough; seconds a user."""
    times = b / max(a, 1e-12)
    said = f"It takes {times:.1f} times as long as the champion to score, {b * 1e6:.1f} µs a user"
    state: State = "passed" if times <= SLOWER or b <= QUICK else "open"
    return Check("speed", times, SLOWER, state, f"{said}; {SLOWER:g} times may be, or {QUICK * 1e6:g} µs.")


def _not_worse(change: float, surely: bool, slack: float) -> State:  # noqa: FBT001
    return "failed" if surely else "passed" if change >= -slack else "open"


def _surely(state: State) -> str:
    return {"passed": "", "open": ", which may be chance", "failed": ", which chance does not explain"}[state]
