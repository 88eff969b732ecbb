"""The policies of a home: every version there ever was, which one is in force, and the draft of the next.

A version never changes. Which one is in force is a list of activations, so that going back to a version puts that very
version in force again, with all that is known of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Row, insert, select

from core.access.audit import AuditLog
from core.errors import BadOptionError, RefusedError, UnknownItemError
from core.policy.automation import acts
from core.policy.automation.acts import Proof
from core.policy.policy import Policy
from core.policy.thresholds.aims import Aims
from core.policy.thresholds.promise import Promise
from core.store.database import Database
from core.store.tables import documents

_NAME: Final = "policy"
_DRAFT: Final = "policy draft"
_ACTIVATIONS: Final = "policy activations"
#: In force until somebody has saved another.
_FIRST: Final = Policy(monitor=0.3, review=0.7, remove=0.9, version="p0001", armed=False)
_MOST_COMMENT: Final = 500


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy that is not in force. Its `version` is the one that it was made from; `number` grows with each save.

    `promise`: what a plan expects of its thresholds, None where they are of no plan.
    """

    policy: Policy
    number: int
    by: str
    at: datetime
    promise: Promise | None = None


@dataclass(frozen=True, slots=True)
class Activation:
    """That a version was put in force, by whom, when, and why."""

    version: str
    by: str
    at: datetime
    comment: str


