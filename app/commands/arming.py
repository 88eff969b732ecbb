"""`python3 -m app policy arm`, `disarm` and `standing`: automation that is earned."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import guard
from app.commands.shared import AsJson, By, HomeOption, home_of, name_of
from app.guard import tell
from app.stdout import put
from core.errors import RefusedError
from core.wording import count, percent

if TYPE_CHECKING:
    from core.home import Home
    from core.planning.arming import Audit
    from core.review.automation.automation import State

Comment = Annotated[str, typer.Option(help="Why, for the audit log.")]


def arm(
    context: typer.Context,
    comment: Comment,
    target: Annotated[float | None, typer.Option(help="The precision to be proven; by default the policy's.")] = None,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Let automation remove users above `remove`, from now on, where blind verdicts prove that it may."""

    home = home_of(context, home_dir)
    with guard.command(home):
        found = home.arming_desk.arm(by=name_of(by), why=comment, now=datetime.now(UTC), target=target)
        tell(found.sentence)


def disarm(context: typer.Context, comment: Comment, by: By = None, home_dir: HomeOption = None) -> None:
    """Have people look at users above `remove` first, from now on."""

    home = home_of(context, home_dir)
    with guard.command(home):
        tell(home.automation.disarm(by=name_of(by), why=comment, now=datetime.now(UTC)).sentence)


def standing(context: typer.Context, as_json: AsJson = False, home_dir: HomeOption = None) -> None:
    """Whether automation is armed, what the verdicts prove so far, and how soon their audit would see a fall."""

    home = home_of(context, home_dir)
    with guard.command(home):
        found = home.automation.state()
        if found is None:
            raise RefusedError("No model is live: there is nothing to arm.")
        audit = home.arming_desk.audit(found)
        put(json.dumps(as_facts(found, audit), indent=1) + "\n" if as_json else _words(found, audit))


def as_facts(found: State, audit: Audit) -> dict[str, Any]:
    """How automation stands, as JSON tells it."""
    seen, last = audit.outlook, found.last
    return {
        "policy": found.proof.policy, "model": found.proof.model, "armed": found.armed,
        "since": last.at.isoformat() if last else None, "by": last.by if last else None,
        "why": last.why if last else None, "target": found.terms.target, "bound": found.arming.bound,
        "may_be_armed": found.arming.proven and not found.armed, "attempt": found.arming.attempt,
        "verdicts": {
            "evidence": found.arming.verdicts, "spammer": found.found.spammer, "legitimate": found.found.legitimate,
            "unsure": found.found.unsure, "upheld_appeals": found.found.appeals,
        },
        "removed_a_day": audit.removed_a_day, "audited_a_day": audit.verdicts_a_day,
        "fall": None if seen is None else {
            "to": seen.fallen, "days": seen.days, "days_in_95_of_100": seen.days_mostly,
            "wrong_removals": seen.wrong_removals,
        },
    }  # fmt: skip


def _words(found: State, audit: Audit) -> str:
    of = found.found
    told = [
        found.sentence,
        f"Verdicts: {of.spammer:,} spammer, {of.legitimate:,} legitimate, {of.unsure:,} unsure (counted against it), "
        f"{count(of.appeals, 'appeal')} upheld.",
    ]
    if audit.outlook is None:
        told.append("Nobody is audited: no run has users in the band, or there are no reviews a day.")
    else:
        seen = audit.outlook
        told.append(
            f"{audit.verdicts_a_day:,.0f} of {audit.removed_a_day:,.0f} users of the band are audited a day: a fall to "
            f"{percent(seen.fallen)} disarms in {seen.days:,.1f} days ({seen.days_mostly:,.1f} in 95 of 100 cases), "
            f"with {seen.wrong_removals:,.0f} wrong removals until then."
        )
    return "\n".join(told) + "\n"


def told(home: Home) -> str:
    """Whether automation is armed, in a sentence; "" without a model."""
    found = home.automation.state()
    return "" if found is None else found.sentence
