"""How files are scored, and models compared, diagnosed and passed on, in a home; see `core.stores.stores`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from core.stores.stores import Stores

if TYPE_CHECKING:
    from core.catalog.erasure.erasure import Erasure
    from core.catalog.holdings import Holdings
    from core.catalog.posts.fetches import Fetches
    from core.catalog.proof.home_proof import HomeProof
    from core.catalog.pruning import Pruning
    from core.catalog.retention import Retention
    from core.catalog.run_edits import RunEdits
    from core.comparison.common_rows import CommonRows
    from core.comparison.comparison_job import Comparer
    from core.comparison.result import VersionComparisons
    from core.diagnostics.importance import ImportanceRuns
    from core.diagnostics.learning_curve import LearningCurves
    from core.diagnostics.robustness import RobustnessRuns
    from core.hub.push_pull import HubSync
    from core.scoring.lost_runs import LostRuns
    from core.scoring.score_file import FileScoring
    from core.tracking.mirror import Mirror


class Studies(Stores):
    """The stores of a home, what scores files, and what compares and diagnoses models; threads may share it."""

    @cached_property
    def common_rows(self) -> CommonRows:
        from core.comparison.common_rows import CommonRows

        return CommonRows(self.datasets, self.split)

    @cached_property
    def comparer(self) -> Comparer:
        from core.comparison.comparison_job import Comparer

        return Comparer(
            self.common_rows,
            self.comparisons,
            self.datasets,
            self.prediction_files,
            self.registry,
            self.split,
            self.training_runs,
            self.settings.models,
            self.settings.schema_file,
        )

    @cached_property
    def version_comparisons(self) -> VersionComparisons:
        from core.comparison.result import VersionComparisons

        return VersionComparisons(self.common_rows)

    @cached_property
    def importance(self) -> ImportanceRuns:
        from core.diagnostics.importance import ImportanceRuns

        return ImportanceRuns(self.common_rows, self.datasets, self.diagnoses, self.registry, self.settings.schema_file)

    @cached_property
    def learning_curves(self) -> LearningCurves:
        from core.diagnostics.learning_curve import LearningCurves

        return LearningCurves(self.datasets, self.diagnoses, self.split, self.settings.schema_file)

    @cached_property
    def robustness(self) -> RobustnessRuns:
        from core.diagnostics.robustness import RobustnessRuns

        return RobustnessRuns(self.common_rows, self.datasets, self.diagnoses, self.registry, self.settings.schema_file)

    @cached_property
    def lost_runs(self) -> LostRuns:
        from core.scoring.lost_runs import LostRuns

        return LostRuns(self.accounts, self.audit, self.database, self.numbering, self.settings.feedback)

    @cached_property
    def file_scoring(self) -> FileScoring:
        from core.scoring.score_file import FileScoring

        return FileScoring(
            self.datasets, self.deciding, self.registry, self.runs, self.unfinished, limits=self.file_limits.load
        )

    @cached_property
    def holdings(self) -> Holdings:
        from core.catalog.holdings import Holdings

        return Holdings(
            self.accounts,
            self.audit,
            self.database,
            self.datasets,
            self.ledger,
            self.registry,
            self.runs,
            self.training_runs,
        )

    @cached_property
    def run_edits(self) -> RunEdits:
        from core.catalog.run_edits import RunEdits

        return RunEdits(self.accounts, self.audit, self.database, self.runs)

    @cached_property
    def retention(self) -> Retention:
        from core.catalog.retention import Retention

        return Retention(
            self.accounts,
            self.audit,
            self.cases,
            self.datasets,
            self.ledger,
            self.messages,
            self.runs,
            self.settings.schema_file,
        )

    @cached_property
    def proof(self) -> HomeProof:
        from core.catalog.proof.home_proof import HomeProof

        settings = self.settings
        apart = {settings.models, settings.database, settings.feedback, settings.audit, settings.claims}
        apart |= {settings.log.parent, settings.unfinished, settings.secrets_file}
        return HomeProof(
            self.consistency,
            self.database,
            self.datasets,
            self.ledger,
            self.lineage,
            self.registry,
            self.runs,
            self.split,
            self.training_runs,
            (settings.feedback_file, settings.audit),
            tuple(place for place in settings.kept() if place not in apart),
            settings.schema_file,
        )

    @cached_property
    def erasure(self) -> Erasure:
        from core.catalog.erasure.erasure import Erasure
        from core.catalog.erasure.in_files import InFiles
        from core.catalog.erasure.in_tables import InTables

        settings = self.settings
        return Erasure(
            self.accounts,
            self.audit,
            self.database,
            self.effects,
            self.feedback,
            InFiles(self.jobs, settings.unfinished, settings.log.parent, settings.database, settings.schedule_file),
            self.ledger,
            InTables(self.datasets, self.registry, self.runs, settings.compared, settings.predictions, settings.shadow),
            settings.schema_file,
            settings.watched,
        )

    @cached_property
    def pruning(self) -> Pruning:
        from core.access.retention_options import RetentionOptions
        from core.catalog.old_decisions import OldDecisions
        from core.catalog.old_verdicts import OldVerdicts
        from core.catalog.pruning import Pruning

        return Pruning(
            self.accounts,
            self.audit,
            self.comparisons,
            self.database,
            self.holdings,
            self.jobs,
            self.numbering,
            OldDecisions(self.database, self.ledger, self.sender),
            OldVerdicts(
                self.automation, self.database, self.effects, self.inclusions, self.ledger, self.runs, self.schedule
            ),
            RetentionOptions(self.options),
            self.prediction_files,
            self.settings.log.parent,
        )

    @cached_property
    def fetches(self) -> Fetches:
        from core.catalog.posts.fetches import Fetches

        return Fetches(self.datasets, self.messages, self.runs, self.settings.fetched, self.settings.schema_file)

    @cached_property
    def hub(self) -> HubSync:
        from core.hub.push_pull import HubSync

        settings = self.settings
        return HubSync(
            self.accounts, self.audit, self.lineage, self.messages, self.registry, settings.jobs, settings.models,
            settings.schema_file,
        )  # fmt: skip

    @cached_property
    def mirror(self) -> Mirror:
        from core.tracking.mirror import Mirror

        return Mirror(lambda: self.hub, self.jobs, self.registry, self.training_runs, self.settings.tracking)
