"""How the pieces of the page change the draft: who may, under which name, and what is said when somebody was faster."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from app import guard, session
from app.queries import services
from app.queries.policy import Desk
from core.access.accounts import named
from core.estimation.plan_rows import Prepared
from core.policy import planner
from core.policy.automation.removal import Removal
from core.policy.planner import Plan
from core.policy.policy import Policy
from core.policy.rules import Rule
from core.policy.thresholds.promise import Promise
from core.policy.users import Kinds


def may_change() -> bool:
    return session.may("change policy")


def whose(key: str) -> str:
    """Who changes the policy; asked for when nobody has said so yet."""
    person = session.person()
    return person.name if person else st.text_input("Your name", max_chars=80, key=f"name-{key}", width=260)


def authorised(name: str) -> str:
    """The name under which a change is made. Raises BadOptionError, NotAllowedError."""
    given = named(name)
    session.come_in(given)
    return services.home().accounts.authorise(given, "change policy").name


def save(desk: Desk, policy: Policy, name: str, promise: Promise | None = None) -> bool:
    """Keep a policy as the draft, and draw the page anew; what is wrong is said here. promise: what a plan expects."""
    with guard.shown() as failure:
        by = authorised(name)
        Kinds.of(services.schema()).check(policy.rules)
        base = replace(policy, version=desk.in_force.version, armed=False)  # it begins a proof of its own
        services.home().policies.save_draft(base, number=desk.number, by=by, now=services.now(), promise=promise)
    return failure.error is None


def planned(desk: Desk, prepared: Prepared, plan: Plan, remove: float, model: str, name: str) -> bool:
    """Make the thresholds of a plan those of the draft, with what it was made for and what it expects. remove: where
    removal begins; model: the version that it was planned with.

    A plan may put two at one score; in a policy they rise, so that the upper one is the next number above.
    """
    with guard.shown() as failure:
        review = max(plan.review, float(np.nextafter(plan.monitor, 1.0)))
        remove = max(remove, float(np.nextafter(review, 1.0)))
        aims = plan.demand.aims(desk.policy.aims)
        changed = replace(desk.policy, monitor=plan.monitor, review=review, remove=remove, aims=aims)
        promise = planner.promise(prepared.rehearsal, plan, review, remove, model)
    return failure.error is None and save(desk, changed, name, promise)


def with_removal(desk: Desk, removal: Removal) -> Policy:
    return replace(desk.policy, removal=removal)


def with_rules(desk: Desk, rules: tuple[Rule, ...]) -> Policy:
    return replace(desk.policy, rules=rules)
