"""What comes in and what goes out, as the API describes it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema

from core.data.cells import LARGEST
from core.policy.bands import Action, Band

MOST_BATCH: Final = 10_000
MOST_FEATURES: Final = 2_000
_EXAMPLE: Final[dict[str, JsonValue]] = {"features": {"X1": 86400, "X19": 7, "X20": None}, "allow_missing": True}

#: Text without a zero byte, which spreadsheets, shells and databases take for its end.
NO_ZERO: Final = r"^[^\x00]*$"
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=1_000)]
#: A word, a date or a number as it stands in a file.
Cell = Annotated[str, Field(max_length=1_000, pattern=NO_ZERO)]
#: Something that can be seen in it: at least one character that is no space; and no zero byte.
Said = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Notes = Annotated[str, Field(max_length=10_000, pattern=NO_ZERO)]
Whose = Literal["flagged", "all", "none"]


def means(text: str) -> Any:
    """What a field means, for whoever reads the description of the API."""
    return Field(description=text)


Reasons = Annotated[Whose, means("Whose score is explained: of users for human review or removal, of all, or of none.")]
Top = Annotated[int, Field(ge=1, le=20, description="Most reasons a user.")]


class Sent(BaseModel):
    """What a client sends: nothing is converted, and nothing that is not described is taken."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Told(BaseModel):
    """What a client is told."""

    model_config = ConfigDict(frozen=True)


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


class ProblemDetails(Told):
    """What went wrong, as RFC 9457 has it."""

    type: Annotated[str, means("urn:trustdesk: and the code.")]
    title: Annotated[str, means("The status in words.")]
    status: Annotated[int, means("The status of HTTP.")]
    detail: Annotated[str, means("A sentence that says what to do.")]
    code: Annotated[str, means("Stable, for programs.")]
    errors: Annotated[list[dict[str, str]], means("Which parts of the request are meant: pointer and detail.")] = []


class RuleCondition(Told):
    """One condition of a rule."""

    column: Annotated[str, means("A column, or score, n_missing, n_novel, times_seen, category, category_probability.")]
    operator: Annotated[str, means("As the policy has it: >=, in, is missing, contains ...")]
    value: Annotated[float | str | list[float | str] | None, means("What it is held against; null for presence.")]


class PolicyRule(Told):
    """What is done with users for whom all conditions hold."""

    name: Annotated[str, means("Its name.")]
    state: Annotated[Literal["draft", "shadow", "live"], means("A rule in shadow is counted and never acted on.")]
    effect: Annotated[Literal["at least", "at most", "exactly"], means("How it changes the band.")]
    band: Annotated[Band, means("The band it is about.")]
    conditions: Annotated[list[RuleCondition], means("All of them must hold.")]
    reason: Annotated[str, means("A code; empty for none.")]
    owner: Annotated[str, means("Who answers for it; empty for nobody.")]
    expires: Annotated[datetime | None, means("From when on it does nothing.")]


class Policy(Told):
    """By what users are decided: lists first, then rules from the top, then the score."""

    version: Annotated[str, means("The version in force.")]
    thresholds: Annotated[dict[Band, float], means("The score above which each band begins.")]
    armed: Annotated[bool, means("Whether auto_remove acts without a person.")]
    armed_since: Annotated[datetime | None, means("When it was armed.")]
    armed_by: Annotated[str | None, means("Who armed it.")]
    bound: Annotated[float | None, means("What the precision of auto_remove was proven to lie above then.")]
    rules: Annotated[list[PolicyRule], means("In their order.")]
    lists: Annotated[dict[str, int], means("How many values stand on each list.")]


class Unscored(Told):
    """A user of a batch who could not be scored."""

    error: Annotated[ProblemDetails, means("Why.")]


class BatchResponse(Told):
    predictions: Annotated[list[Prediction | Unscored], means("One for each user, in the order of the request.")]


