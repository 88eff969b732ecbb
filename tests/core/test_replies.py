"""The same request with the same key gets the same answer; the key is of no use for another one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import replies
from core.errors import RefusedError
from core.replies import Asking, Reply
from core.settings import Settings
from tests import make

ASKING = Asking("api:sign-up", "k-1", b'{"features": {}}')


def test_an_answer_is_given_again(home: Settings) -> None:
    assert replies.find(home, ASKING, now=make.NOW) is None
    replies.keep(home, ASKING, Reply(200, b"first"), now=make.NOW)

    assert replies.find(home, ASKING, now=make.NOW) == Reply(200, b"first")


def test_of_two_that_answer_at_once_the_first_counts_for_both(home: Settings) -> None:
    assert replies.keep(home, ASKING, Reply(200, b"first"), now=make.NOW).body == b"first"
    assert replies.keep(home, ASKING, Reply(200, b"second"), now=make.NOW).body == b"first"


def test_a_key_for_another_request_is_refused(home: Settings) -> None:
    replies.keep(home, ASKING, Reply(200, b"first"), now=make.NOW)
    other = Asking(ASKING.owner, ASKING.key, b"{}")

    with pytest.raises(RefusedError, match="k-1"):
        replies.find(home, other, now=make.NOW)
    with pytest.raises(RefusedError, match="k-1"):
        replies.keep(home, other, Reply(200, b"second"), now=make.NOW)


def test_another_owner_may_use_the_same_key(home: Settings) -> None:
    replies.keep(home, ASKING, Reply(200, b"first"), now=make.NOW)

    assert replies.find(home, Asking("api:other", ASKING.key, b"{}"), now=make.NOW) is None


def test_an_old_answer_is_forgotten(home: Settings) -> None:
    replies.keep(home, ASKING, Reply(200, b"first"), now=make.NOW)
    later = make.NOW + replies.KEPT + timedelta(seconds=1)

    assert replies.find(home, ASKING, now=later) is None
    assert replies.keep(home, ASKING, Reply(200, b"second"), now=later).body == b"second"
