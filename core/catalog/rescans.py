"""Stored runs scored again: by another model, under another policy; what that changes, and whom it newly flags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.catalog import changes
from core.catalog.changes import Changes
from core.errors import BadOptionError
from core.jobs import Report
from core.planning.sending import Sending
from core.policy.policy import Policy
from core.policy.store import Policies
from core.ports import DatasetStore
from core.registry.registry import Model, Registry
from core.review.enqueue import Queued
from core.schema import schema as schemas
from core.scoring.runs import Run, Runs
from core.scoring.score_file import FileScoring
from core.scoring.user_names import UserNames


@dataclass(frozen=True, slots=True)
class Rescanned:
    """A run that was scored again; `queued`: what became of the newly flagged, None where they were not sent."""

    changes: Changes
    queued: Queued | None = None


#: Runs looked through; more than any home has.
_MOST_RUNS: Final = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Rescans:
    """Scores the users of stored runs again. The runs of before stay as they are."""

    accounts: Accounts
    audit: AuditLog
    datasets: DatasetStore
    file_scoring: FileScoring
    policies: Policies
    registry: Registry
    runs: Runs
    sending: Sending
    user_names: UserNames
    schema_file: Path

    def between(self, before: str, after: str) -> Changes:
        """What changed from one run to another of the same users. Raises UnknownItemError and RefusedError."""
        return changes.between(self.runs, self.user_names, self.runs.find(before), self.runs.find(after))

    def check(self, run: str, model: Model, policy: Policy) -> Run:
        """The run, if another model or policy is to score it. Raises BadOptionError and UnknownItemError."""
        found = self.runs.find(run)
        if (found.model, found.policy.version) == (model.version, policy.version):
            raise BadOptionError(run, f"it was scored by {model.version} under {policy.version}: name another of one.")
        return found

    def due(self, model: Model, policy: Policy, *, days: int, now: datetime) -> tuple[str, ...]:
        """The runs of so many days whose users this model has not scored under this policy yet, oldest first; of runs
        of the same users the latest. Runs marked as tests are left out.
        """
        latest, done = dict[str, Run](), set[str]()
        for run in self.runs.recent(_MOST_RUNS, tests=False):  # newest first
            latest.setdefault(run.dataset, run)
            if (run.model, run.policy.version) == (model.version, policy.version):
                done.add(run.dataset)
        since = now - timedelta(days=days)
        return tuple(run.id for run in reversed(latest.values()) if run.created >= since and run.dataset not in done)

    def rescan(
        self, run: str, model: Model, policy: Policy, *, by: str, now: datetime, send: bool = False,
        progress: Callable[[str], None] = lambda _what: None,
    ) -> Rescanned:  # fmt: skip
        """Score the users of a run by a model under a policy, as a run of its own, and hold the two against each other.

        send: have the newly flagged reviewed, whatever the day's plan draws. Where the model is that of the run, its
        scores and reasons stay and the users are decided anew. Raises what `check` raises, NotAllowedError and
        WrongFeaturesError.
        """
        by = self.accounts.authorise(by, "send to review" if send else "score").name
        before = self.check(run, model, policy)
        schema = schemas.load(self.schema_file)
        progress(f"Scoring {run} again")
        if before.model == model.version:
            after = self.file_scoring.decide_anew(before, schema, policy, now=now)
        else:
            dataset = self.datasets.find(before.dataset)
            after = self.file_scoring.score_stored(
                dataset, schema, model, policy, now=now, name=f"{before.name} ({before.id} rescanned)"
            )
        progress(f"Comparing {run} with {after.id}")
        found = changes.between(self.runs, self.user_names, before, after)
        details = {key: value for key, value in found.as_json().items() if key not in {"moves", "sentence"}}
        self.audit.note(who=by, what="rescan", about=run, details=details, now=now)
        rows = found.newly_flagged.index.tolist()
        return Rescanned(found, self.sending.send(after.id, rows, by=by, now=now) if send and rows else None)

    def rescan_job(self, report: Report, *, run: str, model: str, policy: str, by: str) -> None:
        """The job that scores a run again; its result names the new `run`."""

        def tell(what: str) -> None:
            report(0, 0, what)

        loaded, under = self.registry.load(model), self.policies.find(policy)
        done = self.rescan(run, loaded, under, by=by, now=datetime.now(UTC), progress=tell).changes
        report.keep({"run": done.after.id})
        report(1, 1, done.sentence)
