"""What the lead tells reviewers and the queue: guidelines, reason codes, capacity, service level.

Every version stays readable, with who saved it and when.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal
from urllib.parse import quote

import pandas as pd
from sqlalchemy import Connection, Row, insert, select

from core import formats
from core.errors import BadOptionError, RefusedError, UnknownItemError
from core.formats import Upgrade
from core.policy.thresholds.aims import MOST_REVIEWS, RANDOM_SHARES, Aims
from core.review import ordering
from core.store.database import Database
from core.store.tables import documents

FORMAT: Final = 3
#: What of the queue a policy may set when it comes into force, and what it is called there.
_FOLLOWED: Final = MappingProxyType({"capacity": "reviews_a_day", "random_share": "random_share"})
_NAME: Final = "guidance"
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_USER: Final = "{user_id}"
_HOST: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/.*")
#: Up to format 1 a share of the users of a file was drawn, `audit`: whatever it was, it says nothing of a day. Up to
#: format 2 nothing was assigned.
_UPGRADES: Final[Mapping[int, Upgrade]] = MappingProxyType(
    {1: lambda told: {name: value for name, value in told.items() if name != "audit"}, 2: lambda told: told}
)
#: So that it opens at once on the slowest line; more text than that nobody reads before judging.
_MOST_TEXT: Final = 50_000


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """Why a reviewer judges so, in a word for files and a sentence for people."""

    judgement: Literal["spammer", "legitimate", "unsure"]
    code: str
    text: str

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise BadOptionError("reason code", f"{self.code!r} must be lower-case letters, digits and _.")
        if not self.text.strip() or len(self.text) > 200 or not self.text.isprintable():
            raise BadOptionError("reason code", f"{self.code} needs one line of text of at most 200 characters.")


#: Neutral: they say how the reviewer came to know, not what a column of this or that platform means.
REASONS: Final = (
    ReasonCode("spammer", "content_seen", "What the user sends or shows is spam"),
    ReasonCode("spammer", "behaviour_pattern", "The behaviour is that of a spammer"),
    ReasonCode("spammer", "linked_to_spammers", "Belongs to a group of known spammers"),
    ReasonCode("spammer", "other_spammer", "Another reason, see the notes"),
    ReasonCode("legitimate", "genuine_activity", "What the user does is genuine"),
    ReasonCode("legitimate", "unusual_but_harmless", "Unusual, but harmless"),
    ReasonCode("legitimate", "known_to_us", "Known to us from elsewhere"),
    ReasonCode("legitimate", "other_legitimate", "Another reason, see the notes"),
    ReasonCode("unsure", "too_little_to_see", "There is too little to judge by"),
    ReasonCode("unsure", "contradictory", "What there is contradicts itself"),
    ReasonCode("unsure", "needs_specialist", "Somebody else should look at it"),
)
GUIDELINES: Final = """\
Judge the user, not the score.

- **Spammer**: you would defend removing this user to the user.
- **Legitimate**: you would defend keeping this user to those the user meets.
- **Unsure**: what you can see supports neither. It is a proper answer: a guess teaches the model something wrong.

Write in the notes what somebody who decides an appeal has to know.
"""


@dataclass(frozen=True, slots=True)
class Guidance:
    """What reviewers are told and how cases are chosen and ordered; valid from birth.

    `capacity`: reviews a day; `random_share`: the share of them for users drawn at random; `uncertain`: of the others,
    at most so many are for users the model is unsure of; `service_hours`: how long a case may wait; `lease_minutes`:
    how long a claim lasts; `correction_hours`: how long a reviewer may correct a verdict;
    `assigned_hours`: how long a case is offered to nobody but whom it is assigned to; `profile_url`: where a user
    is seen on the platform, with `{user_id}`, or "". `version`: the one it was read from, 0 for the defaults.
    """

    capacity: int = 200
    random_share: float = 0.2
    uncertain: int = 20
    service_hours: float = 48.0
    lease_minutes: float = 10.0
    correction_hours: float = 24.0
    assigned_hours: float = 4.0
    reasons: tuple[ReasonCode, ...] = REASONS
    guidelines: str = GUIDELINES
    profile_url: str = ""
    version: int = 0

    def __post_init__(self) -> None:
        _within("capacity", self.capacity, 0, MOST_REVIEWS)
        _within("share drawn at random", self.random_share, *RANDOM_SHARES)
        _within("uncertain picks", self.uncertain, 0, 100_000)
        _within("service level in hours", self.service_hours, 0, 24 * 365, above=True)
        _within("lease in minutes", self.lease_minutes, 1, 24 * 60)
        _within("hours for a correction", self.correction_hours, 0, 24 * 365)
        _within("hours an assigned case waits for one person", self.assigned_hours, 0, 24 * 365)
        _check_reasons(self.reasons)
        if len(self.guidelines) > _MOST_TEXT:
            raise BadOptionError("guidelines", f"at most {_MOST_TEXT:,} characters.")
        _check_template(self.profile_url)

    @property
    def random_a_day(self) -> float:
        """Reviews a day of users drawn at random."""
        return self.random_share * self.capacity

    @property
    def lease(self) -> timedelta:
        return timedelta(minutes=self.lease_minutes)

    def codes(self, judgement: str) -> tuple[ReasonCode, ...]:
        """The reason codes of one judgement, in the lead's order."""
        return tuple(reason for reason in self.reasons if reason.judgement == judgement)

    def profile(self, user: str) -> str | None:
        """Where the platform shows a user, or None when this home does not say.

        >>> Guidance(profile_url="https://example.com/u/{user_id}").profile("a/b?")
        'https://example.com/u/a%2Fb%3F'
        """
        return self.profile_url.replace(_USER, quote(user, safe="")) or None


