"""Runs that this home has made and its database does not know: it was lost, or restored from an older copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.errors import listed
from core.scoring.runs import id_of
from core.store import database, numbered, tables
from core.store.database import Database
from core.store.numbered import Numbering

_ACKNOWLEDGED: Final = "loss acknowledged"
_MOST: Final = 4


@dataclass(frozen=True, slots=True)
class Loss:
    """`in_folders`: numbers of the runs in `data/runs` that the database does not know, ascending; `named`: that of
    the last run which anything else names, 0 for none. New runs go on from `following`.
    """

    in_folders: tuple[int, ...]
    named: int
    following: int

    @property
    def last(self) -> int:
        return max((*self.in_folders, self.named))

    @property
    def sentence(self) -> str:
        """What is lost, and what to do."""
        if self.in_folders:
            holds = f"data/runs holds {_ranges(self.in_folders)}, which data/state.db does not know"
        else:
            holds = f"Verdicts or other records name runs up to {id_of(self.named)}, which data/state.db does not know"
        return (
            f"{holds}: it was lost, or restored from an older copy, and cases, decisions, accounts and keys with it. "
            f"New runs go on from {id_of(self.following)}, and nothing is written over. To have the others again, stop "
            "Trustdesk and put the newest backup of data/state.db in its place; where there is none, acknowledge the "
            "loss on Overview."
        )


@dataclass(frozen=True, slots=True, eq=False)
class LostRuns:
    """Runs that a home has made and its database does not know."""

    accounts: Accounts
    audit: AuditLog
    database: Database
    numbering: Numbering
    feedback: Path

    def look(self) -> Loss | None:
        """What was lost; None when nothing was, or somebody has acknowledged it."""
        with self.database.connect() as connection:
            known_loss = acknowledged(connection)
            known = frozenset(connection.execute(select(tables.runs.c.number)).scalars())
            following = numbered.following(connection, tables.runs)
        unknown = tuple(sorted(each for each in self.numbering.in_folders(known) if each > known_loss))
        if max(unknown, default=0) >= following or (following == 1 and self.feedback.is_dir()):
            with (
                self.database.writing() as connection
            ):  # who has seen that it lies behind reads of numbers never given again
                self.numbering.settle_runs(connection)
        with self.database.connect() as connection:
            named, following = numbered.raised(connection), numbered.following(connection, tables.runs)
        if named <= known_loss:
            named = 0
        return Loss(unknown, named, following) if unknown or named else None

    def acknowledge(self, loss: Loss, *, by: str, now: datetime) -> None:
        """Say no more of a loss. Raises NotAllowedError."""
        person = self.accounts.authorise(by, "manage accounts").name
        self.audit.note(who=person, what="acknowledge loss", about=id_of(loss.last), why=loss.sentence, now=now)
        with self.database.writing() as connection:
            database.set_mark(connection, _ACKNOWLEDGED, str(loss.last))


def acknowledged(connection: Connection) -> int:
    """The last run of a loss that somebody has acknowledged; 0 before that."""
    return int(database.mark(connection, _ACKNOWLEDGED) or 0)


def _ranges(found: Sequence[int]) -> str:
    """'r-0004 to r-0009 and r-0011', naming a few at most."""
    ranges: list[list[int]] = []
    for number in found:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    named = [id_of(first) if first == last else f"{id_of(first)} to {id_of(last)}" for first, last in ranges]
    return listed(named, most=_MOST)
