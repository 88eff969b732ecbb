"""What to know of a dataset before trusting anything learnt from it: sentences, each with its figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import listed
from core.explore import bins as binning
from core.explore import leakage, pairs, single, value_counts
from core.explore.duplicates import Alike, alike
from core.explore.leakage import FEW, Leak
from core.schema.schema import Column
from core.wording import count, percent

Severity = Literal["warning", "note", "fine"]
SEVERITIES: Final[tuple[Severity, ...]] = ("warning", "note", "fine")
Progress = Callable[[int, int], None]
#: |r| above which two features tell the same thing.
NEAR_COPY: Final = 0.9
#: Distance from one half that the ROC-AUC of ids and row numbers must have, all of its interval: in a large file a
#: smaller one is no chance and still no use, and in a small file one in twenty is further away by chance.
ORDER_EFFECT: Final = 0.05
#: Share of ids that must be numbers for their order to mean anything.
NUMERIC: Final = 0.95
#: Parts of a file along which the spam rate is drawn.
PARTS: Final = 20
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact: a stable `code`, the `sentence` for people, the main `figure` in it, the `features` it is about.

    "warning": results may be wrong because of it; "note": worth knowing; "fine": looked for and not found.
    Features are named in the sentence as the file names them: escape it where it is shown as markup.
    """

    code: str
    sentence: str
    figure: float
    features: tuple[str, ...] = ()
    severity: Severity = "note"


def findings(
    frame: pd.DataFrame, columns: Sequence[Column], label: npt.NDArray[Any] | None = None,
    *, ids: pd.Series[Any] | None = None, pearson: pd.DataFrame | None = None,
    progress: Progress = lambda _done, _of: None,
) -> tuple[Finding, ...]:  # fmt: skip
    """Everything found, the gravest first; nothing about a frame without rows or features.

    frame (n rows, in the order of the file) with the features; label (n,): 1 for a spammer, 0, NaN where not known;
    ids (n,); pearson: the correlations, where they are known already. Without a label, what needs one is not
    looked for.
    """
    everything = [column.name for column in columns]
    # The number of a text says nothing but whether another one is the same.
    names = [column.name for column in columns if column.kind != "text"]
    if not len(frame) or not names:
        return ()
    found: list[Finding] = []
    missing: dict[str, int] = {}
    constant: list[str] = []
    leaks: list[Leak] = []
    for done, name in enumerate(names):
        progress(done, len(names) + 1)
        tally = value_counts.of(frame[name], label)
        missing[name] = tally.missing[0]
        constant += [name] if tally.constant else []
        leaks += leakage.leaks(name, tally)
    found += [_missing(missing, len(frame)), _constant(constant, len(names))]
    progress(len(names), len(names) + 1)
    found.append(_near_copies(pairs.correlations(frame, names) if pearson is None else pearson))
    found += _alike(alike(frame, everything, label), len(frame), labelled=label is not None)
    if label is not None:
        found += _about_label(leaks, ids, np.asarray(label, np.float64))
    progress(len(names) + 1, len(names) + 1)
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def repeated_ids(rejected: int) -> Finding:
    """What is said of the rows that were turned away because an earlier row has their id."""
    if not rejected:
        return Finding("repeated_ids", "No id is repeated.", 0.0, severity="fine")
    verb, whose = ("was", "its id is") if rejected == 1 else ("were", "their ids are")
    sentence = (
        f"{count(rejected, 'row')} {verb} turned away because {whose} on an earlier row: "
        "of each id only the first row is looked at."
    )
    return Finding("repeated_ids", sentence, float(rejected))


def as_numbers(ids: pd.Series[Any]) -> npt.NDArray[np.float64] | None:
    """Ids as numbers, (n,), NaN for those that are none; None where too few are numbers for an order to mean much."""
    numbers = pd.to_numeric(ids, errors="coerce").to_numpy(np.float64, copy=True)
    if not len(numbers) or np.isfinite(numbers).mean() < NUMERIC:
        return None
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def along(values: npt.ArrayLike, label: npt.NDArray[Any]) -> pd.DataFrame:
    """The spam rate along an order: rows of the file or ids, values (n,), in up to 20 parts of about equally many
    users; label (n,) of 1, 0 and NaN. The columns of `core.explore.single.rates`.
    """
    tally = value_counts.of(values, label)
    return single.rates(tally, binning.of(tally, most=PARTS, scale="quantile"))


