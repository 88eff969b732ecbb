"""A prediction as other systems are told it: the API, and streams."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from core.policy.bands import POSITIVE, Action, Band
from core.scoring.reasons import Direction, Reason
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
    spammer, decided = _decided(found.band, found.action, found.decided_by)
    category = found.category and (
        f'"category": {_encoded(found.category)}, "category_probability": {_encoded(found.category_probability)}, '
    )
    return (
        f'{{"prediction_id": "{found.id}", {spammer}, "probability": {found.probability!r}, '
        f'"confidence": {found.confidence!r}, {decided}, {category}'
        f'"risk_factors": [{", ".join(map(_factor, found.reasons))}], '
        f"{_about_all(found.missing, found.novel, found.cut, found.model, found.policy)}{_since(began)}}}"
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
    push = each.contribution
    before, reason, behind = _about(each.feature, each.meaning, each.category, each.direction, push > 0)
    value = "null" if each.value is None else repr(each.value)
    return f'{before}{value}, "contribution": {push!r}, {reason}{abs(push):.2f}{behind}'


@lru_cache(maxsize=4_096)
def _about(feature: str, meaning: str, category: str, direction: Direction, up: bool) -> tuple[str, str, str]:  # noqa: FBT001
    """What is written of a number before its value, behind its contribution, and behind how much that does."""
    told = {"feature": feature, "description": meaning, "category": category, "value": 0}
    reason = Reason(feature, None, 1.0 if up else -1.0, direction, meaning, category).explanation
    said, _, behind = _encoded({"reason": reason}).removeprefix("{").rpartition("1.00")
    return _encoded(told).removesuffix("0}"), said, behind


@lru_cache(maxsize=4_096)
def _decided(band: Band, action: Action, by: str) -> tuple[str, str]:
    """What is written of a decision, before its probability and behind it."""
    spammer = "true" if band in POSITIVE else "false"
    decided = f'"is_spammer": {spammer}, "band": "{band}", "action": "{action}", "decided_by": {_encoded(by)}'
    return f'"prediction": {spammer}', decided


@lru_cache(maxsize=4_096)
def _about_all(
    missing: tuple[str, ...], novel: tuple[str, ...], cut: tuple[str, ...], model: str, policy: str
) -> str:  # fmt: skip
    """What is written behind the reasons, up to how long it took."""
    truncated = f'"truncated_features": {_encoded(cut)}, ' if cut else ""
    return (
        f'"missing_features": {_encoded(missing)}, "novel_features": {_encoded(novel)}, {truncated}'
        f'"model_version": "{model}", "policy_version": "{policy}", "processing_time_ms": '
    )


def _since(began: float) -> float:
    return round(1000 * (time.perf_counter() - began), 3)


def _spans(words: Sequence[Word]) -> list[dict[str, Any]]:
    """The words that contribute most either way, in the order of the text."""
    most = sorted(words, key=lambda word: -abs(word.part))[:SPANS]
    return [
        {"start": word.start, "end": word.end, "contribution": word.part, "obfuscated": word.undone}
        for word in sorted(most, key=lambda word: word.start)
    ]  # fmt: skip
