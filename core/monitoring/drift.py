"""Whether users are still like those a version was trained on: each feature and the score against its baseline.

With enough users every difference is significant, and with few chance alone looks like a change. So a shift counts
only when it is large (PSI from .1 worth watching, from .2 drifted, whatever the sample) and beyond what chance gives
to one of all these features in one of a thousand looks. Where chance alone could reach .2 there are too few users to
tell, unless the shift is larger still.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import dropwhile, pairwise
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import UnknownItemError, listed
from core.evaluation.histogram import Histogram
from core.explore import shift, value_counts
from core.explore.value_counts import Ints
from core.model.encoding import Encoding, Levels, as_texts
from core.monitoring.text_drift import TextDrift, text_drift
from core.ports import DatasetStore
from core.registry.baseline import Baseline
from core.registry.registry import Model, Registry
from core.schema.column import phrase_column
from core.schema.levels import written
from core.scoring.runs import Run, Runs
from core.wording import count

Verdict = Literal["steady", "watch", "drifted", "too few"]
#: PSI from which a shift is worth watching, and from which it has drifted. Rules of thumb from credit scoring put the
#: latter at .25 (Siddiqi, Credit Risk Scorecards, 2006); .2 so that a true .25 is seen in 2,000 users all but always.
WATCH, DRIFTED = 0.1, 0.2
#: Change of the share of missing values that means the same, though few of many bins tell of it.
WATCH_MISSING, DRIFTED_MISSING = 0.05, 0.2
#: How often a look at users who have not changed may find any shift at all: 30 looks a month, 5 months of 100.
BY_CHANCE: Final = 0.001
#: A feature with less than this share of the use of all is told, but raises no alert.
USED: Final = 0.01
#: Shares of users below the edges of the bins of the score: closer at the top, where the bands are.
SCORE_LEVELS: Final = (0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99)
#: Users looked at together: where the latest run has fewer, earlier ones of the same version are added.
WINDOW: Final = 2_000
#: Users whose pushes tell how much the version uses each feature.
USE_ROWS: Final = 999
_RECENT: Final = 200


@dataclass(frozen=True, slots=True)
class Shift:
    """One feature, or the score (`name` ""): how far users are from the baseline.

    `psi` over about ten bins of the baseline and those outside it and missing, `chance`: what it stays below when
    nothing has changed; `js`: Jensen and Shannon's distance over the same bins; `ks`: Kolmogorov and Smirnov's over the
    edges of the baseline's finest bins; shares of missing values before and now; `use`: share of the use of all.
    """

    name: str
    psi: float
    chance: float
    ks: float
    js: float
    missing_before: float
    missing_now: float
    use: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Drift:
    """The n users of some runs, or of a `file`, against what `version` was trained on; features by their use, then by
    PSI.
    """

    version: str
    runs: tuple[str, ...]
    n: int
    score: Shift
    features: tuple[Shift, ...]
    texts: tuple[TextDrift, ...] = ()
    file: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst of the score and of the features in use; "too few" only where none of them says more."""
        found = {each.verdict for each in self.telling}
        return next(each for each in ("drifted", "watch", "too few", "steady") if each in found)

    @property
    def telling(self) -> tuple[Shift, ...]:
        """The score and the features that the version uses; all of them where the use is not known."""
        known = any(each.use > 0 for each in self.features)
        return (self.score, *(each for each in self.features if each.use >= USED or not known))

    def found(self, verdict: Verdict) -> tuple[Shift, ...]:
        """The telling ones with this verdict, the farthest first."""
        return tuple(sorted((each for each in self.telling if each.verdict == verdict), key=lambda each: -each.psi))

    @property
    def sentence(self) -> str:
        """Whether these users are like those the version was trained on, in figures."""
        users = f"the {count(self.n, 'user')} of {self.file or listed(self.runs, most=3)}"
        if self.verdict == "too few":
            return f"Too few to say whether {users} are like those {self.version} was trained on."
        if self.verdict == "steady":
            text = f"{users} are like those {self.version} was trained on"
            return f"{text[0].upper()}{text[1:]}: the score (PSI {self.score.psi:.3f}) and what it uses are steady."
        shifts = self.found(self.verdict)
        word = "has drifted" if self.verdict == "drifted" else "has moved, less than would alarm"
        names = listed([f"{each.name or 'the score'} (PSI {each.psi:.2f})" for each in shifts], most=3)
        word = word if len(shifts) == 1 else word.replace("has", "have")
        return f"Between the users {self.version} was trained on and {users}, {names} {word}."

    def frame(self) -> pd.DataFrame:
        """A row for the score, then one for each feature: the fields of `Shift`."""
        return pd.DataFrame([asdict(each) for each in (self.score, *self.features)])

    def as_json(self) -> dict[str, Any]:
        raw = {name: value for name, value in asdict(self).items() if name != "file" or value}
        return raw | {"verdict": self.verdict, "sentence": self.sentence}


