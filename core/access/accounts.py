"""Accounts: who may do what in a home that a team shares.

A home without accounts is in local mode: whoever sits in front of it gives a name and may do everything. With the
first account, which is an admin's, everybody signs in, and the role is read again at every write. A program that uses
the API by a key has the role of its key, in local mode too.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import Any, Final, Literal, get_args

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from core.errors import BadOptionError, CrowdedError, NotAllowedError, RefusedError, SignInError, UnknownItemError
from core.store.database import Database
from core.store.tables import accounts, keys

Role = Literal["integrator", "analyst", "reviewer", "data scientist", "lead", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
Deed = Literal[
    "see the workspace", "predict", "score", "send to review", "send feedback", "judge", "snooze users", "see strata",
    "reopen", "assign cases", "change guidance", "change policy",
    "train", "retrain", "promote", "export decisions", "delete data", "manage accounts",
]  # fmt: skip
DEEDS: Final[tuple[Deed, ...]] = get_args(Deed)
_INTEGRATOR: Final[frozenset[Deed]] = frozenset({"predict", "send feedback", "export decisions"})
_ANALYST: Final[frozenset[Deed]] = frozenset({"see the workspace", "predict", "score", "send to review"})
_REVIEWER: Final[frozenset[Deed]] = _ANALYST | {"send feedback", "judge", "snooze users"}
_SCIENTIST: Final[frozenset[Deed]] = _ANALYST | {"see strata", "train", "retrain", "promote"}
_LEAD: Final[frozenset[Deed]] = _REVIEWER | {
    "see strata", "reopen", "assign cases", "change guidance", "change policy", "promote", "export decisions",
    "delete data",
}  # fmt: skip
#: What each role may do.
MAY: Final[Mapping[Role, frozenset[Deed]]] = {
    "integrator": _INTEGRATOR,
    "analyst": _ANALYST,
    "reviewer": _REVIEWER,
    "data scientist": _SCIENTIST,
    "lead": _LEAD,
    "admin": frozenset(DEEDS),
}
#: Roles of keys alone: whoever signs in sees the workspace.
FOR_KEYS: Final[frozenset[Role]] = frozenset({"integrator"})

#: scrypt as RFC 7914 defines it; n, r and p take 32 MB and about a tenth of a second for each guess.
_COST: Final[Mapping[str, int]] = {"n": 2**15, "r": 8, "p": 1, "maxmem": 64 * 2**20, "dklen": 32}
#: Passwords hashed at once in a process: however many are tried, other threads have their cores and their memory.
_HASHING: Final = BoundedSemaphore(1)
#: Seconds that a password waits for its turn.
PATIENCE: Final = 10.0
#: Wrong passwords in a row before an account is locked, and for how long.
FAILURES: Final = 10
LOCK: Final = timedelta(minutes=15)
#: How the name of a program begins that uses the API by a key, wherever the names of people stand.
KEY_PREFIX: Final = "api:"
_MOST_NAME: Final = 80
_LEAST_PASSWORD, _MOST_PASSWORD = 10, 1000


@dataclass(frozen=True, slots=True)
class Person:
    """Who is here. In local mode everybody is an admin."""

    name: str
    role: Role

    def may(self, deed: Deed) -> bool:
        return deed in MAY[self.role]


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """The accounts of a home."""

    database: Database

    def local(self) -> bool:
        """Whether this home has no accounts, so that a name is enough."""
        with self.database.connect() as connection:
            return not _any(connection)

    def people(self) -> tuple[Person, ...]:
        """Everybody with an account, by name."""
        with self.database.connect() as connection:
            rows = connection.execute(select(accounts).order_by(accounts.c.key)).all()
        return tuple(map(_person, rows))

    def create(self, name: str, role: Role, password: str, *, now: datetime) -> Person:
        """Add an account. Names that differ in case or in how they are encoded are the same name.

        Raises BadOptionError for an unusable name, role or password, and RefusedError when the name is taken or the
        first account of a home is not an admin's.
        """
        if is_key(name):
            raise BadOptionError("name", f"names that begin with {KEY_PREFIX} are those of keys. Choose another name.")
        person = Person(named(name), role_of_person(role))
        secret = _secret(password)
        with self.database.writing() as connection:
            if role != "admin" and not _any(connection):
                raise RefusedError("The first account must be an admin's: nobody else could add the others.")
            if _find(connection, name) is not None:
                raise RefusedError(f"There is an account {person.name} already. Choose another name.")
            row = {
                "key": compared(name),
                "name": person.name,
                "role": role,
                "failures": 0,
                "created": now,
                "changed": now,
            }
            connection.execute(insert(accounts).values(row | secret))
        return person

    def change(self, name: str, *, now: datetime, role: Role | None = None, password: str | None = None) -> Person:
        """Give an account another role, another password, or both; a new password also unlocks it.

        Raises UnknownItemError, BadOptionError, and RefusedError when no admin would be left.
        """
        new: dict[str, Any] = {"changed": now}
        if role is not None:
            new["role"] = role_of_person(role)
        if password is not None:
            new |= _secret(password) | {"failures": 0, "locked_until": None}
        with self.database.writing() as connection:
            row = _known(connection, name)
            if role not in {None, "admin"}:
                _refuse_last_admin(connection, row)
            connection.execute(update(accounts).where(accounts.c.key == row.key).values(new))
            return _person(_known(connection, name))

    def remove(self, name: str) -> None:
        """Delete an account; raises UnknownItemError, and RefusedError for the last admin."""
        with self.database.writing() as connection:
            row = _known(connection, name)
            _refuse_last_admin(connection, row)
            connection.execute(delete(accounts).where(accounts.c.key == row.key))

    def check(self, name: str, password: str, *, now: datetime) -> Person:
        """Who this is, by name and password.

        Raises SignInError in the same words and after the same work for an unknown name, a wrong password and a locked
        account, so that an attacker learns none of them. FAILURES wrong passwords in a row lock an account for LOCK.
        Raises CrowdedError where so many are tried at once that this one was not looked at; it then does not count.
        """
        with self.database.connect() as connection:
            row = _find(connection, name)
        salt, digest = (row.salt, row.digest) if row is not None else ("00" * 16, "")
        right = hmac.compare_digest(_digest(password, salt), digest)
        # After the slow part, so that guesses made at once are all counted, and none gets past the lock.
        with self.database.writing() as connection:
            row = _find(connection, name)
            person = (
                None if row is None or (row.salt, row.digest) != (salt, digest) else _admit(connection, row, right, now)
            )
        if person is None:
            raise SignInError
        return person

    def authorise(self, name: str, deed: Deed) -> Person:
        """The person, if their role, as it is now, allows the deed; in local mode anybody with a usable name.

        Raises NotAllowedError, also for who has no account any more, and BadOptionError for an unusable name.
        """
        person = self.current(name)
        if person is None:
            raise NotAllowedError(name, None, deed)
        if not person.may(deed):
            raise NotAllowedError(person.name, person.role, deed)
        return person

    def current(self, name: str) -> Person | None:
        """The person as the database has them now, None without an account; in local mode anybody with a usable name.

        Raises BadOptionError for an unusable name in local mode.
        """
        with self.database.connect() as connection:
            if is_key(name):
                row = _standing_key(connection, name)
            elif not _any(connection):
                return Person(named(name), "admin")
            else:
                row = _find(connection, name)
        return None if row is None else _person(row)


def is_key(name: str) -> bool:
    """Whether this names a program that uses the API by a key (see `core.access.keys`), and so no person.

    >>> is_key("api:sign-up"), is_key("Ada")
    (True, False)
    """
    return name.strip().casefold().startswith(KEY_PREFIX)


def role_named(role: str) -> Role:
    """The role of that name; raises BadOptionError when there is none."""
    for known in ROLES:
        if role == known:
            return known
    raise BadOptionError("role", f"choose one of {', '.join(ROLES)}.")


def role_of_person(role: str) -> Role:
    """As `role_named`, of an account; raises BadOptionError for a role of keys, too."""
    if role in FOR_KEYS:
        raise BadOptionError("role", f"{role} is a role of keys. Make one with `keys create --role {role}`.")
    if role not in ROLES:
        raise BadOptionError("role", f"choose one of {', '.join(each for each in ROLES if each not in FOR_KEYS)}.")
    return role_named(role)


def named(name: str) -> str:
    """The name as it is stored and shown; raises BadOptionError for one that cannot be used.

    >>> named("  Ada Lovelace ")
    'Ada Lovelace'
    """
    usable = unicodedata.normalize("NFC", name.strip())
    if not usable or len(usable) > _MOST_NAME or not usable.isprintable():
        raise BadOptionError("name", f"give 1 to {_MOST_NAME} printable characters.")
    return usable


def compared(name: str) -> str:
    """The form in which names are compared; raises BadOptionError for one that cannot be used."""
    return unicodedata.normalize("NFKC", named(name)).casefold()


def _secret(password: str) -> dict[str, str]:
    if not _LEAST_PASSWORD <= len(password) <= _MOST_PASSWORD:
        raise BadOptionError("password", f"give {_LEAST_PASSWORD} to {_MOST_PASSWORD:,} characters.")
    salt = secrets.token_hex(16)
    return {"salt": salt, "digest": _digest(password, salt)}


def _digest(password: str, salt: str) -> str:
    # A key typed on another system may come in another encoding of the same characters.
    typed = unicodedata.normalize("NFKC", password[:_MOST_PASSWORD]).encode("utf-8", "surrogatepass")
    if not _HASHING.acquire(timeout=PATIENCE):
        raise CrowdedError
    try:
        return hashlib.scrypt(typed, salt=bytes.fromhex(salt), **_COST).hex()
    finally:
        _HASHING.release()


def _admit(connection: Connection, row: Row[Any], right: bool, now: datetime) -> Person | None:  # noqa: FBT001
    """Count a wrong password, forget the count after a right one; None for whoever is not let in."""
    if row.locked_until is not None and row.locked_until > now:
        return None
    failures = 0 if right else row.failures + 1
    full = failures >= FAILURES
    new = {"failures": 0 if full else failures, "locked_until": now + LOCK if full else None}
    connection.execute(update(accounts).where(accounts.c.key == row.key).values(new))
    return _person(row) if right else None


def _any(connection: Connection) -> bool:
    return connection.execute(select(accounts.c.key).limit(1)).one_or_none() is not None


def _find(connection: Connection, name: str) -> Row[Any] | None:
    try:
        key = compared(name)
    except BadOptionError:  # no account can have such a name
        return None
    return connection.execute(select(accounts).where(accounts.c.key == key)).one_or_none()


def _standing_key(connection: Connection, name: str) -> Row[Any] | None:
    """Name and role of a key that was not revoked; that it has not expired is asked when it is shown."""
    ours = keys.c.key == compared(name.strip()[len(KEY_PREFIX) :])
    named_so: Select[Any] = select((KEY_PREFIX + keys.c.name).label("name"), keys.c.role)
    return connection.execute(named_so.where(ours, keys.c.revoked.is_(None))).one_or_none()


def _known(connection: Connection, name: str) -> Row[Any]:
    row = _find(connection, name)
    if row is None:
        raise UnknownItemError("account", name)
    return row


def _refuse_last_admin(connection: Connection, row: Row[Any]) -> None:
    admins = select(func.count()).select_from(accounts).where(accounts.c.role == "admin")
    if row.role == "admin" and connection.execute(admins).scalar_one() == 1:
        raise RefusedError(f"{row.name} is the last admin. Make somebody else an admin first.")


def _person(row: Row[Any]) -> Person:
    return Person(row.name, role_named(row.role))
