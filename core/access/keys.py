"""Keys of the API: what a program shows to be let in, whose role it has, and how often it may ask.

A key reads `td_<id>_<secret>`. It is shown once, when it is made; the home keeps the SHA-256 of the secret. That is
enough for 256 random bits, which nobody guesses; only what people think up needs a slow hash.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, insert, select, update

from core.access import accounts
from core.access.accounts import KEY_PREFIX, Accounts, Person, Role
from core.errors import BadOptionError, KeyRefusedError, RefusedError, UnknownItemError
from core.store.database import Database
from core.store.tables import keys

#: Requests a second of a key, unless it was made with another rate.
RATE: Final = 100.0
MOST_RATE: Final = 1_000_000.0
#: A key is made for at most so long: one that is forgotten must not work for ever.
MOST_DAYS: Final = 3_650
_TOKEN: Final = re.compile(r"td_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key, without its secret. `rate`: requests a second, 0 for any number."""

    id: str
    name: str
    role: Role
    rate: float
    created: datetime
    expires: datetime | None
    revoked: datetime | None

    @property
    def person(self) -> Person:
        """Who acts where this key is shown, as verdicts and the audit log name them."""
        return Person(KEY_PREFIX + self.name, self.role)

    def usable(self, now: datetime) -> bool:
        return self.revoked is None and (self.expires is None or self.expires > now)


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """The keys of programs that use the API of a home."""

    accounts: Accounts
    database: Database

    def create(
        self, name: str, role: Role, *, now: datetime, days: float | None = None, rate: float = RATE
    ) -> tuple[Key, str]:
        """Make a key, and its text, which is kept nowhere. days: until it expires, None for never.

        Raises BadOptionError for an unusable name, role, time or rate, and RefusedError when the name has a key
        already.
        """
        if days is not None and not 0 < days <= MOST_DAYS:
            raise BadOptionError("days", f"give a number above 0, up to {MOST_DAYS:,}.")
        if not 0 <= rate <= MOST_RATE:
            raise BadOptionError("rate", f"give requests a second, 0 to {MOST_RATE:,.0f}; 0 for any number.")
        if accounts.is_key(name):
            raise BadOptionError("name", f"{KEY_PREFIX} is put before it by itself. Leave it out.")
        expires = None if days is None else now + timedelta(days=days)
        key = Key(
            secrets.token_hex(4), accounts.named(name), accounts.role_named(role), rate, now, expires, None
        )  # fmt: skip
        secret = secrets.token_urlsafe(32)
        self._add(key, _digest(secret))
        return key, f"td_{key.id}_{secret}"

    def _add(self, key: Key, digest: str) -> None:
        compared = accounts.compared(key.name)
        with self.database.writing() as connection:
            standing = select(keys.c.id).where(keys.c.key == compared, keys.c.revoked.is_(None))
            if connection.execute(standing).one_or_none() is not None:
                raise RefusedError(f"There is a key {key.name} already. Choose another name, or revoke that one first.")
            row = {
                "id": key.id, "key": compared, "name": key.name, "role": key.role, "digest": digest, "rate": key.rate,
                "created": key.created, "expires": key.expires,
            }  # fmt: skip
            connection.execute(insert(keys).values(row))

    def listed(self) -> tuple[Key, ...]:
        """All keys there ever were, the oldest first."""
        with self.database.connect() as connection:
            rows = connection.execute(select(keys).order_by(keys.c.created, keys.c.id)).all()
        return tuple(map(_key, rows))

    def revoke(self, name: str, *, now: datetime) -> Key:
        """Have the key of this name, or with this id, let nobody in any more; raises UnknownItemError."""
        for key in self.listed():
            if key.revoked is None and name in {key.id, key.name}:
                with self.database.writing() as connection:
                    connection.execute(update(keys).where(keys.c.id == key.id).values(revoked=now))
                return key
        raise UnknownItemError("key", name)

    def find(self, token: str, *, now: datetime) -> Key:
        """The key with this text; raises KeyRefusedError, in the same words whatever is wrong with it."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            raise KeyRefusedError
        with self.database.connect() as connection:
            row = connection.execute(select(keys).where(keys.c.id == parts[1])).one_or_none()
        same = hmac.compare_digest(_digest(parts[2]), row.digest if row is not None else "")
        if row is None or not same or not _key(row).usable(now):
            raise KeyRefusedError
        return _key(row)

    def needed(self) -> bool:
        """Whether a request must show a key: once there was one, or where there are accounts.

        That the last key was revoked or has expired opens nothing.
        """
        with self.database.connect() as connection:
            made = connection.execute(select(keys.c.id).limit(1)).one_or_none()
        return made is not None or not self.accounts.local()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: Row[Any]) -> Key:
    return Key(row.id, row.name, row.role, row.rate, row.created, row.expires, row.revoked)
