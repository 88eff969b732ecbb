"""A reviewer's work: a verdict on a case, many at once, an undo; each on disk before it is acknowledged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from core.access.accounts import Accounts
from core.access.stored_users import users_stay
from core.errors import BadOptionError, RefusedError, TrustdeskError, UnknownItemError
from core.feedback.ledger import Ledger
from core.feedback.verdict import Judgement, Verdict
from core.ports import DatasetStore, VerdictStore
from core.review.cases import Case, Cases
from core.review.guidance import GuidanceStore
from core.review.queue import Queue
from core.schema import schema as schemas


@dataclass(frozen=True, slots=True)
class Given:
    """What a reviewer says of a case. `id` comes from the client: saying it twice counts once.

    `seconds` it took, None when not known; `reasons` as they were shown, "" where they were hidden; `category` of the
    violation, "" where none is said.
    """

    id: str
    judgement: Judgement
    reason: str = ""
    notes: str = ""
    seconds: float | None = None
    reasons: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What several verdicts at once came to; `refused` says why some cases were not judged."""

    verdicts: tuple[Verdict, ...]
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Records verdicts, and what follows from them."""

    accounts: Accounts
    cases: Cases
    datasets: DatasetStore
    feedback: VerdictStore
    guidance: GuidanceStore
    ledger: Ledger
    queue: Queue
    schema_file: Path

    @users_stay
    def judge(self, case: str, given: Given, *, by: str, session: str, now: datetime) -> Verdict:
        """Record a verdict on a case that this reviewer holds in this session; on disk when this returns.

        Raises NotAllowedError, UnknownItemError, and RefusedError when somebody else has taken or closed the case.
        """
        by = self.accounts.authorise(by, "judge").name
        self._check(given)
        if self._known(given.id):
            return self.feedback.record([self._verdict(self.cases.find(case), given, by, now)])[0]
        lease = self.guidance.load().lease
        mine = self.queue.renew(case, by, now=now, lease=lease, session=session)
        if not mine and not self._known(given.id):  # said twice at once, the other one may just have closed the case
            raise RefusedError(f"Case {case} is no longer yours: {_why(self.cases.find(case))}. Nothing was recorded.")
        return self.feedback.record([self._verdict(self.cases.find(case), given, by, now)])[0]

    @users_stay
    def triage(
        self, chosen: Sequence[str], given: Given, *, by: str, session: str, now: datetime
    ) -> Judged:  # fmt: skip
        """Record one verdict on several cases in one step; verdict ids are `<given.id>-<case>`.

        A case that somebody else holds or that is closed is refused, with the sentence; the others are recorded. Raises
        NotAllowedError.
        """
        by = self.accounts.authorise(by, "judge").name
        self._check(given)
        lease = self.guidance.load().lease
        verdicts, refused = [], {}

        def taken(case: str, name: str) -> Case:
            if self._known(name):
                return self.cases.find(case)
            try:  # each under a session of its own: a holder has one case at a time
                return self.queue.take(case, by, now=now, lease=lease, session=f"{session}/{case}")
            except RefusedError:
                if self._known(name):  # said twice at once, as in `judge`
                    return self.cases.find(case)
                raise

        for case in dict.fromkeys(chosen):
            said = replace(given, id=f"{given.id}-{case}")
            try:
                verdicts.append(self._verdict(taken(case, said.id), said, by, now))
            except TrustdeskError as error:
                refused[case] = str(error)
        return Judged(self.feedback.record(verdicts), refused)

    @users_stay
    def undo(self, verdicts: Sequence[str], *, by: str, now: datetime) -> tuple[str, ...]:
        """Take back verdicts of one's own; their cases are open again. The ids of these cases, in the order given.

        What is taken back stays in the file, with a row that withdraws it. Raises NotAllowedError and RefusedError.
        """
        by = self.accounts.authorise(by, "judge").name
        known = self.ledger
        known.refresh()
        found = [known.verdict(verdict) for verdict in verdicts]
        taken_back = []
        for verdict, stored in zip(verdicts, found, strict=True):
            if stored is None or stored.reviewer != by:
                raise RefusedError(f"Verdict {verdict} is not yours to undo.")
            taken_back.append(stored.withdrawn(now))
        self.feedback.record(taken_back)
        return tuple(stored.case for stored in found if stored is not None)

    def last_step(self, by: str, *, since: datetime) -> tuple[Verdict, ...]:
        """A reviewer's last verdict on a case since then that still stands, or all those given in one step with it."""
        known = self.ledger
        known.refresh()
        steps: dict[str, list[str]] = {}
        for identity, case, said in known.of_reviewer(by, since)[["id", "case", "verdict"]].itertuples(index=False):
            if case and said != "withdrawn" and known.successor(identity) is None:
                steps.setdefault(identity.removesuffix(f"-{case}"), []).append(identity)
        ids = steps[next(reversed(steps))] if steps else []
        return tuple(verdict for verdict in map(known.verdict, ids) if verdict is not None)

    @users_stay
    def correct(self, verdict: str, given: Given, *, by: str, now: datetime) -> Verdict:
        """Say something else than one's own verdict of a short while ago; it takes the place of that one everywhere.

        Whoever corrects has seen the score since: the new verdict is not blind. Raises NotAllowedError, and
        RefusedError for somebody else's verdict, one that is too old (`Guidance.correction_hours`) or that stands no
        longer.
        """
        by = self.accounts.authorise(by, "judge").name
        self._check(given)
        known = self.ledger
        known.refresh()
        before = known.verdict(verdict)
        if before is None or before.reviewer != by:
            raise RefusedError(f"Verdict {verdict} is not yours to correct.")
        if not self._known(given.id):  # said twice, the first time counts
            self._refuse_unless_fresh(before, now)
        return self.feedback.record([
            replace(
                before, id=given.id, time=now, verdict=given.judgement, reason=given.reason, notes=given.notes,
                seconds=None, blind=False, supersedes=verdict, category=given.category,
            )
        ])[0]  # fmt: skip

    def may_correct(self, verdict: Verdict, *, now: datetime) -> bool:
        """Whether its reviewer may still correct a verdict."""
        return now - verdict.time <= timedelta(hours=self.guidance.load().correction_hours) and self._stands(verdict)

    def _check(self, given: Given) -> None:
        """Raises BadOptionError for a category that the label of this home has not."""
        if given.category:
            label = schemas.load(self.schema_file).label
            if label is None or given.category not in label.categories:
                raise BadOptionError("category", "this is no category of the label in data/schema.toml.")

    def _refuse_unless_fresh(self, before: Verdict, now: datetime) -> None:
        if not self._stands(before):
            raise RefusedError(f"Verdict {before.id} does not stand any more: the case was judged again or taken back.")
        if not self.may_correct(before, now=now):
            hours = self.guidance.load().correction_hours
            raise RefusedError(
                f"Verdict {before.id} is older than {hours:g} hours. A lead can have the case judged again (Reopen)."
            )

    def _stands(self, verdict: Verdict) -> bool:
        """Whether a verdict is what its case was decided by."""
        if not verdict.case or self.ledger.successor(verdict.id) is not None:
            return False
        try:
            case = self.cases.find(verdict.case)
        except UnknownItemError:  # given in a database that was lost
            return False
        return case.status == "closed" and case.verdict == verdict.id

    def _verdict(self, case: Case, given: Given, by: str, now: datetime) -> Verdict:
        said = _verdict(case, given, by, now)
        if not said.blind:
            return said
        known = self.ledger
        known.refresh()
        rows = known.of_case(case.id)
        before = rows[~(rows["id"] == given.id).cummax()]  # said again, it is the verdict that it was
        # Whoever has judged the case was told its score then, an undo later or not.
        return replace(said, blind=not (before["reviewer"] == by).any())

    def _known(self, verdict: str) -> bool:
        """Whether a verdict is stored: then the store gives it back, or refuses when now something else is said."""
        known = self.ledger
        known.refresh()
        return known.verdict(verdict) is not None


def _verdict(case: Case, given: Given, by: str, now: datetime) -> Verdict:
    return Verdict(
        id=given.id, time=now, case=case.id, prediction=case.prediction, user=case.user, reviewer=by,
        verdict=given.judgement, reason=given.reason, notes=given.notes, seconds=given.seconds, model=case.model,
        policy=case.policy, score=case.score, band=case.band, action=case.action, reasons=given.reasons,
        blind=case.blind, stratum=case.stratum, inclusion=case.inclusion, features=case.features,
        category=given.category,
        texts={name: text for name, text in case.context.items() if text and name in case.features},
    )  # fmt: skip


def _why(case: Case) -> str:
    if case.status == "closed":
        return f"{case.judged_by} has judged it" if case.judged_by else "it is closed"
    return f"{case.claimed_by} has it now" if case.claimed_by else "it was let go, or a newer run has changed it"
