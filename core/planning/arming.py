"""What arming automation means for a home: users it would remove a day, and how soon their audit would see a fall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.planning import audits
from core.planning.backlog import MOST_RUNS, Backlogs
from core.policy.proof import audit
from core.policy.proof.audit import Outlook
from core.review.automation.automation import Automation, State
from core.review.guidance import GuidanceStore
from core.scoring.runs import Runs


@dataclass(frozen=True, slots=True)
class Audit:
    """`removed_a_day`: users in the band, by the runs of the model and policy in force; `verdicts_a_day`: those of them
    who are drawn to be judged blind; `outlook`: what comes of a fall, None where nobody is judged.
    """

    removed_a_day: float
    verdicts_a_day: float
    outlook: Outlook | None


@dataclass(frozen=True, slots=True, eq=False)
class ArmingDesk:
    """Arms automation, with what its audit comes to."""

    automation: Automation
    backlogs: Backlogs
    guidance: GuidanceStore
    runs: Runs

    def audit(self, state: State) -> Audit:
        """What the audit of a policy comes to in this home."""
        removed = audits.removed_a_day(self.backlogs.in_force(self.runs.recent(MOST_RUNS)))
        asked = state.policy.removal.audits(removed, state.terms.target)
        verdicts = audits.a_day(asked, self.guidance.load().random_a_day)
        seen = audit.outlook(state.terms, removed, verdicts) if verdicts else None
        return Audit(removed, verdicts, seen)

    def arm(self, *, by: str, why: str, now: datetime, target: float | None = None) -> State:
        """Let automation remove, from now on. Raises as `Automation.arm` does."""
        state = self.automation.state(target)
        verdicts = 0.0 if state is None else self.audit(state).verdicts_a_day
        return self.automation.arm(by=by, why=why, verdicts_a_day=verdicts, now=now, target=target)
