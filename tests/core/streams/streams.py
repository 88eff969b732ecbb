"""Messages of the users of the tests, and a source and a sink in memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from core.home import Home
from core.schema import glossary
from core.schema import schema as schemas
from core.scoring.online import Serving
from core.streams.messages import Answer, Letter, Message
from core.streams.stream import Stream
from tests import make


def body(number: int, **more: Any) -> dict[str, Any]:
    features = {"links": number % 7, "verified": number % 2, "tier": 2, "ratio": 0.5, "constant": 3}
    return {"id": f"m-{number}", "user_id": f"u{number % 13}", "features": features, **more}


def message(number: int, **more: Any) -> Message:
    return Message(f"handle-{number}", json.dumps(body(number, **more)).encode())


class Listed:
    """A source of batches: what is not acknowledged is read again."""

    def __init__(self, given: Sequence[Message]) -> None:
        self._left = list(given)

    @property
    def ended(self) -> bool:
        return not self._left

    def read(self, most: int) -> Sequence[Message]:
        return self._left[:most]

    def done(self, settled: Sequence[Message]) -> None:
        del self._left[: len(settled)]


class Kept:
    """A sink: `told` are the answers as JSON, `letters` the others by handle."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.letters: dict[str, str] = {}

    def write(self, answers: Sequence[Answer]) -> None:
        self.told += [json.loads(each.body) for each in answers]

    def bury(self, letters: Sequence[Letter]) -> None:
        self.letters |= {each.message.handle: each.sentence for each in letters}


def serving(home: Home) -> Serving:
    model, schema = home.registry.load(), schemas.load(home.settings.schema_file)
    meanings, lists = glossary.load(home.settings.glossary_file), home.lists.in_force(make.NOW)
    return Serving(home.online_runs, home.deciding, model, schema, meanings, make.policy(), lists)


def stream(home: Home, name: str = "default") -> Stream:
    ours = serving(home)
    return Stream(name, home.replies, lambda: ours)
