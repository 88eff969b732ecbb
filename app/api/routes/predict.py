"""Scoring users: one, or many at once."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.responses import Response

from app.api import problem_details, responses
from app.api.body import StrictRoute
from app.api.dependencies import Again, Here, MayPredict
from app.api.idempotency import once
from app.api.models.prediction import BatchRequest, BatchResponse, Prediction, PredictRequest, User
from app.api.serving_state import Wish
from app.log import FACTS
from core.access.idempotency import Claim, Kept, Reply
from core.errors import BadOptionError, FeaturesError, NoScoreError
from core.home import Home
from core.scoring.decisions.prediction_json import prediction_json
from core.scoring.online import Asked, Serving
from core.scoring.online import Prediction as Scored

router = APIRouter(route_class=StrictRoute, tags=["score"])


@router.post("/predict", response_model=Prediction)
async def predict(sent: PredictRequest, request: Request, live: Here, who: MayPredict, key: Again = None) -> Response:
    """Score one user: probability, band, action and the reasons for it."""
    began = time.perf_counter()

    async def made(claim: Claim | None) -> Response:
        serving = live.serving
        asked = serving.asked(
            sent.features, user=sent.user_id or "", context=sent.context, allow_missing=sent.allow_missing,
            which=sent.reasons, top=sent.top,
        )  # fmt: skip
        _note(request, serving, 1, features=sent.features)
        return responses.response(await request.app.state.scoring.ask(Wish(serving, asked, began, claim)))

    return await once(request, who, key, made)


@router.post("/predict/batch", response_model=BatchResponse)
async def predict_batch(
    sent: BatchRequest, request: Request, live: Here, who: MayPredict, key: Again = None
) -> Response:
    """Score up to 10,000 users, answered in order; one that cannot be scored gets its error in its place."""

    async def made(claim: Claim | None) -> Response:
        serving = live.serving
        _note(request, serving, len(sent.users))
        return responses.response(await run_in_threadpool(_scored, live.home, serving, sent, claim))

    return await once(request, who, key, made)


def _scored(home: Home, serving: Serving, sent: BatchRequest, claim: Claim | None) -> Reply:
    began = time.perf_counter()
    read = functools.partial(_read, serving, sent=sent)
    users = [read(user) for user in sent.users]
    try:
        return _answered(home, serving, users, claim, began)
    except NoScoreError as error:  # nobody was stored; those without a score are told so, and the others scored
        places = [at for at, user in enumerate(users) if isinstance(user, Asked)]
        for at in error.at:
            users[places[at]] = problem_details.of(NoScoreError(error.version, (0,), 1)).as_json()
        return _answered(home, serving, users, claim, began)


def _answered(
    home: Home, serving: Serving, users: Sequence[Asked | dict[str, Any]], claim: Claim | None, began: float
) -> Reply:  # fmt: skip
    """What is told of these users and problems. Raises NoScoreError, and stores nobody, where one gets no score."""
    requests, answers = [user for user in users if isinstance(user, Asked)], list[Reply]()

    def kept(scored: Sequence[Scored]) -> list[Kept]:
        answers.append(_reply(users, scored, began))
        return [(claim, answers[0])] if claim else []

    if requests and claim:
        serving.score(requests, now=datetime.now(UTC), kept=kept)
    elif requests:
        kept(serving.score(requests, now=datetime.now(UTC)))
    else:  # nobody is stored whom the answer could be stored with
        home.replies.keep(kept(()), now=datetime.now(UTC))
    return answers[0]


def _reply(users: Sequence[Asked | dict[str, Any]], scored: Sequence[Scored], began: float) -> Reply:
    predictions = iter(scored)
    told = [
        prediction_json(next(predictions), began) if isinstance(user, Asked) else responses.dumped({"error": user})
        for user in users
    ]
    return responses.written(f'{{"predictions": [{", ".join(told)}]}}')


def _read(serving: Serving, raw: Any, *, sent: BatchRequest) -> Asked | dict[str, Any]:
    """A user of a batch, or the problem with it."""
    try:
        user = User.model_validate(raw)
        return serving.asked(
            user.features, user=user.user_id or "", context=user.context, allow_missing=user.allow_missing,
            which=sent.reasons, top=sent.top,
        )  # fmt: skip
    except ValidationError as error:
        return problem_details.of_validation(
            error.errors(include_url=False, include_input=False, include_context=False), within=("body",)
        ).as_json()  # fmt: skip
    except (FeaturesError, BadOptionError) as error:
        return problem_details.of(error).as_json()


def _note(request: Request, serving: Serving, users: int, **features: object) -> None:
    """What the log says of this request; values only where the server was told to write them down."""
    facts: dict[str, Any] = {"model_version": serving.model.version, "users": users}
    request.scope["state"][FACTS] = facts | (features if request.app.state.options.log_features else {})
