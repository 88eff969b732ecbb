"""What a home keeps: each store made once, when it is first asked for, with what it needs.

Modules are imported by the properties, so that nobody waits for those that are not used.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from core.stores.ground import Ground

if TYPE_CHECKING:
    from core.comparison.comparison_store import Comparisons
    from core.comparison.predictions import PredictionFiles
    from core.delivery.dead_letters import DeadLetters
    from core.delivery.sender import Sender
    from core.diagnostics.diagnosis import Diagnoses
    from core.feedback.csv_store import CsvStore
    from core.feedback.ledger import Ledger
    from core.feedback.user_notes import UserNotes
    from core.monitoring.incidents import Incidents
    from core.monitoring.targets import TargetOptions
    from core.planning.entries import Entries
    from core.planning.inclusions import Inclusions
    from core.policy.list_store import ListStore
    from core.policy.snoozing import Snoozing
    from core.policy.store import Policies
    from core.registry.lineage import Lineage
    from core.registry.registry import Registry
    from core.retraining.gate import GateReports
    from core.retraining.schedule import Schedule
    from core.retraining.settings import LearningOptions
    from core.retraining.timetable import Timetable
    from core.review.assigning import Assigning
    from core.review.automation.automation import Automation
    from core.review.case_list import CaseLists
    from core.review.cases import Cases
    from core.review.decisions.consistency import Consistency
    from core.review.decisions.effects import Effects
    from core.review.decisions.outbox import Outbox
    from core.review.decisions.removals import Removals
    from core.review.enqueue import Enqueuing
    from core.review.guidance import GuidanceStore
    from core.review.near_same import NearSame
    from core.review.queue import Queue
    from core.scoring.closing import Closing
    from core.scoring.decisions.deciding import Deciding
    from core.scoring.export import Exports
    from core.scoring.listing.run_users import RunUsers
    from core.scoring.online_runs import OnlineRuns
    from core.scoring.runs import Runs
    from core.scoring.user_names import UserNames
    from core.scoring.view import Views
    from core.training.training_runs import TrainingRuns


class Stores(Ground):
    """The stores of a home; threads may share it."""

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
    def user_notes(self) -> UserNotes:
        from core.feedback.user_notes import UserNotes

        return UserNotes(self.accounts, self.database)

    @cached_property
    def consistency(self) -> Consistency:
        from core.review.decisions.consistency import Consistency

        return Consistency(self.database, self.ledger)

    @cached_property
    def automation(self) -> Automation:
        from core.review.automation.automation import Automation

        return Automation(
            self.accounts, self.audit, self.database, self.ledger, self.lineage, self.policies, self.registry
        )

    @cached_property
    def effects(self) -> Effects:
        from core.review.decisions.effects import Effects

        return Effects(self.automation, self.database, self.ledger, self.numbering)

    @cached_property
    def policies(self) -> Policies:
        from core.policy.store import Policies
        from core.review import guidance

        return Policies(self.audit, self.database, guidance.follow)

    @cached_property
    def lists(self) -> ListStore:
        from core.policy.list_store import ListStore

        return ListStore(self.audit, self.database)

    @cached_property
    def snoozing(self) -> Snoozing:
        from core.policy.snoozing import Snoozing

        return Snoozing(self.accounts, self.database, self.lists, self.settings.schema_file)

    @cached_property
    def guidance(self) -> GuidanceStore:
        from core.review.guidance import GuidanceStore

        return GuidanceStore(self.database)

    @cached_property
    def queue(self) -> Queue:
        from core.review.queue import Queue

        return Queue(self.database, self.guidance)

    @cached_property
    def assigning(self) -> Assigning:
        from core.review.assigning import Assigning

        return Assigning(self.accounts, self.audit, self.database)

    @cached_property
    def cases(self) -> Cases:
        from core.review.cases import Cases

        return Cases(self.database)

    @cached_property
    def case_lists(self) -> CaseLists:
        from core.review.case_list import CaseLists

        return CaseLists(self.database)

    @cached_property
    def near_same(self) -> NearSame:
        from core.review.near_same import NearSame

        return NearSame(self.database)

    @cached_property
    def outbox(self) -> Outbox:
        from core.review.decisions.outbox import Outbox

        return Outbox(self.database)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        from core.delivery.dead_letters import DeadLetters

        return DeadLetters(self.database)

    @cached_property
    def timetable(self) -> Timetable:
        from core.retraining.timetable import Timetable

        settings = self.settings
        return Timetable(self.jobs, self.options, settings.schedule_file, settings.home)

    @cached_property
    def sender(self) -> Sender:
        from core.delivery.sender import Sender

        return Sender(
            self.audit, self.database, self.dead_letters, self.effects, self.outbox, self.removals, self.settings.data
        )

    @cached_property
    def removals(self) -> Removals:
        from core.review.decisions.removals import Removals

        return Removals(self.database, self.ledger, self.online_runs, self.runs, self.user_names)

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
    def deciding(self) -> Deciding:
        from core.scoring.decisions.deciding import Deciding
        from core.scoring.decisions.times_seen import TimesSeen

        return Deciding(self.datasets, self.lists, TimesSeen(self.datasets, self.runs))

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
    def run_users(self) -> RunUsers:
        from core.scoring.listing.run_users import RunUsers

        return RunUsers(self.datasets, self.runs, self.deciding.times_seen, self.views, self.settings.schema_file)

    @cached_property
    def closing(self) -> Closing:
        from core.scoring.closing import Closing

        return Closing(self.datasets, self.online_runs, self.runs)