@dataclass(frozen=True, slots=True, eq=False)
class GuidanceStore:
    """What the lead of a home has set for reviews, in every version."""

    database: Database

    def load(self, version: int | None = None) -> Guidance:
        """What is in force, or an earlier version; the defaults while nobody has saved any.

        Raises UnknownItemError when there is no such version.
        """
        with self.database.connect() as connection:
            found = _latest(connection, version)
        if found is None and version:
            raise UnknownItemError("guidance", str(version))
        return Guidance() if found is None else _guidance(found)

    def save(self, guidance: Guidance, *, by: str, now: datetime) -> Guidance:
        """Put a version in force and give it back with its number; open cases take the places its service level gives.

        Raises RefusedError when somebody has saved another since `guidance.version`, the one this was made from.
        """
        with self.database.writing() as connection:
            latest = _latest(connection)
            if (latest.version if latest else 0) != guidance.version:
                who = latest.by if latest else "nobody"
                raise RefusedError(f"{who} has changed the guidance meanwhile. Load it again and repeat your change.")
            saved = _saved(connection, guidance, by, now)
            ordering.reorder(connection, saved.service_hours)
        return saved

    def history(self) -> pd.DataFrame:
        """`by` and `at` of each version, indexed by version, the newest first."""
        columns = [documents.c.version, documents.c.by, documents.c.at]
        with self.database.connect() as connection:
            ours = select(*columns).where(documents.c.name == _NAME)
            rows = connection.execute(ours.order_by(documents.c.version.desc())).all()
        return pd.DataFrame(rows, columns=["version", "by", "at"]).set_index("version")


def taken(rules: Guidance, before: Aims, after: Aims) -> dict[str, Any]:
    """What of the queue changes where a policy takes the place of another, by field: the capacity and the random share
    in which they differ; what both say alike, or the new one leaves open, stays as the lead has set it since.

    >>> taken(Guidance(), Aims(reviews_a_day=90), Aims(reviews_a_day=120)), taken(Guidance(), Aims(90), Aims(90))
    ({'capacity': 120}, {})
    """
    return {
        field: asked for field, name in _FOLLOWED.items()
        if (asked := getattr(after, name)) not in (None, getattr(before, name)) and asked != getattr(rules, field)
    }  # fmt: skip


def follow(connection: Connection, before: Aims, after: Aims, *, by: str, now: datetime) -> dict[str, Any]:
    """Give the queue what `taken` says, in a new version. Returns what changes, by field."""
    latest = _latest(connection)
    rules = Guidance() if latest is None else _guidance(latest)
    wanted = taken(rules, before, after)
    if wanted:
        _saved(connection, replace(rules, **wanted), by, now)
    return wanted


def _saved(connection: Connection, guidance: Guidance, by: str, now: datetime) -> Guidance:
    saved = replace(guidance, version=guidance.version + 1)
    row = {"name": _NAME, "version": saved.version, "body": _body(saved), "by": by, "at": now}
    connection.execute(insert(documents).values(row))
    return saved


def _latest(connection: Connection, version: int | None = None) -> Row[Any] | None:
    ours = select(documents).where(documents.c.name == _NAME).order_by(documents.c.version.desc()).limit(1)
    return connection.execute(ours if version is None else ours.where(documents.c.version == version)).one_or_none()


def _guidance(row: Row[Any]) -> Guidance:
    told = formats.read(row.body, f"guidance {row.version}", known=FORMAT, upgrades=_UPGRADES)
    reasons = tuple(ReasonCode(**reason) for reason in told["reasons"])
    return Guidance(**told | {"reasons": reasons, "version": row.version})


def _body(guidance: Guidance) -> dict[str, Any]:
    return {
        "format": FORMAT, "capacity": guidance.capacity, "random_share": guidance.random_share,
        "uncertain": guidance.uncertain, "service_hours": guidance.service_hours,
        "lease_minutes": guidance.lease_minutes, "correction_hours": guidance.correction_hours,
        "assigned_hours": guidance.assigned_hours,
        "reasons": [{"judgement": each.judgement, "code": each.code, "text": each.text} for each in guidance.reasons],
        "guidelines": guidance.guidelines, "profile_url": guidance.profile_url,
    }  # fmt: skip


def _within(option: str, figure: float, low: float, high: float, *, above: bool = False) -> None:
    if not (low < figure <= high if above else low <= figure <= high):
        raise BadOptionError(option, f"{figure:g} is not {'above' if above else 'between'} {low:,} and {high:,}.")


def _check_reasons(reasons: Sequence[ReasonCode]) -> None:
    codes = [reason.code for reason in reasons]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise BadOptionError("reason code", f"{twice[0]} is there twice.")
    for judgement in ("spammer", "legitimate", "unsure"):
        if all(reason.judgement != judgement for reason in reasons):
            raise BadOptionError("reason code", f"{judgement} needs at least one.")


def _check_template(template: str) -> None:
    if not template:
        return
    before, user, after = template.partition(_USER)
    # The id may only stand behind the host: otherwise a user chooses where the reviewer is sent.
    if not (user and _HOST.fullmatch(before) and template.isprintable()) or re.search(r"[\s{}\\<>\"]", before + after):
        raise BadOptionError(
            "profile address",
            f"write it as https://example.com/users/{_USER}: http or https, {_USER} once, in the path.",
        )