def side_by_side(
    baseline: Histogram, values: npt.ArrayLike | pd.Series[Any], levels: Levels | None = None
) -> pd.DataFrame:  # fmt: skip
    """What the PSI of a feature is made of: `bin` (from, to, or the one value of a bin), shares `before` and `now`.
    Of words, the values are places of `levels`, and bins are called by them.

    What lies outside of the baseline, and what is missing, has a row where anybody is there.

    >>> side_by_side(Histogram((0.0, 0.5, 1.0), (3, 1)), [0, 0.5, 0.6, 7]).to_dict("list")
    {'bin': ['0 to 0.5', '0.5 to 1', 'above'], 'before': [0.75, 0.25, 0.0], 'now': [0.25, 0.5, 0.25]}
    """
    expected, actual = shift.binned(baseline.edges, baseline.counts, baseline.missing, value_counts.of(values))
    names = ["below", *(_bins(baseline) if levels is None else _words(baseline, levels)), "above", "missing"]
    both = [each / each.sum() if each.sum() else np.zeros(len(each)) for each in (expected, actual)]
    frame = pd.DataFrame({"bin": names, "before": both[0], "now": both[1]})
    outside = ~np.isin(np.arange(len(names)), [0, len(names) - 2, len(names) - 1])
    frame = frame[outside | (frame[["before", "now"]].sum(axis=1) > 0)].reset_index(drop=True)
    return frame if levels is None else frame.replace({"bin": {"above": "new words"}})


def verdict_of(psi: float, chance: float, missing_change: float = 0.0) -> Verdict:
    """What a shift of this size means, given what chance alone would give.

    >>> verdict_of(0.25, 0.02), verdict_of(0.03, 0.001), verdict_of(0.25, 0.4), verdict_of(0.02, 0.01, 0.06)
    ('drifted', 'steady', 'too few', 'watch')
    """
    if np.isnan(psi):
        return "too few"
    if psi <= chance:
        return "too few" if chance >= DRIFTED else "steady"
    if psi >= DRIFTED or abs(missing_change) >= DRIFTED_MISSING:
        return "drifted"
    return "watch" if psi >= WATCH or abs(missing_change) >= WATCH_MISSING else "steady"


def compared(
    name: str, baseline: Histogram, values: npt.ArrayLike | pd.Series[Any], *, tests: int, use: float = 0.0
) -> Shift:
    """Values (n,) of one feature, NaN where missing, against its histogram in training; one of so many `tests`."""
    return _compared(name, baseline, placed(baseline, values), tests, use)


def placed(baseline: Histogram, values: npt.ArrayLike | pd.Series[Any]) -> Ints:
    """Values (n,), NaN where missing, in the bins of a histogram; see `shift.placed`."""
    return shift.placed(baseline.edges, baseline.counts, value_counts.of(values))


def _compared(name: str, baseline: Histogram, seen: Ints, tests: int, use: float = 0.0) -> Shift:
    expected, actual = shift.both_sides(baseline.counts, baseline.missing, seen)
    fine = shift.both_sides(baseline.counts, baseline.missing, seen, grouped=False)
    psi = shift.psi(expected, actual)
    chance = shift.psi_by_chance(expected, actual, confidence=1 - BY_CHANCE / tests)
    before, now = (float(side[-1] / side.sum()) if side.sum() else float("nan") for side in (expected, actual))
    ks = shift.ks(fine[0][:-1], fine[1][:-1])
    verdict = verdict_of(psi, chance, now - before)
    return Shift(name, psi, chance, ks, shift.jensen_shannon(expected, actual), before, now, use, verdict)


