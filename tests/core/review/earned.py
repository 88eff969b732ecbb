"""Homes in which automation may be earned: users of the band drawn for the audit, and verdicts on them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from core.home import Home
from core.review.cases import Case
from core.review.verdicts import Given
from tests import make
from tests.core.review import reviewing
from tests.core.review.reviewing import waiting
from tests.make import NOW

#: Thresholds so low that most users are in the band.
LOW = make.policy(0.004, 0.005, 0.006)
LATER = NOW + timedelta(days=1)


def made(taught: Home, first: Path, second: Path) -> tuple[Home, Home]:
    """A home with users of the band drawn for the audit, under a policy of its own, in a folder that is not there; and
    one in which 60 of them were judged to be spammers.
    """
    home = Home.open(shutil.copytree(taught.settings.home, first))
    removal = replace(LOW.removal, audits_a_day=150.0, reviewer_error=0.0)
    home.policies.save(replace(LOW, removal=removal), by="Lea", now=NOW)
    reviewing.rules(home, capacity=600, random_share=0.5)
    reviewing.scored(home, make.users(250, seed=1), home.policies.in_force())
    home.plans.fill(by="Lea", now=NOW)
    judged = Home.open(shutil.copytree(first, second))
    say(judged, audited(judged)[:60], "spammer")
    return home, judged


def audited(home: Home) -> list[Case]:
    """Open cases of users drawn for the audit, by number."""
    return [case for case in waiting(home) if case.stratum == "audit"]


def say(home: Home, cases: list[Case], judgement: str, at: datetime = NOW) -> None:
    """Judge many cases in one step."""
    given = Given(f"{judgement}-{cases[0].id}", judgement)  # type: ignore[arg-type]
    done = home.verdicts.triage([case.id for case in cases], given, by="Ada", session="s", now=at)
    assert not done.refused


def fall(home: Home, at: datetime) -> int:
    """Judge every other user legitimate until automation is disarmed; after how many verdicts it was."""
    for number, case in enumerate(audited(home)[:40], 1):
        say(home, [case], "legitimate" if number % 2 else "spammer", at)
        if not home.policies.deciding("v0001").armed:
            return number
    raise AssertionError("it was not disarmed")
