"""Notes on users: what somebody wants whoever looks next to know. They are added to, never changed, and no model ever
reads them; a user who is forgotten takes them along.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select

from core.access.accounts import Accounts
from core.errors import BadOptionError
from core.store.database import Database
from core.store.tables import user_notes

MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class UserNote:
    """What was noted of a user, by whom and when."""

    number: int
    user: str
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class UserNotes:
    """The notes of a home."""

    accounts: Accounts
    database: Database

    def add(self, user: str, text: str, *, by: str, now: datetime) -> None:
        """Note something of a user. Raises NotAllowedError, and BadOptionError for a note that is blank or too long."""
        by, said = self.accounts.authorise(by, "judge").name, text.strip()
        if not user or not said:
            raise BadOptionError("note", "write something, about a user.")
        if len(said) > MOST:
            raise BadOptionError("note", f"a note has at most {MOST:,} characters, this one {len(said):,}.")
        with self.database.writing() as connection:
            connection.execute(insert(user_notes).values(user=user, text=said, by=by, at=now))

    def of(self, user: str) -> tuple[UserNote, ...]:
        """The notes on a user, newest first."""
        ours = select(user_notes).where(user_notes.c.user == user).order_by(user_notes.c.number.desc())
        with self.database.connect() as connection:
            return tuple(UserNote(**row._mapping) for row in connection.execute(ours))
