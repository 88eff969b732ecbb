"""What the platform is to do: read decision by decision, and confirmed by who has acted on them."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api import cursors, responses
from app.api.body import StrictRoute
from app.api.cursors import Cursor
from app.api.dependencies import Again, Here, MayExport
from app.api.idempotency import kept, once
from app.api.models.review import MOST_NUMBER, ConfirmRequest, ConfirmResponse, Consumer, Decisions, DecisionsBefore
from app.api.problem_details import Problem
from app.api.serving_state import Live
from core.access.accounts import Person
from core.access.idempotency import Claim

router = APIRouter(route_class=StrictRoute, tags=["review"])
#: What was there before `/v1`, and is answered as it was.
before = APIRouter(route_class=StrictRoute)
MOST_DECISIONS = 10_000
_LIST = "decisions"

Since = Annotated[int, Query(ge=0, le=MOST_NUMBER, description="The last number acted on.")]
Most = Annotated[int, Query(ge=1, le=MOST_DECISIONS, description="Most decisions to give.")]


@router.get("/decisions")
def list_decisions(
    live: Here, who: MayExport, since: Since | None = None, cursor: Cursor = None,
    consumer: Annotated[
        Consumer | None, Query(description="Who reads them: then they begin after what it has confirmed.")
    ] = None,
    limit: Most = 1_000,
) -> Decisions:  # fmt: skip
    """The decisions after a number, oldest first. Numbers never change: asking again gives the same, without those
    that the retention period has ended for since.

    Where to begin is said by one of `since`, `cursor` and `consumer`, and else is the first. A consumer acts on what it
    reads, then confirms it: what it has not confirmed it is given again.
    """
    after = _begin(live, since, cursor, consumer)
    rows = _read(live, who, after, limit)
    last = rows[-1]["number"] if rows else after
    return Decisions.model_validate(
        {"decisions": rows, "after": after, "last": last, "next": cursors.made(_LIST, last)}
    )


@router.post("/decisions/confirm", response_model=ConfirmResponse)
async def confirm_decisions(
    sent: ConfirmRequest, request: Request, live: Here, who: MayExport, key: Again = None
) -> Response:  # fmt: skip
    """Say that a consumer has acted on decisions; it is given what comes after them from now on.

    Of two processes of a consumer that have read the same, one confirms; the other is told that it is not `new`.
    """

    async def made(claim: Claim | None) -> Response:
        new = await run_in_threadpool(_confirmed, live, who, sent)
        answer = ConfirmResponse(consumer=sent.consumer, last=sent.last, new=new)
        return await kept(request, claim, responses.as_json(answer.model_dump()))

    return await once(request, who, key, made)


@before.get("/decisions")
def decisions(live: Here, who: MayExport, since: Since = 0, most: Most = 1_000) -> DecisionsBefore:
    """The decisions after a number, oldest first. Numbers never change: asking again gives the same, without those
    that the retention period has ended for since.
    """
    rows = _read(live, who, since, most)
    return DecisionsBefore.model_validate({"decisions": rows, "last": rows[-1]["number"] if rows else since})


def _begin(live: Live, since: int | None, text: str | None, consumer: str | None) -> int:
    """The number after which to begin. Raises Problem (422) where it is said twice."""
    given = [name for name, each in (("since", since), ("cursor", text), ("consumer", consumer)) if each is not None]
    if len(given) > 1:
        raise Problem(422, "one_alone", f"Give one of {' and '.join(given)}: each says where to begin.")
    if text is not None:
        return cursors.position(text, _LIST)[0]
    return live.home.outbox.take(consumer, most=0).after if consumer is not None else since or 0


def _read(live: Live, who: Person, after: int, most: int) -> list[dict[Hashable, Any]]:
    """A note is kept of who is given a decision for the first time, and not of each time that it is read."""
    now = datetime.now(UTC)
    live.home.effects.catch_up()  # verdicts whose decisions a crash has left undone
    live.home.removals.catch_up(now=now)
    frame = live.home.outbox.since(after, most).reset_index()
    if len(frame) and (last := int(frame["number"].iloc[-1])) > live.home.outbox.given(who.name):
        facts = {"decisions": len(frame), "last": last}
        live.home.audit.note(who=who.name, what="export decisions", about="API", details=facts, now=now)
        live.home.outbox.note_given(who.name, last)
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def _confirmed(live: Live, who: Person, sent: ConfirmRequest) -> bool:
    now = datetime.now(UTC)
    new = live.home.outbox.confirm_numbers(sent.consumer, sent.after, sent.last, now=now)
    if new:
        facts = {"after": sent.after, "last": sent.last}
        live.home.audit.note(who=who.name, what="confirm decisions", about=sent.consumer, details=facts, now=now)
    return new
