"""Two models on the same rows: the figures of each, the differences, and whether chance alone would make them.

`Contender` is anything that gives every row a probability: a published version, a fresh candidate, or predictions
from outside (`core.comparison.external`). `common_rows` finds the rows on which versions may be compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from core.errors import BadOptionError, TooFewRowsError, listed
from core.evaluation import metrics, paired, resample
from core.evaluation.difference import Difference, Verdicts
from core.evaluation.estimate import Estimate
from core.evaluation.metrics import (
    FEW,
    FEWEST_REPLICATES,
    MOST_DRAWN,
    RANKED,
    UNSCALED,
    Figures,
    Thresholds,
)
from core.evaluation.resample import Costs, Floats, Sorted
from core.model.categories.head import Likeliest
from core.wording import count

#: What a contender says of a user: a probability, a score of any range, or 1 for flagged and 0 for not.
Kind = Literal["probability", "score", "label"]
_PROBABILITIES: Final[tuple[Kind, Kind]] = ("probability", "probability")
#: Figures whose difference is tested. That of ECE is not: resampling inflates it, for each model differently.
_TESTED: Final = ("pr_auc", "brier")


@dataclass(frozen=True, slots=True, eq=False)
class Contender:
    """A model's probabilities (n,) of the compared rows. Raises BadOptionError for one outside 0 to 1 or missing.

    `kind`: what they are where they are none; `note` then says more, for a sentence. `of_file`: from outside.
    `categories`: of which one a violation is, by a model that says so.
    """

    name: str
    probability: Floats
    kind: Kind = "probability"
    note: str = ""
    of_file: bool = False
    categories: Likeliest | None = None

    def __post_init__(self) -> None:
        given = np.asarray(self.probability, np.float64)
        if self.kind != "probability":
            if not np.isfinite(given).all():
                raise BadOptionError(self.name, "scores must be numbers, for every user.")
        elif not np.all((given >= 0) & (given <= 1)):  # NaN makes both false
            raise BadOptionError(self.name, "probabilities must be numbers from 0 to 1, for every user.")
        object.__setattr__(self, "probability", given)

    @property
    def given(self) -> Kind | None:
        """What the file holds that it comes from, None without one."""
        return self.kind if self.of_file else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that was found of a and b on n rows. `figures`: of a, then of b, cost per user among those of a band.

    Without probabilities on both sides there are no thresholds; with labels alone on one, there is no ranking either.
    """

    a: str
    b: str
    n: int
    positives: int
    figures: tuple[Figures, Figures]
    differences: tuple[Difference, ...]
    verdicts: tuple[Verdicts, ...]
    kinds: tuple[Kind, Kind] = _PROBABILITIES
    notes: tuple[str, str] = ("", "")

    @property
    def ranked(self) -> bool:
        """Whether both sides rank users."""
        return "label" not in self.kinds

    @property
    def by_probability(self) -> bool:
        """Whether both sides hold probabilities, so that thresholds mean something."""
        return self.kinds == _PROBABILITIES

    def difference(self, figure: str, band: str = "") -> Difference:
        """The difference in one figure. Raises KeyError for one that was not compared."""
        return {(each.figure, each.band): each for each in self.differences}[figure, band]

    @property
    def sentence(self) -> str:
        """The answer on ranking: the difference in PR-AUC, which is what rare spammers are found by."""
        if not self.ranked:
            names = zip((self.a, self.b), self.kinds, strict=True)
            without = listed([name for name, kind in names if kind == "label"])
            return f"The ranking cannot be compared: labels alone, as of {without}, put nobody before another."
        return self.difference("pr_auc").sentence

    def as_json(self) -> dict[str, Any]:
        return {
            "a": self.a, "b": self.b, "n": self.n, "positives": self.positives, "sentence": self.sentence,
            "figures": {name: each.as_json() for name, each in zip((self.a, self.b), self.figures, strict=True)},
            "differences": [each.as_json() for each in self.differences],
            "verdicts": [each.as_json() for each in self.verdicts], "kinds": self.kinds, "notes": self.notes,
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Comparison:
        a, b = raw["a"], raw["b"]
        figures = Figures.from_json(raw["figures"][a]), Figures.from_json(raw["figures"][b])
        differences = tuple(map(Difference.from_json, raw["differences"]))
        verdicts = tuple(map(Verdicts.from_json, raw["verdicts"]))
        kinds, notes = tuple(raw.get("kinds", _PROBABILITIES)), tuple(raw.get("notes", ("", "")))
        return cls(a, b, raw["n"], raw["positives"], figures, differences, verdicts, kinds, notes)


def compare(  # noqa: PLR0913 - what is compared, where it is cut, and how often it is drawn
    label: npt.ArrayLike,
    a: Contender,
    b: Contender,
    *,
    seed: int,
    thresholds: Thresholds = {},  # noqa: B006 - a mapping that nobody may write to
    costs: Costs = Costs(),  # noqa: B008 - frozen
    replicates: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Comparison:
    """Compare b with a on rows with label (n,) of 0 and 1; `thresholds`: band -> score above which it begins.

    ROC-AUC by DeLong's test, the verdicts of each band by McNemar's, all else by a bootstrap that draws the same
    users for both (percentiles; 1,000 replicates, fewer on large sets). Sides without probabilities are compared on
    what they allow: scores on their ranking; of labels alone nothing is found here, see `lead`. Raises BadOptionError
    when the lengths or the names do not fit, TooFewRowsError when a class is absent.
    """
    y = np.asarray(label, np.float64)
    _check(y, a, b)
    kinds, notes = (a.kind, b.kind), (a.note, b.note)
    if "label" in kinds:
        none = Figures(len(y), int(y.sum()), {}, {}, {}, ())
        return Comparison(a.name, b.name, len(y), int(y.sum()), (none, none), (), (), kinds, notes)
    thresholds = thresholds if kinds == _PROBABILITIES else {}
    models = [Sorted(y, _scaled(each), thresholds, costs) for each in (a, b)]
    times = replicates or int(np.clip(MOST_DRAWN // len(y), FEWEST_REPLICATES, resample.REPLICATES))
    drawn = resample.replicate(models, seed=seed, replicates=times, progress=progress)
    figures = [_figures(y, model, each, thresholds, {name: values[i] for name, values in drawn.items()})
               for i, (model, each) in enumerate(zip(models, (a, b), strict=True))]  # fmt: skip
    tested = [name for name in _TESTED if all(name in each.overall for each in figures)]
    differences = [_ranked(name, a.name, b.name, figures, drawn[name]) for name in tested]
    differences.insert(1, _areas(y, a, b))
    for band, above in thresholds.items():
        changed = _changed(y, a.probability > above, b.probability > above)
        for name in figures[0].at[band]:
            difference = _ranked(name, a.name, b.name, figures, drawn[f"{band} {name}"], band)
            differences.append(_if_enough(difference, changed.get(name, sum(changed.values()))))
    verdicts = tuple(_verdicts(y, a, b, str(band), above) for band, above in thresholds.items())
    return Comparison(
        a.name, b.name, len(y), int(y.sum()), (figures[0], figures[1]), tuple(differences), verdicts, kinds, notes
    )  # fmt: skip


def at_costs(
    found: Comparison, label: Floats, a: Floats, b: Floats, costs: Costs, *, seed: int, replicates: int = 1_000
) -> Comparison:  # fmt: skip
    """A comparison with its cost per user at other costs; all else stays. label, a, b (n,): of its rows.

    What a user costs follows from the label and from who is flagged, so that a draw of n users is one of eight counts.
    """
    figures, differences = found.figures, {(each.figure, each.band): each for each in found.differences}
    label = np.asarray(label, np.float64)
    for number, (band, above) in enumerate(figures[0].thresholds.items()):
        flags = tuple(np.asarray(each) > above for each in (a, b))
        kinds = np.bincount((4 * label + 2 * flags[0] + flags[1]).astype(np.int64), minlength=8)
        draws = np.random.default_rng([seed, number]).multinomial(found.n, kinds / found.n, size=replicates)
        # By kind: legitimate users first, of either those whom nobody flags, b alone, a alone, both.
        cost = np.zeros((2, 8))
        for side, flagged in enumerate(([0, 0, 1, 1], [0, 1, 0, 1])):
            cost[side] = [costs.false_alarm * each for each in flagged] + [
                costs.caught if each else costs.missed for each in flagged
            ]
        drawn = cost @ draws.T / found.n
        told = [_interval(float(mine @ kinds) / found.n, each) for mine, each in zip(cost, drawn, strict=True)]
        figures = tuple(
            replace(each, at={**each.at, band: {**each.at[band], "cost": estimate}})
            for each, estimate in zip(figures, told, strict=True)
        )  # type: ignore[assignment]
        changed = sum(_changed(label, *flags).values())
        again = _ranked("cost", found.a, found.b, list(figures), drawn, str(band))
        differences["cost", str(band)] = _if_enough(again, changed)
    return replace(found, figures=figures, differences=tuple(differences.values()))


def _scaled(contender: Contender) -> Floats:
    """Scores of any range by their ranks: the ranking is all that counts, and sums of ranks stay finite."""
    if contender.kind == "probability":
        return contender.probability
    from scipy.stats import rankdata  # noqa: PLC0415 - a second that most commands need not wait for

    return np.asarray(rankdata(contender.probability) / len(contender.probability), np.float64)


def _check(label: Floats, a: Contender, b: Contender) -> None:
    if a.name == b.name:
        raise BadOptionError(a.name, "give the two models different names, or nobody can tell which is better.")
    for each in (a, b):
        if each.probability.shape != label.shape:
            have = f"{each.probability.size:,} probabilities for {count(len(label), 'user')}"
            raise BadOptionError(each.name, f"there are {have}: both models must score the same rows.")
    positives = int((label == 1).sum())
    if not 0 < positives < len(label):
        raise TooFewRowsError("The comparison", positives, len(label) - positives, 1)


def _figures(
    label: Floats, model: Sorted, contender: Contender, thresholds: Thresholds, drawn: Mapping[str, Floats]
) -> Figures:
    exact = model.figures(np.ones(len(label), np.int64))
    probable = contender.kind == "probability"
    names = RANKED if probable else UNSCALED
    overall = {name: _interval(exact[name], drawn[name], centred=name == "ece") for name in names}
    at = {band: {name: _share(name, *share, drawn[f"{band} {name}"]) for name, share in model.at(band).items()}
          for band in thresholds}  # fmt: skip
    groups = metrics.reliability(label, contender.probability) if probable else ()
    return Figures(len(label), int(label.sum()), overall, at, dict(thresholds), groups)


def _share(name: str, events: float, of: float, drawn: Floats) -> Estimate:
    """As `metrics.judge` does: shares of few events get the exact interval."""
    if of == 0:
        return Estimate(None, None, None)
    if name in {"precision", "recall", "fpr"} and min(events, of - events) < FEW:
        return Estimate(events / of, *metrics.exact(events, of))
    return _interval(events / of, drawn)


def _interval(value: float, drawn: Floats, *, centred: bool = False) -> Estimate:
    values = drawn[~np.isnan(drawn)]
    if not len(values):
        return Estimate(value, None, None)
    low, high = np.percentile(values, [2.5, 97.5])
    shift = value - float(values.mean()) if centred else 0.0
    return Estimate(value, max(float(low) + shift, 0.0), float(high) + shift)


def _ranked(
    name: str, a: str, b: str, figures: list[Figures], drawn: Floats, band: str = ""
) -> Difference:  # fmt: skip
    """The difference in a figure from m = 2 rows of replicates."""
    of_a, of_b = ((each.at[band] if band else each.overall)[name].value for each in figures)
    gaps = drawn[1] - drawn[0]
    kept = gaps[~np.isnan(gaps)]
    if of_a is None or of_b is None or not len(kept):
        return Difference(name, band, a, b, Estimate(None, None, None), None, "paired bootstrap")
    low, high = (float(end) for end in np.percentile(kept, [2.5, 97.5]))
    fewer = min(int((kept <= 0).sum()), int((kept >= 0).sum()))
    p = min(2 * (fewer + 1) / (len(kept) + 1), 1.0)
    return Difference(name, band, a, b, Estimate(of_b - of_a, low, high), p, "paired bootstrap")


def _areas(label: Floats, a: Contender, b: Contender) -> Difference:
    areas = paired.delong(label, b.probability, a.probability)
    known = not math.isnan(areas.error)
    low, high = areas.interval if known else (None, None)
    return Difference(
        "roc_auc", "", a.name, b.name, Estimate(areas.a - areas.b, low, high), areas.p if known else None, "DeLong"
    )


def _changed(label: Floats, a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> dict[str, int]:
    """How many spammers and how many legitimate users are flagged by one model only: what recall and FPR rest on."""
    differs = a != b
    return {"recall": int((differs & (label == 1)).sum()), "fpr": int((differs & (label == 0)).sum())}


def _if_enough(difference: Difference, changed: int) -> Difference:
    """Without an interval where few flags differ: four that all go one way would look like evidence in a bootstrap."""
    known = changed == 0 or changed >= FEW
    value = difference.difference if known else Estimate(difference.difference.value, None, None)
    return Difference(
        difference.figure, difference.band, difference.a, difference.b, value,
        difference.p if known else None, difference.method, changed,
    )  # fmt: skip


def _verdicts(label: Floats, a: Contender, b: Contender, band: str, above: float) -> Verdicts:
    right_a, right_b = ((each.probability > above) == (label == 1) for each in (a, b))
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    return Verdicts(band, above, a.name, b.name, only_a, only_b, paired.mcnemar(only_a, only_b))
