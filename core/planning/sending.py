"""Users whom somebody chose, sent to review by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pandas as pd

from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.access.stored_users import users_stay
from core.errors import RefusedError, UnknownItemError
from core.planning.entries import Entries
from core.policy.policy import Policy
from core.ports import DatasetStore
from core.registry.registry import Registry
from core.review.cases import Case, Cases
from core.review.decisions.effects import Effects
from core.review.enqueue import Enqueuing, Queued
from core.review.queue import Queue
from core.schema import schema as schemas
from core.scoring.runs import Run, Runs
from core.scoring.score_file import FileScoring
from core.scoring.user_names import UserNames

#: Runs looked through for one of the same users: an older one is scored anew.
_RECENT: Final = 200
#: Users sent at once: of more it is the plan of the day that chooses.
MOST_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Sending:
    """Sends users to review, whatever the day's plan draws."""

    accounts: Accounts
    audit: AuditLog
    cases: Cases
    datasets: DatasetStore
    effects: Effects
    enqueuing: Enqueuing
    entries: Entries
    file_scoring: FileScoring
    queue: Queue
    registry: Registry
    runs: Runs
    user_names: UserNames
    schema_file: Path

    @users_stay
    def send(self, run: str, rows: Sequence[int], *, by: str, now: datetime) -> Queued:
        """Queue users whom somebody chose, by input row. They are certain to be judged, whatever the plan drew.

        That is sound: the choice does not depend on the draw, so for estimates they are a part of the run that is known
        throughout, and the sample speaks for the rest. Raises NotAllowedError and UnknownItemError.
        """
        by = self.accounts.authorise(by, "send to review").name
        found = self.runs.find(run)
        known = self.runs.scores(run).index
        if unknown := [row for row in rows if row not in known]:
            raise UnknownItemError(f"scored row of {run}", str(unknown[0]))
        chosen = pd.DataFrame({"stratum": "certain", "inclusion": 1.0, "blind": False}, index=pd.Index(rows))
        chosen["user"] = self.user_names.of(found).loc[chosen.index]
        queued = self._enqueue(found, chosen, now)
        self.runs.save_sent(run, chosen["user"])
        self.audit.note(who=by, what="send to review", about=run, details={"rows": list(map(int, rows))}, now=now)
        return queued

    @users_stay
    def appeal(self, run: str, row: int, *, note: str, by: str, now: datetime) -> Case:
        """Have a person look at a user whom automation removed in a run, by input row, and who appeals; next of all.

        Raises NotAllowedError, UnknownItemError, and RefusedError where automation did not remove that user there, or
        there is a case of the user that is open.
        """
        by = self.accounts.authorise(by, "reopen").name
        found, scores = self.runs.find(run), self.runs.scores(run)
        if row not in scores.index:
            raise UnknownItemError(f"scored row of {run}", str(row))
        if not note.strip():
            raise RefusedError("Say in a note why the user is to be judged.")
        chosen = pd.DataFrame({"stratum": "appeal", "inclusion": None, "blind": False}, index=pd.Index([row]))
        chosen["user"] = self.user_names.of(found).loc[chosen.index]
        (entry,) = self.entries.of(found, chosen)
        if entry.action != "auto_remove":
            raise RefusedError(f"Automation did not remove {entry.user} in {run}. Reopen the case of the decision.")
        self.effects.catch_up()
        if self.enqueuing.enqueue([entry], now=now).new == 0:
            raise RefusedError(f"User {entry.user} has an open case already. Judge that one.")
        (case,) = (each for each in self.cases.of_user(entry.user) if each.status == "open")
        self.audit.note(who=by, what="appeal", about=case.id, why=note.strip(), now=now)
        return self.queue.contest(case.id, by=by, note=note, now=now)

    @users_stay
    def send_flips(
        self, dataset: str, rows: Sequence[int], *, models: Sequence[str], policy: Policy, by: str,
        now: datetime,
    ) -> tuple[Run, Queued]:  # fmt: skip
        """Queue users of a dataset whose band differs between two models, by input row, and return the run they are of.

        That is the newest run of the dataset by the first of `models`, or of the next; where there is none, the first
        scores the dataset now. How many models disagree on somebody says nothing of all others: the stratum is "flip",
        and these labels count in no estimate. Raises NotAllowedError, UnknownItemError and UnknownVersionError.
        """
        by = self.accounts.authorise(by, "send to review").name
        run = self._scored(dataset, models, policy, now)
        known = self.runs.scores(run.id).index
        if unknown := [row for row in rows if row not in known]:
            raise UnknownItemError(f"scored row of {run.id}", str(unknown[0]))
        chosen = pd.DataFrame({"stratum": "flip", "inclusion": None, "blind": False}, index=pd.Index(rows))
        chosen["user"] = self.user_names.of(run).loc[chosen.index]
        queued = self._enqueue(run, chosen, now)
        details = {"rows": list(map(int, rows)), "flips": list(models)}
        self.audit.note(who=by, what="send to review", about=run.id, details=details, now=now)
        return run, queued

    def _scored(self, dataset: str, models: Sequence[str], policy: Policy, now: datetime) -> Run:
        of_it = [run for run in self.runs.recent(_RECENT) if run.dataset == dataset]
        for model in models:
            if run := next((run for run in of_it if run.model == model), None):
                return run
        loaded = self.registry.load(models[0])
        schema = schemas.load(self.schema_file)
        return self.file_scoring.score_stored(self.datasets.find(dataset), schema, loaded, policy, now=now)

    def _enqueue(self, run: Run, chosen: pd.DataFrame, now: datetime) -> Queued:
        self.effects.catch_up()  # who was judged just before a crash is known, too
        return self.enqueuing.enqueue(self.entries.of(run, chosen), now=now)
