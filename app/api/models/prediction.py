"""Users to score, and what is told of their scores."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, JsonValue, WithJsonSchema

from app.api.models.shared import NO_ZERO, ProblemDetails, Said, Sent, Told, Whose, means
from core.data.cells import LARGEST
from core.policy.bands import Action, Band

MOST_BATCH: Final = 10_000
MOST_FEATURES: Final = 2_000
_EXAMPLE: Final[dict[str, JsonValue]] = {"features": {"X1": 86400, "X19": 7, "X20": None}, "allow_missing": True}

Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=1_000)]
#: A word, a date or a number as it stands in a file.
Cell = Annotated[str, Field(max_length=1_000, pattern=NO_ZERO)]
Reasons = Annotated[Whose, means("Whose score is explained: of users for human review or removal, of all, or of none.")]
Top = Annotated[int, Field(ge=1, le=20, description="Most reasons a user.")]


class User(Sent):
    """A user to score: a value for each feature of the schema, null where it is not known."""

    features: Annotated[
        dict[Name, Number | bool | Cell | None],
        Field(
            max_length=MOST_FEATURES,
            description="A number, a word, true or false, or a date for each feature, as the schema says; null where "
            "it is not known.",
        ),
    ]
    user_id: Annotated[Said | None, means("How you name the user: cases and decisions name them so.")] = None
    # A factory: pydantic would copy an empty dict for each of 10,000 users, all the way down.
    context: Annotated[
        dict[Name, Text | None],
        Field(max_length=50, default_factory=dict, description="What reviewers are shown and the model never sees."),
    ]
    allow_missing: Annotated[bool, means("Whether features may be absent; else an absent one is refused by name.")] = (
        False
    )


class PredictRequest(User):
    """A user to score, and whether the score is explained."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    reasons: Reasons = "all"
    top: Top = 3


class BatchRequest(Sent):
    """Users as in /predict, each judged by itself: one that cannot be scored gets its error in its place."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"users": [_EXAMPLE]}]})

    users: Annotated[
        list[Annotated[Any, WithJsonSchema(User.model_json_schema())]],
        Field(min_length=1, max_length=MOST_BATCH, description="The users, answered in this order."),
    ]
    reasons: Reasons = "all"
    top: Top = 3


class Span(Told):
    """A word of a text, by code points of the text as sent."""

    start: Annotated[int, means("Where it begins, from 0.")]
    end: Annotated[int, means("Where it ends: the code point after its last.")]
    contribution: Annotated[float, means("Its share of the contribution of the text, in log-odds.")]
    obfuscated: Annotated[bool, means("Whether it was written to be misread, as t e l e g r a m is.")]


class RiskFactor(Told):
    """A contribution towards "spammer", in log-odds; `description` and `category` are those of the glossary."""

    feature: Annotated[str, means("The feature.")]
    description: Annotated[str, means("Its meaning by the glossary; empty where there is none.")]
    category: Annotated[str, means("Its group by the glossary.")]
    value: Annotated[float | str | None, means("The value of this user, or the word; null where not known.")]
    contribution: Annotated[float, means("Its contribution to the score, in log-odds.")]
    reason: Annotated[str, means("The same in words.")]
    spans: Annotated[
        list[Span] | None,
        means(
            "Of a text the words that contribute most either way, up to 50, in their order; of what is counted in one, "
            "such as links or phrases of a list, where that stands."
        ),
    ] = None


class Prediction(Told):
    """What the champion and the policy say of a user."""

    prediction_id: Annotated[str, means("Names this prediction for ever: give it to /feedback.")]
    prediction: Annotated[bool, means("Whether the band is human_review or auto_remove.")]
    probability: Annotated[float, means("Calibrated probability of a spammer, 0 to 1.")]
    confidence: Annotated[float, means("|probability - .5| x 2.")]
    is_spammer: Annotated[bool, means("The same as prediction.")]
    band: Annotated[Band, means("What the policy says of the user.")]
    action: Annotated[Action, means("The band, but human_review for auto_remove while that is not armed.")]
    decided_by: Annotated[str, means("What the band comes from: score, rule:NAME or list:NAME.")]
    category: Annotated[
        str | None, means("Of which category it is, if it is a violation; absent where the model knows none.")
    ] = None
    category_probability: Annotated[float | None, means("How likely a violation is of that category.")] = None
    risk_factors: Annotated[list[RiskFactor], means("Contributions towards spammer, the strongest first.")]
    missing_features: Annotated[list[str], means("Features that were absent or null.")]
    novel_features: Annotated[list[str], means("Features outside the range of training.")]
    truncated_features: Annotated[
        list[str] | None,
        means("Texts of which only the beginning was scored, as far as the schema keeps them; else absent."),
    ] = None
    model_version: Annotated[str, means("The version that scored.")]
    policy_version: Annotated[str, means("The policy that chose the band.")]
    processing_time_ms: Annotated[float, means("Time in the server, in milliseconds.")]


class Unscored(Told):
    """A user of a batch who could not be scored."""

    error: Annotated[ProblemDetails, means("Why.")]


class BatchResponse(Told):
    predictions: Annotated[list[Prediction | Unscored], means("One for each user, in the order of the request.")]
