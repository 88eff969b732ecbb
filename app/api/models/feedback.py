"""Whether predictions were right, and what all that was said comes to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from app.api.models.shared import Notes, Said, Sent, Told, means

#: Described kind by kind: generators of clients leave out what takes one of several kinds of values.
_Label = Annotated[
    Literal[0, 1, "spammer", "legitimate"],
    WithJsonSchema(
        {"anyOf": [{"type": "string", "enum": ["spammer", "legitimate"]}, {"type": "integer", "enum": [0, 1]}]}
    ),
]


class FeedbackRequest(Sent):
    """Whether a prediction was right, or what the user is, or both."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"prediction_id": "r-0001-1", "is_correct": False}]})

    prediction_id: Annotated[Said, means("As /predict has given it.")]
    is_correct: Annotated[bool | None, means("Whether the prediction was right.")] = None
    actual_label: Annotated[_Label | None, means("What the user is; 1 is a spammer.")] = None
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
