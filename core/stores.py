"""What a home keeps: each store made once, when it is first asked for, with what it needs.

Modules are imported by the properties, so that nobody waits for those that are not used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from core import job_functions
from core.settings import Alerts, Settings
from core.targets import Kept

if TYPE_CHECKING:
    from core.access.accounts import Accounts
    from core.access.audit import AuditLog
    from core.access.home_options import HomeOptions
    from core.access.idempotency import Replies
    from core.access.keys import Keys
    from core.comparison.comparison_store import Comparisons
    from core.comparison.predictions import PredictionFiles
    from core.data.datasets import Datasets
    from core.data.split import Split
    from core.data.streaming.storing import Storing
    from core.data.streaming.unfinished import Unfinished
    from core.diagnostics.diagnosis import Diagnoses
    from core.feedback.csv_store import CsvStore
    from core.feedback.ledger import Ledger
    from core.jobs import Jobs
    from core.monitoring.incidents import Incidents
    from core.monitoring.targets import TargetOptions
    from core.planning.entries import Entries
    from core.planning.inclusions import Inclusions
    from core.policy.store import Policies
    from core.registry.lineage import Lineage
    from core.registry.registry import Registry
    from core.retraining.gate import GateReports
    from core.retraining.schedule import Schedule
    from core.retraining.settings import LearningOptions
    from core.review.cases import Cases
    from core.review.decisions.consistency import Consistency
    from core.review.decisions.effects import Effects
    from core.review.decisions.outbox import Outbox
    from core.review.enqueue import Enqueuing
    from core.review.guidance import GuidanceStore
    from core.review.queue import Queue
    from core.scoring.closing import Closing
    from core.scoring.export import Exports
    from core.scoring.online_runs import OnlineRuns
    from core.scoring.runs import Runs
    from core.scoring.user_names import UserNames
    from core.scoring.view import Views
    from core.store.backup import Backups
    from core.store.database import Database
    from core.store.numbered import Numbering
    from core.training.training_runs import TrainingRuns
    from core.workers import Workers


class Stores:
    """The stores of the home that `settings` describes; threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __reduce__(self) -> tuple[type[Stores], tuple[Settings]]:
        """Another process opens the home anew."""
        return type(self), (self.settings,)

    @property
    def kept(self) -> Kept:
        """What no command may write over."""
        return Kept(self.settings.home, self.settings.kept(), self.settings.audit)

    def addresses(self) -> Alerts:
        """Where alerts go, read anew. Raises BadOptionError."""
        return Alerts.of(self.settings.secrets_file)

    def job_function(self, name: str) -> Callable[..., object]:
        """The method that does a job of this name. Raises RefusedError where there is none."""
        method: Callable[..., object] = attrgetter(job_functions.method(name))(self)
        return method

    @cached_property
    def database(self) -> Database:
        from core.store.database import Database

        return Database(self.settings.database)

    @cached_property
    def backups(self) -> Backups:
        from core.store.backup import Backups

        settings = self.settings
        # Secrets are for nobody else, and logs, claims and what is unfinished of no use in another home.
        out = {settings.secrets_file, settings.log.parent, settings.claims, settings.unfinished, settings.database}
        places = tuple(place for place in settings.kept() if place not in out)
        chained = (settings.feedback_file, settings.audit)
        return Backups(settings.home, places, settings.database, chained, settings.runs)

    @cached_property
    def numbering(self) -> Numbering:
        from core.store.numbered import Numbering

        return Numbering(
            self.jobs, self.settings.audit, self.settings.feedback, self.settings.runs, self.settings.shadow
        )

    @cached_property
    def accounts(self) -> Accounts:
        from core.access.accounts import Accounts

        return Accounts(self.database)

    @cached_property
    def audit(self) -> AuditLog:
        from core.access.audit import AuditLog

        return AuditLog(self.settings.audit)

    @cached_property
    def options(self) -> HomeOptions:
        from core.access.home_options import HomeOptions

        return HomeOptions(self.audit, self.settings.data, self.settings.options_file)

    @cached_property
    def replies(self) -> Replies:
        from core.access.idempotency import Replies

        return Replies(self.database, self.settings.claims)

    @cached_property
    def keys(self) -> Keys:
        from core.access.keys import Keys

        return Keys(self.accounts, self.database)

    @cached_property
    def workers(self) -> Workers:
        from core.workers import Workers

        return Workers(self.settings.home)

    @cached_property
    def jobs(self) -> Jobs:
        from core.jobs import Jobs

        return Jobs(self.workers, self.settings.jobs, self.job_function)

    @cached_property
    def datasets(self) -> Datasets:
        from core.data.datasets import Datasets

        return Datasets(self.settings.datasets)

    @cached_property
    def unfinished(self) -> Unfinished:
        from core.data.streaming.unfinished import Unfinished

        return Unfinished(self.settings.unfinished)

    @cached_property
    def storing(self) -> Storing:
        from core.data.streaming.storing import Storing

        return Storing(self.datasets, self.unfinished)

    @cached_property
    def split(self) -> Split:
        from core.data.split import Split

        return Split(self.settings.data, self.settings.salt_file, self.settings.parts_file)

    @cached_property
    def lineage(self) -> Lineage:
        from core.registry.lineage import Lineage

        return Lineage(self.audit)

    @cached_property
    def registry(self) -> Registry:
        from core.registry.registry import Registry

        return Registry(self.accounts, self.lineage, self.settings.audit, self.settings.models)

    @cached_property
    def runs(self) -> Runs:
        from core.scoring.runs import Runs

        return Runs(self.database, self.numbering, self.settings.runs)

    @cached_property
    def online_runs(self) -> OnlineRuns:
        from core.scoring.online_runs import OnlineRuns

        return OnlineRuns(self.database, self.runs, self.settings.runs)

    @cached_property
    def exports(self) -> Exports:
        from core.scoring.export import Exports

        return Exports(self.datasets, self.runs, self.kept)

    @cached_property
    def training_runs(self) -> TrainingRuns:
        from core.training.training_runs import TrainingRuns

        return TrainingRuns(self.settings.candidates, self.settings.jobs)

    @cached_property
    def comparisons(self) -> Comparisons:
        from core.comparison.comparison_store import Comparisons

        return Comparisons(self.settings.compared)

    @cached_property
    def prediction_files(self) -> PredictionFiles:
        from core.comparison.predictions import PredictionFiles

        return PredictionFiles(self.settings.predictions)

    @cached_property
    def diagnoses(self) -> Diagnoses:
        from core.diagnostics.diagnosis import Diagnoses

        return Diagnoses(self.settings.compared)

    @cached_property
    def ledger(self) -> Ledger:
        from core.feedback.ledger import Ledger

        return Ledger(self.settings.feedback_file)

    @cached_property
    def feedback(self) -> CsvStore:
        from core.feedback.csv_store import CsvStore

        return CsvStore(self.ledger, self.audit, self.effects)

    @cached_property
    def consistency(self) -> Consistency:
        from core.review.decisions.consistency import Consistency

        return Consistency(self.database, self.ledger)

    @cached_property
    def effects(self) -> Effects:
        from core.review.decisions.effects import Effects

        return Effects(self.database, self.ledger, self.numbering)

    @cached_property
    def policies(self) -> Policies:
        from core.policy.store import Policies

        return Policies(self.database)

    @cached_property
    def guidance(self) -> GuidanceStore:
        from core.review.guidance import GuidanceStore

        return GuidanceStore(self.database)

    @cached_property
    def queue(self) -> Queue:
        from core.review.queue import Queue

        return Queue(self.database, self.guidance)

    @cached_property
    def cases(self) -> Cases:
        from core.review.cases import Cases

        return Cases(self.database)

    @cached_property
    def outbox(self) -> Outbox:
        from core.review.decisions.outbox import Outbox

        return Outbox(self.database)

    @cached_property
    def gate_reports(self) -> GateReports:
        from core.retraining.gate import GateReports

        return GateReports(self.settings.gates)

    @cached_property
    def learning(self) -> LearningOptions:
        from core.retraining.settings import LearningOptions

        return LearningOptions(self.accounts, self.options)

    @cached_property
    def schedule(self) -> Schedule:
        from core.retraining.schedule import Schedule

        return Schedule(self.learning, self.ledger, self.settings.retrained_file)

    @cached_property
    def incidents(self) -> Incidents:
        from core.monitoring.incidents import Incidents

        return Incidents(self.database)

    @cached_property
    def targets(self) -> TargetOptions:
        from core.monitoring.targets import TargetOptions

        return TargetOptions(self.accounts, self.options)

    @cached_property
    def user_names(self) -> UserNames:
        from core.scoring.user_names import UserNames

        return UserNames(self.datasets, self.runs, self.settings.schema_file)

    @cached_property
    def entries(self) -> Entries:
        from core.planning.entries import Entries

        return Entries(self.datasets, self.runs, self.settings.schema_file)

    @cached_property
    def inclusions(self) -> Inclusions:
        from core.planning.inclusions import Inclusions

        return Inclusions(self.runs, self.user_names)

    @cached_property
    def enqueuing(self) -> Enqueuing:
        from core.review.enqueue import Enqueuing

        return Enqueuing(self.database, self.guidance, self.numbering, self.split)

    @cached_property
    def views(self) -> Views:
        from core.scoring.view import Views

        return Views(self.datasets, self.runs)

    @cached_property
    def closing(self) -> Closing:
        from core.scoring.closing import Closing

        return Closing(self.datasets, self.online_runs, self.runs)
