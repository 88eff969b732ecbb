"""A policy as a file for people: TOML, to read, to compare and to change.

format = 3
version = "p0002"      # of the policy that was written; ignored where it is read

[thresholds]
monitor = 0.3
review = 0.7
remove = 0.9

[capacity]             # of the queue from the activation on; left out: as it is
reviews_a_day = 200
random_share = 0.2     # of these, for users drawn at random from every band

[costs]                # in any one unit
removal = 10.0         # of a legitimate user whom automation removes
review = 1.0           # of a case that a person sees
miss = 1.5             # of a spammer whom nobody looks at

[targets]
rule_precision = 0.5   # a rule that is right less often needs attention
recall = 0.8           # the least share of spammers that a plan is to catch; left out: any
precision = 0.95       # and of spammers above remove

[removal]
target = 0.9           # the precision that is to be proven before automation removes
reviewer_error = 0.02  # the share of users whom reviewers judge wrongly
audits_a_day = 12      # left out: as many as show a fall soon enough

[removal.statements]   # what a removed user is told, by reason code
score = "Your account was removed because its activity is like that of spam."

[[rules]]              # the first that matches decides
name = "Links from new accounts"
effect = "at least"    # at most, exactly
band = "human_review"
state = "shadow"       # draft, live
reason = "links"
conditions = [
    { column = "X19", operator = ">", value = 40 },
    { column = "country", operator = "in", value = ["PH", "NG"] },
]
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import tomlkit

from core import formats
from core.errors import BadOptionError, TrustdeskError
from core.formats import Upgrade
from core.policy import rules
from core.policy.automation.removal import Removal
from core.policy.policy import Policy
from core.policy.rules import Rule
from core.policy.thresholds.aims import COSTS, FLOORS, Aims

FORMAT: Final = 3
#: Up to format 1 nothing was said of automatic removal, up to format 2 nothing of capacity, costs and floors.
_UPGRADES: Final[Mapping[int, Upgrade]] = MappingProxyType(dict.fromkeys((1, 2), lambda told: told))
_WITH_FLOORS: Final = 3
#: Letters of a file; 200 rules with 1,000 values each stay below.
MOST: Final = 20_000_000
_TOP: Final = {"format", "version", "armed", "thresholds", "capacity", "costs", "targets", "removal", "rules"}
_EDGES: Final = ("monitor", "review", "remove")
_CAPACITY: Final = ("reviews_a_day", "random_share")
_TARGET: Final = "rule_precision"


def dumps(policy: Policy) -> str:
    """The policy as TOML; `loads` reads it back."""
    document = tomlkit.document()
    document.add("format", tomlkit.item(FORMAT))
    document.add("version", tomlkit.item(policy.version))
    document.add("armed", tomlkit.item(policy.armed))
    document.add("thresholds", tomlkit.item({name: getattr(policy, name) for name in _EDGES}))
    for name, table in _aims(policy).items():
        document.add(name, tomlkit.item(table))
    document.add("removal", tomlkit.item(_removal(policy.removal)))
    if policy.rules:
        tables = tomlkit.aot()
        for rule in policy.rules:
            tables.append(tomlkit.item(_rule(rule)))
        document.add("rules", tables)
    return tomlkit.dumps(document)


def loads(text: str, base: Policy) -> Policy:
    """The policy of a file, made from the version of `base`, and as armed as that: a file arms nothing.

    Raises BadOptionError that says what is wrong and where, and NewerFormatError.
    """
    if len(text) > MOST:
        raise BadOptionError("policy", f"the file has {len(text):,} characters; at most {MOST:,} are read.")
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except RecursionError:
        raise BadOptionError("policy", "the file is nested too deep.") from None
    except ValueError as error:
        raise BadOptionError("policy", f"it is no TOML: {error}.") from error
    try:
        told = formats.read(raw, "the policy", known=FORMAT, upgrades=_UPGRADES)
    except ValueError as error:
        raise BadOptionError("policy", f"it {error}.") from error
    if unknown := sorted(told.keys() - _TOP):
        raise BadOptionError("policy", f"{unknown[0][:60]} is none of {', '.join(sorted(_TOP))}.")
    edges = _thresholds(told.get("thresholds"))
    removal = Removal.from_json(told["removal"]) if "removal" in told else base.removal
    aims, target = _read_aims(told, base, floors=raw.get("format", 1) >= _WITH_FLOORS)
    return Policy(*edges, base.version, base.armed, rules.all_from_json(told.get("rules", [])), target, removal, aims)


def readable(text: str) -> bool:
    """Whether a file is a policy."""
    try:
        loads(text, Policy(0.1, 0.2, 0.3, "", armed=False))
    except TrustdeskError:
        return False
    return True


def difference(before: Policy, after: Policy) -> str:
    """What changes, line by line, as a unified diff of the two files; "" where nothing does."""
    old, new = (_lines(each) for each in (before, after))
    return "\n".join(difflib.unified_diff(old, new, before.version, after.version or "draft", lineterm="", n=2))


def _lines(policy: Policy) -> list[str]:
    """Without the version: it always differs."""
    return [line for line in dumps(policy).splitlines() if not line.startswith("version = ")]


def _aims(policy: Policy) -> dict[str, dict[str, float]]:
    """The tables of what thresholds are made for; what is left open stands in none."""
    aims = policy.aims
    tables = {
        "capacity": {name: getattr(aims, name) for name in _CAPACITY},
        "costs": {word: getattr(aims, name) for name, word in COSTS.items()},
        "targets": {_TARGET: policy.rule_precision} | {word: getattr(aims, name) for name, word in FLOORS.items()},
    }
    said = {name: {key: value for key, value in table.items() if value is not None} for name, table in tables.items()}
    return {name: table for name, table in said.items() if table or name == "capacity"}


def _read_aims(told: Mapping[str, Any], base: Policy, *, floors: bool) -> tuple[Aims, float]:
    """What thresholds are made for, and the precision asked of rules; a table that is not there is as in the base.

    floors: whether [targets] would name them.
    """
    given = base.aims.as_json()
    if "capacity" in told:
        table = _table(told, "capacity", _CAPACITY)
        given |= {name: table.get(name) for name in _CAPACITY}
    if "costs" in told:
        table = _table(told, "costs", COSTS.values())
        if lacking := [word for word in COSTS.values() if word not in table]:
            raise BadOptionError("costs", f"{lacking[0]} is missing: give {', '.join(COSTS.values())}.")
        given |= {name: table[word] for name, word in COSTS.items()}
    target = base.rule_precision
    if "targets" in told:
        table = _table(told, "targets", (_TARGET, *(FLOORS.values() if floors else ())))
        if _TARGET not in table:
            raise BadOptionError("targets", f"{_TARGET} is missing.")
        target = _number(f"targets, {_TARGET}", table[_TARGET])
        if floors:
            given |= {name: table.get(word) for name, word in FLOORS.items()}
    return Aims.from_json(given), target


def _table(told: Mapping[str, Any], name: str, known: Iterable[str]) -> dict[str, Any]:
    """A table that may have these keys alone. Raises BadOptionError."""
    found, known = told[name], list(known)
    if not isinstance(found, dict) or found.keys() - {*known}:
        raise BadOptionError(name, f"give {', '.join(known)} in a table [{name}], and nothing else.")
    return found


def _removal(removal: Removal) -> dict[str, Any]:
    return {name: value for name, value in removal.as_json().items() if value is not None and value != {}}


def _rule(rule: Rule) -> dict[str, Any]:
    told = {name: value for name, value in rule.as_json().items() if value not in ("", None)}
    if rule.expires is not None:
        told["expires"] = rule.expires
    conditions = tomlkit.array()
    for condition in told.pop("conditions"):
        table = tomlkit.inline_table()
        table.update({name: _plain(value) for name, value in condition.items()})
        conditions.append(table)
    return told | {"conditions": conditions.multiline(multiline=True)}


def _plain(value: object) -> object:
    """Whole numbers as people write them."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _thresholds(raw: object) -> tuple[float, float, float]:
    if not isinstance(raw, dict) or sorted(raw) != sorted(_EDGES):
        raise BadOptionError("thresholds", f"give {', '.join(_EDGES)} in a table [thresholds], and nothing else.")
    monitor, review, remove = (_number(f"thresholds, {name}", raw[name]) for name in _EDGES)
    return monitor, review, remove


def _number(place: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadOptionError(place, f"{str(value)[:40]} is no number.")
    return float(value)
