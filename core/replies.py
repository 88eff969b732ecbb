"""Replies to requests that may come again: the same request with the same key gets the same answer, and does nothing.

As "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header) has it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from core import state
from core.errors import RefusedError
from core.settings import Settings
from core.state import replies

#: How long an answer is kept.
KEPT: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it was given: its status and its body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Asking:
    """A request that may come again: who asks, under which key, and what, in bytes."""

    owner: str
    key: str
    request: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.request).hexdigest()


def find(settings: Settings, asking: Asking, *, now: datetime) -> Reply | None:
    """The answer given before, None for a request that is new.

    Raises RefusedError when the key was used for something else.
    """
    with state.connect(settings) as connection:
        return _find(connection, asking, now)


def keep(settings: Settings, asking: Asking, reply: Reply, *, now: datetime) -> Reply:
    """Keep an answer and give it back; where the same was answered meanwhile, that answer counts.

    Raises RefusedError when the key was used for something else meanwhile.
    """
    with state.writing(settings) as connection:
        connection.execute(delete(replies).where(replies.c.at <= now - KEPT))
        found = _find(connection, asking, now)
        if found is None:
            row = {"owner": asking.owner, "key": asking.key, "request": asking.digest, "at": now}
            connection.execute(insert(replies).values(row | {"status": reply.status, "body": reply.body}))
    return found or reply


def _find(connection: Connection, asking: Asking, now: datetime) -> Reply | None:
    ours = select(replies).where(
        replies.c.owner == asking.owner, replies.c.key == asking.key, replies.c.at > now - KEPT
    )
    row = connection.execute(ours).one_or_none()
    if row is None:
        return None
    if row.request != asking.digest:
        raise RefusedError(f"The key {asking.key} was used for another request. Use a new one for each request.")
    return Reply(row.status, row.body)
