"""Which rules need attention: those that decide nobody, that earlier ones hide, that are not right often enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.estimation.backtest import Backtest, RuleFigures
from core.policy.policy import Policy
from core.policy.rules import Rule
from core.policy.users import Kinds
from core.scoring.runs import Runs
from core.wording import count, percent

#: Days after which a rule that decided nobody needs attention.
QUIET_DAYS: Final = 30
#: Runs looked through, newest first.
MOST_RUNS: Final = 200
#: Users judged before the precision of a rule is held against the target.
_ENOUGH: Final = 10


@dataclass(frozen=True, slots=True)
class Recent:
    """What was decided in the `runs` of the last `QUIET_DAYS` days: users by `score`, `rule:<name>`, `list:<name>`;
    `since`: the oldest of these runs, None without any.
    """

    users: Mapping[str, int]
    runs: int
    since: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class RuleWatch:
    """Looks at what rules have done in the runs of a home."""

    runs: Runs

    def recent(self, now: datetime) -> Recent:
        """What was decided lately."""
        ours = [run for run in self.runs.recent(MOST_RUNS) if run.created > now - timedelta(days=QUIET_DAYS)]
        total: Counter[str] = Counter()
        for run in ours:
            total.update(self.runs.deciders(run.id))
        return Recent(total, len(ours), min((run.created for run in ours), default=None))


def attention(
    rule: Rule, figures: RuleFigures | None, policy: Policy, recent: Recent, live_since: datetime | None, kinds: Kinds,
    now: datetime,
) -> str:  # fmt: skip
    """Why a rule needs attention, in a few words; "" where it does not. live_since: when its policy came into force;
    kinds: the columns that there are by now.
    """
    unusable = "expired" if rule.expired(now) else kinds.fault(rule)
    if unusable or rule.state != "live":
        return unusable
    if figures is not None and figures.hidden:
        return "hidden by earlier lists and rules"
    old = live_since is not None and live_since <= now - timedelta(days=QUIET_DAYS)
    if old and recent.runs and not recent.users.get(f"rule:{rule.name}"):
        return f"decided nobody in {count(QUIET_DAYS, 'day')}"
    if figures is not None and figures.precision.judged >= _ENOUGH and right(rule, figures)[2] < policy.rule_precision:
        return f"right less often than {percent(policy.rule_precision)}"
    return ""


def right(rule: Rule, figures: RuleFigures) -> tuple[float, float, float]:
    """How often a rule is right, with the ends of its 95 % interval: of one that is stricter than the score, the share
    of spammers; of one that spares users (`at most`, or `exactly` a band that flags nobody), that of legitimate ones.
    """
    told = figures.precision
    if spares(rule):
        return 1 - told.value, 1 - told.high, 1 - told.low
    return told.value, told.low, told.high


def spares(rule: Rule) -> bool:
    return rule.effect == "at most" or (rule.effect == "exactly" and rule.band in {"allow", "monitor"})


def figures_of(backtest: Backtest | None, name: str) -> RuleFigures | None:
    """The figures of a rule in a backtest; None where it has none."""
    return next((each for each in backtest.rules if each.rule.name == name), None) if backtest else None