class FeedbackRequest(Sent):
    """Whether a prediction was right, or what the user is, or both."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"prediction_id": "r-0001-1", "is_correct": False}]})

    prediction_id: Annotated[Said, means("As /predict has given it.")]
    is_correct: Annotated[bool | None, means("Whether the prediction was right.")] = None
    actual_label: Annotated[Literal[0, 1, "spammer", "legitimate"] | None, means("What the user is.")] = None
    feedback_notes: Annotated[Notes, means("What else is to be known.")] = ""
    reviewer: Annotated[Said | None, means("Who judged; a reviewer's key gives its own name only.")] = None
    judged_at: Annotated[
        Annotated[str, Field(max_length=64, json_schema_extra={"format": "date-time"})] | None,
        means("When it was judged, not after now; now where it is left out."),
    ] = None


class FeedbackResponse(Told):
    """What was stored."""

    feedback_id: Annotated[str, means("The verdict that is stored.")]
    prediction_id: Annotated[str, means("The prediction.")]
    new: Annotated[bool, means("False where it is what this reviewer said last of the prediction: it counts once.")]


class FeedbackStats(Told):
    """Counts of all feedback, and what it says of the scores."""

    total_feedback: Annotated[int, means("All verdicts ever given.")]
    standing: Annotated[int, means("Users with a verdict that stands: the last one, not withdrawn.")]
    correct_predictions: Annotated[int, means("Predictions that were right.")]
    judged_predictions: Annotated[int, means("Predictions of which that is known.")]
    accuracy: Annotated[float | None, means("Their share; naive: users are not judged at random.")]
    by_verdict: Annotated[dict[str, int], means("Verdicts that stand, by what they say.")]
    by_reviewer: Annotated[dict[str, int], means("Verdicts that stand, by who gave them.")]
    last_retrain: Annotated[datetime | None, means("When this workspace was retrained last.")]
    last_retrain_version: Annotated[str | None, means("What came of it.")]
    run: Annotated[
        dict[str, Any] | None,
        means("Weighted figures of the period up to the newest run with a plan, and the runs left out; or null."),
    ]


class RetrainRequest(Sent):
    """How to learn."""

    how: Annotated[Literal["full", "warm"], means("warm adds trees to the champion.")] = "full"


class Job(Told):
    """Work that goes on by itself."""

    id: Annotated[str, means("Names the job.")]
    title: Annotated[str, means("What it does.")]
    status: Annotated[Literal["waiting", "running", "done", "failed", "cancelled"], means("Where it stands.")]
    done: Annotated[int, means("Steps done.")]
    of: Annotated[int, means("Steps in all; 0 while that is not known.")]
    share: Annotated[float, means("The share of steps done, 0 to 1.")]
    message: Annotated[str, means("What it does now, or why it failed.")]
    result: Annotated[dict[str, Any] | None, means("What came of it; null until it is done.")] = None


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


class Decisions(Told):
    """Those after a number."""

    decisions: Annotated[list[Decision], means("The oldest first.")]
    last: Annotated[int, means("What to ask from next time.")]


class Meaning(Told):
    """What the glossary says of a feature."""

    name: Annotated[str, means("Its name.")]
    description: Annotated[str, means("In a sentence.")]
    category: Annotated[str, means("Its group.")]
    assumed: Annotated[bool, means("Whether that is a guess.")]


class ModelVersion(Told):
    version: Annotated[str, means("The champion.")]
    last_updated: Annotated[datetime, means("When it was trained.")]
    metrics: Annotated[dict[str, Any], means("Figures on users it never saw, with 95 % intervals.")]


class ModelInfo(ModelVersion):
    """All that is known of the champion."""

    feature_mapping: Annotated[dict[str, Meaning], means("Its features by name.")]
    categories: Annotated[dict[str, list[str]], means("The same by group.")]
    training_ranges: Annotated[dict[str, list[float | None]], means("Lowest and highest value in training.")]
    policy_version: Annotated[str, means("The policy.")]
    thresholds: Annotated[dict[Band, float], means("Where each band begins.")]
    trained_on: Annotated[int, means("Users learnt from.")]
    tested_on: Annotated[int, means("Users the figures are of.")]
    notice: Annotated[str, means("What whoever trained it wants to be known.")]


class About(Told):
    name: Annotated[str, means("Trustdesk.")]
    model_version: Annotated[str | None, means("The champion; null while there is none.")]
    key_needed: Annotated[bool, means("Whether requests must show a key.")]
    documentation: Annotated[str, means("Where this is described to people.")]


class Health(Told):
    status: Annotated[Literal["ok"], means("It lives.")]


class Ready(Told):
    status: Annotated[Literal["ready"], means("Users can be scored.")]
    model_version: Annotated[str, means("The champion.")]
