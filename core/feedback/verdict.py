"""A verdict: what one reviewer said of one user, with all that was known and shown at that moment."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Literal, get_args

from core.errors import BadOptionError
from core.feedback.strata import STRATA, Stratum
from core.policy.bands import BANDS, POSITIVE, Action, Band

#: `withdrawn` is an undo: `supersedes` names what is taken back.
#: What a reviewer says of a user.
Judgement = Literal["spammer", "legitimate", "unsure"]
#: What a line of feedback says: a judgement, or that an earlier one is taken back.
Entry = Judgement | Literal["withdrawn"]
ENTRIES: Final[tuple[Entry, ...]] = (*get_args(Judgement), "withdrawn")
MOST_ID: Final = 200
MOST_TEXT: Final = 10_000
_NEEDED: Final = ("id", "prediction", "user", "reviewer")
_IDS: Final = (*_NEEDED, "case", "model", "policy", "reason", "supersedes", "category")
_LABELS: Final[Mapping[Entry, int | None]] = {"spammer": 1, "legitimate": 0, "unsure": None, "withdrawn": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`id` comes from the client, so that saying it twice counts once; `time` is kept in UTC.

    `case` is "" when there was none; `reason` is a code; `seconds` it took; `reasons` as shown, "" where hidden.
    `inclusion` is the total probability of being reviewed, in (0, 1], None when the user was not sampled.
    `features` are all values judged, None where missing: of a text its number. `texts` are those themselves, by
    feature; they are kept beside the verdict and are no part of it. `category`: of the violation, "" where none is
    said. Raises BadOptionError for what cannot be.
    """

    id: str
    time: datetime
    prediction: str
    user: str
    reviewer: str
    verdict: Entry
    score: float
    band: Band
    action: Action
    stratum: Stratum
    blind: bool
    model: str
    policy: str
    features: Mapping[str, float | None]
    case: str = ""
    reason: str = ""
    notes: str = ""
    seconds: float | None = None
    reasons: str = ""
    inclusion: float | None = None
    supersedes: str = ""
    category: str = ""
    texts: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in _IDS:
            _check_text(name, getattr(self, name), MOST_ID, needed=name in _NEEDED)
        for name in ("notes", "reasons"):
            _check_text(name, getattr(self, name), MOST_TEXT)
        if self.time.tzinfo is None:
            raise BadOptionError("time", "give a time with its zone.")
        object.__setattr__(self, "time", self.time.astimezone(UTC))
        for name, allowed in (("verdict", ENTRIES), ("band", BANDS), ("action", BANDS), ("stratum", STRATA)):
            _check_choice(name, getattr(self, name), allowed)
        self._check_supersedes()
        if self.category and self.verdict not in {"spammer", "withdrawn"}:
            raise BadOptionError("category", f"only a violation has one, and the verdict is {self.verdict}.")
        self._check_numbers()

    @property
    def actual_label(self) -> int | None:
        """1 spammer, 0 legitimate, None when that was not said."""
        return _LABELS[self.verdict]

    @property
    def is_correct(self) -> bool | None:
        """Whether the prediction, "spammer" in the bands of POSITIVE, agrees with what was said."""
        return None if self.actual_label is None else (self.band in POSITIVE) == bool(self.actual_label)

    def withdrawn(self, now: datetime) -> Verdict:
        """The verdict that takes this one back; the same however often it is asked for, except for its time."""
        identity = f"undo-{hashlib.sha256(self.id.encode()).hexdigest()[:32]}"
        return replace(
            self, id=identity, time=now, verdict="withdrawn", reason="", notes="", seconds=None, supersedes=self.id
        )

    def _check_supersedes(self) -> None:
        if self.supersedes == self.id:
            raise BadOptionError("supersedes", "a verdict cannot replace itself.")
        if self.verdict == "withdrawn" and not self.supersedes:
            raise BadOptionError("supersedes", "name the verdict that is taken back.")

    def _check_numbers(self) -> None:
        if not 0 <= self.score <= 1:
            raise BadOptionError("score", f"a probability lies between 0 and 1, not at {self.score}.")
        if self.inclusion is not None and not 0 < self.inclusion <= 1:
            raise BadOptionError(
                "inclusion", f"a probability of being reviewed is above 0 and up to 1, not {self.inclusion}."
            )
        if self.seconds is not None and not 0 <= self.seconds < math.inf:
            raise BadOptionError("seconds", f"a duration is 0 or more, not {self.seconds}.")
        for name, value in self.features.items():
            _check_text("features", name, MOST_ID, needed=True)
            if value is not None and not math.isfinite(value):
                raise BadOptionError(name, f"{value} is no number that can be judged. Give None where it is missing.")


def _check_text(name: str, text: str, most: int, *, needed: bool = False) -> None:
    if needed and not text.strip():
        raise BadOptionError(name, "this must not be empty.")
    if len(text) > most:
        raise BadOptionError(name, f"this has {len(text):,} characters; at most {most:,} are kept.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadOptionError(name, "this holds half a character, which no file can keep. Type it again.")


def _check_choice(name: str, given: str, allowed: Collection[str]) -> None:
    if given not in allowed:
        raise BadOptionError(name, f"{given} is none of {', '.join(allowed)}.")
