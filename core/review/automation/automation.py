"""Arming and disarming automatic removal, on the evidence there is; and disarming it where the evidence is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.errors import RefusedError
from core.feedback.ledger import Ledger
from core.policy import arming
from core.policy.arming import Act, Arming
from core.policy.automation import acts
from core.policy.automation.acts import RULE, Deed, Kind, Proof
from core.policy.policy import Policy
from core.policy.proof.terms import Terms
from core.policy.store import Policies, check_comment
from core.registry.lineage import Lineage
from core.registry.registry import Registry
from core.review.automation import evidence
from core.review.automation.evidence import Found
from core.store.database import Database
from core.wording import percent

_DEED: Final = "change policy"


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """How automation stands: by the `policy` in force, as armed as it is now, and the champion.

    `arming`: what the evidence says; `found`: the evidence; `since`: from when on its verdicts count, None for all;
    `deeds`: who armed and disarmed on this proof, oldest first; `last`: the last deed of all.
    """

    policy: Policy
    proof: Proof
    terms: Terms
    arming: Arming
    found: Found
    since: datetime | None
    deeds: tuple[Deed, ...]
    last: Deed | None

    @property
    def armed(self) -> bool:
        return self.policy.armed

    @property
    def lost(self) -> Deed | None:
        """What ended automation, where it was armed once and is not now."""
        if self.armed or self.last is None:
            return None
        return self.last

    @property
    def sentence(self) -> str:
        """How things stand, for a person."""
        last, target = self.last, percent(self.terms.target)
        shown = f"{self.arming.shown}; the target is {target}."
        if last is not None and self.armed:
            return f"Armed by {last.by} since {_day(last.at)} UTC: {shown}"
        told = f"{lost_words(last, self.proof)} " if last is not None else "Not armed: "
        again = " It may be armed." if self.arming.proven else ""
        return f"{told}{shown[:1].upper() + shown[1:] if last else shown}{again}"


@dataclass(frozen=True, slots=True, eq=False)
class Automation:
    """Automatic removal in a home."""

    accounts: Accounts
    audit: AuditLog
    database: Database
    ledger: Ledger
    lineage: Lineage
    policies: Policies
    registry: Registry

    def state(self, target: float | None = None) -> State | None:
        """How things stand now; None while there is no champion. target: as if it was this one."""
        model = self.registry.champion()
        if model is None:
            return None
        self.ledger.refresh()
        return self._state(model, target)

    def rests_on(self) -> frozenset[str]:
        """The users whose verdicts are the proof for the policy and the model of now, armed or not."""
        model = self.registry.champion()
        if model is None:
            return frozenset()
        self.ledger.refresh()
        policy = self.policies.deciding(model).version
        return evidence.users(self.ledger, policy=policy, model=model, since=self._since(model))

    def last(self) -> Deed | None:
        """The last time that somebody armed or disarmed, or the rule did."""
        with self.database.connect() as connection:
            return acts.last(connection)

    def deeds(self) -> tuple[Deed, ...]:
        """All of these, oldest first."""
        with self.database.connect() as connection:
            return acts.all_of(connection)

    def arm(
        self, *, by: str, why: str, verdicts_a_day: float, now: datetime, target: float | None = None
    ) -> State:  # fmt: skip
        """Let automation remove, from now on. verdicts_a_day: how many audited ones there will be; target: another one
        than the policy's, for all of this proof.

        Raises NotAllowedError, BadOptionError without a comment, and RefusedError that says why not.
        """
        who = self.accounts.authorise(by, _DEED).name
        check_comment(why)
        state = self.state(target)
        if state is None:
            raise RefusedError("No model is live: there is nothing to arm.")
        armed_for = {deed.target for deed in state.deeds if deed.armed}
        if target is not None and armed_for - {target}:
            raise RefusedError(
                f"It was armed for {percent(*armed_for)} before: for another target, activate another version of the "
                "policy, which begins a proof of its own."
            )
        arming.require(state.arming, verdicts_a_day)
        self._add("arm", state, why.strip(), who, now)
        return self._after(state)

    def disarm(self, *, by: str, why: str, now: datetime) -> State:
        """Have people look first, from now on. Raises NotAllowedError, BadOptionError and RefusedError."""
        who = self.accounts.authorise(by, _DEED).name
        check_comment(why)
        state = self.state()
        if state is None or not state.armed:
            raise RefusedError("Automation is not armed.")
        self._add("disarm", state, why.strip(), who, now)
        return self._after(state)

    def check(self, *, now: datetime) -> Deed | None:
        """Disarm where the evidence does not hold any more; what was done, None where nothing was.

        To be called after every verdict: it looks at nothing while automation is not armed.
        """
        held = self.last()
        if held is None or not held.armed or (model := self.registry.champion()) is None:
            return None
        if held.proof != (proof := self.policies.proof(model)):
            after = proof.policy if held.proof.model == model else model
            return self._disarmed("void", held, held.bound, f"{after} was put in force", now)
        self.ledger.refresh()
        state = self._state(model, None)
        if state.arming.armed and (state.since is None or held.at >= state.since):
            return None
        fell = state.arming.stage == "disarmed" and state.arming.by is None
        target = percent(state.terms.target)
        if fell:
            why = f"verdicts show that precision fell below {target}"
        elif state.arming.armed:
            why = f"{model} was promoted anew"
        else:
            why = f"verdicts were overturned, so that a precision above {target} is not proven any more"
        return self._disarmed("fell" if fell else "void", held, state.arming.bound, why, now)

    def _disarmed(self, kind: Kind, held: Deed, bound: float, why: str, now: datetime) -> Deed | None:
        """Disarm where nobody asks for it; None where another process has just done so."""
        deed = replace(held, kind=kind, bound=bound, why=why, by=RULE, at=now)
        try:
            with self.database.writing() as connection:
                acts.add(connection, deed, after=held.number)
        except RefusedError:
            return None
        self._note(deed)
        return deed

    def _add(self, kind: Kind, state: State, why: str, by: str, now: datetime) -> None:
        bound = state.arming.bound
        deed = Deed(kind, state.proof, state.terms.target, bound, state.arming.verdicts, why, by, now)
        with self.database.writing() as connection:
            if self.registry.champion() != state.proof.model or self.policies.proof(state.proof.model) != state.proof:
                raise RefusedError("The policy or the live model was changed at this moment. Load the page again.")
            acts.add(connection, deed, after=state.last.number if state.last else 0)
        self._note(deed)

    def _note(self, deed: Deed) -> None:
        what = "arm automation" if deed.armed else "disarm automation"
        details = {"model": deed.proof.model, "target": deed.target, "bound": deed.bound, "verdicts": deed.verdicts}
        self.audit.note(who=deed.by, what=what, about=deed.proof.policy, why=deed.why, details=details, now=deed.at)

    def _after(self, state: State) -> State:
        found = self.state(state.terms.target)
        return state if found is None else found

    def _state(self, model: str, target: float | None) -> State:
        policy, proof, since = self.policies.deciding(model), self.policies.proof(model), self._since(model)
        every = self.deeds()
        ours = tuple(each for each in every if each.proof == proof and (since is None or each.at >= since))
        targets = [each.target for each in ours if each.armed]
        terms = policy.removal.terms(targets[-1] if target is None and targets else target)
        found = evidence.found(self.ledger, policy=policy.version, model=model, since=since)
        # After proofs that became void, whatever they were armed by, the next part of the error is spent.
        voided = max((at for at, each in enumerate(ours, 1) if each.kind == "void"), default=0)
        spent = sum(each.armed for each in ours[:voided])
        made = [
            Act("arm" if each.armed else "disarm", each.at, each.by) for each in ours[voided:] if each.kind != "fell"
        ]
        now = arming.standing(found.evidence, terms, made, attempt=1 + spent)
        return State(policy, proof, terms, now, found, since, ours, every[-1] if every else None)

    def _since(self, model: str) -> datetime | None:
        """From when on verdicts count: the policy was activated, and the model promoted."""
        promoted = [each.at for each in self.lineage.history(model) if each.version == model]
        moments = [*promoted[-1:], *filter(None, [self.policies.since()])]
        return max(moments, default=None)


def lost_words(last: Deed, now: Proof) -> str:
    """Why automation that was armed once is not now."""
    day = f"since {_day(last.at)} UTC"
    if last.armed:
        held, after = (last.proof.policy, now.policy) if last.proof.policy != now.policy else (
            last.proof.model, now.model
        )  # fmt: skip
        if held == after:
            return f"Not armed: {held} was put in force anew."
        return f"Not armed: it was armed for {held}, and {after} begins its own proof."
    if last.kind == "disarm":
        return f"Disarmed by {last.by} {day}: {last.why}."
    return f"Disarmed {day}: {last.why}."


def _day(at: datetime) -> str:
    return f"{at:%-d %b %Y, %H:%M}"
