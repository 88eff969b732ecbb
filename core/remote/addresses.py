"""Addresses of what lies elsewhere, as people write them. None carries a secret, and no sentence repeats an address.

`postgresql://USER@HOST:PORT/DATABASE?table=NAME`, `...?query=SELECT ...`, `s3://BUCKET/KEY`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from core.errors import BadOptionError
from core.settings import AWS_VARIABLES, DATABASE_PASSWORD_VARIABLE

_DATABASE: Final = ("postgresql://", "postgres://")
BUCKET: Final = "s3://"
#: What an address of a database may say of how it is reached; libpq knows them by these names.
_REACHED: Final = ("host", "port", "sslmode", "sslrootcert")
_LIKE_TABLE: Final = "postgresql://user@host/database?table=users"
_LIKE_OBJECT: Final = "s3://bucket/folder/users.parquet"


@dataclass(frozen=True, slots=True)
class Database:
    """A table, or what a query gives, of a database. `reached`: parameters of libpq."""

    reached: Mapping[str, str]
    table: tuple[str, ...] = ()
    query: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """What it is called wherever it is shown. A query may name a user or a token: only its digest stands there."""
        where = f"postgresql://{self.reached.get('host', '')}/{self.reached.get('dbname', '')}"
        if self.table:
            return f"{where}?table={'.'.join(self.table)}"
        return f"{where} (query {hashlib.sha256(self.query.encode()).hexdigest()[:8]})"


@dataclass(frozen=True, slots=True)
class Object:
    """An object in a bucket, or, with a key that others begin with, a folder of them."""

    bucket: str
    key: str

    @property
    def name(self) -> str:
        return f"{BUCKET}{self.bucket}/{self.key}"

    @property
    def file_name(self) -> str:
        """The last part of its key."""
        return PurePosixPath(self.key).name

    def beside(self, name: str) -> Object:
        """An object in the same folder."""
        return Object(self.bucket, str(PurePosixPath(self.key).with_name(name)))

    def within(self, name: str) -> Object:
        """An object in the folder that this one names."""
        return Object(self.bucket, f"{self.key.rstrip('/')}/{name}")


Address = Database | Object


def is_address(text: str) -> bool:
    """Whether a text names something elsewhere, and not a file."""
    return text.startswith((*_DATABASE, BUCKET))


def parsed(text: str) -> Address:
    """What an address names. Raises BadOptionError, which does not repeat it: it may hold a password."""
    return _object(text) if text.startswith(BUCKET) else _database(text)


def database(text: str) -> Database:
    """As `parsed`, of a table or a query. Raises BadOptionError also for another address."""
    found = parsed(text)
    if not isinstance(found, Database):
        raise BadOptionError("address", f"give one such as {_LIKE_TABLE}.")
    return found


def bucket(text: str) -> Object:
    """As `parsed`, of an object in a bucket. Raises BadOptionError also for another address."""
    found = parsed(text) if is_address(text) else None
    if not isinstance(found, Object):
        raise BadOptionError("address", f"give one such as {_LIKE_OBJECT}.")
    return found


def _database(text: str) -> Database:
    # A query stands as it is, also with the signs that end or divide other addresses.
    place, _, asked = text.partition("?")
    parts = _split(place, _LIKE_TABLE)
    said, mark, query = asked.partition("query=")
    if mark and said and not said.endswith("&"):
        said, mark, query = asked, "", ""
    options = dict(pair.partition("=")[::2] for pair in said.split("&") if pair)
    if parts.password is not None or any("password" in name for name in options):
        variable = DATABASE_PASSWORD_VARIABLE
        raise BadOptionError(
            "address", f"put the password into {variable} or ~/.pgpass: lists of processes show an address."
        )
    table = unquote(options.pop("table", ""))
    if unknown := options.keys() - set(_REACHED):
        raise BadOptionError("address", f"{min(unknown)[:40]} is none of its options: {', '.join(_REACHED)}.")
    query = unquote(query).strip().rstrip(";").strip()
    if bool(table) == bool(query):
        advice = f"name one table or one query (?query=select ...), as in {_LIKE_TABLE}."
        raise BadOptionError("address", advice)
    dotted = tuple(part.strip('"') for part in table.split(".")) if table else ()
    if len(dotted) > 2 or not all(dotted):
        raise BadOptionError("address", "write a table as NAME or SCHEMA.NAME.")
    reached = {
        "host": unquote(parts.hostname or ""), "port": str(parts.port or ""), "user": unquote(parts.username or ""),
        "dbname": unquote(parts.path.strip("/")),
    } | {name: unquote(value) for name, value in options.items()}  # fmt: skip
    return Database({name: value for name, value in reached.items() if value}, dotted, query)


def _object(text: str) -> Object:
    # A key may have any sign, so that nothing but the name of the bucket is looked at.
    bucket, _, key = text.removeprefix(BUCKET).partition("/")
    if "@" in bucket or ":" in bucket:
        advice = f"leave the keys out, which are read from {AWS_VARIABLES[0]} and {AWS_VARIABLES[1]}"
        advice += ": lists of processes show an address."
        raise BadOptionError("address", advice)
    if not bucket or not key.strip("/") or not all(sign.isalnum() or sign in ".-_" for sign in bucket):
        raise BadOptionError("address", f"give a bucket and a key, as in {_LIKE_OBJECT}.")
    return Object(bucket, key)


def _split(place: str, like: str) -> SplitResult:
    try:
        parts = urlsplit(place)
        parts.port  # noqa: B018 - looked at only when it is asked for
    except ValueError:  # what it says may quote a password
        raise BadOptionError("address", f"this is none: give one such as {like}.") from None
    return parts
