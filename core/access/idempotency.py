"""Replies to requests that may come again: the same request with the same key is carried out once, and gets the same
answer each time.

As "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header) has it. A key is claimed before
anything is done for it, and the claim becomes the reply: in the transaction that stores what the reply tells of, where
there is one. Of all the processes of a home one at most holds the claim of a key.

Who does nothing but store needs no claim: of two who have an answer to the same request, the second stores nothing.

Until it is a reply, the row of a claim has the status 0 and, as its body, the process that holds it and a number. Each
process holds the lock of a file of its own in `data/claims/` as long as it lives; what a process claimed that was
killed is so told from what is being carried out, and taken over.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, insert, literal_column, select, update

from core import locks
from core.errors import RefusedError
from core.files import within
from core.locks import Lock
from core.store.database import Database, conflicting, for_tuples, listed
from core.store.moment import stored
from core.store.tables import replies

#: How long an answer is kept.
KEPT: Final = timedelta(hours=24)
#: The status of what is not answered yet.
_CLAIMED: Final = 0


_At = tuple[str, str]


class ClaimLostError(RefusedError):
    """Somebody else has the claim by now: what it was for is not to be stored."""


class Reply(NamedTuple):
    """An answer as it was given: its status and its body."""

    status: int
    body: bytes


class Asking(NamedTuple):
    """A request that may come again: who asks, under which key, and what, in bytes."""

    owner: str
    key: str
    request: bytes

    @property
    def at(self) -> _At:
        """Where its answer is kept."""
        return self.owner, self.key

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.request).hexdigest()


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to carry out a request, until it is kept or released.

    since: when the same request was claimed by a process that died before it was answered, which may have done some of
    it; None where there was none.
    """

    asking: Asking
    token: bytes
    since: datetime | None = None


#: What is kept: an answer to the request of a claim, or to one that nobody has claimed.
Kept = tuple[Claim | Asking, Reply]
#: What is found of a request: the answer given before, or the claim to carry it out now; None while somebody else
#: does, and RefusedError where the key was used for another request.
Found = Reply | Claim | RefusedError | None


class Claims:
    """The claims of one process; threads may share it."""

    def __init__(self, kept: Replies) -> None:
        self._replies, self._name, self._numbers = kept, secrets.token_hex(8), itertools.count(1)
        #: Tokens of the claims that somebody works for, and of those that are to be taken out of the database.
        self._held: set[bytes] = set()
        self._over: set[bytes] = set()
        self._lock = kept.begun(self._name)

    def find(self, asked: Sequence[Asking], *, now: datetime) -> list[Found]:
        """What is found of each; claims are made in one transaction, and no other process has them then."""
        with self._replies.database.connect() as connection:
            found = self._found(asked, _rows(connection, asked, now))
        if not any(isinstance(each, Claim) for each in found):
            return found
        with contextlib.ExitStack() as unless_claimed:
            # A claim outlives the process; when the machine goes down, what was to be done for it is gone as well.
            with self._replies.database.writing(durable=False) as connection:
                _forget_old(connection, now)
                rows = _rows(connection, asked, now)
                found = self._found(asked, rows)
                claims = [each for each in found if isinstance(each, Claim)]
                tokens = [each.token for each in claims]
                self._held.update(tokens)
                unless_claimed.callback(self._held.difference_update, tokens)
                _write(connection, claims, rows, now)
            unless_claimed.pop_all()
        return found

    def answered(self, claim: Claim) -> None:
        """Nobody works for a claim any more, as its answer is kept."""
        self._held.discard(claim.token)

    def release(self, claim: Claim) -> None:
        """Let somebody else have a claim that came to no answer.

        Where the database cannot be written to just now, `tidy` does it later.
        """
        self._over.add(claim.token)
        self._held.discard(claim.token)
        self.tidy()

    def tidy(self) -> None:
        """Release what could not be released before."""
        if over := frozenset(self._over):
            with self._replies.database.writing(durable=False) as connection:
                claimed = replies.c.status == _CLAIMED
                connection.execute(delete(replies).where(claimed, replies.c.body.in_(over)))
            self._over -= over

    def close(self) -> None:
        """End: what is claimed still is anybody's."""
        self._lock.release()
        self._replies.ended(self._name)

    def _found(self, asked: Sequence[Asking], rows: Mapping[_At, Row[Any]]) -> list[Found]:
        """As `find`; claims are not in the database yet, and of two that ask the same the first has it."""
        found, claimed = list[Found](), dict[_At, Asking]()
        for each in asked:
            if (first := claimed.get(each.at)) is not None:
                found.append(None if first.digest == each.digest else _refused(each))
                continue
            one = self._found_one(each, rows.get(each.at))
            if isinstance(one, Claim):
                claimed[each.at] = each
            found.append(one)
        return found

    def _found_one(self, asking: Asking, row: Row[Any] | None) -> Found:
        alike = row is not None and row.request == asking.digest
        if row is None or (row.status == _CLAIMED and not self._lives(row.body)):
            token = f"{self._name}/{next(self._numbers)}".encode()
            return Claim(asking, token, row.at if row is not None and alike else None)
        return None if alike and row.status == _CLAIMED else _told(asking, row)

    def _lives(self, token: bytes) -> bool:
        """Whether somebody works for a claim."""
        name = token.decode().partition("/")[0]
        return token in self._held if name == self._name else self._replies.lives(name)


