"""A look at all that is live: what is wrong is kept as incidents, and drift that nobody has judged raises the audit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

import pandas as pd

from core import jobs
from core.access import audit
from core.errors import DamagedModelError, SchemaError, UnknownVersionError, WrongFeaturesError, listed
from core.estimation import live_figures
from core.estimation.estimate import Estimate
from core.feedback import ledger
from core.monitoring import drift, incidents, targets
from core.monitoring.drift import Drift
from core.monitoring.incidents import KINDS, Finding, Kind
from core.registry import registry
from core.review import cases, guidance
from core.review.cases import CaseFilters
from core.schema import schema as schemas
from core.scoring import runs
from core.scoring.runs import Run
from core.settings import Settings
from core.wording import count, percent

#: Jobs whose id begins so retrain.
RETRAINING: Final = "retrain"
#: Random users judged, of those who drifted, from which there is something to learn and to judge by.
ENOUGH_LABELS: Final = 100
#: What the audit share is multiplied by, and where that ends: above it is the lead's to decide.
RAISE: Final = 2.0
MOST_AUDIT: Final = 0.05
#: Who did it, in the audit log and in the versions of the guidance.
WHO: Final = "monitoring"
_RECENT: Final = 50


@dataclass(frozen=True, slots=True)
class Look:
    """`drift` is None where there is nothing to compare; `new`: ids of the incidents this look has opened; `raised`:
    what was done to the audit share, "" for nothing.
    """

    drift: Drift | None
    found: tuple[Finding, ...]
    new: tuple[str, ...]
    raised: str


def look(settings: Settings, *, now: datetime) -> Look:
    """Look at drift, precision, the queue, retraining, the schema and the model in charge; keep what is wrong.

    Where the schema or the model is broken, nothing is said of drift and precision: their incidents stay as they are.
    """
    broken = tuple(_broken(settings))
    found, report = [*broken, *_queue(settings, now), *_retraining(settings)], None
    looked_at: set[Kind] = set(KINDS) - {"drift", "precision"}
    if not broken:
        if (run := drift.latest(settings)) is not None:
            report = _report(settings, run.id)
            found += of_drift(report)
        found += _precision(settings)
        looked_at |= {"drift", "precision"}
    raised = "" if report is None or _known_to_drift(settings) else raise_audit(settings, report, now=now)
    new = incidents.keep(settings, found, looked_at=looked_at, now=now)
    return Look(report, tuple(found), new, raised)


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


def raise_audit(settings: Settings, report: Drift, *, now: datetime) -> str:
    """Have more users judged at random where users have drifted and too few of them were judged.

    Retraining on labels of the users of before would learn nothing of those of now. The share is doubled, up to 5 %, in
    a new version of the guidance, and noted in the audit log; it stays until the lead changes it. Returns what was
    done, or "". Raises RefusedError when somebody changes the guidance at this moment.
    """
    rules = guidance.load(settings)
    if report.verdict != "drifted" or rules.audit >= MOST_AUDIT:
        return ""
    judged = _judged_at_random(settings, report)
    if judged >= ENOUGH_LABELS:
        return ""
    share = min(RAISE * rules.audit, MOST_AUDIT)
    why = (
        f"{count(report.n, 'user')} have drifted and {judged:,} of them were judged at random, too few to learn from: "
        f"the audit share goes from {percent(rules.audit)} to {percent(share)}."
    )
    # The note first, as for promotions: nothing changes without one.
    details = {"from": rules.audit, "to": share, "runs": list(report.runs)}
    audit.note(settings, who=WHO, what="raise audit share", about=report.version, why=why, details=details, now=now)
    guidance.save(settings, replace(rules, audit=share), by=WHO, now=now)
    return why


def judged_run(settings: Settings) -> Run | None:
    """The newest run that was queued by a plan and made by the version in charge."""
    champion = registry.champion(settings)
    recent = runs.recent(settings, _RECENT)
    return next((each for each in recent if each.model == champion and runs.planned(settings, each.id)), None)


@lru_cache(maxsize=1)
def _report(settings: Settings, run: str) -> Drift:
    """Kept for who looks every minute: neither a run nor its version ever changes."""
    return drift.of_run(settings, run)


def _broken(settings: Settings) -> Iterator[Finding]:
    try:
        names = schemas.load(settings.schema_file).names
    except SchemaError as error:
        yield Finding("schema", settings.schema_file.name, str(error), "monitor")
        return
    if (version := registry.champion(settings)) is None:
        return
    try:
        absent = [name for name in registry.load(settings, version).metadata.names if name not in names]
    except (DamagedModelError, UnknownVersionError) as error:
        yield Finding("model", version, str(error), "registry", {"version": version})
        return
    if absent:
        yield Finding("schema", settings.schema_file.name, str(WrongFeaturesError(version, absent)), "monitor")


def _queue(settings: Settings, now: datetime) -> Iterator[Finding]:
    hours = guidance.load(settings).service_hours
    late = cases.count(settings, CaseFilters(min_age_hours=hours), now=now)
    oldest = cases.waiting(settings).oldest
    if late and oldest is not None:
        waited = (now - oldest).total_seconds() / 3600
        text = f"{count(late, 'user')} waited for a review longer than {hours:g} h, the first for {waited:.0f} h."
        yield Finding("queue", "late", text, "review", {"queue_age": f"{hours:g}"})


def _retraining(settings: Settings) -> Iterator[Finding]:
    for job in jobs.listed(settings, RETRAINING)[:1]:
        if job.status == "failed":
            yield Finding("retraining", job.id, f"Retraining failed: {job.message}", "train")


def _precision(settings: Settings) -> Iterator[Finding]:
    run, least = judged_run(settings), targets.load(settings).precision
    if run is None:
        return
    figures = live_figures.figures(settings, run, _verdicts(settings))
    if figures is not None and below(figures.precision, least):
        figure = figures.precision
        text = (
            f"Of the users that {run.id} flags for review, {percent(figure.value)} are spammers (95 % "
            f"{percent(figure.low)} to {percent(figure.high)}, n = {figure.judged:,}), "
            f"below the target of {percent(least)}."
        )
        yield Finding("precision", run.model, text, "monitor", {"run": run.id})


def below(figure: Estimate, least: float) -> bool:
    """Whether a figure is below a target for sure: its whole interval is."""
    return figure.enough and figure.high < least


def _known_to_drift(settings: Settings) -> bool:
    return any(each.open and each.finding.kind == "drift" for each in incidents.recent(settings))


def _judged_at_random(settings: Settings, report: Drift) -> int:
    rows = _verdicts(settings)
    of_them = rows["prediction"].str.rsplit("-", n=1).str[0].isin(report.runs)
    return int((of_them & (rows["stratum"] == "random") & (rows["verdict"] != "unsure")).sum())


def _verdicts(settings: Settings) -> pd.DataFrame:
    known = ledger.of(settings)
    known.refresh()
    return known.valid()
