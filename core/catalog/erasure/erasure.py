"""A user is forgotten: told first, place by place, then erased everywhere, for ever.

What stays is counts, digests of the chains, and salted hashes of who was learnt from. Verdicts on an old prediction of
the user are refused from then on, and the same file given again comes without the user. Another file that has the user
is a new one, read and scored like all others: only the platform knows whether it may send it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from core import errors
from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.catalog.erasure import in_database, in_watched, on_lists
from core.catalog.erasure.in_files import InFiles
from core.catalog.erasure.in_tables import InTables
from core.catalog.erasure.on_lists import Listed
from core.catalog.erasure.who import Part, Who
from core.errors import NotAllowedError, RefusedError, UnknownItemError
from core.feedback.csv_store import CsvStore
from core.feedback.ledger import Ledger
from core.review.cases import FORGOTTEN
from core.review.decisions.effects import Effects
from core.schema import schema as schemas
from core.schema.schema import Schema
from core.store import chained_log, log_line
from core.store.database import Database
from core.wording import count

#: What no command of a home can reach, or keeps on purpose.
STAYS: Final = (
    "Backups, exports, files outside the workspace and what the platform was told are left as they are. A model that "
    "learnt from the user keeps what it learnt, and a salted hash that says that it did, until one is trained anew."
)
#: Seconds for which those who are at work on stored users are waited for.
WAIT: Final = 20.0
#: The cells of a note of the audit log where an id may stand: what it is about, why, and details.
_CELLS: Final = slice(3, 6)


@dataclass(frozen=True, slots=True, eq=False)
class Erasure:
    """Forgets users."""

    accounts: Accounts
    audit: AuditLog
    database: Database
    effects: Effects
    feedback: CsvStore
    files: InFiles
    ledger: Ledger
    tables: InTables
    schema_file: Path
    watched: Path

    def look(self, user: str) -> tuple[Part, ...]:
        """What there is of a user, each as it would go; nothing is changed. Raises UnknownItemError, RefusedError."""
        who = Who(user.strip())
        listed = self._listed(who)
        found = (
            *self._files(who, erase=False), *self._chains(who, listed),
            *in_database.parts(self.database, who, self.tables.predictions_on(who, self._schema), listed),
            *(part for each in self._messages(who) for part in self._of_message(each)),
        )  # fmt: skip
        if who.user in {"", FORGOTTEN} or not found:
            raise UnknownItemError("trace of", user)
        return found

    def forget(self, user: str, *, by: str, now: datetime) -> tuple[Part, ...]:
        """Erase what there is of a user, for ever; done again after a crash, it goes on.

        Whoever scores, judges, learns from or compares stored users is waited for, and waits meanwhile: what they read
        before would come back. Raises NotAllowedError for who is no admin, since it cannot be undone, RefusedError
        where somebody is at work for longer, and as `look` does.
        """
        person = self.accounts.current(by)
        if person is None or person.role != "admin":
            raise NotAllowedError(by, person.role if person else None, "forget a user")
        with self.tables.datasets.users.forgetting(wait=WAIT) as alone:
            if not alone:
                raise self._busy()
            return self._forget(user, person.name, now)

    def _forget(self, user: str, by: str, now: datetime) -> tuple[Part, ...]:
        self.effects.catch_up()  # what is blank cannot be applied to a case any more
        found, who = self.look(user), Who(user.strip())
        listed = self._listed(who)
        self.audit.note(who=by, what="forget", about="a user", details={"places": len(found)}, now=now, ahead=True)
        self.feedback.forget(who.user, by=by, now=now)
        chained_log.forget(self.audit.path, lambda row: _names(row, who, listed))
        in_database.erase(self.database, who, self.tables.predictions_on(who, self._schema), listed, now=now)
        for each in self._messages(who):
            if self._of_message(each):
                self.feedback.forget(each.user, by=by, now=now)
                in_database.erase(self.database, each, frozenset(), Listed((), frozenset()), now=now)
        [*self._files(who, erase=True)]  # last: the rows of a file tell where its users are elsewhere
        return found

    def _busy(self) -> RefusedError:
        jobs = [job.title for job in self.files.jobs.listed() if not job.over]
        work = f"{errors.listed(jobs)} {'is' if len(jobs) == 1 else 'are'}" if jobs else "A command is"
        return RefusedError(
            f"{work} at work on stored users, who would come back with it. Wait until it is over, or cancel it; then "
            "forget the user again. Nothing was erased."
        )

    def _files(self, who: Who, *, erase: bool) -> Iterator[Part]:
        yield from self.files.parts(who, erase=erase)
        yield from in_watched.parts(self.watched, who, erase=erase)
        yield from self.tables.parts(who, self._schema, erase=erase)

    def _messages(self, who: Who) -> list[Who]:
        """The messages that the user is the author of, each under its id as a user has one."""
        return [Who(each) for each in self.tables.messages_of(who, self._schema)]

    def _of_message(self, message: Who) -> tuple[Part, ...]:
        """What the database and the verdicts say of a message."""
        nothing = Listed((), frozenset())
        said = int((self.ledger.frame()["user"] == message.user).sum())
        verdicts = [Part("data/feedback", f"{count(said, 'verdict')}, blanked; the chain holds")] * bool(said)
        return (*verdicts, *in_database.parts(self.database, message, frozenset(), nothing))

    @property
    def _schema(self) -> Schema | None:
        return schemas.load(self.schema_file) if self.schema_file.is_file() else None

    def _listed(self, who: Who) -> Listed:
        return on_lists.of(self.database, self.tables.datasets, who, self.tables.rows_of(who, self._schema))

    def _chains(self, who: Who, listed: Listed) -> Iterator[Part]:
        self.ledger.refresh()
        if number := int((self.ledger.frame()["user"] == who.user).sum()):
            yield Part("data/feedback", f"{count(number, 'verdict')}, blanked; the chain holds")
        notes = self.audit.read(2**31 - 1)[["about", "why", "details"]].to_numpy().tolist()
        if number := sum(any(who.named_by(text) or listed.told_in(text) for text in texts) for texts in notes):
            yield Part("data/audit.csv", f"{count(number, 'note')} that name the user, blanked; the chain holds")


def _names(row: Sequence[str], who: Who, listed: Listed) -> bool:
    return any(who.named_by(text) or listed.told_in(text) for text in map(log_line.decode, row[_CELLS]))
