"""What people say of a run: what it is called, a note for whoever looks next, and that it was only a test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import update

from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.errors import BadOptionError
from core.scoring.runs import Run, Runs, number_of
from core.store import tables
from core.store.database import Database

MOST_NAME: Final = 200
MOST_NOTE: Final = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class RunEdits:
    """Changes what is said of runs; what they scored and decided never changes."""

    accounts: Accounts
    audit: AuditLog
    database: Database
    runs: Runs

    def change(
        self, run: str, *, name: str | None = None, note: str | None = None, test: bool | None = None,
        by: str, now: datetime,
    ) -> Run:  # fmt: skip
        """Say something else of a run; None leaves what is said. The audit log has the names and marks of before, and
        that a note was changed.

        Raises NotAllowedError, UnknownItemError, and BadOptionError for a name that is blank, or what is too long.
        """
        by = self.accounts.authorise(by, "score").name
        before = self.runs.find(run)
        asked = {"name": _name(name), "note": _note(note), "test": test}
        new = {key: value for key, value in asked.items() if value not in {None, getattr(before, key)}}
        if not new:
            return before
        details: dict[str, Any] = {key: [getattr(before, key), new[key]] for key in ("name", "test") if key in new}
        details |= {"note": "changed"} if "note" in new else {}
        self.audit.note(who=by, what="change run", about=run, details=details, now=now, ahead=True)
        with self.database.writing() as connection:
            connection.execute(update(tables.runs).where(tables.runs.c.number == number_of(run)).values(new))
        return self.runs.find(run)


def _name(text: str | None) -> str | None:
    said = None if text is None else " ".join(text.split())
    if said == "":
        raise BadOptionError("name", "a run has a name: write one.")
    return _short("name", said, MOST_NAME)


def _note(text: str | None) -> str | None:
    return _short("note", None if text is None else text.strip(), MOST_NOTE)


def _short(what: str, text: str | None, most: int) -> str | None:
    if text is not None and len(text) > most:
        raise BadOptionError(what, f"a {what} has at most {most:,} characters, this one {len(text):,}.")
    return text
