"""Warnings about the method, in words: reasons not to believe a figure as it stands. None where there is none.

A *leak* says that a figure means nothing: something of the answer was in what the model saw. A *weakness* says how far
a figure carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal, cast, get_args

import numpy as np

from core.errors import listed
from core.evaluation.difference import short
from core.evaluation.estimate import Estimate
from core.evaluation.thresholds import Confusion
from core.settings import TEST_SHARE
from core.wording import count, percent

Kind = Literal["leak", "weakness"]
#: What a file from outside says of each user: a probability, a score of any range, or 0 and 1.
Given = Literal["probability", "score", "label"]
#: How far PR-AUC on the users learnt from may lie above that on others before it is said.
FAR: Final = 0.1
#: A prevalence this many times higher or lower moves precision and calibration visibly.
CHANGED: Final = 1.25
LEVEL: Final = 0.001
#: ROC-AUC below which nobody ranks by mistake only.
REVERSED: Final = 0.3


#: PR-AUC that nobody reaches on users of a platform, and spammers from whom on it is no chance.
PERFECT: Final = 0.999
PERFECT_ON: Final = 10
#: Held-out spammers, or others, below whom figures are a matter of who is among them.
SMALL: Final = 30
#: Share of the rows that are copies of others from which figures rest on far fewer users than they seem to.
COPIED: Final = 0.2


@dataclass(frozen=True, slots=True)
class Caution:
    """A reason not to believe figures as they stand."""

    kind: Kind
    sentence: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, str] | str) -> Caution:
        """Also of one that was stored as its sentence alone. Raises KeyError, TypeError or ValueError."""
        if isinstance(raw, str):
            return cls("weakness", raw)
        if raw["kind"] not in get_args(Kind):
            raise ValueError(f"has a caution of the kind {raw['kind']!r}")
        return cls(cast(Kind, raw["kind"]), raw["sentence"])


#: What a ranking turned round looks like, and what to do.
_TURN_ROUND: Final[Mapping[Given | None, str]] = {
    "probability": "its probabilities look like those of the other class. Give 1 - y_proba, then compare again.",
    "score": "its scores look like those of the other class. Give them with the sign turned round, then compare again.",
    "label": "its labels look like those of the other class. Give 1 - y_pred, then compare again.",
    None: "it has learnt the other class. See which value of the label was taken for the spammer, then train again.",
}


def leaks(found: Sequence[Caution]) -> tuple[Caution, ...]:
    """Those that say that the figures mean nothing."""
    return tuple(each for each in found if each.kind == "leak")


def overfitted(name: str, train_pr_auc: float, test: Estimate) -> str | None:
    """Training far above test: more than .1 above the upper end of the interval on users not learnt from.

    NaN: not known.
    """
    high = test.high if test.high is not None else test.value
    if high is None or np.isnan(train_pr_auc) or train_pr_auc - high <= FAR:
        return None
    return (
        f"{name} has a PR-AUC of {short(train_pr_auc)} on the users it learnt from and {short(test.value or 0)} on "
        "others: only the latter says how it will do."
    )


def unstable(name: str, folds: Sequence[float], test: Estimate, share: float = TEST_SHARE) -> str | None:
    """PR-AUCs of folds that spread beyond what chance explains.

    How far chance moves them is read off the interval of the test part, which holds that share of the users; a fold is
    of another size. Their squared deviations are then as of chi-squared with one degree of freedom less than folds.
    """
    if len(folds) < 2 or test.low is None or test.high is None or test.high <= test.low:
        return None
    from scipy.stats import chi2, norm

    of_test = (test.high - test.low) / (2 * norm.ppf(0.975))
    variance = of_test**2 * share * len(folds) / (1 - share)
    spread = float(np.sum((np.asarray(folds) - np.mean(folds)) ** 2) / variance)
    if chi2.sf(spread, len(folds) - 1) >= LEVEL:
        return None
    return (
        f"The folds of {name} have PR-AUCs from {short(min(folds))} to {short(max(folds))}, farther apart than chance "
        "makes them: what it learns depends on which users it sees."
    )


def upside_down(name: str, roc_auc: Estimate, given: Given | None) -> str | None:
    """A ranking so wrong that its reverse is a good one, as of the probability of the other class.

    given: what a file holds; None for a version or a training run of the home.
    """
    if roc_auc.value is None or roc_auc.value >= REVERSED or (roc_auc.high or roc_auc.value) >= 1 / 2:
        return None
    return f"{name} ranks legitimate users above spammers (ROC-AUC {short(roc_auc.value)}): {_TURN_ROUND[given]}"


def other_prevalence(name: str, trained: tuple[int, int], now: tuple[int, int]) -> str | None:
    """Another share of spammers than in training, beyond chance; each pair is (spammers, users)."""
    from scipy.stats import norm

    (events, of), (events_now, of_now) = trained, now
    before, after, pooled = events / of, events_now / of_now, (events + events_now) / (of + of_now)
    error = np.sqrt(pooled * (1 - pooled) * (1 / of + 1 / of_now))
    near = max(before, after) <= CHANGED * min(before, after)
    if near or 2 * norm.sf(abs(after - before) / error) >= LEVEL:
        return None
    return (
        f"{percent(after)} of these users are spammers, {percent(before)} were when {name} learnt: "
        "its probabilities and its precision do not carry over as they are."
    )


def leaking(features: Sequence[str]) -> str | None:
    """Features that give the label away (see `core.explore.leakage`)."""
    if not features:
        return None
    these = "it is" if len(features) == 1 else "they are"
    return (
        f"{count(len(features), 'feature')} may give the label away ({', '.join(features[:8])}): "
        f"check that {these} known before the label is. Until then no figure here means anything."
    )


def deciding(features: Sequence[str]) -> str | None:
    """Features of which some values hold more than half of a class and hardly anybody else."""
    if not features:
        return None
    return (
        f"{count(len(features), 'feature')} nearly decide{'s' if len(features) == 1 else ''} by some values "
        f"({listed(features)}): check that this is known before the label is."
    )


def perfect(name: str, test: Estimate, spammers: int) -> str | None:
    """A ranking without a mistake."""
    if test.value is None or test.value < PERFECT or spammers < PERFECT_ON:
        return None
    return (
        f"{name} has a PR-AUC of {short(test.value)} on {count(spammers, 'spammer')} it had not seen, which is too "
        "good to be true: look for features that are made from the label, alone or together."
    )


def following(features: Sequence[str]) -> str | None:
    """Features that stand in the order of a file whose order gives the label away."""
    if not features:
        return None
    follows = "follows" if len(features) == 1 else "follow"
    return (
        f"{count(len(features), 'feature')} {follows} the order of the file ({listed(features)}), and spammers do not "
        "stand in it by chance: make them context in data/schema.toml. Until then no figure here means anything."
    )


def identifying(features: Sequence[str]) -> str | None:
    """Features that differ from user to user, like an id."""
    if not features:
        return None
    differs = "differs" if len(features) == 1 else "differ"
    return (
        f"{count(len(features), 'feature')} {differs} in every row, like an id ({listed(features)}): what is learnt "
        "from that holds for nobody else. Make it context in data/schema.toml."
    )


def small(spammers: int, others: int) -> str | None:
    """Figures of few held-out users."""
    if min(spammers, others) >= SMALL:
        return None
    return (
        f"Judged on {count(spammers, 'spammer')} and {count(others, 'other user')} only: "
        "a few users more or less change every figure."
    )


def copied(rows: int, copies: int) -> str | None:
    """Rows that repeat others in every feature: they are kept together, and make no figure surer."""
    if not rows or copies < COPIED * rows:
        return None
    return (
        f"{copies:,} of {count(rows, 'row')} repeat another in every feature. Copies are learnt from or judged "
        f"together, never both; figures rest on {count(rows - copies, 'different row')} and are less sure."
    )


def mostly_spammers(label: str, positive: str, share: float) -> str | None:
    """More spammers than legitimate users: maybe the label is the wrong way round."""
    if share <= 1 / 2:
        return None
    return (
        f"{percent(share)} of the users are spammers, as {label} = {positive} is taken for one: check in "
        "data/schema.toml that this is the right way round."
    )


def below_trivial_at(name: str, found: Sequence[Confusion]) -> str | None:
    """`below_trivial` at several thresholds, as one."""
    said = [each for each in (below_trivial(name, one) for one in found) if each]
    if len(said) < 2:
        return said[0] if said else None
    return f"{said[0]} The same is true above {count(len(said) - 1, 'other threshold')}."


def below_trivial(name: str, found: Confusion) -> str | None:
    """Fewer right verdicts than by calling everyone legitimate."""
    right, trivial = found.caught + found.left_alone, found.false_alarms + found.left_alone
    if right >= trivial:
        return None
    return (
        f"Above {found.threshold:g}, {name} is right about {percent(right / found.n)} of the users; "
        f"calling everyone legitimate is right about {percent(trivial / found.n)}."
    )
