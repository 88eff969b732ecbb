"""What a policy asks of automatic removal: the precision that is to be proven, its audit, and words for the removed.

Words are templates of people, a text for each reason code. Nothing is put into them: no score, no feature, no name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.errors import BadOptionError
from core.policy.proof.audit import default_rate
from core.policy.proof.reviewer_error import ReviewerError
from core.policy.proof.terms import Terms

#: The reason of whom the score alone removes.
SCORE: Final = "score"
#: The reason of whom a list removes.
LIST: Final = "list"
MOST_STATEMENTS: Final = 200
MOST_LETTERS: Final = 2_000
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_APPEAL: Final = (
    "If you think that this is wrong, you can appeal. A person who had no part in the decision will look at it."
)
#: What is told where the policy has no text of its own.
DEFAULTS: Final[Mapping[str, str]] = {
    SCORE: f"Your account was removed by an automated system, because its activity is like that of spam. {_APPEAL}",
    LIST: f"Your account was removed, because our team has blocked it. {_APPEAL}",
}
_OTHERWISE: Final = f"Your account was removed, because it breaks our rules against spam. {_APPEAL}"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a removed user is told, by the code of the reason."""

    reason: str
    text: str

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.reason):
            raise BadOptionError("statement", f"{self.reason[:40]!r} must be lower-case letters, digits and _.")
        if not self.text.strip() or len(self.text) > MOST_LETTERS:
            raise BadOptionError("statement", f"{self.reason} needs a text of at most {MOST_LETTERS:,} characters.")


@dataclass(frozen=True, slots=True)
class Removal:
    """`target`: the precision that is to be proven before automation removes; `reviewer_error`: the share of users whom
    reviewers judge wrongly, of spammers and of legitimate ones alike, as the lead states it; `audits_a_day`: users of
    the band who are judged blind a day, None for as many as show a fall soon enough. Raises BadOptionError.
    """

    target: float = 0.9
    reviewer_error: float = 0.02
    audits_a_day: float | None = None
    statements: tuple[Statement, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.reviewer_error < 0.5:
            raise BadOptionError("reviewer error", f"a share from 0 to below 0.5, not {self.reviewer_error}.")
        if self.audits_a_day is not None and not 0 < self.audits_a_day <= 1_000_000:
            raise BadOptionError("audits a day", f"a number above 0, not {self.audits_a_day}.")
        if len(self.statements) > MOST_STATEMENTS:
            raise BadOptionError(
                "statement", f"{len(self.statements):,} are given; at most {MOST_STATEMENTS} are taken."
            )
        codes = [each.reason for each in self.statements]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise BadOptionError("statement", f"{twice[0]} is there twice.")
        self.terms()

    def terms(self, target: float | None = None) -> Terms:
        """What is to be proven. target: another one than the policy's. Raises BadOptionError."""
        reviewer = ReviewerError.known(self.reviewer_error, self.reviewer_error)
        return Terms(self.target if target is None else target, reviewer)

    def audits(self, removed_a_day: float, target: float | None = None) -> float:
        """How many users of the band are to be audited a day, where so many are in it; never more than there are."""
        if self.audits_a_day is None:
            return default_rate(self.terms(target), removed_a_day)
        return min(self.audits_a_day, removed_a_day)

    def statement(self, reason: str) -> str:
        """What a user is told who was removed for this reason.

        >>> Removal(statements=(Statement("links", "You sent too many links."),)).statement("links")
        'You sent too many links.'
        """
        told = {each.reason: each.text for each in self.statements}
        return told.get(reason) or DEFAULTS.get(reason) or _OTHERWISE

    def as_json(self) -> dict[str, Any]:
        return {
            "target": self.target, "reviewer_error": self.reviewer_error, "audits_a_day": self.audits_a_day,
            "statements": {each.reason: each.text for each in self.statements},
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: object) -> Removal:
        """What `as_json` gave; what is left out is as it is by default. Raises BadOptionError."""
        if not isinstance(raw, dict) or (raw.keys() - _FIELDS):
            raise BadOptionError(
                "removal", f"give {', '.join(sorted(_FIELDS))} in a table [removal], and nothing else."
            )
        found: dict[str, Any] = {
            name: _number(name, raw[name]) for name in _NUMBERS if raw.get(name) is not None
        }  # fmt: skip
        return cls(**found, statements=_statements(raw.get("statements", {})))


#: What a new home asks for.
DEFAULT: Final = Removal()
_NUMBERS: Final = ("target", "reviewer_error", "audits_a_day")
_FIELDS: Final = {*_NUMBERS, "statements"}


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadOptionError(f"removal, {name}", f"{str(value)[:40]} is no number.")
    return float(value)


def _statements(raw: object) -> tuple[Statement, ...]:
    if not isinstance(raw, dict) or not all(isinstance(text, str) for text in raw.values()):
        raise BadOptionError("removal, statements", "give a text for each reason code.")
    return tuple(Statement(reason, text) for reason, text in raw.items())


def reason_of(decided_by: str, reasons: Mapping[str, str]) -> str:
    """The reason code of what decided. reasons: that of each rule, by the name.

    >>> [reason_of(by, {"Many links": "links"}) for by in ("score", "rule:Many links", "list:block")]
    ['score', 'links', 'list']
    """
    kind, _, name = decided_by.partition(":")
    if kind == SCORE:
        return SCORE
    return LIST if kind == "list" else reasons.get(name, "")
