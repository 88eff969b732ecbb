"""A look at all that is live: what is wrong is kept as incidents; drift nobody has judged raises the random share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import pandas as pd

from core.access import api_service
from core.access.api_service import ApiService
from core.access.audit import AuditLog
from core.delivery.sender import Sender
from core.errors import (
    DamagedModelError,
    NewerFormatError,
    SchemaError,
    UnknownVersionError,
    WrongFeaturesError,
    listed,
)
from core.estimation.estimate import Estimate
from core.estimation.live_figures import LiveFigures
from core.estimation.rule_watch import RuleWatch
from core.feedback.ledger import Ledger
from core.jobs import Jobs
from core.monitoring.drift import Drift, DriftWatch
from core.monitoring.incidents import KINDS, Finding, Incidents, Kind
from core.monitoring.targets import TargetOptions
from core.policy.thresholds.aims import RANDOM_SHARES
from core.registry.registry import Registry
from core.retraining.timetable import Timetable
from core.review.cases import CaseFilters, Cases
from core.review.guidance import GuidanceStore
from core.schema import schema as schemas
from core.scoring.runs import Run, Runs
from core.wording import count, percent

#: Jobs whose id begins so retrain.
RETRAINING: Final = "retrain"
#: Random users judged, of those who drifted, from which there is something to learn and to judge by.
ENOUGH_LABELS: Final = 100
#: What the share drawn at random is multiplied by; it ends where the lead's choice ends, too.
RAISE: Final = 2.0
MOST: Final = RANDOM_SHARES[1]
#: Who did it, in the audit log and in the versions of the guidance.
WHO: Final = "monitoring"
_RECENT: Final = 50


@dataclass(frozen=True, slots=True)
class Look:
    """`drift` is None where there is nothing to compare; `new`: ids of the incidents this look has opened; `raised`:
    what was done to the share drawn at random, "" for nothing.
    """

    drift: Drift | None
    found: tuple[Finding, ...]
    new: tuple[str, ...]
    raised: str


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """Looks at all that is live in a home."""

    api_service: ApiService
    audit: AuditLog
    cases: Cases
    drift: DriftWatch
    guidance: GuidanceStore
    incidents: Incidents
    jobs: Jobs
    ledger: Ledger
    live_figures: LiveFigures
    registry: Registry
    rule_watch: RuleWatch
    runs: Runs
    sender: Sender
    targets: TargetOptions
    timetable: Timetable
    schema_file: Path
    _reports: dict[tuple[str, ...], Drift] = field(default_factory=dict, init=False)

    def look(self, *, now: datetime) -> Look:
        """Look at drift, precision, rules, the queue, retraining, the schema and the champion; keep what is wrong.

        Where the schema or the model is broken, nothing is said of drift, precision and rules: their incidents stay as
        they are.
        """
        broken = tuple(self._broken())
        found, report = [*broken, *self._queue(now), *self._retraining(), *self._delivery(now)], None
        found += [*self._api(), *self._schedule()]
        looked_at: set[Kind] = set(KINDS) - {"drift", "precision", "rule"}
        if not broken:
            if (run := self.drift.latest()) is not None:
                report = self._report(run)
                found += of_drift(report)
            found += [*self._precision(), *self._rules(now)]
            looked_at |= {"drift", "precision", "rule"}
        raised = "" if report is None or self._known_to_drift() else self.raise_share(report, now=now)
        new = self.incidents.keep(found, looked_at=looked_at, now=now)
        return Look(report, tuple(found), new, raised)

    def raise_share(self, report: Drift, *, now: datetime) -> str:
        """Have more users judged at random where users have drifted and too few of them were judged.

        Retraining on labels of the users of before would learn nothing of those of now. The share of the day's reviews
        is doubled, up to half of them, in a new version of the guidance, and noted in the audit log; it stays until
        the lead changes it. Returns what was done, or "". Raises RefusedError when somebody changes the guidance at
        this moment.
        """
        rules = self.guidance.load()
        if report.verdict != "drifted" or rules.random_share >= MOST:
            return ""
        judged = self._judged_at_random(report)
        if judged >= ENOUGH_LABELS:
            return ""
        share = min(RAISE * rules.random_share, MOST)
        why = (
            f"{count(report.n, 'user')} have drifted and {judged:,} of them were judged at random, too few to learn "
            f"from: the share of reviews drawn at random goes from {percent(rules.random_share)} to {percent(share)}."
        )
        # The note first, as for promotions: nothing changes without one.
        details = {"from": rules.random_share, "to": share, "runs": list(report.runs)}
        self.audit.note(
            who=WHO, what="raise random share", about=report.version, why=why, details=details, now=now, ahead=True
        )  # fmt: skip
        self.guidance.save(replace(rules, random_share=share), by=WHO, now=now)
        return why

    def judged_run(self) -> Run | None:
        """The newest run that was queued by a plan, made by the champion, and no test."""
        champion = self.registry.champion()
        recent = self.runs.recent(_RECENT, tests=False)
        return next((each for each in recent if each.model == champion and self.runs.planned(each.id)), None)

    def _report(self, run: Run) -> Drift:
        """Kept for who looks every minute: neither runs nor their version ever change."""
        together = tuple(each.id for each in self.drift.window(run))
        if together not in self._reports:
            self._reports.clear()
            self._reports[together] = self.drift.of_run(run.id)
        return self._reports[together]

    def _broken(self) -> Iterator[Finding]:
        try:
            names = schemas.load(self.schema_file).names
        except (SchemaError, NewerFormatError) as error:
            yield Finding("schema", self.schema_file.name, str(error), "monitor")
            return
        if (version := self.registry.champion()) is None:
            return
        try:
            absent = [name for name in self.registry.load(version).metadata.columns if name not in names]
        except (DamagedModelError, UnknownVersionError) as error:
            yield Finding("model", version, str(error), "registry", {"version": version})
            return
        if absent:
            yield Finding("schema", self.schema_file.name, str(WrongFeaturesError(version, absent)), "monitor")

    def _queue(self, now: datetime) -> Iterator[Finding]:
        hours = self.guidance.load().service_hours
        late = self.cases.count(CaseFilters(min_age_hours=hours), now=now)
        oldest = self.cases.waiting(now=now).oldest
        if late and oldest is not None:
            waited = (now - oldest).total_seconds() / 3600
            text = f"{count(late, 'user')} waited for a review longer than {hours:g} h, the first for {waited:.0f} h."
            yield Finding("queue", "late", text, "review", {"queue_age": f"{hours:g}"})

    def _retraining(self) -> Iterator[Finding]:
        for job in self.jobs.listed(RETRAINING)[:1]:
            if job.status == "failed":
                yield Finding("retraining", job.id, f"Retraining failed: {job.message}", "train")

    def _delivery(self, now: datetime) -> Iterator[Finding]:
        left = self.sender.backlog()
        if left is not None and (sentence := left.sentence(now)):
            yield Finding("delivery", "webhook", sentence, "monitor")

    def _api(self) -> Iterator[Finding]:
        if (since := self.api_service.down_since()) is not None:
            yield Finding("api", "down", api_service.down(since), "overview")

    def _schedule(self) -> Iterator[Finding]:
        for step, sentence in self.timetable.failures():
            yield Finding("schedule", step, f"The schedule: {sentence}", "monitor")

    def _precision(self) -> Iterator[Finding]:
        run, least = self.judged_run(), self.targets.load().precision
        if run is None:
            return
        live = self.live_figures.live(run, self._verdicts())
        if live is not None and below(live.figures.precision, least):
            figure = live.figures.precision
            text = (
                f"Of the users that {live.name} flags for review, {percent(figure.value)} are spammers (95 % "
                f"{percent(figure.low)} to {percent(figure.high)}, n = {figure.judged:,}), "
                f"below the target of {percent(least)}."
            )
            yield Finding("precision", run.model, text, "monitor", {"run": run.id})

    def _rules(self, now: datetime) -> Iterator[Finding]:
        for name, why in self.rule_watch.needing(now).items():
            yield Finding("rule", name, f"The rule {name} needs attention: {why}.", "policy")

    def _known_to_drift(self) -> bool:
        return any(each.open and each.finding.kind == "drift" for each in self.incidents.recent())

    def _judged_at_random(self, report: Drift) -> int:
        rows = self._verdicts()
        of_them = rows["prediction"].str.rsplit("-", n=1).str[0].isin(report.runs)
        return int((of_them & (rows["stratum"] == "random") & (rows["verdict"] != "unsure")).sum())

    def _verdicts(self) -> pd.DataFrame:
        known = self.ledger
        known.refresh()
        return known.valid()


def of_drift(report: Drift) -> tuple[Finding, ...]:
    """A finding for each feature in use that has drifted, and for the score."""
    users = f"in the {count(report.n, 'user')} of {listed(report.runs, most=3)}"
    return tuple(
        Finding(
            "drift", f"{report.version} {each.name or '(score)'}",
            f"{each.name or 'The score'} has drifted {users} from what {report.version} was trained on "
            f"(PSI {each.psi:.2f}).",
            "monitor", {"run": report.runs[0]} | ({"feature": each.name} if each.name else {}),
        )
        for each in report.found("drifted")
    )  # fmt: skip


def below(figure: Estimate, least: float) -> bool:
    """Whether a figure is below a target for sure: its whole interval is."""
    return figure.enough and figure.high < least
