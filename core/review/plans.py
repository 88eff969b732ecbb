"""From a run to the queue: who of it a person is to judge, by the plan or by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pandas as pd

from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.data.split import Split
from core.errors import UnknownItemError
from core.feedback.strata import STRATA
from core.jobs import Report
from core.policy.decide import decide
from core.policy.policy import Policy
from core.ports import DatasetStore
from core.registry.registry import Registry
from core.review import sampling
from core.review.decisions.effects import Effects
from core.review.enqueue import Enqueuing, Entry, Queued
from core.review.guidance import GuidanceStore
from core.review.sampling import Rules
from core.schema import schema as schemas
from core.schema.schema import Schema
from core.scoring.runs import Run, Runs
from core.scoring.score_file import FileScoring

#: Runs looked through for one of the same users: an older one is scored anew.
_RECENT: Final = 200


@dataclass(frozen=True, slots=True)
class Planned:
    """`certain`, `uncertain` and `random` users of the plan, and what became of them in the queue."""

    certain: int
    uncertain: int
    random: int
    queued: Queued

    @property
    def sentence(self) -> str:
        """'20 cases are queued: ...', for a person."""
        parts = f"{self.certain:,} highest risks, {self.random:,} drawn at random, {self.uncertain:,} unsure ones"
        also = [f"{self.queued.updated:,} waited already and are updated"] * bool(self.queued.updated)
        also += [f"{self.queued.known:,} were judged before on the same values"] * bool(self.queued.known)
        also += [f"{self.queued.skipped:,} are left as they are"] * bool(self.queued.skipped)
        return f"{self.queued.new:,} users are new in the queue ({parts})" + "".join(f"; {each}" for each in also) + "."


@dataclass(frozen=True, slots=True, eq=False)
class Plans:
    """Who of a run is reviewed."""

    accounts: Accounts
    audit: AuditLog
    datasets: DatasetStore
    effects: Effects
    enqueuing: Enqueuing
    file_scoring: FileScoring
    guidance: GuidanceStore
    registry: Registry
    runs: Runs
    split: Split
    schema_file: Path

    def queue_run(self, run: str, *, by: str, now: datetime) -> Planned:
        """Decide who of a run is judged, and queue them. Queued again, a run keeps the plan it has.

        Raises NotAllowedError and UnknownItemError.
        """
        by = self.accounts.authorise(by, "send to review").name
        found, schema = self.runs.find(run), schemas.load(self.schema_file)
        if (plan := self.runs.plan(run)) is None:
            plan = self._plan(found, schema)
            self.runs.save_plan(run, plan)
        chosen = plan[plan["chosen"]].assign(user=self.users(found, schema))
        queued = self._enqueue(found, schema, chosen, now)
        counts = chosen["stratum"].value_counts()
        certain, uncertain, random = (int(counts.get(name, 0)) for name in ("certain", "uncertain", "random"))
        planned = Planned(certain, uncertain, random, queued)
        self.audit.note(who=by, what="queue run", about=run, why=planned.sentence, now=now)
        return planned

    def queue_job(self, report: Report, *, run: str, by: str) -> None:
        """The job that queues a run behind the page that asked for it."""
        report(0, 0, f"Choosing who of {run} is judged")
        planned = self.queue_run(run, by=by, now=datetime.now(UTC))
        report(1, 1, planned.sentence)

    def send(self, run: str, rows: Sequence[int], *, by: str, now: datetime) -> Queued:
        """Queue users whom somebody chose, by input row. They are certain to be judged, whatever the plan drew.

        That is sound: the choice does not depend on the draw, so for estimates they are a part of the run that is known
        throughout, and the sample speaks for the rest. Raises NotAllowedError and UnknownItemError.
        """
        by = self.accounts.authorise(by, "send to review").name
        found, schema = self.runs.find(run), schemas.load(self.schema_file)
        known = self.runs.scores(run).index
        if unknown := [row for row in rows if row not in known]:
            raise UnknownItemError(f"scored row of {run}", str(unknown[0]))
        chosen = pd.DataFrame({"stratum": "certain", "inclusion": 1.0, "blind": False}, index=pd.Index(rows))
        chosen["user"] = self.users(found, schema).loc[chosen.index]
        queued = self._enqueue(found, schema, chosen, now)
        self.runs.save_sent(run, chosen["user"])
        self.audit.note(who=by, what="send to review", about=run, details={"rows": list(map(int, rows))}, now=now)
        return queued

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
        run, schema = self._scored(dataset, models, policy, now), schemas.load(self.schema_file)
        known = self.runs.scores(run.id).index
        if unknown := [row for row in rows if row not in known]:
            raise UnknownItemError(f"scored row of {run.id}", str(unknown[0]))
        chosen = pd.DataFrame({"stratum": "flip", "inclusion": None, "blind": False}, index=pd.Index(rows))
        chosen["user"] = self.users(run, schema).loc[chosen.index]
        queued = self._enqueue(run, schema, chosen, now)
        details = {"rows": list(map(int, rows)), "flips": list(models)}
        self.audit.note(who=by, what="send to review", about=run.id, details=details, now=now)
        return run, queued

    def _scored(self, dataset: str, models: Sequence[str], policy: Policy, now: datetime) -> Run:
        of_it = [run for run in self.runs.recent(_RECENT) if run.dataset == dataset]
        for model in models:
            if run := next((run for run in of_it if run.model == model), None):
                return run
        loaded = self.registry.load(models[0])
        return self.file_scoring.score_stored(self.datasets.find(dataset), loaded, policy, now=now)

    def _plan(self, run: Run, schema: Schema) -> pd.DataFrame:
        """`stratum`, `inclusion`, `chosen`, `blind` of every user of a run, once, indexed by the latest input row."""
        rules, named = self.guidance.load(), self.users(run, schema)
        scores = self.runs.scores(run.id).loc[latest(named)]
        draws = sampling.draws(named.loc[scores.index].tolist(), self.split.salt())
        values = self.datasets.frame(run.dataset, schema.names).loc[scores.index] if rules.uncertain else None
        features = None if values is None else values.to_numpy("float32")
        plan = sampling.plan(
            scores["probability"].to_numpy(), run.policy, draws,
            rules=Rules(rules.capacity, rules.audit, rules.uncertain), features=features,
        )  # fmt: skip
        stratum = pd.Categorical.from_codes(plan.stratum, pd.Index(STRATA))
        facts = {"stratum": stratum, "inclusion": plan.inclusion, "chosen": plan.chosen, "blind": plan.blind}
        return pd.DataFrame(facts, index=scores.index)

    def users(self, run: Run, schema: Schema) -> pd.Series[str]:
        """What names each user over all files, indexed by input row: the id, or, without ids, the file and the row."""
        if schema.id is None:
            rows = self.runs.scores(run.id).index
            return pd.Series([f"{run.dataset[:12]}-{row}" for row in rows], index=rows, dtype="str")
        column = self.datasets.find(run.dataset).id_column
        return self.datasets.frame(run.dataset, [column])[column].astype("str")

    def _enqueue(self, run: Run, schema: Schema, plan: pd.DataFrame, now: datetime) -> Queued:
        self.effects.catch_up()  # who was judged just before a crash is known, too
        return self.enqueuing.enqueue(self._entries(run, schema, plan), now=now)

    def _entries(self, run: Run, schema: Schema, plan: pd.DataFrame) -> list[Entry]:
        dataset = self.datasets.find(run.dataset)
        rows = plan.index
        features = self.datasets.frame(run.dataset, schema.names).loc[rows].to_dict("records")
        context = self.datasets.frame(run.dataset, dataset.context).loc[rows].to_dict("records")
        score = self.runs.scores(run.id)["probability"].loc[rows]
        bands, actions = decide(run.policy, score).bands.tolist(), decide(run.policy, score).actions.tolist()
        return [
            Entry(
                user=user, dataset=run.dataset, run=run.id, row=int(row), model=run.model, policy=run.policy.version,
                score=float(p), band=band, action=action, stratum=stratum, blind=bool(blind),
                inclusion=None if pd.isna(inclusion) else float(inclusion),
                context={name: None if pd.isna(value) else str(value) for name, value in about.items()},
                features={str(name): None if pd.isna(value) else float(value) for name, value in values.items()},
            )
            for row, user, stratum, inclusion, blind, p, band, action, about, values in zip(
                rows, plan["user"], plan["stratum"], plan["inclusion"], plan["blind"], score, bands, actions, context,
                features, strict=True,
            )
        ]  # fmt: skip


def latest(named: pd.Series[str]) -> pd.Index[int]:
    """The last input row of each user: who asks the API about one user twice means the same user."""
    return named.index[~named.duplicated(keep="last")]
