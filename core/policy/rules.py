"""Rules: what a policy does with users whose columns fulfil conditions, made in a table, without code.

All conditions of a rule must hold. A missing value fulfils none but `is missing`: what is not known is neither above
nor below, and neither equal nor different. Text is compared without regard to case and to spaces around it.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

from core.errors import BadOptionError
from core.policy.bands import BANDS, Band
from core.wording import value_text

Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "not in", "is missing", "is not missing", "contains", "starts with"
]  # fmt: skip
OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)
State = Literal["draft", "shadow", "live"]
STATES: Final[tuple[State, ...]] = get_args(State)
Effect = Literal["at least", "at most", "exactly"]
EFFECTS: Final[tuple[Effect, ...]] = get_args(Effect)
Value = float | str

#: Ask nothing but whether there is a value.
PRESENCE: Final[frozenset[Operator]] = frozenset({"is missing", "is not missing"})
#: Take any number of values; the others take one.
MANY: Final[frozenset[Operator]] = frozenset({"in", "not in"})
#: Compare numbers alone, and text alone.
ORDER: Final[frozenset[Operator]] = frozenset({"<", "<=", ">", ">="})
TEXT: Final[frozenset[Operator]] = frozenset({"contains", "starts with"})
#: Letters of a value; nobody reads more than that in a table of rules.
MOST_VALUE: Final = 200
MOST_VALUES: Final = 1_000
MOST_CONDITIONS: Final = 20
MOST_RULES: Final = 200
_MOST_NAME: Final = 60
_MOST_NOTE: Final = 1_000
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Condition:
    """A column, an operator and the values it is held against: none for presence, many for `in`, else one.

    Raises BadOptionError naming `column`, `operator` or `value`.
    """

    column: str
    operator: Operator
    values: tuple[Value, ...] = ()

    def __post_init__(self) -> None:
        _line("column", self.column, MOST_VALUE)
        if self.operator not in OPERATORS:
            raise BadOptionError("operator", f"{self.operator!r} is none of {', '.join(OPERATORS)}.")
        self._check_number_of_values()
        for value in self.values:
            if isinstance(value, str):
                _line("value", value, MOST_VALUE)
            elif isinstance(value, bool) or not math.isfinite(value):
                raise BadOptionError("value", f"{value!r} is neither text nor a finite number.")
            if self.operator in ORDER and isinstance(value, str):
                raise BadOptionError("value", f"{self.operator} compares numbers, and {value!r} is none.")
            if self.operator in TEXT and not isinstance(value, str):
                raise BadOptionError("value", f'"{self.operator}" looks at text: write {value_text(value)} in quotes.')

    def _check_number_of_values(self) -> None:
        given = len(self.values)
        if self.operator in PRESENCE:
            if given:
                raise BadOptionError("value", f'"{self.operator}" takes no value.')
        elif self.operator in MANY:
            if not 1 <= given <= MOST_VALUES:
                raise BadOptionError("value", f'"{self.operator}" takes 1 to {MOST_VALUES:,} values, not {given:,}.')
        elif given != 1:
            raise BadOptionError("value", f'"{self.operator}" takes one value, not {given:,}.')

    def __str__(self) -> str:
        """As people read it: 'country in PH, NG'."""
        told = ", ".join(each if isinstance(each, str) else value_text(each) for each in self.values)
        return " ".join(filter(None, (self.column, self.operator, told)))

    def as_json(self) -> dict[str, Any]:
        raw: dict[str, Any] = {"column": self.column, "operator": self.operator}
        if self.operator in PRESENCE:
            return raw
        return raw | {"value": list(self.values) if self.operator in MANY else self.values[0]}

    @classmethod
    def from_json(cls, raw: object) -> Condition:
        """What `as_json` gave, or a person wrote. Raises BadOptionError."""
        told = _table("condition", raw, {"column", "operator", "value"}, {"column", "operator"})
        given = told.get("value")
        values = given if isinstance(given, list) else [] if given is None else [given]
        if not all(isinstance(each, str | int | float) for each in values):
            raise BadOptionError("value", "give a number, a text, or a list of these.")
        held = tuple(each if isinstance(each, str | bool) else _number(each) for each in values)
        return cls(_text("column", told["column"]), told["operator"], held)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done with users for whom all `conditions` hold. `owner`: who answers for it; `expires`: from when on it
    does nothing; `reason`: a code for files and for whoever is told.

    A `draft` is not looked at, one in `shadow` is counted and never acted on. Raises BadOptionError naming the field.
    """

    name: str
    effect: Effect
    band: Band
    conditions: tuple[Condition, ...]
    state: State = "draft"
    reason: str = ""
    note: str = ""
    owner: str = ""
    expires: datetime | None = None

    def __post_init__(self) -> None:
        _line("name", self.name, _MOST_NAME)
        if self.effect not in EFFECTS:
            raise BadOptionError("effect", f"{self.effect!r} is none of {', '.join(EFFECTS)}.")
        if self.band not in BANDS:
            raise BadOptionError("band", f"{self.band!r} is none of {', '.join(BANDS)}.")
        if self.state not in STATES:
            raise BadOptionError("state", f"{self.state!r} is none of {', '.join(STATES)}.")
        if not 1 <= len(self.conditions) <= MOST_CONDITIONS:
            given = len(self.conditions)
            raise BadOptionError("conditions", f"a rule has 1 to {MOST_CONDITIONS} of them, not {given}.")
        if self.reason and not _CODE.fullmatch(self.reason):
            raise BadOptionError("reason", f"{self.reason[:40]!r} must be lower-case letters, digits and _.")
        if len(self.note) > _MOST_NOTE:
            raise BadOptionError("note", f"at most {_MOST_NOTE:,} characters, not {len(self.note):,}.")
        if self.owner:
            _line("owner", self.owner, _MOST_NAME)
        if self.expires is not None and self.expires.tzinfo is None:
            raise BadOptionError("expires", "say of which time zone, as in 2026-12-31T00:00:00Z.")

    def expired(self, now: datetime) -> bool:
        return self.expires is not None and self.expires <= now

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "effect": self.effect, "band": self.band, "state": self.state, "reason": self.reason,
            "note": self.note, "owner": self.owner,
            "expires": None if self.expires is None else self.expires.astimezone(UTC).isoformat(),
            "conditions": [each.as_json() for each in self.conditions],
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: object) -> Rule:
        """What `as_json` gave, or a person wrote; `expires` may be a datetime. Raises BadOptionError."""
        texts = ("reason", "note", "owner")
        needed = {"name", "effect", "band", "conditions"}
        told = _table("rule", raw, needed | {"state", "expires", *texts}, needed)
        if not isinstance(told["conditions"], Sequence) or isinstance(told["conditions"], str):
            raise BadOptionError("conditions", "give a list of them.")
        conditions = []
        for number, each in enumerate(told["conditions"], 1):
            with _inside(f"condition {number}"):
                conditions.append(Condition.from_json(each))
        return cls(
            _text("name", told["name"]), told["effect"], told["band"], tuple(conditions), told.get("state", "draft"),
            **{name: _text(name, told.get(name, "")) for name in texts}, expires=_moment(told.get("expires")),
        )  # fmt: skip


