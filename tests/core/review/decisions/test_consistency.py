"""What the database says of verdicts is held against the file, and each contradiction is named with its row."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from tests import make
from tests.core.review.reviewing import crash_after, judge, planned, said, waiting
from tests.make import NOW


@pytest.fixture
def judged(own: Home) -> Home:
    """Two verdicts, one of them taken back and given anew, on a home with some cases that wait."""
    planned(own, make.users(300, seed=1))
    first, second, third = waiting(own)[:3]
    judge(own, first, "spammer", verdict="v1")
    judge(own, second, "legitimate", verdict="v2")
    own.verdicts.undo(["v2"], by="Ada", now=NOW)
    judge(own, second, "unsure", verdict="v3")
    judge(own, third, "legitimate", verdict="v4")
    return own


def contradictions(home: Home) -> list[str]:
    return list(home.consistency.check().contradictions)


def ran(home: Home, statement: str) -> None:
    with home.database.writing() as connection:
        connection.execute(text(statement))


def test_what_was_done_here_agrees(judged: Home) -> None:
    found = judged.consistency.check()
    assert found.contradictions == ()
    assert found.cases > 3
    assert found.decisions == 4  # v2 was told and taken back
    verified = CliRunner().invoke(app, ["feedback", "verify", "--home", str(judged.settings.home)])
    assert verified.exit_code == 0
    assert verified.stderr.endswith("4 decisions in data/state.db agree with the feedback.\n")


CHANGES: dict[str, tuple[str, Callable[[Home], list[str]]]] = {
    "the judgement of a case": (
        "UPDATE cases SET judgement = 'legitimate' WHERE verdict = 'v1'",
        lambda home: [f"Case {case(home, 'v1')} has legitimate as verdict, row 1 of the feedback (v1) has spammer."],
    ),
    "who judged": (
        "UPDATE cases SET judged_by = 'Bob' WHERE verdict = 'v4'",
        lambda home: [f"Case {case(home, 'v4')} has Bob as reviewer, row 5 of the feedback (v4) has Ada."],
    ),
    "a case that nobody decided": (
        "UPDATE cases SET status = 'open', verdict = NULL, judgement = NULL WHERE verdict = 'v1'",
        lambda home: [f"Case {case(home, 'v1')} is open, but row 1 of the feedback (v1) has judged it."],
    ),
    "a verdict that was never said": (
        "UPDATE cases SET verdict = 'v9' WHERE verdict = 'v3'",
        lambda home: [f"Case {case(home, 'v3')} was decided by the verdict v9, which the feedback does not have."],
    ),
    "a decision": (
        "UPDATE decisions SET decision = 'keep' WHERE verdict = 'v1'",
        lambda home: [
            f'Row 1 of the feedback (v1) says spammer of {user(home, "v1")}, but the platform was told "keep" by '
            "decision 1."
        ],
    ),
    "a decision that is gone": (
        "DELETE FROM decisions WHERE verdict = 'v4'",
        lambda home: [
            f"Row 5 of the feedback (v4) says legitimate of {user(home, 'v4')}, but the platform was told nothing."
        ],
    ),
    "of whom a decision is": (
        "UPDATE decisions SET who = 'Eve' WHERE verdict = 'v1'",
        lambda home: [
            f"Decision 1 is by Eve on {user(home, 'v1')}, row 1 of the feedback (v1) is by Ada on {user(home, 'v1')}."
        ],
    ),
    "a decision of nowhere": (
        "UPDATE decisions SET verdict = 'v9' WHERE verdict = 'v1'",
        lambda _home: ["Decision 1 rests on v9, which the feedback does not have."],
    ),
}


def case(home: Home, verdict: str) -> str:
    found = home.ledger.verdict(verdict)
    assert found is not None
    return found.case


def user(home: Home, verdict: str) -> str:
    found = home.ledger.verdict(verdict)
    assert found is not None
    return found.user


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_from_outside_is_named_with_its_row(judged: Home, change: str) -> None:
    statement, expected = CHANGES[change]
    ran(judged, statement)
    assert contradictions(judged) == expected(judged)
    verified = CliRunner().invoke(app, ["feedback", "verify", "--home", str(judged.settings.home)])
    assert verified.exit_code == 4
    assert verified.stdout.splitlines()[-1] == expected(judged)[0]
    assert "1 contradiction between the feedback and data/state.db" in verified.stderr


def test_what_a_crash_left_and_who_was_forgotten_are_no_contradictions(judged: Home) -> None:
    waits = waiting(judged)
    crash_after(judged, [said(waits[0], "spammer", verdict="v7")])
    assert contradictions(judged) == []
    judge(judged, waits[1], "spammer", verdict="v8")
    assert contradictions(judged) == []
    gone = user(judged, "v1")
    judged.erasure.forget(gone, by="Ada", now=NOW)
    assert contradictions(judged) == []
