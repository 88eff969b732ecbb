"""What pages ask of the policy: the draft and what it would change, and what rules have done lately."""

from __future__ import annotations

from dataclasses import dataclass

from app.queries import services
from core.estimation.backtest import Backtest
from core.estimation.kept import Kept
from core.estimation.rule_watch import Recent
from core.planning.arming import Audit
from core.policy import arming
from core.policy.arming import Course
from core.policy.policy import Policy
from core.policy.store import Draft
from core.review.automation.automation import State
from core.scoring.runs import Run


@dataclass(frozen=True, slots=True)
class Desk:
    """What a lead works on: the policy `in_force`, the `draft` where there is one, and the latest run to try it on."""

    in_force: Policy
    draft: Draft | None
    run: Run | None

    @property
    def policy(self) -> Policy:
        """The one that is shown and changed."""
        return self.draft.policy if self.draft else self.in_force

    @property
    def number(self) -> int:
        """Of the draft, 0 for none; see `Policies.save_draft`."""
        return self.draft.number if self.draft else 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How automation stands: its `state`, what its `audit` comes to, and how the proof went, None without a verdict."""

    state: State
    audit: Audit
    course: Course | None


def standing() -> Standing | None:
    """How automation stands now; None without a model."""
    here = services.home()
    state = here.automation.state()
    if state is None:
        return None
    known, evidence = state.arming, state.found.evidence
    key = ("course of the proof", here, state.proof, state.terms, here.ledger.position, known.attempt, known.verdicts)
    course = services.kept(key, lambda: arming.course(evidence, known)) if known.verdicts else None
    return Standing(state, here.arming_desk.audit(state), course)


def desk() -> Desk:
    """What is there now."""
    policies = services.home().policies
    return Desk(services.policy(), policies.draft(), next(iter(services.home().runs.recent(1)), None))


def backtest(run: Run, before: Policy, after: Policy) -> Backtest:
    """A policy tried on a run; anew when lists or verdicts have changed."""
    here, now, known = services.home(), services.now(), services.home().ledger
    known.refresh()
    key = ("backtest", here, run.id, before, after, here.lists.stamp(now), known.position, here.cases.newest())
    return services.kept(key, lambda: here.backtests.of_run(run, before, after, now=now))


def kept() -> Kept | None:
    """What happened under the policy in force against its plan; None where it is of none."""
    here, now, version = services.home(), services.now(), services.policy().version
    here.ledger.refresh()
    newest = next(iter(here.runs.recent(1)), None)
    activated = here.policies.since()
    key = ("kept", here, version, activated, newest and newest.id, here.ledger.position, here.cases.newest(),
           f"{now:%Y-%m-%d %H}")  # fmt: skip
    return services.kept(key, lambda: here.kept_or_not.of(version, now=now))


def recent() -> Recent:
    """What was decided in the runs of the last weeks."""
    here, now = services.home(), services.now()
    newest = next(iter(here.runs.recent(1)), None)
    key = ("decided lately", here, newest and newest.id, f"{now:%Y-%m-%d}")
    return services.kept(key, lambda: here.rule_watch.recent(now))
