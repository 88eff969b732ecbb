"""What there is, a page at a time: cases, runs and their scores, and what was predicted of a user."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query
from starlette.responses import Response

from app.api import cursors
from app.api.body import StrictRoute
from app.api.cursors import Cursor
from app.api.dependencies import Here, MayJudge, MaySee
from app.api.models.lists import (
    CaseList,
    CaseSummary,
    PredictionList,
    PredictionOfUser,
    PredictionSummary,
    RunList,
    RunSummary,
    ScoreList,
)
from app.api.models.shared import Said
from core.policy.bands import BANDS, Action, Band
from core.policy.decide import acted
from core.policy.lists import Entry
from core.review import predictions_of_user
from core.review.cases import Case
from core.review.predictions_of_user import Sighting
from core.scoring import export, runs
from core.scoring.runs import Run

router = APIRouter(route_class=StrictRoute, tags=["lists"])
MOST = 1_000
MOST_SCORES = 10_000

Limit = Annotated[int, Query(ge=1, le=MOST, description="Most entries of a page.")]
#: A file is answered as bytes, whatever it holds: generators of clients give it as it is.
_BYTES = "application/octet-stream"
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {_BYTES: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/cases")
def list_cases(
    live: Here, _who: MayJudge,
    status: Annotated[
        Literal["open", "closed"] | None, Query(description="Only those that wait, or are closed.")
    ] = None,
    user_id: Annotated[Said | None, Query(description="Only those of this user.")] = None,
    cursor: Cursor = None, limit: Limit = 100,
) -> CaseList:  # fmt: skip
    """Cases, the newest first."""
    of = f"cases {status} {user_id}"
    before = {} if cursor is None else {"before": cursors.position(cursor, of)[0]}
    found = live.home.cases.newest_first(limit + 1, status=status, user=user_id, **before)
    page, more = found[:limit], len(found) > limit
    snoozed = live.home.snoozing.standing([each.user for each in page], now=datetime.now(UTC))
    return CaseList(
        cases=[_case(each, snoozed) for each in page], next=cursors.made(of, page[-1].number) if more else None
    )


@router.get("/runs")
def list_runs(live: Here, _who: MaySee, cursor: Cursor = None, limit: Limit = 100) -> RunList:
    """Runs, the newest first; what the API scores is a run once that is closed."""
    recent, at = live.home.runs.recent, None if cursor is None else cursors.position(cursor, "runs")[0]
    found = recent(limit + 1) if at is None else recent(limit + 1, before=at)
    page, more = found[:limit], len(found) > limit
    goes_on = cursors.made("runs", runs.number_of(page[-1].id)) if more else None
    return RunList(runs=list(map(_run, page)), next=goes_on)


@router.get("/runs/{run}/scores")
def run_scores(
    run: str, live: Here, _who: MaySee,
    band: Annotated[Band | None, Query(description="Only users in this band.")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MOST_SCORES, description="Most entries of a page.")] = 1_000,
) -> ScoreList:  # fmt: skip
    """The scores of a run, in the order of the file."""
    of = f"scores {run} {band}"
    after = 0 if cursor is None else cursors.position(cursor, of)[0]
    found, scores = live.home.runs.find(run), live.home.runs.scores(run)
    ours = scores[scores.index > after]
    if band is not None:
        ours = ours[ours["severity"] == BANDS.index(band)]
    page, names = ours.iloc[:limit], live.home.user_names.of(found)
    rows = zip(page.index, page["probability"], page["severity"], page["decided_by"], strict=True)
    told = [
        PredictionSummary(
            prediction_id=f"{run}-{row}", user_id=names.loc[row], probability=probability, band=BANDS[severity],
            action=_action(found, severity), decided_by=by,
        )
        for row, probability, severity, by in rows
    ]  # fmt: skip
    return ScoreList(scores=told, next=cursors.made(of, int(page.index[-1])) if len(ours) > limit else None)


@router.get("/runs/{run}/export", response_class=Response, responses=_FILE)
def export_scores(
    run: str, live: Here, _who: MaySee,
    kind: Annotated[Literal["csv", "parquet"], Query(description="Of the file.")] = "csv",
    texts: Annotated[bool, Query(description="Whether reasons quote words of texts.")] = True,  # noqa: FBT002
) -> Response:  # fmt: skip
    """All scores of a run as a file: a row a user in the order of the file, with context and the reasons there are.

    It is the table that `score` writes: CSV or, smaller and with types, Parquet.
    """
    table = live.home.exports.run_table(live.home.runs.find(run), texts=texts)
    headers = {"Content-Disposition": f'attachment; filename="{run}.{kind}"'}
    return Response(export.as_bytes(table, f".{kind}"), headers=headers, media_type=_BYTES)


@router.get("/predictions")
def user_predictions(
    live: Here, _who: MaySee, user_id: Annotated[Said, Query(description="The user.")],
    cursor: Cursor = None, limit: Limit = 100,
) -> PredictionList:  # fmt: skip
    """What was ever predicted of a user, the newest first."""
    of = f"predictions {user_id}"
    run, row = predictions_of_user.NEWEST if cursor is None else cursors.position(cursor, of, 2)
    found, place = live.home.predictions_of_user.page(user_id, limit, (run, row))
    told = [_prediction(each, user_id) for each in found]
    return PredictionList(predictions=told, next=None if place is None else cursors.made(of, *place))


def _action(run: Run, severity: int) -> Action:
    return BANDS[int(acted(np.array([severity], np.int8), armed=run.policy.armed)[0])]


def _prediction(found: Sighting, user: str) -> PredictionOfUser:
    run = found.run
    return PredictionOfUser(
        prediction_id=found.prediction, user_id=user, probability=found.probability, band=found.band,
        action=_action(run, BANDS.index(found.band)), decided_by=found.decided_by, created=run.created,
        model_version=run.model, policy_version=run.policy.version,
    )  # fmt: skip


def _run(run: Run) -> RunSummary:
    return RunSummary(
        id=run.id, created=run.created, name=run.name, model_version=run.model, policy_version=run.policy.version,
        received=run.received, users=run.users, rejected=run.rejected, bands=dict(run.counts),
    )  # fmt: skip


def _case(case: Case, snoozed: Mapping[str, Entry]) -> CaseSummary:
    hidden = case.blind and case.status == "open"
    entry = snoozed.get(case.user) if case.status == "open" else None
    return CaseSummary(
        id=case.id, user_id=case.user, prediction_id=case.prediction, status=case.status, blind=case.blind,
        score=None if hidden else case.score, band=None if hidden else case.band,
        action=None if hidden else case.action, category=None if hidden else case.category or None,
        created=case.created, updated=case.updated, assigned_to=case.assigned_to,
        snoozed_until=entry.expires if entry else None, judgement=case.judgement, judged_by=case.judged_by,
        judged_at=case.judged_at,
    )  # fmt: skip
