"""What comes in and what goes out, as the API describes it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema

from core.data.cells import LARGEST
from core.decision.policy import Action, Band

MOST_BATCH: Final = 10_000
MOST_FEATURES: Final = 2_000
_EXAMPLE: Final[dict[str, JsonValue]] = {"features": {"X1": 86400, "X19": 7, "X20": None}, "allow_missing": True}

Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=1_000)]
#: Something that can be seen in it: at least one character that is no space.
Said = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Notes = Annotated[str, Field(max_length=10_000)]
Whose = Literal["flagged", "all", "none"]


class Sent(BaseModel):
    """What a client sends: nothing is converted, and nothing that is not described is taken."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Told(BaseModel):
    """What a client is told."""

    model_config = ConfigDict(frozen=True)


class User(Sent):
    """A user to score: a number for each feature of the schema, null where it is not known."""

    features: Annotated[dict[Name, Number | None], Field(max_length=MOST_FEATURES)]
    user_id: Said | None = None
    # A factory: pydantic would copy an empty dict for each of 10,000 users, all the way down.
    context: Annotated[dict[Name, Text | None], Field(max_length=50, default_factory=dict)]
    allow_missing: bool = False


class PredictRequest(User):
    """`reasons`: whose score is explained, by up to `top` reasons."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    reasons: Whose = "flagged"
    top: Annotated[int, Field(ge=1, le=20)] = 3


class BatchRequest(Sent):
    """Users as in /predict, each judged by itself: one that cannot be scored gets its error in its place."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"users": [_EXAMPLE]}]})

    users: Annotated[
        list[Annotated[Any, WithJsonSchema(User.model_json_schema())]], Field(min_length=1, max_length=MOST_BATCH)
    ]
    reasons: Whose = "flagged"
    top: Annotated[int, Field(ge=1, le=20)] = 3


class RiskFactor(Told):
    """A push towards "spammer", in log-odds; `description` and `category` are those of the glossary."""

    feature: str
    description: str
    category: str
    value: float | None
    contribution: float
    reason: str


class Prediction(Told):
    """`prediction` and `is_spammer`: whether the band is human_review or auto_remove."""

    prediction_id: str
    prediction: bool
    probability: float
    confidence: float
    is_spammer: bool
    band: Band
    action: Action
    risk_factors: list[RiskFactor]
    missing_features: list[str]
    novel_features: list[str]
    model_version: str
    policy_version: str
    processing_time_ms: float


class ProblemDetails(Told):
    """What went wrong, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] = []


class Unscored(Told):
    """A user of a batch who could not be scored."""

    error: ProblemDetails


class BatchResponse(Told):
    predictions: list[Prediction | Unscored]


class FeedbackRequest(Sent):
    """Whether a prediction was right, or what the user is, or both."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"prediction_id": "r-0001-1", "is_correct": False}]})

    prediction_id: Said
    is_correct: bool | None = None
    actual_label: Literal[0, 1, "spammer", "legitimate"] | None = None
    feedback_notes: Notes = ""
    reviewer: Said | None = None


class FeedbackResponse(Told):
    """`new` is false where the same was said before: it counts once."""

    feedback_id: str
    prediction_id: str
    new: bool


class FeedbackStats(Told):
    """`run`: precision and recall of the newest run that was sent to review, weighted by how users were chosen, with
    95 % intervals; null while there is none. `accuracy` is naive: of the users judged, however they were chosen.
    """

    total_feedback: int
    standing: int
    correct_predictions: int
    judged_predictions: int
    accuracy: float | None
    by_verdict: dict[str, int]
    by_reviewer: dict[str, int]
    last_retrain: datetime | None
    last_retrain_version: str | None
    run: dict[str, Any] | None


class RetrainRequest(Sent):
    """`full` learns everything anew, `warm` adds trees to the model in charge."""

    how: Literal["full", "warm"] = "full"


class Job(Told):
    """Work that goes on by itself. `share` of it is done; `result` is there once it is."""

    id: str
    title: str
    status: Literal["waiting", "running", "done", "failed", "cancelled"]
    done: int
    of: int
    share: float
    message: str
    result: dict[str, Any] | None = None


class Case(Told):
    """A user to judge. `score`, `band`, `action`, `model_version` and `risk_factors` are hidden in a blind case."""

    id: str
    user_id: str
    prediction_id: str
    blind: bool
    score: float | None
    band: Band | None
    action: Action | None
    model_version: str | None
    policy_version: str
    features: dict[str, float | None]
    context: dict[str, str | None]
    risk_factors: list[RiskFactor]
    reopened: str
    claimed_until: datetime | None


class VerdictRequest(Sent):
    """What a reviewer says of a case; `reason` is a code of the guidance."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"judgement": "spammer", "reason": "content_seen"}]})

    judgement: Literal["spammer", "legitimate", "unsure"]
    reason: Annotated[str, Field(max_length=40)] = ""
    notes: Notes = ""
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None


class VerdictResponse(Told):
    verdict_id: str
    case: str
    user_id: str
    judgement: str


class Decision(Told):
    """What the platform is to do with a user; `reversal_of` names the decision that this one takes back."""

    number: int
    time: datetime
    user: str
    case: str
    verdict: str
    decision: Literal["remove", "keep", "none"]
    who: str
    why: str
    reversal_of: int | None


class Decisions(Told):
    """Those after a number, oldest first; `last` is what to ask from next time."""

    decisions: list[Decision]
    last: int


class Meaning(Told):
    """What the glossary says of a feature, and whether that is a guess."""

    name: str
    description: str
    category: str
    assumed: bool


class ModelVersion(Told):
    version: str
    last_updated: datetime
    metrics: dict[str, Any]


class ModelInfo(ModelVersion):
    """`last_updated`: when this version was trained. `metrics` are of users it never saw, with 95 % intervals."""

    feature_mapping: dict[str, Meaning]
    categories: dict[str, list[str]]
    training_ranges: dict[str, list[float | None]]
    policy_version: str
    thresholds: dict[Band, float]
    trained_on: int
    tested_on: int
    notice: str


class About(Told):
    name: str
    model_version: str | None
    key_needed: bool
    documentation: str


class Health(Told):
    status: Literal["ok"]


class Ready(Told):
    status: Literal["ready"]
    model_version: str
