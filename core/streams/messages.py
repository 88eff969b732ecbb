"""A message of a stream: a user to score, as JSON, with the fields that `POST /predict` takes and an `id`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from core.errors import BadOptionError
from core.scoring.online import Asked, Serving
from core.scoring.streaming.block_scoring import Which
from core.store import strict_json

FIELDS: Final = frozenset({"id", "time", "user_id", "features", "context", "allow_missing"})
#: Bytes of a message.
MOST_BYTES: Final = 1_000_000
_MOST_ID: Final = 200
#: Letters of a user: a decision has them too, and a sink takes no decision of any size.
_MOST_USER: Final = 2_000
#: How far the clock of a sender may be ahead.
AHEAD: Final = timedelta(minutes=10)
_VALUES: Final = frozenset({int, float, str, bool, type(None)})  # JSON has no others that are no objects or lists
_TEXTS: Final = frozenset({str, type(None)})


class Message(NamedTuple):
    """`body` as it came; `place`: what the source calls it, `by_content` only together with what it holds."""

    place: str
    body: bytes
    by_content: bool = False

    @property
    def handle(self) -> str:
        """Its name in full, which is its id where it says none."""
        return f"{self.place}-{hashlib.sha256(self.body).hexdigest()[:16]}" if self.by_content else self.place


class Answer(NamedTuple):
    """What was decided on a message: `body` is JSON; `user` is "" where none was named."""

    id: str
    user: str
    body: bytes

    @property
    def key(self) -> str:
        """What decisions have in common that are to stay in order."""
        return self.user or self.id


class Letter(NamedTuple):
    """A message that cannot be decided, and why."""

    message: Message
    sentence: str


def identity(message: Message, now: datetime) -> tuple[str, dict[str, Any]]:
    """The id of a message, and its fields. Raises BadOptionError for what is no message."""
    if len(message.body) > MOST_BYTES:
        raise BadOptionError("message", f"it has {len(message.body):,} bytes; {MOST_BYTES:,} are the most.")
    try:
        fields = strict_json.parsed(message.body)
    except ValueError as error:
        raise BadOptionError("message", f"it is no JSON of ours: {strict_json.legible(str(error))}.") from None
    if not isinstance(fields, dict):
        raise BadOptionError("message", "it is JSON, but no object.")
    if not FIELDS.issuperset(fields):
        unknown = sorted(set(fields) - FIELDS)
        known = ", ".join(sorted(FIELDS))
        raise BadOptionError("message", f'it has "{strict_json.legible(unknown[0])}"; it may have {known}.')
    told = fields["id"] if "id" in fields else message.handle  # noqa: SIM401 - it may take a hash
    if not isinstance(told, str) or not 0 < len(told) <= _MOST_ID or not told.isprintable():
        raise BadOptionError("id", f"give a text of 1 to {_MOST_ID} printable characters.")
    _check_time(fields.get("time"), now)
    return told, fields


def asked(serving: Serving, fields: Mapping[str, Any], *, which: Which, top: int) -> Asked:
    """The user of a message, as the live model is asked. Raises BadOptionError and FeaturesError."""
    features, context = fields.get("features"), fields.get("context", {})
    user, allowed = fields.get("user_id"), fields.get("allow_missing", False)
    if not isinstance(features, dict) or not _VALUES.issuperset(map(type, features.values())):
        raise BadOptionError("features", "give an object of numbers, texts, true, false or null by feature.")
    if not isinstance(context, dict) or not _TEXTS.issuperset(map(type, context.values())):
        raise BadOptionError("context", "give an object of texts or null.")
    if type(user) not in _TEXTS or not isinstance(allowed, bool) or len(user or "") > _MOST_USER:
        raise BadOptionError(
            "message", f"user_id is a text of at most {_MOST_USER:,} characters, and allow_missing true or false."
        )
    return serving.asked(
        features, user=user or "", context=context, allow_missing=allowed, which=which, top=top
    )  # fmt: skip


def _check_time(told: object, now: datetime) -> None:
    """Raises BadOptionError where a message says when it was sent, and that is no time or not yet."""
    if told is None:
        return
    try:
        at = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadOptionError("time", "give a time with its zone, such as 2026-05-04T10:30:00Z.")
    if at - now > AHEAD:
        raise BadOptionError("time", "it is more than 10 minutes ahead of the clock here: set the clock of the sender.")
