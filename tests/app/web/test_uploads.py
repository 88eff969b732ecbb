"""How much browsers may send, counted by session and over all."""

from __future__ import annotations

import pytest

from app.web.uploads import EACH, UploadRefusedError, Uploads


def status(uploads: Uploads, session: str, size: int, file: str = "f") -> int:
    """What a file of this size is answered; it stays."""
    try:
        uploads.begin(session, file, size)
    except UploadRefusedError as error:
        return error.status
    uploads.taken(session, file, size)
    return 204


@pytest.fixture
def uploads() -> Uploads:
    """Room for two files of 1 MB in a session, and for three over all."""
    found = Uploads(2 * (10**6 + EACH), 3 * (10**6 + EACH))
    for session in ("a", "b"):
        found.admit(session)
    return found


def test_a_session_that_was_not_let_in_sends_nothing(uploads: Uploads) -> None:
    uploads.admit("c", admitted=False)
    assert [status(uploads, session, 1) for session in ("a", "c", "unknown")] == [204, 403, 403]
    uploads.admit("a", admitted=False)
    assert status(uploads, "a", 1) == 403


def test_a_session_and_all_of_them_hold_so_much_and_no_more(uploads: Uploads) -> None:
    assert [status(uploads, "a", 10**6, file) for file in "xyz"] == [204, 204, 413]
    assert [status(uploads, "b", 10**6, file) for file in "xy"] == [204, 503]


def test_many_empty_files_are_bounded_too(uploads: Uploads) -> None:
    answered = [status(uploads, "a", 0, str(number)) for number in range(100)]
    assert answered.index(413) == 22


def test_what_comes_at_once_is_counted_before_it_has_come(uploads: Uploads) -> None:
    uploads.begin("a", "x", 10**6)
    uploads.begin("a", "y", 10**6)
    assert status(uploads, "a", 10**6, "z") == 413
    uploads.failed("a", "y", 10**6)
    assert status(uploads, "a", 10**6, "z") == 204


def test_a_file_that_is_replaced_or_taken_away_makes_room(uploads: Uploads) -> None:
    status(uploads, "a", 10**6, "x")
    status(uploads, "a", 10**5, "x")
    assert uploads.held("a") == 10**5 + EACH
    uploads.removed("a", "x")
    assert uploads.held() == 0


def test_a_session_that_nobody_comes_back_to_ends_and_makes_room(uploads: Uploads) -> None:
    status(uploads, "a", 10**6)
    there = {"b"}
    assert uploads.ended(there.__contains__, 0.0, after=100.0) == []
    there.add("a")
    assert uploads.ended(there.__contains__, 90.0, after=100.0) == []  # a lost line, found again
    there.discard("a")
    assert uploads.ended(there.__contains__, 110.0, after=100.0) == []
    assert uploads.ended(there.__contains__, 210.0, after=100.0) == ["a"]
    assert uploads.held() == 0
    assert status(uploads, "a", 1) == 403
