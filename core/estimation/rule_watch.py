"""Which rules need attention: those that decide nobody, that earlier ones hide, that are not right often enough."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from core.errors import UnknownItemError
from core.estimation.backtest import Backtest, Backtests, RuleFigures
from core.policy.policy import Policy
from core.policy.rules import Rule
from core.policy.store import Policies
from core.policy.users import Kinds
from core.schema import schema as schemas
from core.scoring.runs import Run, Runs
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

    backtests: Backtests
    policies: Policies
    runs: Runs
    schema_file: Path
    _needing: dict[Hashable, Mapping[str, str]] = field(default_factory=dict, init=False)

    def needing(self, now: datetime) -> Mapping[str, str]:
        """Why live rules of the policy in force need attention, by name. Raises SchemaError.

        Not those that have expired: somebody wanted that. Kept for who looks every minute, up to an hour.
        """
        policy, known = self.policies.in_force(), self.backtests.ledger
        live = [rule for rule in policy.rules if rule.state == "live" and not rule.expired(now)]
        if not live:
            return {}
        newest = next(iter(self.runs.recent(1)), None)
        known.refresh()
        lists = self.backtests.deciding.lists.stamp(now)
        key = (policy.version, newest and newest.id, lists, known.position, f"{now:%Y-%m-%d %H}")
        if key not in self._needing:
            since, recent, kinds = self.live_since(), self.recent(now), Kinds.of(schemas.load(self.schema_file))
            tried = self._tried(newest, policy, now)
            told = {
                rule.name: attention(
                    rule, figures_of(tried, rule.name), policy, recent, since.get(rule.name), kinds, now
                )
                for rule in live
            }  # fmt: skip
            self._needing.clear()
            self._needing[key] = {name: why for name, why in told.items() if why}
        return self._needing[key]

    def live_since(self) -> Mapping[str, datetime]:
        """Since when each live rule of the policy in force has decided as it does, through all versions, by name."""
        policies = {each.version: each for each in self.policies.all()}
        rules = {rule.name: rule for rule in self.policies.in_force().rules if rule.state == "live"}
        found: dict[str, datetime] = {}
        for activation in self.policies.history():
            before = policies[activation.version]
            rules = {name: rule for name, rule in rules.items() if _decides_alike(rule, before.rule(name))}
            found |= dict.fromkeys(rules, activation.at)
        return found

    def _tried(self, run: Run | None, policy: Policy, now: datetime) -> Backtest | None:
        """The policy on the users of a run; None without one, and where its users are not kept any more."""
        with contextlib.suppress(UnknownItemError):
            return None if run is None else self.backtests.of_run(run, policy, policy, now=now)
        return None

    def recent(self, now: datetime) -> Recent:
        """What was decided lately."""
        ours = [run for run in self.runs.recent(MOST_RUNS) if run.created > now - timedelta(days=QUIET_DAYS)]
        total: Counter[str] = Counter()
        for run in ours:
            total.update(self.runs.deciders(run.id))
        return Recent(total, len(ours), min((run.created for run in ours), default=None))


def _decides_alike(rule: Rule, before: Rule | None) -> bool:
    """Whether a rule was live before with the same conditions and effect."""
    return (
        before is not None
        and before.state == "live"
        and ((rule.conditions, rule.effect, rule.band) == (before.conditions, before.effect, before.band))
    )


def attention(
    rule: Rule, figures: RuleFigures | None, policy: Policy, recent: Recent, live_since: datetime | None, kinds: Kinds,
    now: datetime,
) -> str:  # fmt: skip
    """Why a rule needs attention, in a few words; "" where it does not. live_since: since when it decides so;
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
