"""Reviews from other systems: the next case, and a verdict on it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api import responses
from app.api.body import StrictRoute
from app.api.dependencies import Again, Here, MayJudge
from app.api.idempotency import identity, kept, once
from app.api.models.review import Case, VerdictRequest, VerdictResponse
from app.api.serving_state import Live
from app.api.versions import versioned
from core.access.accounts import Person
from core.access.idempotency import Claim
from core.errors import BadOptionError, listed
from core.feedback.verdict import Verdict
from core.review import cases, evidence
from core.review.verdicts import Given
from core.scoring.decisions.prediction_json import factors_json
from core.scoring.reasons import Reason

router = APIRouter(route_class=StrictRoute, tags=["review"])
Session = Annotated[
    str,
    Query(max_length=80, description="One holder has one case at a time; another session of a key is another holder."),
]


@router.get(
    "/cases/next", response_model=Case, response_model_exclude_unset=True,
    responses={204: {"description": "No case waits."}},
)  # fmt: skip
def next_case(live: Here, who: MayJudge, session: Session = "") -> Case | Response:
    """The case this reviewer holds, else the next one, held for a while; 204 when none waits."""
    now, lease = datetime.now(UTC), live.home.guidance.load().lease
    case = live.home.queue.claim(who.name, now=now, lease=lease, session=session)
    return Response(status_code=204) if case is None else _case(case, _reasons(live, case))


@router.post("/cases/{case}/verdict", response_model=VerdictResponse)
async def judge_case(
    case: str, sent: VerdictRequest, request: Request, live: Here, who: MayJudge, session: Session = "",
    key: Again = None,
) -> Response:  # fmt: skip
    """Judge a case that this reviewer holds; the verdict is on disk when this is answered."""
    name = f"api-{identity(who, key) if key else secrets.token_hex(16)}"

    async def made(claim: Claim | None) -> Response:
        if versioned(request.scope["path"]):
            await run_in_threadpool(_check_reason, live, sent)
        stored = await run_in_threadpool(_judged, live, case, name, sent, who, session)
        answer = VerdictResponse(
            verdict_id=stored.id, case=stored.case, user_id=stored.user, judgement=stored.verdict
        )  # fmt: skip
        return await kept(request, claim, responses.as_json(answer.model_dump()))

    return await once(request, who, key, made)


def _reasons(live: Live, case: cases.Case) -> tuple[Reason, ...]:
    return evidence.reasons(case, live.model(case.model), live.glossary())


def _judged(live: Live, case: str, name: str, sent: VerdictRequest, who: Person, session: str) -> Verdict:
    found = live.home.cases.find(case)
    given = Given(
        name, sent.judgement, sent.reason, sent.notes, sent.seconds, evidence.shown(found, _reasons(live, found)),
        sent.category,
    )  # fmt: skip
    return live.home.verdicts.judge(case, given, by=who.name, session=session, now=datetime.now(UTC))


def _check_reason(live: Live, sent: VerdictRequest) -> None:
    """Raises BadOptionError for a reason that the guidance does not have for this judgement."""
    codes = [each.code for each in live.home.guidance.load().codes(sent.judgement)]
    if sent.reason and sent.reason not in codes:
        why = f"the guidance has no such code for {sent.judgement}. Choose one of {listed(codes)}, or leave it out."
        raise BadOptionError("reason", why)


def _case(case: cases.Case, reasons: tuple[Reason, ...]) -> Case:
    """A blind case is told without what the model made of it."""
    return Case.model_validate(
        {
            "id": case.id, "user_id": case.user, "prediction_id": case.prediction, "blind": case.blind,
            "score": None if case.blind else case.score, "band": None if case.blind else case.band,
            "action": None if case.blind else case.action,
            "decided_by": None if case.blind else case.decided_by,
            "model_version": None if case.blind else case.model,
            "policy_version": case.policy, "features": case.features, "context": case.context,
            "risk_factors": [] if case.blind else factors_json(evidence.drawn(reasons)),
            "reopened": case.reopened, "claimed_until": case.claimed_until,
            **({"category": case.category} if case.category and not case.blind else {}),
            **({"assigned_to": case.assigned_to} if case.assigned_to else {}),
        }
    )  # fmt: skip
