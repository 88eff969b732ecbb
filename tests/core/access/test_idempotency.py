"""The same request with the same key is carried out by one at a time, and gets the same answer; the key is of no use
for another request.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from core.access import idempotency
from core.access.idempotency import Asking, Claim, ClaimLostError, Claims, Found, Reply
from core.errors import BusyError, RefusedError
from core.home import Home
from core.settings import ROOT, child_environment
from core.store import database, tables
from tests import make

ASKING = Asking("api:sign-up", "k-1", b'{"features": {}}')
OTHER = Asking(ASKING.owner, ASKING.key, b"{}")
FIRST = Reply(200, b"first")


@pytest.fixture
def ours(home: Home) -> Iterator[Claims]:
    """The claims of one process."""
    claims = Claims(home.replies)
    yield claims
    claims.close()


@pytest.fixture
def theirs(home: Home) -> Iterator[Claims]:
    """The claims of another process."""
    claims = Claims(home.replies)
    yield claims
    claims.close()


def find(claims: Claims, asking: Asking = ASKING, *, now: datetime = make.NOW) -> Found:
    return claims.find([asking], now=now)[0]


def claim(claims: Claims, asking: Asking = ASKING, *, now: datetime = make.NOW) -> Claim:
    found = find(claims, asking, now=now)
    assert isinstance(found, Claim), found
    return found


def test_an_answer_is_given_again(home: Home, ours: Claims, theirs: Claims) -> None:
    home.replies.keep([(claim(ours), FIRST)], now=make.NOW)

    assert find(ours) == find(theirs) == FIRST


def test_what_one_carries_out_nobody_else_may(ours: Claims, theirs: Claims) -> None:
    claim(ours)

    assert find(ours) is find(theirs) is None


def test_of_those_who_ask_at_once_one_may(ours: Claims) -> None:
    first, *rest = ours.find([ASKING] * 5, now=make.NOW)

    assert isinstance(first, Claim)
    assert rest == [None] * 4


def test_what_was_released_may_be_had_by_anybody_for_anything(ours: Claims, theirs: Claims) -> None:
    ours.release(claim(ours))

    assert claim(theirs, OTHER).since is None


@pytest.mark.parametrize("answered", [True, False])
def test_a_key_for_another_request_is_refused(home: Home, ours: Claims, theirs: Claims, *, answered: bool) -> None:
    mine = claim(ours)
    if answered:
        home.replies.keep([(mine, FIRST)], now=make.NOW)

    for claims in (ours, theirs):
        refused = find(claims, OTHER)
        assert isinstance(refused, RefusedError)
        assert "k-1" in str(refused)


def test_another_owner_may_use_the_same_key(home: Home, ours: Claims) -> None:
    home.replies.keep([(claim(ours), FIRST)], now=make.NOW)

    claim(ours, Asking("api:other", ASKING.key, ASKING.request))


def test_an_old_answer_is_forgotten(home: Home, ours: Claims) -> None:
    home.replies.keep([(claim(ours), FIRST)], now=make.NOW)
    assert find(ours, now=make.NOW + idempotency.KEPT - timedelta(seconds=1)) == FIRST
    later = make.NOW + idempotency.KEPT
    assert claim(ours, now=later).since is None
    with home.database.connect() as connection:
        assert len(connection.execute(select(tables.replies)).all()) == 1


def test_an_old_claim_is_forgotten_and_comes_to_nothing(home: Home, ours: Claims, theirs: Claims) -> None:
    old, later = claim(ours), make.NOW + idempotency.KEPT
    new = claim(theirs, now=later)
    with pytest.raises(ClaimLostError, match="k-1"):
        home.replies.keep([(old, FIRST)], now=later)
    home.replies.keep([(new, FIRST)], now=later)

    assert find(ours, now=later) == FIRST


def test_without_the_claim_nothing_of_the_transaction_is_stored(home: Home, ours: Claims) -> None:
    lost = claim(ours)
    ours.release(lost)

    def stored() -> None:
        with home.database.writing() as connection:
            database.set_mark(connection, "stored", "with it")
            idempotency.keep_with(connection, [(lost, FIRST)], now=make.NOW)

    with pytest.raises(ClaimLostError):
        stored()
    with home.database.connect() as connection:
        assert database.mark(connection, "stored") == ""


@pytest.mark.parametrize("asking", [ASKING, OTHER])
def test_the_claim_of_a_process_that_was_killed_is_taken_over(home: Home, ours: Claims, asking: Asking) -> None:
    script = (
        "import sys\nfrom tests.core.access.test_idempotency import *\n"
        "claims = Claims(Home.open(sys.argv[1]).replies)\nclaim(claims)\n"
        "print('claimed', flush=True)\nsys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, home.settings.home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
        env=child_environment(home.settings.home),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"claimed\n"
    while_it_lives = find(ours, asking)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    later = make.NOW + timedelta(hours=1)

    assert not isinstance(while_it_lives, Claim)
    assert claim(ours, asking, now=later).since == (make.NOW if asking is ASKING else None)
    assert len(list(home.settings.claims.glob("*.lock"))) == 2
    Claims(home.replies).close()
    assert len(list(home.settings.claims.glob("*.lock"))) == 1  # what the dead one has left is gone


def test_a_claim_that_could_not_be_released_is_later(
    home: Home, ours: Claims, theirs: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY", 0.1)
    mine = claim(ours)
    with contextlib.closing(sqlite3.connect(home.settings.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError):
            ours.release(mine)
        other.execute("ROLLBACK")
    assert find(theirs) is None
    ours.tidy()

    claim(theirs)


def test_a_claim_that_nobody_works_for_any_more_is_claimed_anew_by_its_own_process(ours: Claims) -> None:
    ours.answered(claim(ours))  # as if it were: its answer is not kept

    assert claim(ours).since == make.NOW


def test_what_could_not_be_claimed_is_not_held(home: Home, ours: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY", 0.1)
    find(ours, Asking("api:other", "k", b""))
    with contextlib.closing(sqlite3.connect(home.settings.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError):
            find(ours)
        other.execute("ROLLBACK")

    claim(ours)