def of_scores(baseline: Baseline) -> Histogram:
    """The scores of the test part in bins between their `SCORE_LEVELS`, for comparison only: most users score low, and
    of the bins of equal width that a baseline keeps nearly all would be empty.
    """
    points = np.asarray(baseline.quantiles, np.float64)
    # Of float32, as values are when they are compared: no user may fall on the other side of an edge by rounding.
    inner = np.quantile(points, SCORE_LEVELS).astype(np.float32).astype(np.float64)
    edges = np.unique(np.concatenate([[0.0], inner[(inner > 0) & (inner < 1)], [1.0]]))
    counts, _ = np.histogram(points.astype(np.float32), edges)
    users = np.rint(counts / len(points) * sum(baseline.score.counts)).astype(np.int64)
    return Histogram(tuple(edges.tolist()), tuple(users.tolist()))


def below_one(score: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Scores (n,), those that a float32 rounds to 1 just below it, where the bins of scores end."""
    return np.minimum(np.asarray(score, np.float64), np.nextafter(np.float32(1), np.float32(0)))


def compare(
    baseline: Baseline, seen: Callable[[str], Ints], scores: Ints, *, version: str, of: Sequence[str] = (),
    use: Mapping[str, float] | None = None,
) -> Drift:  # fmt: skip
    """Users against a training baseline, by `placed` of their scores, `below_one`; use: by feature, in any unit.

    seen: gives the same of a feature, so that the values of no two need be in memory.
    """
    names = tuple(baseline.features)
    shares, tests = _shares(names, use or {}), len(names) + 1
    shifts = [_compared(name, baseline.features[name], seen(name), tests, shares[name]) for name in names]
    shifts.sort(key=lambda each: (-each.use, -np.nan_to_num(each.psi)))
    score = _compared("", of_scores(baseline), scores, tests)
    return Drift(version, tuple(of), int(scores.sum()), score, tuple(shifts))


def use_of(model: Model, baseline: Baseline) -> dict[str, float]:
    """Mean |SHAP| of each feature on some users of the baseline, in log-odds; nothing where it came without users."""
    rows = baseline.sample
    if rows.empty:
        return {}
    at = np.unique(np.linspace(0, len(rows) - 1, min(USE_ROWS, len(rows))).astype(np.int64))
    names = model.metadata.names
    pushes = model.explainer.contributions(Encoding().matrix(rows.iloc[at], names, model.version))
    return dict(zip(names, np.abs(pushes).mean(axis=0).astype(float).tolist(), strict=True))


def values_of(
    model: Model, name: str, given: Callable[[str], pd.Series[float]], sent: Callable[[str], Sequence[str | None]]
) -> pd.Series[float]:  # fmt: skip
    """The values of a feature as the baseline of a version has them: of words their places, of texts their margins.

    given, sent: the numbers of a column, and the texts of one.
    """
    if name in model.texts:
        return pd.Series(model.texts[name].margins_of(sent(name))[:, 0].astype(np.float64))
    for text, lists in model.phrases.items():
        for category in lists.categories:
            if name == phrase_column(text, category):
                return pd.Series(lists.counts(sent(text))[category])
    levels, found = model.metadata.levels.get(name), given(name)
    return found if levels is None else pd.Series(levels.places(np.asarray(found, np.float64)))


@dataclass(frozen=True, slots=True, eq=False)
class DriftWatch:
    """Drift of the users of a home against the training of its versions."""

    datasets: DatasetStore
    registry: Registry
    runs: Runs

    def window(self, run: Run, *, users: int = WINDOW) -> tuple[Run, ...]:
        """A run and, newest first, as many earlier ones of its version as it takes to have so many users.

        A file that was scored twice counts once; another run that was a test does not.
        """
        found, seen = [run], {run.dataset}
        for each in dropwhile(lambda each: each.id != run.id, self.runs.recent(_RECENT)):
            if sum(every.users for every in found) >= users:
                break
            if each.model == run.model and each.dataset not in seen and not each.test:
                found.append(each)
                seen.add(each.dataset)
        return tuple(found)

    def latest(self) -> Run | None:
        """The newest run of the champion that has users and was no test, None before there is one."""
        champion = self.registry.champion()
        recent = self.runs.recent(_RECENT, tests=False)
        return next((each for each in recent if each.model == champion and each.users), None)

    def of_run(self, run: str | None = None, *, use: Mapping[str, float] | None = None) -> Drift:
        """A run, and what its window adds, against the baseline of the version that scored it.

        Without a run, the newest of the champion; without a `use`, `use_of` that version. Raises
        UnknownItemError when there is no such run, and what `registry.load` raises.
        """
        latest = self.latest() if run is None else self.runs.find(run)
        if latest is None:
            raise UnknownItemError("run", "of the live version")
        model = self.registry.load(latest.model)
        baseline, together = model.baseline(), self.window(latest)
        score = np.concatenate([self.runs.scores(each.id)["probability"].to_numpy() for each in together])
        known = use_of(model, baseline) if use is None else use
        found = compare(
            baseline, lambda name: placed(baseline.features[name], self.values(model, together, name)),
            placed(of_scores(baseline), below_one(score)), version=model.version, of=[each.id for each in together],
            use=known,
        )  # fmt: skip
        return replace(found, texts=text_drift(model, functools.partial(self._sent, together)))

    def values(self, model: Model, together: Sequence[Run], name: str) -> pd.Series[float]:
        """The values of a feature in these runs, see `values_of`."""
        return values_of(model, name, functools.partial(self._given, together), functools.partial(self._sent, together))

    def _given(self, together: Sequence[Run], name: str) -> pd.Series[float]:
        parts = [self.datasets.frame(each.dataset, [name])[name] for each in together]
        found: pd.Series[float] = pd.concat(parts, ignore_index=True)
        return found

    def _sent(self, together: Sequence[Run], name: str) -> list[str | None]:
        """The texts of a column in these runs."""
        sent = (as_texts(self.datasets.frame(each.dataset, [written(name)]), name) for each in together)
        return [text for texts in sent for text in texts]


def _bins(baseline: Histogram) -> list[str]:
    """What the bins of `shift.binned` are called."""
    starts = list(shift.starts(baseline.edges, baseline.counts))
    # A histogram of few values has a bin for each, the last of which ends just above its value.
    if not starts:
        return []
    if len(starts) == len(baseline.counts) and baseline.edges[-1] == np.nextafter(starts[-1], np.inf):
        return [f"{start:g}" for start in starts]
    return [f"{_short(start)} to {_short(end)}" for start, end in pairwise([*starts, baseline.edges[-1]])]


def _words(baseline: Histogram, levels: Levels) -> list[str]:
    """The same, of places of words: those of a bin, the most frequent first."""
    starts = [int(start) for start in shift.starts(baseline.edges, baseline.counts)]
    ends = [*starts[1:], int(baseline.edges[-1]) + 1] if starts else []
    return [listed([levels.name(at) for at in range(*pair)], most=2) for pair in zip(starts, ends, strict=True)]


def _short(value: float) -> str:
    """Two digits, or whole from 100 on; what is next to nothing in plain figures: 0.000028.

    >>> _short(12_345.6), _short(0.36), _short(0.000028)
    ('12,346', '0.36', '0.000028')
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    tiny = 0 < abs(value) < 0.0001
    return f"{value:.{1 - math.floor(math.log10(abs(value)))}f}" if tiny else f"{value:.2g}"


def _shares(names: Sequence[str], use: Mapping[str, float]) -> dict[str, float]:
    given = {name: max(use.get(name, 0.0), 0.0) for name in names}
    total = sum(given.values())
    return {name: value / total if total else 0.0 for name, value in given.items()}