@dataclass(frozen=True, slots=True, eq=False)
class Replies:
    """Answers kept for requests that may come again; `folder` holds a lock for each process that answers."""

    database: Database
    folder: Path

    def find(self, asked: Sequence[Asking], *, now: datetime) -> list[Reply | RefusedError | None]:
        """What was answered to each; None where nothing was, and RefusedError where the key was used for another
        request.
        """
        with self.database.connect() as connection:
            rows = _rows(connection, asked, now)
        found = (rows.get(each.at) for each in asked)
        return [
            None if row is None or row.status == _CLAIMED else _told(each, row)
            for each, row in zip(asked, found, strict=True)
        ]

    def keep(self, kept: Iterable[Kept], *, now: datetime) -> None:
        """As `keep_with`, in a transaction of its own, for what is stored elsewhere and found there when it is asked
        again.

        So no disk is waited for: the answer outlives the process, and may be lost when the machine itself goes down.
        """
        with self.database.writing(durable=False) as connection:
            keep_with(connection, kept, now=now)

    def begun(self, name: str) -> Lock:
        """The lock of a process that begins. What processes that died have left of theirs is taken away."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # One after the other: a file is not taken away between its making and its locking.
        with locks.held(self.folder / "begins"):
            lock = locks.taken(self._path(name))
            if lock is None:
                raise RefusedError(f"Another process answers requests under the name {name}. Start anew.")
            for path in self.folder.glob("*.lock"):
                if not self.lives(path.stem):
                    path.unlink(missing_ok=True)
        return lock

    def ended(self, name: str) -> None:
        """Take away the lock of a process that has ended."""
        self._path(name).unlink(missing_ok=True)

    def lives(self, name: str) -> bool:
        """Whether the process lives that holds this lock."""
        return self._path(name).is_file() and locks.is_held(self._path(name))

    def _path(self, name: str) -> Path:
        return within(self.folder, name).with_suffix(".lock")


def keep_with(connection: Connection, kept: Iterable[Kept], *, now: datetime) -> None:
    """Make replies of claims, and of what nobody has claimed, together with all else that this transaction stores.

    Raises ClaimLostError, for the transaction to be rolled back, where somebody else has a claim by now or has
    answered.
    """
    claims, unclaimed = list[tuple[Claim, Reply]](), list[tuple[Asking, Reply]]()
    for whose, reply in kept:
        if isinstance(whose, Claim):
            claims.append((whose, reply))
        else:
            unclaimed.append((whose, reply))
    if claims:
        _keep_claims(connection, claims, now)
    if unclaimed:
        _keep_unclaimed(connection, unclaimed, now)


def _keep_unclaimed(connection: Connection, kept: Sequence[tuple[Asking, Reply]], now: datetime) -> None:
    _forget_old(connection, now)
    at = stored(now)
    rows = [(asking.owner, asking.key, asking.digest, reply.status, at, reply.body) for asking, reply in kept]
    if connection.exec_driver_sql(_UNCLAIMED, rows).rowcount < len(rows):
        raise ClaimLostError("One of these requests was answered by somebody else. Send it again.")


#: Whoever has claimed what is answered here finds the claim lost.
_NEW: Final = conflicting(replies)
_UNCLAIMED: Final = for_tuples(
    _NEW.on_conflict_do_update(
        index_elements=replies.primary_key,
        set_={column.name: _NEW.excluded[column.name] for column in replies.columns if not column.primary_key},
        where=replies.c.status == literal_column(str(_CLAIMED)),
    )
)


def _keep_claims(connection: Connection, kept: Sequence[tuple[Claim, Reply]], now: datetime) -> None:
    rows = [
        {"_owner": claim.asking.owner, "_key": claim.asking.key, "_token": claim.token, "status": reply.status,
         "body": reply.body}
        for claim, reply in kept
    ]  # fmt: skip
    ours = update(replies).where(*_OF, replies.c.status == _CLAIMED, replies.c.body == bindparam("_token"))
    told = ours.values(status=bindparam("status"), body=bindparam("body"), at=now)
    if connection.execute(told, rows).rowcount == len(rows):
        return
    for row in rows:
        found = select(replies.c.body).where(replies.c.owner == row["_owner"], replies.c.key == row["_key"])
        if connection.execute(found).scalar_one_or_none() != row["body"]:
            key = row["_key"]
            raise ClaimLostError(f"The request with the key {key} is carried out by somebody else. Send it again.")


#: The row of one request, by parameters of many.
_OF: Final = (replies.c.owner == bindparam("_owner"), replies.c.key == bindparam("_key"))


def _rows(connection: Connection, asked: Sequence[Asking], now: datetime) -> dict[_At, Row[Any]]:
    """What is kept of these requests."""
    found = dict[_At, Row[Any]]()
    for owner in dict.fromkeys(each.owner for each in asked):
        keys = json.dumps([each.key for each in asked if each.owner == owner])
        wanted = select(replies).where(
            replies.c.owner == owner, replies.c.key.in_(listed(keys)), replies.c.at > now - KEPT
        )
        found |= {(owner, row.key): row for row in connection.execute(wanted)}
    return found


def _write(connection: Connection, claims: Sequence[Claim], rows: Mapping[_At, Row[Any]], now: datetime) -> None:
    """Make rows of claims, in the place of those of processes that died."""
    if dead := [{"_owner": each.asking.owner, "_key": each.asking.key} for each in claims if each.asking.at in rows]:
        connection.execute(delete(replies).where(*_OF), dead)
    if claims:
        connection.execute(insert(replies), [
            {"owner": each.asking.owner, "key": each.asking.key, "request": each.asking.digest,
             "at": each.since or now, "status": _CLAIMED, "body": each.token}
            for each in claims
        ])  # fmt: skip


def _forget_old(connection: Connection, now: datetime) -> None:
    connection.execute(delete(replies).where(replies.c.at <= now - KEPT))


def _told(asking: Asking, row: Row[Any]) -> Reply | RefusedError:
    """The answer of a row, where it is one to this request."""
    return Reply(row.status, row.body) if row.request == asking.digest else _refused(asking)


def _refused(asking: Asking) -> RefusedError:
    return RefusedError(f"The key {asking.key} was used for another request. Use a new one for each request.")