class Follows(Protocol):
    """Whoever has to know that another policy comes into force, in the transaction in which it does."""

    def __call__(
        self, connection: Connection, before: Aims, after: Aims, /, *, by: str, now: datetime
    ) -> dict[str, Any]:  # fmt: skip
        """before, after: what both are made for. Returns what changes by it, for the audit log."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Policies:
    """The policies of a home, in every version; never changed, only followed by another."""

    audit: AuditLog
    database: Database
    follow: Follows

    def in_force(self) -> Policy:
        """The policy by which users are decided now."""
        with self.database.connect() as connection:
            return _in_force(connection)

    def deciding(self, model: str) -> Policy:
        """The policy by which users scored by this version are decided now: armed where automation is, on its proof."""
        with self.database.connect() as connection:
            policy, activation = _activated(connection)
            return replace(policy, armed=acts.armed(connection, Proof(policy.version, model, activation)))

    def proof(self, model: str) -> Proof:
        """What verdicts on users scored by this version are evidence for, by the policy in force."""
        with self.database.connect() as connection:
            policy, activation = _activated(connection)
            return Proof(policy.version, model, activation)

    def since(self) -> datetime | None:
        """When the version in force came into force; None where nobody has changed anything."""
        return next((each.at for each in self.history()), None)

    def find(self, version: str) -> Policy:
        """A version of this home. Raises UnknownItemError."""
        with self.database.connect() as connection:
            return _find(connection, version)

    def promise(self, version: str) -> Promise | None:
        """What was expected of a version by the plan that it came from; None where it came from none.

        Raises UnknownItemError.
        """
        with self.database.connect() as connection:
            return _promise(connection, _find(connection, version))

    def all(self) -> tuple[Policy, ...]:
        """Every version, newest first."""
        with self.database.connect() as connection:
            rows = connection.execute(_of(_NAME)).all()
        return (*(Policy.from_json(row.body) for row in rows), _FIRST)

    def history(self) -> tuple[Activation, ...]:
        """What was put in force when, newest first; empty while nobody has changed anything.

        Versions of before activations were kept came into force when they were saved.
        """
        with self.database.connect() as connection:
            rows = connection.execute(_of(_ACTIVATIONS)).all()
            saved = connection.execute(_of(_NAME)).all()
        known = {row.body["version"] for row in rows}
        found = [Activation(row.body["version"], row.by, row.at, row.body["comment"]) for row in rows]
        found += [Activation(_version(row.version), row.by, row.at, "") for row in saved
                  if _version(row.version) not in known]  # fmt: skip
        return tuple(sorted(found, key=lambda each: each.at, reverse=True))

    def draft(self) -> Draft | None:
        """What is being prepared; None where nothing is."""
        with self.database.connect() as connection:
            return _draft(connection)

    def save_draft(
        self, policy: Policy, *, number: int, by: str, now: datetime, promise: Promise | None = None
    ) -> Draft:  # fmt: skip
        """Keep what is being prepared; `policy.version` is the one in force that it was made from.

        number: of the draft that was seen, 0 for none. promise: what a plan expects of it; without, what was expected
        of the draft of before, or of the version in force, while thresholds stay. Raises RefusedError when somebody has
        saved another since, or when another version is in force by now, and BadOptionError for a rule that is new, or
        was changed, and has expired.
        """
        with self.database.writing() as connection:
            self._check_draft(connection, number)
            _check_ends(connection, policy, now)
            if policy.version != (version := _in_force(connection).version):
                raise RefusedError(
                    f"{version} is in force by now, and this draft was made from {policy.version}. Load it again."
                )
            told = promise or _still_promised(connection, policy)
            _add(connection, _DRAFT, {"policy": policy.as_json(), "promise": told and told.as_json()}, by, now)
            found = _draft(connection)
        if found is None:
            raise RefusedError("The draft was discarded at this moment. Save it again.")
        return found

    def discard_draft(self, *, number: int, by: str, now: datetime) -> None:
        """Have no draft any more. Raises RefusedError when somebody has saved another since."""
        with self.database.writing() as connection:
            self._check_draft(connection, number)
            if number:
                _add(connection, _DRAFT, {"policy": None}, by, now)

    def activate_draft(self, *, number: int, comment: str, by: str, now: datetime) -> Policy:
        """Put the draft in force and give it back under its own version.

        Raises RefusedError when somebody has changed the draft or the policy meanwhile, or there is none, and
        BadOptionError without a comment.
        """
        check_comment(comment)
        with self.database.writing() as connection:
            self._check_draft(connection, number)
            draft = _draft(connection)
            if draft is None:
                raise RefusedError("There is no draft to activate.")
            saved = self._saved(connection, draft.policy, comment, by, now, draft.promise)
            _add(connection, _DRAFT, {"policy": None}, by, now)
        return saved

    def save(self, policy: Policy, *, by: str, now: datetime, comment: str = "Saved") -> Policy:
        """Put a policy in force and give it back under its own version.

        Raises RefusedError when somebody has put another in force since `policy.version`, the one this was made from.
        """
        with self.database.writing() as connection:
            return self._saved(connection, policy, comment, by, now)

    def activate(self, version: str, *, comment: str, by: str, now: datetime) -> Policy:
        """Put a version of before in force again. Raises UnknownItemError, RefusedError where it is in force already,
        and BadOptionError without a comment.
        """
        check_comment(comment)
        with self.database.writing() as connection:
            policy, before = _find(connection, version), _in_force(connection)
            if policy.version == before.version:
                raise RefusedError(f"{policy.version} is in force already.")
            self._put_in_force(connection, before, policy, comment, by, now)
        return policy

    def before(self) -> Policy | None:
        """The version that was in force before the one that is now, to roll back to; None where there is none."""
        now = self.in_force().version
        others = [each.version for each in self.history() if each.version != now]
        if others:
            return self.find(others[0])
        return None if now == _FIRST.version else _FIRST

    def _saved(
        self, connection: Connection, policy: Policy, comment: str, by: str, now: datetime,
        promise: Promise | None = None,
    ) -> Policy:  # fmt: skip
        before = _in_force(connection)
        if policy.version != before.version:
            raise RefusedError(f"{before.version} is in force by now. Load it again and repeat your change.")
        latest = connection.execute(_of(_NAME).limit(1)).one_or_none()
        number = latest.version + 1 if latest else 2
        saved = replace(policy, version=_version(number), armed=False)  # a version is armed by its proof alone
        body = saved.as_json() | ({"promise": promise.as_json()} if promise else {})
        row = {"name": _NAME, "version": number, "body": body, "by": by, "at": now}
        connection.execute(insert(documents).values(row))
        self._put_in_force(connection, before, saved, comment, by, now)
        return saved

    def _put_in_force(
        self, connection: Connection, before: Policy, policy: Policy, comment: str, by: str, now: datetime
    ) -> None:
        why = comment.strip()
        _add(connection, _ACTIVATIONS, {"version": policy.version, "comment": why}, by, now)
        queue = self.follow(connection, before.aims, policy.aims, by=by, now=now)
        details = {"instead_of": before.version} | ({"queue": queue} if queue else {})
        self.audit.note(
            who=by, what="activate policy", about=policy.version, why=why, details=details, now=now, ahead=True
        )  # fmt: skip

    def _check_draft(self, connection: Connection, number: int) -> None:
        found = _draft(connection)
        if number != (found.number if found else 0):
            who = found.by if found else "Somebody"
            raise RefusedError(f"{who} has changed the draft meanwhile. Load it again and repeat your change.")


def _version(number: int) -> str:
    return f"p{number:04d}"


def _of(name: str) -> Any:
    return select(documents).where(documents.c.name == name).order_by(documents.c.version.desc())


def _latest(connection: Connection, name: str) -> Row[Any] | None:
    found: Row[Any] | None = connection.execute(_of(name).limit(1)).one_or_none()
    return found


def _add(connection: Connection, name: str, body: dict[str, Any], by: str, now: datetime) -> None:
    latest = _latest(connection, name)
    row = {"name": name, "version": latest.version + 1 if latest else 1, "body": body, "by": by, "at": now}
    connection.execute(insert(documents).values(row))


def _in_force(connection: Connection) -> Policy:
    return _activated(connection)[0]


def _activated(connection: Connection) -> tuple[Policy, int]:
    """The policy in force, and the number of its activation; 0 of before activations were kept."""
    activated = _latest(connection, _ACTIVATIONS)
    if activated is not None:
        return _find(connection, activated.body["version"]), activated.version
    latest = _latest(connection, _NAME)
    return _FIRST if latest is None else Policy.from_json(latest.body), 0


def _find(connection: Connection, version: str) -> Policy:
    row = _row(connection, version)
    return _FIRST if row is None else Policy.from_json(row.body)


def _row(connection: Connection, version: str) -> Row[Any] | None:
    """Where a version is kept; None for the first one. Raises UnknownItemError."""
    wanted = version.strip().casefold()
    if wanted == _FIRST.version:
        return None
    digits = wanted.removeprefix("p")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12 or _version(int(digits)) != wanted:
        raise UnknownItemError("policy", version[:40])
    row: Row[Any] | None = connection.execute(_of(_NAME).where(documents.c.version == int(digits))).one_or_none()
    if row is None:
        raise UnknownItemError("policy", version)
    return row


def _promise(connection: Connection, policy: Policy) -> Promise | None:
    row = _row(connection, policy.version)
    return None if row is None else _told(row.body)


def _told(body: Mapping[str, Any]) -> Promise | None:
    return Promise.from_json(told) if (told := body.get("promise")) else None


def _still_promised(connection: Connection, policy: Policy) -> Promise | None:
    """What was expected of these thresholds, by the draft there is or the version that a policy was made from."""
    draft = _draft(connection)
    found = draft.promise if draft is not None else _promise(connection, policy)
    return found if found is not None and found.speaks_for(policy.review, policy.remove) else None


def _check_ends(connection: Connection, policy: Policy, now: datetime) -> None:
    """One that was there before may stay as it is: it ended meanwhile."""
    draft = _draft(connection)
    known = {*_in_force(connection).rules, *(draft.policy.rules if draft else ())}
    over = next((rule for rule in policy.rules if rule not in known and rule.expired(now)), None)
    if over is not None and over.expires is not None:
        ended = f"it ended {over.expires:%Y-%m-%d %H:%M} UTC and would do nothing: give a later time, or none."
        raise BadOptionError(f"rule {over.name}, expires", ended)


def _draft(connection: Connection) -> Draft | None:
    row = _latest(connection, _DRAFT)
    if row is None or row.body["policy"] is None:
        return None
    return Draft(Policy.from_json(row.body["policy"]), row.version, row.by, row.at, _told(row.body))


def check_comment(comment: str) -> None:
    """Raises BadOptionError unless it says why, in a line."""
    if not comment.strip() or len(comment) > _MOST_COMMENT or not comment.isprintable():
        raise BadOptionError("comment", f"say why in one line of at most {_MOST_COMMENT} characters.")
