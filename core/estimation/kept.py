"""Kept or not: what happened under a policy, period by period, against what the plan that it came from predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from core.estimation.estimate import Estimate, Figures
from core.estimation.live_figures import LiveFigures
from core.feedback.ledger import Ledger
from core.policy.bands import BANDS
from core.policy.store import Policies
from core.policy.thresholds.demand import Demand
from core.policy.thresholds.promise import Figure, Promise
from core.scoring.runs import Run, Runs
from core.wording import count

#: Periods told of, the newest ones.
MOST: Final = 12
#: Runs looked through, newest first.
MOST_RUNS: Final = 2_000
#: What is held against a plan, in this order.
HELD: Final = ("volume", "removed", "precision", "recall", "cost")
#: Why there is no verdict on a share.
FEW: Final = "too few were judged"
_REMOVE: Final = BANDS.index("auto_remove")
#: `early`: the period is not over, or too few were judged; `other`: it cannot be held against the plan at all.
Verdict = Literal["inside", "outside", "early", "other"]


@dataclass(frozen=True, slots=True)
class Happened:
    """A figure of a period; `low` and `high` are its 95 % interval, and the value itself where users were counted.

    `value`: None where too few were judged for one; then the interval alone is told. `judged`: users it rests on, None
    where all are counted; `why`: in a few words what speaks against a verdict, "" for nothing.
    """

    name: str
    expected: Figure
    value: float | None
    low: float | None
    high: float | None
    judged: int | None
    verdict: Verdict
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "expected": self.expected.as_json(), "value": self.value, "low": self.low, "high": self.high,
            "judged": self.judged, "verdict": self.verdict, "why": self.why,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """What happened from `since` to before `until`, in which `users` of so many `runs` were scored; `over`: whether it
    is. `by_rules`: users whom lists and rules decided, of whom a plan knows nothing.
    """

    since: datetime
    until: datetime
    over: bool
    runs: int
    users: int
    by_rules: int
    figures: tuple[Happened, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A `version` in force since a moment, what its plan promised, and what came of it in `periods`, newest first.

    `left_out`: runs of other models under this version, which the plan does not speak for.
    """

    version: str
    since: datetime
    promise: Promise
    periods: tuple[Period, ...]
    left_out: int

    def as_json(self) -> dict[str, Any]:
        """As a command prints it."""
        return {
            "version": self.version, "since": self.since.isoformat(), "plan": self.promise.as_json(),
            "left_out": self.left_out,
            "periods": [
                {
                    "since": each.since.isoformat(), "until": each.until.isoformat(), "over": each.over,
                    "runs": each.runs, "users": each.users, "by_rules": each.by_rules,
                    "figures": {figure.name: figure.as_json() for figure in each.figures},
                }
                for each in self.periods
            ],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class KeptOrNot:
    """Holds what happens in a home against what was planned."""

    ledger: Ledger
    live_figures: LiveFigures
    policies: Policies
    runs: Runs

    def of(self, version: str, *, now: datetime) -> Kept | None:
        """Since the version last came into force, up to now or to when another did; None where it came from no plan, or
        never came into force. Raises UnknownItemError.

        A file counts when it is scored for the first time: users decided anew have not come anew. Runs that were marked
        as tests do not count.
        """
        promise = self.policies.promise(version)
        history = self.policies.history()
        at = next((k for k, each in enumerate(history) if each.version == version), None)
        if promise is None or at is None:
            return None
        since, end = history[at].at, history[at - 1].at if at else None
        ours = self._first_runs(version, since)
        of_model = [run for run in ours if run.model == promise.model]
        length, now = timedelta(days=promise.demand.days), now if end is None else min(end, now)
        newest = max(int((now - since) / length), 0)
        periods = []
        for k in range(newest, max(newest - MOST, -1), -1):
            start = since + k * length
            within = [run for run in of_model if start <= run.created < start + length]
            periods.append(self._period(promise, within, start, start + length, over=start + length <= now))
        return Kept(version, since, promise, tuple(periods), len(ours) - len(of_model))

    def _first_runs(self, version: str, since: datetime) -> list[Run]:
        """Runs under a version, from a moment on, each the first of its dataset; newest first."""
        recent = self.runs.recent(MOST_RUNS, tests=False)
        first = {run.dataset: run.id for run in recent}  # the oldest comes last
        return [
            run for run in recent
            if run.policy.version == version and run.created >= since and first[run.dataset] == run.id
        ]  # fmt: skip

    def _period(
        self, promise: Promise, runs: Sequence[Run], since: datetime, until: datetime, *, over: bool
    ) -> Period:  # fmt: skip
        users = sum(run.users for run in runs)
        deciders = [self.runs.deciders(run.id) for run in runs]
        by_rules = sum(n for each in deciders for name, n in each.items() if name != "score")
        self.ledger.refresh()
        found = self.live_figures.of_all(runs, self.ledger.valid())
        figures = held(promise, runs, None if found is None else found[1], over=over)
        return Period(since, until, over, len(runs), users, by_rules, figures)


@dataclass(frozen=True, slots=True)
class _Ends:
    value: float | None = None
    low: float | None = None
    high: float | None = None
    judged: int | None = None


def held(promise: Promise, runs: Sequence[Run], found: Figures | None, *, over: bool) -> tuple[Happened, ...]:
    """Each of HELD as it happened in the runs of a period, and whether that lies where it was predicted.

    found: the weighted figures of these runs, None where nobody was drawn from them.
    """
    demand = promise.demand
    seen = sum(run.counts["human_review"] + run.counts["auto_remove"] * (not run.policy.armed) for run in runs)
    removed = sum(run.counts["auto_remove"] for run in runs if run.policy.armed)
    ends = {
        "volume": _counted(seen / demand.days), "removed": _counted(removed / demand.days),
        "precision": _estimated(found.bands[_REMOVE] if found else None),
        "recall": _estimated(found.recall if found else None), "cost": _cost(demand, seen, removed, found),
    }  # fmt: skip
    against = "" if over else "the period is not over"
    if not runs:
        verdict: Verdict = "other" if over else "early"
        return tuple(
            Happened(name, promise.expected[name], None, None, None, None, verdict, against or "nobody was scored")
            for name in HELD
        )
    return tuple(_held(name, promise.expected[name], ends[name], against, _other(name, demand, runs)) for name in HELD)


def _other(name: str, demand: Demand, runs: Sequence[Run]) -> str:
    """Why a figure cannot be held against the plan; "" where it can."""
    if name in {"precision", "recall"} or all(run.policy.armed == demand.armed for run in runs):
        return ""
    return "automation was not armed all the time" if demand.armed else "automation was armed, which was not planned"


def _held(name: str, expected: Figure, ends: _Ends, early: str, other: str) -> Happened:
    verdict, why = _verdict(expected, ends, early, other)
    return Happened(name, expected, ends.value, ends.low, ends.high, ends.judged, verdict, why)


def _verdict(expected: Figure, ends: _Ends, early: str, other: str) -> tuple[Verdict, str]:
    least, most = expected.predicted_low, expected.predicted_high
    if other or least is None or most is None:
        return "other", other or "nothing was predicted"
    if early or ends.low is None or ends.high is None:
        return "early", early or FEW
    if ends.high < least or ends.low > most:
        return "outside", ""
    if least <= ends.low <= ends.high <= most or (ends.value is not None and least <= ends.value <= most):
        return "inside", ""
    return "early", FEW if ends.value is None else "the verdicts allow both"


def _counted(a_day: float) -> _Ends:
    return _Ends(a_day, a_day, a_day)


def _estimated(figure: Estimate | None) -> _Ends:
    """Nothing rests on users who were not judged: no figure and no interval then."""
    if figure is None or not figure.judged:
        return _Ends(judged=0)
    return _Ends(figure.value if figure.enough else None, figure.low, figure.high, figure.judged)


def _cost(demand: Demand, seen: int, removed: int, found: Figures | None) -> _Ends:
    """A day's, with the least and the most that it is at the ends of the intervals of the shares it is made of."""
    if found is None:
        return _Ends(judged=0)
    top, flagged, recall = found.bands[_REMOVE], found.precision, found.recall
    if not (recall.enough and flagged.enough and (top.enough or not removed)):
        return _Ends(judged=recall.judged)

    def at(right: float, spam: float, caught: float) -> float:
        """Of the shares of spammers among the removed and among the flagged, and of spammers who are flagged."""
        missed = (seen + removed) * spam * (1 - caught) / caught
        wrong = removed * (1 - right) if removed else 0.0
        return (demand.cost_removal * wrong + demand.cost_review * seen + demand.cost_miss * missed) / demand.days

    if not recall.low:
        return _Ends(judged=recall.judged)  # nobody knows how many are missed
    least, most = at(top.high, flagged.low, recall.high), at(top.low, flagged.high, recall.low)
    return _Ends(at(top.value, flagged.value, recall.value), least, most, recall.judged)


def sentence(of: Happened) -> str:
    """The verdict in plain words.

    >>> from core.policy.thresholds.promise import Figure
    >>> sentence(Happened("volume", Figure(9, 8, 10, 7, 12), 13, 13, 13, None, "outside"))
    'outside: more than predicted'
    """
    if of.verdict == "inside":
        return "inside"
    if of.verdict == "outside":
        most = of.expected.predicted_high
        more = of.low is not None and most is not None and of.low > most
        return f"outside: {'more' if more else 'less'} than predicted"
    if of.verdict == "other":
        return f"not comparable: {of.why}"
    if of.why != FEW or of.judged is None:
        return f"too early: {of.why}"
    return (
        f"too early: {count(of.judged, 'user')} judged, too few to say" if of.judged else "too early: nobody was judged"
    )
