"""Who is asking: the key a request shows, the role it has, and how often it may ask."""

from __future__ import annotations

import asyncio
import functools
import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from app.api.problem_details import Problem
from app.web.hosts import Hosts
from app.web.rate_limit import Bucket
from core.access.accounts import Deed, Person
from core.access.keys import Key
from core.errors import KeyRefusedError, NotAllowedError, StorageError
from core.home import Home

#: Seconds for which what is known of a key is taken to be true: after so long a revoked key is refused everywhere.
KNOWN_FOR: Final = 1.0
#: Seconds for which it is taken to be true while the database does not answer, in which nobody can revoke a key.
KNOWN_WHILE_AWAY: Final = 600.0
#: Seconds within which the database answers, or what was found before counts.
WITHIN: Final = 0.5
#: Keys remembered; an attacker who tries others only makes us ask again.
MOST_KNOWN: Final = 1_000
#: Who acts where no key is needed.
LOCAL: Final = Person("api", "admin")
#: Without keys it answers to the names of this machine.
_HOSTS: Final = Hosts()


class Access:
    """Lets requests in by their headers; one in a process."""

    def __init__(self, home: Home, *, open_to_all: bool, workers: int) -> None:
        self._home, self._open_to_all, self._workers = home, open_to_all, workers
        #: When each was looked up, of `time.monotonic`, and what was found; the same of whether one is needed.
        self._known: dict[str, tuple[float, Key]] = {}
        self._needed = (-math.inf, True)
        self._looking: dict[str, asyncio.Future[None]] = {}
        self._buckets: dict[str, Bucket] = {}

    @property
    def home_folder(self) -> Path:
        return self._home.settings.home

    @property
    def key_needed(self) -> bool:
        """Whether a request must show a key."""
        if not self._open_to_all and self._age("") >= KNOWN_FOR:
            self._look_up("")
        return self._open_to_all or self._needed[1]

    async def know(self, headers: Mapping[str, str]) -> None:
        """Look up the key of a request, where that was not done just now, in a thread: the database may be slow or
        away, and others are answered meanwhile.

        What was found before counts for a while where the database does not answer. Raises what `let_in` raises, and
        StorageError.
        """
        token = _token(headers)
        if max(self._age(""), self._age(token)) < KNOWN_FOR:
            return
        looking = self._looking.get(token)
        if looking is None:
            looking = self._looking[token] = asyncio.ensure_future(run_in_threadpool(self._look_up, token))
            looking.add_done_callback(functools.partial(self._looked, token))
        before = max(self._age(""), self._age(token)) < KNOWN_WHILE_AWAY
        await asyncio.wait([looking], timeout=WITHIN if before else None)
        if looking.done() and (error := looking.exception()) and not (before and isinstance(error, StorageError)):
            raise error

    def let_in(self, headers: Mapping[str, str]) -> tuple[Person, dict[str, str]]:
        """Who asks, and the headers of the answer that tell how often they still may. Raises Problem: 401 without a key
        that opens, 429 for who asks too often, 403 and 421 for what a web page may have sent to this machine behind the
        back of who sits there.
        """
        if not (self._open_to_all or self._needed[1]):
            _check_local(headers)
            return LOCAL, {}
        token = _token(headers)
        if not token:
            raise Problem(
                401, "key_missing", "Show a key: send the header Authorization: Bearer KEY.",
                headers={"WWW-Authenticate": "Bearer"},
            )  # fmt: skip
        if token not in self._known:  # so many others came meanwhile
            self._look_up(token)
        _, key = self._known[token]
        if not key.usable(datetime.now(UTC)):
            raise KeyRefusedError
        return key.person, self._counted(key)

    def _look_up(self, token: str) -> None:
        """Look up whether a key is needed and, where it is, this one. Raises KeyRefusedError and StorageError."""
        if not self._open_to_all:
            self._needed = (time.monotonic(), self._home.keys.needed())
        if token and (self._open_to_all or self._needed[1]):
            key = self._home.keys.find(token, now=datetime.now(UTC))
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[token] = (time.monotonic(), key)

    def _looked(self, token: str, looking: asyncio.Future[None]) -> None:
        del self._looking[token]
        if not looking.cancelled():
            looking.exception()  # seen, also where whoever asked waits no longer

    def _age(self, token: str) -> float:
        """Seconds since a key was looked up; with "", since it was whether one is needed."""
        if token and (self._open_to_all or self._needed[1]):
            return time.monotonic() - self._known[token][0] if token in self._known else math.inf
        return 0.0 if self._open_to_all else time.monotonic() - self._needed[0]

    def _counted(self, key: Key) -> dict[str, str]:
        if not key.rate:
            return {}
        # Each process counts for itself what its share of the requests is.
        rate, now = key.rate / self._workers, time.monotonic()
        bucket = self._buckets.setdefault(key.id, Bucket(rate, max(rate, 1.0), now))
        wait = bucket.take(now)
        told = _rate_headers(key.rate, bucket)
        if wait:
            detail = f"This key may make {key.rate:g} requests a second. Wait, then try again."
            raise Problem(429, "too_often", detail, headers=told | {"Retry-After": str(int(wait) + 1)})
        return told


def _token(headers: Mapping[str, str]) -> str:
    """The key that a request shows, "" where it shows none."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _rate_headers(rate: float, bucket: Bucket) -> dict[str, str]:
    """As draft-ietf-httpapi-ratelimit-headers has them: requests in seconds; those left, and seconds until all are."""
    most = max(int(rate), 1)
    return {
        "RateLimit-Policy": f'"key";q={most};w={math.ceil(most / rate)}',
        "RateLimit": f'"key";r={int(bucket.left)};t={math.ceil(bucket.rests)}',
    }


def _check_local(headers: Mapping[str, str]) -> None:
    """Without keys only this machine is served; a web page that is open on it must not speak for who sits there."""
    if not _HOSTS.answers(headers.get("host", "")):
        raise Problem(421, "other_host", "Without a key only requests to 127.0.0.1 or localhost are answered.")
    page = headers.get("origin")
    if page is not None and not _HOSTS.knows_page(page):
        raise Problem(403, "other_origin", "Without a key no request of a web page elsewhere is answered.")


class May:
    """A dependency: who is asking, if their role allows the deed; `None` for a deed that everybody may do."""

    def __init__(self, deed: Deed | None = None) -> None:
        self.deed = deed

    async def __call__(self, request: Request) -> Person:
        person: Person = request.scope["state"]["person"]
        if self.deed is not None and not person.may(self.deed):
            raise NotAllowedError(person.name, person.role, self.deed)
        return person
