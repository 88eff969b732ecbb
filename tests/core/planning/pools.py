"""Pools of users from scores, as a plan chooses from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.planning.audits import Audits
from core.planning.choosing import CERTAIN, Choice, Pool, choose
from core.planning.day import Places
from core.policy.decide import decide
from core.policy.policy import Policy
from core.review import ordering


def pool(score: np.ndarray, policy: Policy, draw: np.ndarray) -> Pool:
    """All users of one run of the model and policy in force, nobody chosen yet."""
    score, n = np.asarray(score, np.float64), len(score)
    severity = decide(policy, score).severity
    worth = ordering.values(score, (severity == 3) & policy.armed)
    no = np.zeros(n, bool)
    return Pool(
        score=score, severity=severity, gap=np.abs(score - policy.review), flagged=severity >= 2, worth=worth,
        drawable=np.ones(n, bool), before=np.zeros(n), chosen=no, sure=no, asked=no, known=no,
        draw=np.asarray(draw, np.float64), audits=Audits.none(n),
    )  # fmt: skip


def chosen(  # where nobody is left over, as on the days before the backlog is drained
    score: np.ndarray, policy: Policy, draw: np.ndarray, *, certain: int = 0, uncertain: int = 0, random: float
) -> Choice:
    """What one day chooses."""
    users = pool(score, policy, draw)
    return choose(users, Places(min(certain, int(users.flagged.sum())), uncertain, random))


def after(before: Pool, choice: Choice) -> Pool:
    """The pool on the next day."""
    chosen = before.chosen | ((choice.stratum >= 0) & (before.draw < choice.inclusion))
    sure, asked = before.sure | (choice.stratum == CERTAIN), before.asked | choice.new
    return replace(before, before=choice.inclusion, chosen=chosen, sure=sure, asked=asked)


def days(first: Pool, places: Places, number: int) -> tuple[Pool, list[Choice]]:
    """The pool after so many days of so many places, and what each day has chosen."""
    choices = []
    for _ in range(number):
        choices.append(choose(first, places))
        first = after(first, choices[-1])
    return first, choices
