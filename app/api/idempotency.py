"""A request that may come again is carried out once, whichever process of the server it comes to."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.batcher import Batcher
from app.api.problem_details import Problem
from core.access.accounts import Person
from core.access.idempotency import Asking, Claim, ClaimLostError, Claims, Found, Kept, Reply
from core.errors import RefusedError
from core.home import Home

#: Seconds that a request waits for the answer to the same one before it; then it is told to come again.
WAITS: Final = 30.0
#: Seconds between two looks for that answer: at first, and at most.
SOON: Final = 0.01
SELDOM: Final = 0.25
#: What carries out a request. Of one with a key it is given the claim, under which the answer is kept by the time it
#: is given: see `kept`, and `Serving.score`.
Make = Callable[[Claim | None], Awaitable[Response]]


async def once(request: Request, who: Person, key: str | None, make: Make) -> Response:
    """What `make` answers; where the same was asked under the same key before, the answer given then.

    Raises Problem: 422 where the key was used for something else, 409 where the same is still being carried out after
    WAITS; and what `make` raises: a failure is not kept.
    """
    if key is None:
        return await make(None)
    keys: Keys = request.app.state.keys
    return await keys.answer(Asking(who.name, key, await _said(request)), make)


async def kept(request: Request, claim: Claim | None, made: Response) -> Response:
    """An answer, kept where it has a key."""
    if claim is not None:
        await request.app.state.keys.keep(claim, made)
    return made


def identity(who: Person, key: str) -> str:
    """The id of what is stored under a key: the same for the same client, and nobody else's."""
    return hashlib.sha256(f"{who.name}\n{key}".encode()).hexdigest()[:32]


class Keys:
    """The requests with a key of one process."""

    def __init__(self, home: Home) -> None:
        self._claims = Claims(home.replies)
        self._finding: Batcher[Asking, Found] = Batcher(self._find)
        self._keeping: Batcher[Kept, None] = Batcher(functools.partial(_keep, home))
        self._under_way: set[asyncio.Task[Response | None]] = set()

    async def answer(self, asking: Asking, make: Make) -> Response:
        """As `once`. Waiting takes neither a thread nor a connection to the database."""
        until, pause = time.monotonic() + WAITS, SOON
        while (answer := await self._tried(asking, make)) is None:
            if time.monotonic() >= until:
                raise Problem(
                    409, "under_way",
                    f"The request with the key {asking.key} is still being carried out. Send it again in a while.",
                    headers={"Retry-After": "5"},
                )  # fmt: skip
            await asyncio.sleep(pause)
            pause = min(2 * pause, SELDOM)
        return answer

    async def keep(self, claim: Claim, made: Response) -> None:
        """Have an answer for whoever sends the same again. Raises ClaimLostError."""
        await self._keeping.ask((claim, Reply(made.status_code, bytes(made.body))))

    def tidy(self) -> None:
        """As `Claims.tidy`."""
        self._claims.tidy()

    async def close(self) -> None:
        """Wait for what is being carried out; nothing can be asked any more."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        self._finding.close()
        self._keeping.close()
        self._claims.close()

    async def _tried(self, asking: Asking, make: Make) -> Response | None:
        """The answer; None while somebody else carries it out. Who asks may go: what has begun is ended and kept."""
        trying = asyncio.create_task(self._try(asking, make))
        self._under_way.add(trying)
        trying.add_done_callback(self._under_way.discard)
        return await asyncio.shield(trying)

    async def _try(self, asking: Asking, make: Make) -> Response | None:
        found = await self._finding.ask(asking)
        if isinstance(found, RefusedError):
            raise Problem(422, "key_used", str(found))
        if isinstance(found, Reply):
            return Response(found.body, found.status, {"Idempotent-Replayed": "true"}, "application/json")
        return None if found is None else await self._carried_out(found, make)

    async def _carried_out(self, claim: Claim, make: Make) -> Response | None:
        async with contextlib.AsyncExitStack() as unless_answered:
            unless_answered.push_async_callback(run_in_threadpool, self._claims.release, claim)
            try:
                made = await make(claim)
            except ClaimLostError:  # whoever has it now answers for both
                return None
            unless_answered.pop_all()
        self._claims.answered(claim)
        return made

    def _find(self, asked: Sequence[Asking]) -> list[Found]:
        return self._claims.find(asked, now=datetime.now(UTC))


def _keep(home: Home, answers: Sequence[Kept]) -> list[None]:
    home.replies.keep(answers, now=datetime.now(UTC))
    return [None] * len(answers)


async def _said(request: Request) -> bytes:
    """All that tells a request from another one."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.method} {request.url.path}{query}\n".encode() + await request.body()
