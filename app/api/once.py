"""A request that may come again is carried out once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Final
from weakref import WeakValueDictionary

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.problems import Problem
from core import replies
from core.accounts import Person
from core.errors import RefusedError
from core.replies import Asking, Reply
from core.settings import Settings

#: One for each key that somebody uses just now.
_LOCKS: Final[WeakValueDictionary[tuple[str, str], asyncio.Lock]] = WeakValueDictionary()


async def once(
    settings: Settings, request: Request, who: Person, key: str | None, make: Callable[[], Awaitable[Response]]
) -> Response:
    """What `make` answers; where the same was asked under the same key before, the answer given then.

    Raises Problem (422) where the key was used for something else, and what `make` raises: a failure is not kept.
    """
    if key is None:
        return await make()
    said = f"{request.method} {request.url.path}\n".encode() + await request.body()
    asking = Asking(who.name, key, said)
    # Where another process carries it out at the same moment, the answer that is kept first counts for both.
    async with _LOCKS.setdefault((asking.owner, asking.key), asyncio.Lock()):
        found = await run_in_threadpool(_found, settings, asking)
        if found is not None:
            return _again(found)
        made = await make()
        reply = Reply(made.status_code, bytes(made.body))
        kept = await run_in_threadpool(_kept, settings, asking, reply)
        return made if kept == reply else _again(kept)


def identity(who: Person, key: str) -> str:
    """The id of what is stored under a key: the same for the same client, and nobody else's."""
    return hashlib.sha256(f"{who.name}\n{key}".encode()).hexdigest()[:32]


def _found(settings: Settings, asking: Asking) -> Reply | None:
    with refused_keys():
        return replies.find(settings, asking, now=datetime.now(UTC))


def _kept(settings: Settings, asking: Asking, reply: Reply) -> Reply:
    with refused_keys():
        return replies.keep(settings, asking, reply, now=datetime.now(UTC))


@contextlib.contextmanager
def refused_keys() -> Iterator[None]:
    """Tell of a key that was used for something else as a problem of its own (422)."""
    try:
        yield
    except RefusedError as error:
        raise Problem(422, "key_used", str(error)) from None


def _again(reply: Reply) -> Response:
    return Response(reply.body, reply.status, {"Idempotent-Replayed": "true"}, "application/json")
