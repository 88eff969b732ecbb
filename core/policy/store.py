"""The policies of a home: the one in force, and every one before it, which old runs still name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select

from core.errors import RefusedError
from core.policy.policy import Policy
from core.store.database import Database
from core.store.tables import documents

_NAME: Final = "policy"
#: In force until somebody has saved another.
_FIRST: Final = Policy(monitor=0.3, review=0.7, remove=0.9, version="p0001", armed=False)


@dataclass(frozen=True, slots=True, eq=False)
class Policies:
    """The policies of a home, in every version; never changed, only followed by another."""

    database: Database

    def in_force(self) -> Policy:
        """The policy by which scores are decided now."""
        with self.database.connect() as connection:
            found = _latest(connection)
        return _FIRST if found is None else Policy.from_json(found.body)

    def save(self, policy: Policy, *, by: str, now: datetime) -> Policy:
        """Put a policy in force and give it back under its own version.

        Raises RefusedError when somebody has saved another since `policy.version`, the one this was made from.
        """
        with self.database.writing() as connection:
            latest = _latest(connection)
            number = latest.version if latest else 1
            if policy.version != _version(number):
                raise RefusedError(f"{_version(number)} is in force by now. Load it again and repeat your change.")
            saved = replace(policy, version=_version(number + 1))
            row = {"name": _NAME, "version": number + 1, "body": saved.as_json(), "by": by, "at": now}
            connection.execute(insert(documents).values(row))
        return saved


def _version(number: int) -> str:
    return f"p{number:04d}"


def _latest(connection: Connection) -> Row[Any] | None:
    ours = select(documents).where(documents.c.name == _NAME).order_by(documents.c.version.desc()).limit(1)
    return connection.execute(ours).one_or_none()