def _missing(missing: Mapping[str, int], rows: int) -> Finding:
    cells, names = sum(missing.values()), [name for name, n in missing.items() if n]
    if not cells:
        return Finding("missing", "No cell is missing.", 0.0, severity="fine")
    names.sort(key=lambda name: -missing[name])
    share = cells / (rows * len(missing))
    where = listed(names, most=_NAMED)
    sentence = f"{_are(cells, 'cell')} missing ({percent(share)} of all), in {where}: nothing is filled in."
    return Finding("missing", sentence, share, tuple(names))


def _constant(names: Sequence[str], of: int) -> Finding:
    if not names:
        return Finding("constant", "Every feature differs between users.", 0.0, severity="fine")
    verb = "is" if len(names) == 1 else "are"
    sentence = f"{listed(names, most=_NAMED)} {verb} the same for every user: no model can learn from {_them(names)}."
    return Finding("constant", sentence, len(names) / of, tuple(names))


def _near_copies(pearson: pd.DataFrame) -> Finding:
    close = pairs.strongest(pearson, len(pearson) ** 2)
    close = close[close["r"].abs() > NEAR_COPY]
    if close.empty:
        return Finding("near_copies", f"No two features are near-copies (|r| above {NEAR_COPY}).", 0.0, severity="fine")
    a, b, r = close.iloc[0]
    more = len(close) - 1
    others = f", and so are {count(more, 'other pair')}" if more > 1 else ", and so is 1 other pair" if more else ""
    figure = f"r = {r:.3f}".replace("-", "−")
    sentence = f"{a} and {b} are near-copies ({figure}){others}: what one says is credited to either."
    return Finding("near_copies", sentence, float(r), tuple(dict.fromkeys([*close[["a", "b"]].to_numpy().ravel()])))


def _alike(found: Alike, rows: int, *, labelled: bool) -> Iterator[Finding]:
    if not found.users:
        yield Finding("duplicates", "No two users share every feature.", 0.0, severity="fine")
    else:
        share = found.users / rows
        sentence = (
            f"{count(found.users, 'user')} ({percent(share)}) share every feature with another: "
            f"{count(found.copies, 'row')} more than there are different users, and one score for all who are alike."
        )
        yield Finding("duplicates", sentence, share)
    if not labelled:
        return
    if found.opposed:
        groups = count(found.opposed_groups, "group")
        sentence = (
            f"{count(found.opposed, 'user')} in {groups} are alike in every feature and carry opposite labels: "
            "no model can tell them apart."
        )
        yield Finding("opposite_labels", sentence, float(found.opposed), severity="warning")
    else:
        yield Finding("opposite_labels", "No users alike in every feature carry opposite labels.", 0.0, severity="fine")


def _about_label(
    leaks: Sequence[Leak], ids: pd.Series[Any] | None, label: npt.NDArray[np.float64]
) -> Iterator[Finding]:
    spammers, legitimate = int((label == 1).sum()), int((label == 0).sum())
    if min(spammers, legitimate) < FEW:
        users = f"{count(spammers, 'spammer')} and {count(legitimate, 'legitimate user')}"
        sentence = f"{users} are labelled, too few to judge whether something gives the label away."
        yield Finding("too_few", sentence, float(min(spammers, legitimate)))
        return
    for leak in leaks:
        yield Finding("leakage", leak.sentence, leak.figure, (leak.feature,), "warning")
    if not leaks:
        yield Finding("leakage", "No feature decides the label by itself.", 0.0, severity="fine")
    numbers = None if ids is None else as_numbers(ids)
    if numbers is not None:
        yield _order("ids", numbers, label)
    yield _order("row_order", np.arange(len(label)), label)


def _order(code: Literal["ids", "row_order"], values: npt.NDArray[Any], label: npt.NDArray[np.float64]) -> Finding:
    tally = value_counts.of(values, label)
    area, (low, high) = value_counts.auc(tally), value_counts.auc_interval(tally)
    figure = f"ROC-AUC {area:.3f}, 95 % {low:.3f} to {high:.3f}"
    if not (low > 0.5 + ORDER_EFFECT or high < 0.5 - ORDER_EFFECT):
        what = "ids tell" if code == "ids" else "the order of rows tells"
        return Finding(code, f"No sign that {what} the label ({figure}).", area, severity="fine")
    if code == "ids":
        more = "higher" if area > 0.5 else "lower"
        sentence = f"Users with {more} ids are spammers more often ({figure}): a model that saw ids would learn them."
    else:
        more = "later" if area > 0.5 else "earlier"
        sentence = f"Spammers stand {more} in the file ({figure}): its first rows are no sample of the rest."
    return Finding(code, sentence, area, severity="warning")


def _are(number: int, noun: str) -> str:
    return f"{count(number, noun)} {'is' if number == 1 else 'are'}"


def _them(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"
