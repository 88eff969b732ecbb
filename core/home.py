"""A home, opened: everything that works on it, made once and given what it needs. The only place that knows all of it.

    home = Home.open("path/to/home")
    home.registry.load()
    home.runs.recent(10)

Whoever stands at an entrance holds one: pages, commands, the API, jobs. No module of core takes a home; each takes the
stores that it needs.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from core.settings import Settings
from core.stores.studies import Studies

if TYPE_CHECKING:
    from core.catalog.folder_watch import FolderWatch
    from core.catalog.rescans import Rescans
    from core.estimation.backtest import Backtests
    from core.estimation.forecast import Forecasts
    from core.estimation.kept import KeptOrNot
    from core.estimation.live_figures import LiveFigures
    from core.estimation.plan_rows import PlanRows
    from core.estimation.rule_watch import RuleWatch
    from core.monitoring.alerts import Alerting
    from core.monitoring.drift import DriftWatch
    from core.monitoring.inspection import Inspection
    from core.monitoring.prometheus import Exposition
    from core.monitoring.reference import References
    from core.monitoring.rounds import Rounds
    from core.monitoring.streaming.file_drift import FileDrift
    from core.monitoring.volume import Volume
    from core.planning.arming import ArmingDesk
    from core.planning.backlog import Backlogs
    from core.planning.plans import Plans
    from core.planning.sending import Sending
    from core.retraining.retrain import Retraining
    from core.retraining.scheduler import Scheduler
    from core.retraining.shadow import Shadow
    from core.review.importing import FeedbackImport
    from core.review.predictions_of_user import PredictionsOfUser
    from core.review.verdicts import Verdicts
    from core.scoring.score_job import ScoreJobs
    from core.training.training import Training


class Home(Studies):
    """What a home keeps and studies, and what works with it."""

    @classmethod
    def open(cls, folder: str | Path | None = None) -> Home:
        """The home in this folder, else the one in TRUSTDESK_HOME, else the repository's own. Nothing is made yet."""
        return cls(Settings.of(folder))

    @cached_property
    def alerting(self) -> Alerting:
        from core.monitoring.alerts import Alerting

        return Alerting(self.incidents, self.settings.log, self.addresses)

    @cached_property
    def drift(self) -> DriftWatch:
        from core.monitoring.drift import DriftWatch

        return DriftWatch(self.datasets, self.registry, self.runs)

    @cached_property
    def file_drift(self) -> FileDrift:
        from core.monitoring.streaming.file_drift import FileDrift

        return FileDrift(self.unfinished, limits=self.file_limits.load)

    @cached_property
    def references(self) -> References:
        from core.monitoring.reference import References

        return References(self.datasets, self.drift, self.ledger, self.registry, self.runs)

    @cached_property
    def volume(self) -> Volume:
        from core.monitoring.volume import Volume

        return Volume(self.database, self.guidance, self.runs)

    @cached_property
    def retraining(self) -> Retraining:
        from core.retraining.retrain import Retraining

        return Retraining(
            self.accounts,
            self.audit,
            self.database,
            self.datasets,
            self.gate_reports,
            self.inclusions,
            self.learning,
            self.ledger,
            self.registry,
            self.schedule,
            self.split,
            self.training_runs,
            self.settings.data,
            self.settings.models,
            self.settings.schema_file,
        )

    @cached_property
    def shadow(self) -> Shadow:
        from core.retraining.shadow import Shadow

        return Shadow(
            self.accounts, self.audit, self.datasets, self.jobs, self.ledger, self.registry, self.runs,
            self.settings.shadow,
        )  # fmt: skip

    @cached_property
    def scheduler(self) -> Scheduler:
        from core.retraining.scheduler import Scheduler

        settings = self.settings
        return Scheduler(
            self.jobs, self.learning, self.plans, self.schedule, self.shadow, settings.data, settings.watch_log
        )

    @cached_property
    def predictions_of_user(self) -> PredictionsOfUser:
        from core.review.predictions_of_user import PredictionsOfUser

        return PredictionsOfUser(self.datasets, self.online_runs, self.runs)

    @cached_property
    def verdicts(self) -> Verdicts:
        from core.review.verdicts import Verdicts

        return Verdicts(
            self.accounts, self.cases, self.datasets, self.feedback, self.guidance, self.ledger, self.queue,
            self.settings.schema_file,
        )  # fmt: skip

    @cached_property
    def backlogs(self) -> Backlogs:
        from core.planning.backlog import Backlogs

        return Backlogs(
            self.datasets,
            self.enqueuing,
            self.policies,
            self.registry,
            self.runs,
            self.split,
            self.user_names,
            self.settings.schema_file,
        )

    @cached_property
    def plans(self) -> Plans:
        from core.planning.plans import Plans

        return Plans(
            self.accounts,
            self.audit,
            self.backlogs,
            self.database,
            self.effects,
            self.enqueuing,
            self.entries,
            self.guidance,
            self.policies,
            self.runs,
            self.settings.data,
        )

    @cached_property
    def arming_desk(self) -> ArmingDesk:
        from core.planning.arming import ArmingDesk

        return ArmingDesk(self.automation, self.backlogs, self.guidance, self.runs)

    @cached_property
    def sending(self) -> Sending:
        from core.planning.sending import Sending

        return Sending(
            self.accounts, self.audit, self.cases, self.datasets, self.effects, self.enqueuing, self.entries,
            self.file_scoring, self.queue, self.registry, self.runs, self.user_names, self.settings.schema_file,
        )  # fmt: skip

    @cached_property
    def backtests(self) -> Backtests:
        from core.estimation.backtest import Backtests

        return Backtests(
            self.common_rows,
            self.datasets,
            self.deciding,
            self.inclusions,
            self.ledger,
            self.live_figures,
            self.runs,
            self.user_names,
            self.settings.schema_file,
        )

    @cached_property
    def plan_rows(self) -> PlanRows:
        from core.estimation.plan_rows import PlanRows

        return PlanRows(self.common_rows, self.settings.schema_file)

    @cached_property
    def rule_watch(self) -> RuleWatch:
        from core.estimation.rule_watch import RuleWatch

        return RuleWatch(self.backtests, self.policies, self.runs, self.settings.schema_file)

    @cached_property
    def kept_or_not(self) -> KeptOrNot:
        from core.estimation.kept import KeptOrNot

        return KeptOrNot(self.ledger, self.live_figures, self.policies, self.runs)

    @cached_property
    def forecasts(self) -> Forecasts:
        from core.estimation.forecast import Forecasts

        return Forecasts(self.backlogs, self.guidance)

    @cached_property
    def live_figures(self) -> LiveFigures:
        from core.estimation.live_figures import LiveFigures

        return LiveFigures(self.datasets, self.inclusions, self.runs, self.settings.schema_file)

    @cached_property
    def inspection(self) -> Inspection:
        from core.monitoring.inspection import Inspection

        return Inspection(
            self.api_service,
            self.audit,
            self.cases,
            self.drift,
            self.guidance,
            self.incidents,
            self.jobs,
            self.ledger,
            self.live_figures,
            self.registry,
            self.rule_watch,
            self.runs,
            self.sender,
            self.targets,
            self.timetable,
            self.settings.schema_file,
        )

    @cached_property
    def exposition(self) -> Exposition:
        from core.monitoring.prometheus import Exposition

        return Exposition(
            self.database,
            self.drift,
            self.incidents,
            self.inspection,
            self.ledger,
            self.live_figures,
            self.registry,
            self.sender,
            self.stream_statuses,
            self.volume,
        )

    @cached_property
    def rounds(self) -> Rounds:
        from core.monitoring.rounds import Rounds

        return Rounds(self.alerting, self.inspection)

    @cached_property
    def feedback_import(self) -> FeedbackImport:
        from core.review.importing import FeedbackImport

        return FeedbackImport(
            self.accounts,
            self.audit,
            self.datasets,
            self.feedback,
            self.online_runs,
            self.runs,
            self.user_names,
            self.settings.schema_file,
        )

    @cached_property
    def score_jobs(self) -> ScoreJobs:
        from core.scoring.score_job import ScoreJobs

        return ScoreJobs(
            self.file_scoring, self.jobs, self.policies, self.registry, self.runs, self.settings.schema_file
        )

    @cached_property
    def training(self) -> Training:
        from core.training.training import Training

        return Training(
            self.datasets,
            self.registry,
            self.split,
            self.training_runs,
            self.settings.judged,
            self.settings.schema_file,
            self.settings.phrases_file,
        )

    @cached_property
    def rescans(self) -> Rescans:
        from core.catalog.rescans import Rescans

        return Rescans(
            self.accounts,
            self.audit,
            self.datasets,
            self.file_scoring,
            self.policies,
            self.registry,
            self.runs,
            self.sending,
            self.user_names,
            self.settings.schema_file,
        )

    @cached_property
    def folder_watch(self) -> FolderWatch:
        from core.catalog.folder_watch import FolderWatch

        return FolderWatch(
            self.exports,
            self.file_scoring,
            self.policies,
            self.registry,
            self.settings.schema_file,
            self.settings.watched,
        )
