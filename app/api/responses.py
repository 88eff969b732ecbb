"""What core found, as the API tells it."""

from __future__ import annotations

import json

from starlette.responses import Response

from core.access.idempotency import Reply


def as_json(told: object, *, status: int = 200) -> Response:
    """A response made at once: the app would look through all of it again."""
    return response(reply(told, status=status))


def reply(told: object, *, status: int = 200) -> Reply:
    """The answer as it is sent, and kept for whoever sends the same again."""
    return written(dumped(told), status=status)


def dumped(told: object) -> str:
    """As it is told, as JSON."""
    return json.dumps(told, ensure_ascii=False, allow_nan=False)


def written(told: str, *, status: int = 200) -> Reply:
    """The same of what is JSON already."""
    return Reply(status, told.encode())


def response(told: Reply) -> Response:
    return Response(told.body, told.status, media_type="application/json")
