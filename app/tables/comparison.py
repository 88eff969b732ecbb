"""A comparison in words: its tests, its differences, its figures, its segments, and who changes band and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from app.words import UNKNOWN, WORD, count, interval, legible, p_value, percent, signed
from core.comparison.by_category import ByCategory
from core.comparison.comparison_store import Compared
from core.comparison.flips import Flips
from core.comparison.lead import Lead
from core.evaluation.difference import LOWER_IS_BETTER, Difference
from core.evaluation.estimate import Estimate
from core.evaluation.resample import Costs
from core.evaluation.thresholds import Confusion, Decomposition
from core.policy.bands import BANDS, Band

#: Characters of a contender's name in a heading.
_LONGEST: Final = 40
_NAMES: Final[Mapping[str, str]] = {
    "pr_auc": "PR-AUC", "roc_auc": "ROC-AUC", "brier": "Brier", "ece": "ECE", "precision": "Precision",
    "recall": "Recall", "f1": "F1", "fpr": "FPR", "cost": "Cost per user",
}  # fmt: skip
_NONE: Final = Estimate(None, None, None)
#: Figures that are small where models are good.
_FINE: Final = frozenset({"brier", "ece", "fpr", "cost"})
_WHOLE: Final = {"pr_auc": "PR-AUC", "roc_auc": "ROC-AUC", "brier": "Brier, reversed"}
_AT: Final = {"precision": "Precision", "recall": "Recall", "cost": "Cost, reversed"}
BRIER: Final = (
    "Brier = reliability − resolution + uncertainty, up to what bins hide; less reliability and more resolution "
    "are better."
)
SHARES: Final = {"selection_rate": "Selected", "fpr": "FPR", "fnr": "FNR"}


def short(name: str) -> str:
    """A contender's name in a heading."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def spoken(sentence: str) -> str:
    """A sentence of the comparison with the bands as a person says them: "above human review"."""
    for band in BANDS:
        sentence = sentence.replace(f"above {band}", f"above {WORD[band].lower()}")
    return sentence


def tests(found: Compared, lead: Lead) -> str:
    """How the finding was tested, in a line; "" where labels alone leave no ranking."""
    comparison = found.comparison
    if not comparison.ranked:
        return ""
    apart = {each.band for each in lead.two_cuts}
    verdicts = [each for each in comparison.verdicts if each.band not in apart]
    above = ", ".join(f"{each.above:g}" for each in verdicts)
    chances = ", ".join(_p(each.p) for each in verdicts)
    right = f" · right verdicts above {above} by McNemar, p = {chances}" if verdicts else ""
    pr, roc = comparison.difference("pr_auc"), comparison.difference("roc_auc")
    gap = UNKNOWN if roc.difference.value is None else signed(roc.difference.value, 4)
    return f"Paired bootstrap, {_chance(pr)} · ROC-AUC {gap} by DeLong, {_chance(roc)}{right}"


def sentences(found: Compared, lead: Lead) -> list[str]:
    """The answer, and every test in a sentence."""
    return [spoken(sentence) for sentence in (*lead.sentences, *lead.told(found.comparison))]


def apart(lead: Lead, band: str = "") -> list[str]:
    """Thresholds, or that of a band, above which the two flag so many that nothing follows, in sentences."""
    return [spoken(each.sentence) for each in lead.two_cuts if band in ("", each.band)]


def held(lead: Lead) -> pd.DataFrame:
    """What each catches at equal capacity: Model, Flagged, Caught, and Precision, Recall and FPR with intervals."""
    return pd.DataFrame(
        [
            {"Model": short(each.name), "Flagged": count(each.flagged), "Caught": each.words,
             **{_NAMES[name]: _told(share, 4 if name in _FINE else 3) for name, share in each.shares.items()}}
            for each in (lead.decisions.a, lead.decisions.b)
        ]
    )  # fmt: skip


