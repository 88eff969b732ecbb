"""Scoring users: one, or many at once."""

from __future__ import annotations

import functools
import time
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.responses import Response

from app.api import log, problems, told
from app.api.body import StrictRoute
from app.api.dependencies import Again, Here, MayScore
from app.api.models import BatchRequest, BatchResponse, Prediction, PredictRequest, User
from app.api.once import once
from core.decision.serving import Asked, Serving
from core.errors import BadOptionError, FeaturesError, NoScoreError

router = APIRouter(route_class=StrictRoute, tags=["score"])


@router.post("/predict", response_model=Prediction)
async def predict(sent: PredictRequest, request: Request, live: Here, who: MayScore, key: Again = None) -> Response:
    """Score one user: probability, band, action and the reasons for it."""
    began, serving = time.perf_counter(), live.serving
    asked = serving.asked(
        sent.features, user=sent.user_id or "", context=sent.context, allow_missing=sent.allow_missing,
        which=sent.reasons, top=sent.top,
    )  # fmt: skip
    _note(request, serving, 1, features=sent.features)

    async def made() -> Response:
        return told.as_json(told.prediction(await request.app.state.scoring.ask((serving, asked)), began))

    return await once(live.settings, request, who, key, made)


@router.post("/predict/batch", response_model=BatchResponse)
async def batch(sent: BatchRequest, request: Request, live: Here, who: MayScore, key: Again = None) -> Response:
    """Score up to 10,000 users, answered in order; one that cannot be scored gets its error in its place."""
    serving = live.serving
    _note(request, serving, len(sent.users))

    async def made() -> Response:
        return await run_in_threadpool(_scored, serving, sent)

    return await once(live.settings, request, who, key, made)


def _scored(serving: Serving, sent: BatchRequest) -> Response:
    began = time.perf_counter()
    read = functools.partial(_read, serving, sent=sent)
    users = [read(user) for user in sent.users]
    answers = iter(_answers(serving, [user for user in users if isinstance(user, Asked)], began))
    return told.as_json(
        {"predictions": [next(answers) if isinstance(user, Asked) else {"error": user} for user in users]}
    )  # fmt: skip


def _answers(serving: Serving, asked: list[Asked], began: float) -> list[dict[str, Any]]:
    """What is told of each user: the prediction or, where the model gives no score, that."""
    try:
        return [told.prediction(each, began) for each in serving.score(asked, now=datetime.now(UTC))] if asked else []
    except NoScoreError as error:
        without = frozenset(error.at)
        found = iter(_answers(serving, [user for at, user in enumerate(asked) if at not in without], began))
        problem = {"error": problems.of(NoScoreError(error.version, (0,), 1)).as_json()}
        return [problem if at in without else next(found) for at in range(len(asked))]


def _read(serving: Serving, raw: Any, *, sent: BatchRequest) -> Asked | dict[str, Any]:
    """A user of a batch, or the problem with it."""
    try:
        user = User.model_validate(raw)
        return serving.asked(
            user.features, user=user.user_id or "", context=user.context, allow_missing=user.allow_missing,
            which=sent.reasons, top=sent.top,
        )  # fmt: skip
    except ValidationError as error:
        return problems.of_validation(
            error.errors(include_url=False, include_input=False, include_context=False), within=("body",)
        ).as_json()  # fmt: skip
    except (FeaturesError, BadOptionError) as error:
        return problems.of(error).as_json()


def _note(request: Request, serving: Serving, users: int, **features: object) -> None:
    """What the log says of this request; values only where the server was told to write them down."""
    facts: dict[str, Any] = {"model_version": serving.model.version, "users": users}
    request.scope["state"][log.FACTS] = facts | (features if request.app.state.options.log_features else {})
