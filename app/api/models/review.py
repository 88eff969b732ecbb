"""Cases, verdicts on them, and the decisions that come of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from app.api.models.prediction import RiskFactor
from app.api.models.shared import NO_ZERO, Notes, Sent, Told, means
from core.policy.bands import Action, Band

#: Largest number of a decision that can be asked from.
MOST_NUMBER: Final = 10**18
Number = Annotated[int, Field(ge=0, le=MOST_NUMBER)]
Consumer = Annotated[str, Field(min_length=1, max_length=80, pattern=NO_ZERO)]


class Case(Told):
    """A user to judge."""

    id: Annotated[str, means("Names the case.")]
    user_id: Annotated[str, means("The user.")]
    prediction_id: Annotated[str, means("What is judged.")]
    blind: Annotated[bool, means("Whether what the model says is hidden until the verdict.")]
    score: Annotated[float | None, means("Calibrated probability; null in a blind case.")]
    band: Annotated[Band | None, means("Null in a blind case.")]
    action: Annotated[Action | None, means("Null in a blind case.")]
    decided_by: Annotated[str | None, means("score, rule:NAME or list:NAME; null in a blind case.")]
    model_version: Annotated[str | None, means("Null in a blind case.")]
    policy_version: Annotated[str, means("The policy of the prediction.")]
    features: Annotated[dict[str, float | None], means("Values as they were scored.")]
    context: Annotated[dict[str, str | None], means("What came with the user.")]
    risk_factors: Annotated[list[RiskFactor], means("Contributions towards spammer; empty in a blind case.")]
    reopened: Annotated[str, means("Why it is to be judged again; empty where it is not.")]
    claimed_until: Annotated[datetime | None, means("Until when it is held for who asked.")]
    category: Annotated[
        str | None,
        means("Of which category a violation would be; absent in a blind case, and where the model knows none."),
    ] = None
    assigned_to: Annotated[str | None, means("Who it is assigned to; absent where it is nobody's.")] = None


class VerdictRequest(Sent):
    """What a reviewer says of a case."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"judgement": "spammer", "reason": "content_seen"}]})

    judgement: Annotated[Literal["spammer", "legitimate", "unsure"], means("What the user is.")]
    category: Annotated[
        Annotated[str, Field(max_length=200)], means("Of which category the violation is, of those of the schema.")
    ] = ""
    reason: Annotated[Annotated[str, Field(max_length=40)], means("A code of the guidance.")] = ""
    notes: Annotated[Notes, means("What else is to be known.")] = ""
    seconds: Annotated[Annotated[float, Field(ge=0, le=86_400)] | None, means("How long the judging took.")] = None


class VerdictResponse(Told):
    verdict_id: Annotated[str, means("The verdict that is stored.")]
    case: Annotated[str, means("The case.")]
    user_id: Annotated[str, means("The user.")]
    judgement: Annotated[str, means("What was said.")]


class Decision(Told):
    """What the platform is to do with a user."""

    number: Annotated[int, means("Counts up, without end.")]
    time: Annotated[datetime, means("When it was decided.")]
    user: Annotated[str, means("The user.")]
    case: Annotated[str, means("The case; empty where automation decided.")]
    verdict: Annotated[str, means("The verdict it comes from; empty where automation decided.")]
    decision: Annotated[Literal["remove", "keep", "none"], means("What the platform is to do.")]
    who: Annotated[str, means("Who judged, or automation.")]
    why: Annotated[str, means("The reason that was given.")]
    reversal_of: Annotated[int | None, means("The decision that this one takes back.")]
    statement: Annotated[str, means("What to tell a removed user; nothing of the model is in it.")]
    evidence: Annotated[str, means("What a removal by automation rests on, as JSON: not for the user.")]


class DecisionsBefore(Told):
    """Those after a number, as they were told before there was `/v1`."""

    decisions: Annotated[list[Decision], means("The oldest first.")]
    last: Annotated[int, means("What to ask from next time.")]


class Decisions(DecisionsBefore):
    """Those after a number."""

    after: Annotated[int, means("The number that these come after; a consumer confirms from it.")]
    last: Annotated[int, means("The last number of these, and `after` where there is none; a consumer confirms it.")]
    next: Annotated[str, means("The cursor to go on with, now or once there are more.")]


class ConfirmRequest(Sent):
    """Which decisions a consumer has acted on: those that an answer has given it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"consumer": "platform", "after": 0, "last": 0}]})

    consumer: Annotated[Consumer, means("Who has acted on them.")]
    after: Annotated[Number, means("As the answer has it that gave them.")]
    last: Annotated[Number, means("As that answer has it.")]


class ConfirmResponse(Told):
    """How far a consumer has come."""

    consumer: Annotated[str, means("The consumer.")]
    last: Annotated[int, means("What was confirmed.")]
    new: Annotated[
        bool,
        means("False where these were confirmed before: by this request sent before, or by another process of it."),
    ]