def differences(found: Compared, band: str) -> pd.DataFrame:
    """Rows for `charts.differences`: three figures of the whole ranking, three above the threshold of a band.

    Without probabilities on both sides ("" for the band) only the first two.
    """
    tested = {(each.figure, each.band): each for each in found.comparison.differences}
    rows = [_difference(name, tested[key, ""]) for key, name in _WHOLE.items() if (key, "") in tested]
    rows += [
        _difference(f"{name} above {found.thresholds[band]:g}", tested[key, band])
        for key, name in _AT.items() if (key, band) in tested
    ]  # fmt: skip
    return pd.DataFrame(rows)


def figures(found: Compared) -> pd.DataFrame:
    """Every figure of a and b with its interval, and the difference: Figure, Above, a, b, Difference, p, Test."""
    first, second = found.comparison.figures
    rows = [_figure(found, "", name) for name in {**first.overall, **second.overall}]
    rows += [_figure(found, band, name) for band in found.thresholds for name in first.at[band]]
    return pd.DataFrame(rows)


def categories(found: ByCategory) -> pd.DataFrame:
    """Of each class: Class, Users, and Precision and Recall of a and of b with their intervals."""
    names = [short(found.difference.a), short(found.difference.b)]
    users = map(sum, found.figures[0].confusion)
    return pd.DataFrame(
        [
            {"Class": legible(each), "Users": count(n), **{
                f"{_NAMES[figure]}, {name}": _told(of.each[each][figure], 3)
                for figure in ("precision", "recall") for name, of in zip(names, found.figures, strict=True)
            }}
            for each, n in zip(found.figures[0].names, users, strict=True)
        ]
    )  # fmt: skip


def calibration(found: Compared, parts: Sequence[Decomposition]) -> pd.DataFrame:
    """ECE, and the Brier score in its parts, of a and of b."""
    return pd.DataFrame(
        [
            {"Model": short(name), "ECE": figures.overall["ece"].value, "Brier": each.brier,
             "Reliability": each.reliability, "Resolution": each.resolution, "Uncertainty": each.uncertainty}
            for name, figures, each in zip(found.names, found.comparison.figures, parts, strict=True)
        ]
    )  # fmt: skip


