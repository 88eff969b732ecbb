"""Whom the conditions of a rule hold for."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from core.policy.rules import Condition, Operator, Rule
from core.policy.users import Bools, Floats, Texts, Users, fold
from core.wording import value_text

_COMPARED: Final[Mapping[Operator, Callable[[Floats, float], Bools]]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def matched(rule: Rule, users: Users) -> Bools:
    """For whom all conditions of a rule hold, (n,)."""
    found = np.ones(len(users), bool)
    for condition in rule.conditions:
        found &= holds(condition, users)
    return found


def holds(condition: Condition, users: Users) -> Bools:
    """For whom a condition holds, (n,). A column that these users do not have is missing for all of them; one that the
    home does not have, any more, fulfils nothing: else a rule on what is missing would take everybody.
    """
    if not users.knows(condition.column):
        return np.zeros(len(users), bool)
    if users.is_number(condition.column):
        numbers = users.numbers(condition.column)
        values = np.full(len(users), np.nan) if numbers is None else numbers
        return _of_numbers(condition, values)
    texts = users.texts(condition.column)
    if texts is None:
        return np.full(len(users), condition.operator == "is missing")
    return _of_texts(condition, texts)


def _of_numbers(condition: Condition, values: Floats) -> Bools:
    missing = np.isnan(values)
    if condition.operator == "is missing":
        return missing
    if condition.operator == "is not missing":
        return ~missing
    given = [value for value in condition.values if not isinstance(value, str)]
    if condition.operator == "in":
        return np.isin(values, given)
    if condition.operator == "not in":
        return ~missing & ~np.isin(values, given)
    return ~missing & _COMPARED[condition.operator](values, given[0])


def _of_texts(condition: Condition, texts: Texts) -> Bools:
    wanted = [fold(str(value)) if isinstance(value, str) else value_text(value) for value in condition.values]
    match condition.operator:
        case "is missing":
            return np.asarray(texts.codes < 0)
        case "is not missing":
            return np.asarray(texts.codes >= 0)
        case "=" | "in":
            return texts.where(set(wanted).__contains__)
        case "!=" | "not in":
            return texts.where(lambda text: text not in wanted)
        case "contains":
            return texts.where(lambda text: wanted[0] in text)
        case _:
            return texts.where(lambda text: text.startswith(wanted[0]))
