"""What became of predictions: whether they were right, and how good the scores are by what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api import responses
from app.api.body import StrictRoute
from app.api.dependencies import SEES, Again, Here, MaySendFeedback
from app.api.idempotency import identity, kept, once
from app.api.models.feedback import FeedbackRequest, FeedbackResponse, FeedbackStats
from app.api.problem_details import Problem
from app.commands import figures
from core.access.idempotency import Claim
from core.feedback.short_form import Row
from core.home import Home
from core.planning.backlog import PERIOD_DAYS
from core.review.importing import Refusal


@dataclass(frozen=True, slots=True)
class Stored:
    """A verdict that is stored; `new` where it was not there before."""

    id: str
    new: bool


router = APIRouter(route_class=StrictRoute, tags=["feedback"])
#: Runs looked through for the newest that was sent to review.
RECENT = 200
#: Where the verdict of a request is told from what it says, and so what it contradicts.
CONFLICT = "feedback_id"


@router.post("/feedback", response_model=FeedbackResponse)
async def send_feedback(
    sent: FeedbackRequest, request: Request, live: Here, who: MaySendFeedback, key: Again = None
) -> Response:  # fmt: skip
    """Say whether a prediction was right; it is stored, with all that was judged, when this is answered."""
    cells = sent.model_dump() | ({CONFLICT: f"api-{identity(who, key)}"} if key else {})

    async def made(claim: Claim | None) -> Response:
        stored: Stored | Refusal = await request.app.state.recording.ask((who.name, cells))
        if isinstance(stored, Refusal):
            raise _problem(stored)
        new = stored.new
        if not new and claim and claim.since and stored.id == cells[CONFLICT]:
            new = await run_in_threadpool(_stored_since, live.home, stored.id, claim.since)
        answer = FeedbackResponse(feedback_id=stored.id, prediction_id=sent.prediction_id.strip(), new=new)
        return await kept(request, claim, responses.as_json(answer.model_dump()))

    return await once(request, who, key, made)


def recorded(home: Home, said: Sequence[tuple[str, Mapping[str, object]]]) -> list[Stored | Refusal]:
    """Store what several say at the same time, each by name and cells: one wait for the disk for each who speaks."""
    told: dict[int, Stored | Refusal] = {}
    for by in dict.fromkeys(name for name, _ in said):
        rows = [Row.of(number, cells) for number, (name, cells) in enumerate(said) if name == by]
        done = home.feedback_import.record(rows, by=by, now=datetime.now(UTC), source="API")
        told |= {refusal.row: refusal for refusal in done.refused}
        ids, fresh = iter(done.ids), set(done.fresh)
        for row in rows:
            if row.number not in told:
                stored = next(ids)
                told[row.number] = Stored(stored, stored in fresh)
                fresh.discard(stored)  # said twice at once, it is new once
    return [told[number] for number in range(len(said))]


@router.get("/model/feedback/stats", dependencies=SEES)
def feedback_stats(
    here: Here,
    days: Annotated[
        int, Query(ge=1, le=3_650, description="Days up to the newest run with a plan that figures are of.")
    ] = PERIOD_DAYS,
) -> FeedbackStats:  # fmt: skip
    """Counts of all feedback, and precision and recall weighted by how the users judged were chosen.

    These are of all runs of the model and policy of the newest run with a plan, over a period; `id` is that run.
    """
    known, last = here.home.ledger, here.home.schedule.last()
    known.refresh()
    standing = known.effective()
    counts = figures.counts(len(known), standing)
    naive = counts["naive_accuracy"]
    run = next((each for each in here.home.runs.recent(RECENT) if here.home.runs.planned(each.id)), None)
    found = here.home.live_figures.live(run, known.valid(), days=days) if run else None
    return FeedbackStats(
        total_feedback=counts["total"], standing=counts["standing"], correct_predictions=naive["events"],
        judged_predictions=naive["of"], accuracy=naive["value"], by_verdict=counts["by_verdict"],
        by_reviewer=counts["by_reviewer"], last_retrain=last.at, last_retrain_version=last.version or None,
        run=figures.of_period(run, found, run.id) if run and found else None,
    )  # fmt: skip


def _stored_since(home: Home, identity: str, since: datetime) -> bool:
    """Whether a verdict was stored by a process that died before it could answer the same request."""
    stored = home.ledger.verdict(identity)
    return stored is not None and stored.time >= since


def _problem(refusal: Refusal) -> Problem:
    sentence = refusal.sentence.removeprefix(f"Row {refusal.row}, {refusal.column}: ")
    if refusal.column == CONFLICT:
        return Problem(409, "said_otherwise", sentence)
    told = [{"pointer": f"#/{refusal.column}", "detail": sentence}]
    return Problem(422, "feedback_refused", f"{refusal.column}: {sentence}", errors=told)