def segments(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of `weakest.segments`, each share with its interval."""
    shown = {
        "Column": table["column"].map(legible), "Segment": table["segment"].map(legible),
        "Users": table["n"].map(count), "Spammers": table["spammers"].map(count),
        "ROC-AUC": _decimals(table["roc_auc"]), "elsewhere": _decimals(table["roc_auc_outside"]),
        "p, Holm": table["p_holm"].map(_p),
    }  # fmt: skip
    for key, name in SHARES.items():
        shown[name] = pd.Series(
            [f"{percent(value)} ({100 * low:.1f} to {100 * high:.1f})" if value == value else UNKNOWN  # noqa: PLR0124
             for value, low, high in table[[key, f"{key}_low", f"{key}_high"]].itertuples(index=False)],
            index=table.index, dtype="str",
        )  # fmt: skip
    return pd.DataFrame(shown)


def changed(found: Compared, flips: Flips) -> pd.DataFrame:
    """Those who change band, the largest change first, indexed by input row.

    Columns: user, label, a, b (probabilities), before, after (bands), stricter (whether b is), why.
    """
    users = found.users.iloc[flips.rows]
    before, after = (_bands(found, users[side]) for side in ("a", "b"))
    frame = users.assign(
        before=before, after=after, stricter=users["b"] > users["a"], why=_why(found).reindex(users.index)
    )
    order = np.argsort(-np.abs(users["b"].to_numpy() - users["a"].to_numpy()), kind="stable")
    return frame.iloc[order]


def at_threshold(found: Confusion, costs: Costs) -> dict[str, float | None]:
    """One model above one threshold: users flagged, shares, and the cost per 1,000 users."""
    return {
        "Above": round(found.threshold, 12) + 0.0, "Flagged": found.caught + found.false_alarms,
        "Precision": found.precision, "Recall": found.recall, "Flag rate": found.flag_rate,
        "Cost": 1000 * found.cost(costs) / found.n,
    }  # fmt: skip


def _difference(name: str, difference: Difference) -> dict[str, object]:
    estimate = difference.difference
    known = estimate.value is not None and estimate.low is not None and estimate.high is not None
    nan = float("nan")
    return {
        "figure": name, "value": estimate.value if known else nan, "low": estimate.low if known else nan,
        "high": estimate.high if known else nan, "sign": -1 if difference.figure in LOWER_IS_BETTER else 1,
        "text": _turned(difference),
    }  # fmt: skip


def _turned(difference: Difference) -> str:
    estimate = difference.difference
    sign = -1 if difference.figure in LOWER_IS_BETTER else 1
    if estimate.value is None:
        return UNKNOWN
    digits = 3 if abs(estimate.value) >= 0.01 else 4
    if estimate.low is None or estimate.high is None:
        return f"{signed(sign * estimate.value, digits)}, too few"
    low, high = sorted((sign * estimate.low, sign * estimate.high))
    return f"{signed(sign * estimate.value, digits)} ({signed(low, digits)} to {signed(high, digits)})"


def _figure(found: Compared, band: str, name: str) -> dict[str, str]:
    comparison, digits = found.comparison, 4 if name in _FINE else 3
    of_a, of_b = ((each.at[band] if band else each.overall).get(name, _NONE) for each in comparison.figures)
    tested = {(each.figure, each.band): each for each in comparison.differences}.get((name, band))
    return {
        "Figure": _NAMES[name], "Above": f"{found.thresholds[band]:g}" if band else "",
        "a": _told(of_a, digits), "b": _told(of_b, digits),
        "Difference": UNKNOWN if tested is None else _gap(tested.difference, digits),
        "p": UNKNOWN if tested is None or tested.p is None else _p(tested.p),
        "Test": "not tested" if tested is None else tested.method,
    }  # fmt: skip


def _told(estimate: Estimate, digits: int) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return UNKNOWN
    return interval(estimate.value, estimate.low, estimate.high, digits)


def _gap(estimate: Estimate, digits: int) -> str:
    if estimate.value is None:
        return UNKNOWN
    if estimate.low is None or estimate.high is None:
        return f"{signed(estimate.value, digits)} (too few users)"
    return f"{signed(estimate.value, digits)} ({signed(estimate.low, digits)} to {signed(estimate.high, digits)})"


def _chance(difference: Difference) -> str:
    return "p not known" if difference.p is None else p_value(difference.p)


def _p(p: float) -> str:
    """A p-value in a column or a list headed p: '0.003', '< 0.001'."""
    return p_value(p).removeprefix("p ").removeprefix("= ")


def _decimals(values: pd.Series[float]) -> pd.Series[str]:
    return values.map(lambda value: UNKNOWN if pd.isna(value) else f"{value:.3f}")


def _bands(comparison: Compared, score: pd.Series[float]) -> list[Band]:
    edges = list(comparison.thresholds.values())
    return [BANDS[at] for at in np.searchsorted(edges, score.to_numpy(), side="left")]


def _why(comparison: Compared) -> pd.Series[str]:
    """The features whose push moved most, in words, by input row."""
    if comparison.why is None or comparison.why.empty:
        return pd.Series([], dtype="str", index=pd.Index([], dtype="int64"))
    moved = comparison.why.sort_values(["row", "rank"])
    told = list(_pushes(moved))
    return pd.Series(told, index=moved["row"]).groupby(level=0).agg("   ".join)


def _pushes(moved: pd.DataFrame) -> Iterator[str]:
    for name, change in zip(moved["feature"], moved["change"], strict=True):
        yield f"{name} {signed(change)}"
