"""A prediction as other systems are told it: the API, and streams."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from core.scoring.reasons import Reason
from core.text.text_model import Word

if TYPE_CHECKING:
    from core.scoring.online import Prediction

#: Words of a text whose contributions are told, at most.
SPANS: Final = 50


def prediction_json(found: Prediction, began: float) -> dict[str, Any]:
    """A prediction as JSON. began: of `time.perf_counter`."""
    return {
        "prediction_id": found.id, "prediction": found.is_spammer, "probability": found.probability,
        "confidence": found.confidence, "is_spammer": found.is_spammer, "band": found.band, "action": found.action,
        "decided_by": found.decided_by,
        **({"category": found.category, "category_probability": found.category_probability} if found.category else {}),
        "risk_factors": factors_json(found.reasons), "missing_features": found.missing, "novel_features": found.novel,
        **({"truncated_features": found.cut} if found.cut else {}),
        "model_version": found.model, "policy_version": found.policy,
        "processing_time_ms": round(1000 * (time.perf_counter() - began), 3),
    }  # fmt: skip


def factors_json(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    """Reasons as JSON."""
    return [
        {
            "feature": each.feature, "description": each.meaning, "category": each.category,
            "value": each.word or each.value, "contribution": each.contribution, "reason": each.explanation,
            **({"spans": _spans(each.words or each.places)} if each.words or each.places else {}),
        }
        for each in reasons
    ]  # fmt: skip


def _spans(words: Sequence[Word]) -> list[dict[str, Any]]:
    """The words that contribute most either way, in the order of the text."""
    most = sorted(words, key=lambda word: -abs(word.part))[:SPANS]
    return [
        {"start": word.start, "end": word.end, "contribution": word.part, "obfuscated": word.undone}
        for word in sorted(most, key=lambda word: word.start)
    ]  # fmt: skip