def all_from_json(raw: object) -> tuple[Rule, ...]:
    """Rules in their order. Raises BadOptionError that names the rule and the field."""
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise BadOptionError("rules", "give a list of them.")
    rules = []
    for number, each in enumerate(raw, 1):
        name = each.get("name") if isinstance(each, Mapping) else None
        with _inside(f"rule {name[:_MOST_NAME] if isinstance(name, str) and name else number}"):
            rules.append(Rule.from_json(each))
    return tuple(rules)


@contextlib.contextmanager
def _inside(place: str) -> Iterator[None]:
    """Have an error say where it is: the rule or the condition before the field."""
    try:
        yield
    except BadOptionError as error:
        sentence = str(error).removeprefix(f"{error.option}: ")
        raise BadOptionError(f"{place}, {error.option}", sentence) from error


def _table(what: str, raw: object, known: set[str], needed: set[str]) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise BadOptionError(what, "give it as a table of names and values.")
    if unknown := sorted(map(str, raw.keys() - known)):
        raise BadOptionError(what, f"{unknown[0][:MOST_VALUE]} is none of {', '.join(sorted(known))}.")
    if absent := sorted(needed - raw.keys()):
        raise BadOptionError(what, f"{absent[0]} is missing.")
    return raw


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadOptionError(name, f"{str(value)[:MOST_VALUE]} is no text.")
    return value


def _number(value: float) -> float:
    try:
        return float(value) + 0.0  # -0.0 is 0.0
    except OverflowError:
        return math.inf


def _moment(value: object) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(_text("expires", value))
    except ValueError:
        raise BadOptionError("expires", f"{str(value)[:40]!r} is no time, as 2026-12-31T00:00:00Z is.") from None


def _line(name: str, text: str, most: int) -> None:
    """Raises BadOptionError unless it is one line that can be read and stored."""
    if not text.strip() or text != text.strip():
        raise BadOptionError(name, "it is empty, or begins or ends with a space.")
    if len(text) > most:
        raise BadOptionError(name, f"at most {most} characters, not {len(text):,}.")
    if not text.isprintable():
        raise BadOptionError(name, "it holds what cannot be seen: take it out.")
