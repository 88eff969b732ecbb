"""Where in a text stands what its further features count: links, contacts, what was undone, the owner's phrases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.registry.registry import Model
from core.schema.column import TEXT_PARTS, phrase_column
from core.text.derived import PLACED, spans
from core.text.text_model import Word

Span = tuple[int, int]


def places(feature: str, push: float, model: Model, texts: Mapping[str, str | None]) -> tuple[Word, ...]:
    """What a feature has counted in its text, in order, each with an equal share of its contribution; nothing for a
    feature that counts nothing with a place. texts: as sent, by feature.
    """
    found = sorted(set(_spans(feature, model, texts)))
    undone = any(feature == _counted(name, "undone") for name in model.texts)
    return tuple(Word(start, end, push / len(found), undone) for start, end in found)


def _spans(feature: str, model: Model, texts: Mapping[str, str | None]) -> Iterator[Span]:
    for name in model.texts:
        text = texts.get(name)
        if text is None or not feature.startswith(f"{name} ("):
            continue
        if feature in model.metadata.counted:
            lists = model.phrases[name]
            yield from (
                (hit.start, hit.end) for hit in lists.hits(text) if feature == phrase_column(name, hit.category)
            )
        else:
            yield from (span for part in PLACED if feature == _counted(name, part) for span in spans(part, text))


def _counted(name: str, part: str) -> str:
    return f"{name} ({TEXT_PARTS[part].name})"
