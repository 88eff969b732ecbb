"""Lists that are read a page at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from app.api.models.shared import Told, means
from core.policy.bands import Action, Band


class Page(Told):
    """A page of a list."""

    next: Annotated[str | None, means("The cursor of the page that follows; null after the last.")]


class CaseSummary(Told):
    """A case: what it asks, and what became of it."""

    id: Annotated[str, means("Names the case.")]
    user_id: Annotated[str, means("The user.")]
    prediction_id: Annotated[str, means("What is judged; empty where the user was forgotten.")]
    status: Annotated[Literal["open", "closed"], means("Whether it waits.")]
    blind: Annotated[bool, means("Whether what the model says is hidden until the verdict.")]
    score: Annotated[float | None, means("Calibrated probability; null while a blind case is open.")]
    band: Annotated[Band | None, means("Null while a blind case is open.")]
    action: Annotated[Action | None, means("Null while a blind case is open.")]
    category: Annotated[str | None, means("Of a violation, as the model says; null as above, or where it says none.")]
    created: Annotated[datetime, means("When it was made.")]
    updated: Annotated[datetime, means("When a run last changed it.")]
    assigned_to: Annotated[str | None, means("Who it is assigned to.")]
    snoozed_until: Annotated[
        datetime | None, means("Until when its user is snoozed, and nobody is given it; null while it is offered.")
    ]
    judgement: Annotated[str | None, means("What was said of the user; null while it is open.")]
    judged_by: Annotated[str | None, means("Who said so.")]
    judged_at: Annotated[datetime | None, means("When.")]


class CaseList(Page):
    cases: Annotated[list[CaseSummary], means("The newest first.")]


class RunSummary(Told):
    """One scoring of one file, or one stretch of calls of the API."""

    id: Annotated[str, means("Names the run.")]
    created: Annotated[datetime, means("When it was begun.")]
    name: Annotated[str, means("What the file was called; API where it was none.")]
    model_version: Annotated[str, means("The version that scored.")]
    policy_version: Annotated[str, means("The policy that chose the bands.")]
    received: Annotated[int, means("Rows received.")]
    users: Annotated[int, means("Users scored.")]
    rejected: Annotated[int, means("Rows rejected.")]
    bands: Annotated[dict[Band, int], means("Users by band.")]


class RunList(Page):
    runs: Annotated[list[RunSummary], means("The newest first, once they are whole.")]


class PredictionSummary(Told):
    """What was predicted of a user once."""

    prediction_id: Annotated[str, means("Names it for ever: give it to /feedback.")]
    user_id: Annotated[str, means("The user; file and row where the file has no ids.")]
    probability: Annotated[float, means("Calibrated probability of a spammer, 0 to 1.")]
    band: Annotated[Band, means("What the policy says of the user.")]
    action: Annotated[Action, means("The band, but human_review for auto_remove where that was not armed.")]
    decided_by: Annotated[str, means("What the band comes from: score, rule:NAME or list:NAME.")]


class ScoreList(Page):
    scores: Annotated[list[PredictionSummary], means("In the order of the file.")]


class PredictionOfUser(PredictionSummary):
    """The same, with what it was predicted by."""

    created: Annotated[datetime, means("When its run was begun.")]
    model_version: Annotated[str, means("The version that scored.")]
    policy_version: Annotated[str, means("The policy that chose the band.")]


class PredictionList(Page):
    predictions: Annotated[
        list[PredictionOfUser], means("The newest first. A page may be empty where others follow: go by `next`.")
    ]
