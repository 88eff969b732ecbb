"""A prediction as other systems are told it: the API, and streams."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from core.scoring.reasons import Direction, Reason, effect
from core.text.text_model import Word

if TYPE_CHECKING:
    from core.scoring.online import Prediction

#: Words of a text whose contributions are told, at most.
SPANS: Final = 50
_encoded: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def prediction_json(found: Prediction, began: float) -> str:
    """A prediction as JSON. began: of `time.perf_counter`.

    What most have in common is written once: of many users, telling took longer than scoring.
    """
    spammer = "true" if found.is_spammer else "false"
    category = found.category and (
        f'"category": {_encoded(found.category)}, "category_probability": {_encoded(found.category_probability)}, '
    )
    cut = f'"truncated_features": {_names(found.cut)}, ' if found.cut else ""
    return (
        f'{{"prediction_id": "{found.id}", "prediction": {spammer}, "probability": {found.probability!r}, '
        f'"confidence": {found.confidence!r}, "is_spammer": {spammer}, "band": "{found.band}", '
        f'"action": "{found.action}", "decided_by": {_encoded(found.decided_by)}, {category}'
        f'"risk_factors": [{", ".join(map(_factor, found.reasons))}], "missing_features": {_names(found.missing)}, '
        f'"novel_features": {_names(found.novel)}, {cut}"model_version": "{found.model}", '
        f'"policy_version": "{found.policy}", "processing_time_ms": {_since(began)}}}'
    )


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


def _factor(each: Reason) -> str:
    """One of `factors_json`, written. What users wrote is kept nowhere."""
    if each.word or each.words or each.places:
        return _encoded(factors_json([each])[0])
    before, behind = _about(each.feature, each.meaning, each.category, each.direction)
    value = "null" if each.value is None else repr(each.value)
    return f'{before}{value}, "contribution": {each.contribution!r}, {behind}{effect(each.contribution)}"}}'


@lru_cache(maxsize=4_096)
def _about(feature: str, meaning: str, category: str, direction: Direction) -> tuple[str, str]:
    """What is written of a number before its value, and behind its contribution up to what that does."""
    told = {"feature": feature, "description": meaning, "category": category, "value": 0}
    reason = {"reason": Reason(feature, None, 0.0, direction, meaning, category).sentence}
    return _encoded(told).removesuffix("0}"), _encoded(reason).removeprefix("{").removesuffix('"}')


@lru_cache(maxsize=4_096)
def _names(names: tuple[str, ...]) -> str:
    return _encoded(names)


def _since(began: float) -> float:
    return round(1000 * (time.perf_counter() - began), 3)


def _spans(words: Sequence[Word]) -> list[dict[str, Any]]:
    """The words that contribute most either way, in the order of the text."""
    most = sorted(words, key=lambda word: -abs(word.part))[:SPANS]
    return [
        {"start": word.start, "end": word.end, "contribution": word.part, "obfuscated": word.undone}
        for word in sorted(most, key=lambda word: word.start)
    ]  # fmt: skip
