"""The outbox: only what changes is told, in order, and to each consumer once."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import StatementError

from core.errors import BadOptionError, StorageError
from core.home import Home
from core.review.decisions import outbox
from tests.make import NOW

LABELS = ["spammer", "legitimate", None]


def add(home: Home, label: Any, *, user: str = "u1", case: str = "c-000001", **other: Any) -> int | None:
    told = {"verdict": f"v-{label}-{case}", "who": "Ada", "why": "content_seen", "at": NOW} | other
    with home.database.writing() as connection:
        return outbox.add(connection, user=user, case=case, label=label, **told)


def told(home: Home) -> list[tuple[str, int | None]]:
    """Decision and what it takes back, oldest first."""
    frame = home.outbox.since(0)
    return [(row.decision, None if row.reversal_of is pd.NA else row.reversal_of) for row in frame.itertuples()]


def confirm(home: Home, batch: outbox.Batch) -> bool:
    return home.outbox.confirm(batch, now=NOW)


def test_a_verdict_is_told_with_who_and_why(home: Home) -> None:
    assert add(home, "spammer", verdict="v1", why='content_seen: a note, with "quotes"') == 1
    row = home.outbox.since(0).loc[1]
    assert (row["user"], row["case"], row["verdict"], row["decision"]) == ("u1", "c-000001", "v1", "remove")
    assert (row["who"], row["why"], row["time"]) == ("Ada", 'content_seen: a note, with "quotes"', NOW)


def test_a_correction_takes_back_what_it_replaces_and_a_withdrawal_leaves_nothing(home: Home) -> None:
    for judgement in ("spammer", "legitimate", None, "spammer"):
        add(home, judgement)
    assert told(home) == [("remove", None), ("keep", 1), ("none", 2), ("remove", None)]


def test_what_stands_already_is_not_told_again(home: Home) -> None:
    assert add(home, "spammer")
    assert add(home, "spammer", case="c-000002") is None
    assert add(home, "spammer") is None
    assert add(home, None, user="u2") is None


def test_an_upheld_appeal_is_told_once_and_an_overturned_one_takes_back(home: Home) -> None:
    add(home, "spammer", verdict="v1")
    assert add(home, "spammer", verdict="v2", appeal=True, why="") == 2
    assert add(home, "spammer", verdict="v2", appeal=True) is None
    assert add(home, "spammer", verdict="v3", appeal=True, why="seen again") == 3
    add(home, "legitimate", verdict="v4", appeal=True)
    assert told(home) == [("remove", None), ("remove", None), ("remove", None), ("keep", 3)]
    assert home.outbox.since(0)["why"].tolist() == ["content_seen", "upheld", "upheld: seen again", "content_seen"]


def test_users_do_not_mix(home: Home) -> None:
    add(home, "spammer", user="u1")
    add(home, "legitimate", user="u2")
    assert told(home) == [("remove", None), ("keep", None)]
    assert home.outbox.of_user("u2")["decision"].tolist() == ["keep"]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(["c-000001", "c-000002"]), st.booleans())))
def test_the_decisions_of_a_user_form_one_chain(
    tmp_path_factory: pytest.TempPathFactory, judged: list[tuple[Any, str, bool]]
) -> None:
    home = Home.open(tmp_path_factory.mktemp("home"))
    for number, (judgement, case, appeal) in enumerate(judged):
        add(home, judgement, case=case, verdict=f"v{number}", appeal=appeal)
    before = None
    for number, (decision, back) in enumerate(told(home), start=1):
        changed = before not in {None, "none", decision}
        assert back == (number - 1 if changed else None)
        assert decision != "none" or changed
        before = decision


def test_each_consumer_sees_each_number_once(home: Home) -> None:
    for user in "abcde":
        add(home, "spammer", user=user)
    first = home.outbox.take("platform", most=2)
    assert (first.after, first.last, first.decisions.index.tolist()) == (0, 2, [1, 2])
    # Until it is confirmed it is given again, with the same numbers.
    assert home.outbox.take("platform", most=2).decisions.equals(first.decisions)
    assert confirm(home, first)
    rest = home.outbox.take("platform")
    assert rest.decisions.index.tolist() == [3, 4, 5]
    assert confirm(home, rest)
    assert home.outbox.take("platform").decisions.empty
    assert home.outbox.take("warehouse").decisions.index.tolist() == [1, 2, 3, 4, 5]


def test_of_two_processes_of_one_consumer_one_confirms(home: Home) -> None:
    add(home, "spammer", user="a")
    early = home.outbox.take("platform")
    add(home, "spammer", user="b")
    late = home.outbox.take("platform")
    assert confirm(home, late)
    assert not confirm(home, early)
    assert home.outbox.take("platform").after == 2
    assert not confirm(home, late)


def test_what_was_made_of_a_batch_is_published_before_the_cursor_moves_and_never_by_who_was_late(
    home: Home,
) -> None:
    add(home, "spammer")
    batch, seen = home.outbox.take("platform"), []

    def publish() -> None:
        seen.append(home.outbox.take("platform").after)  # as any other process sees it meanwhile

    assert home.outbox.confirm(batch, now=NOW, publish=publish)
    assert not home.outbox.confirm(batch, now=NOW, publish=publish)
    assert (seen, home.outbox.take("platform").after) == ([0], 1)


def test_where_publishing_fails_nobody_is_moved_on(home: Home) -> None:
    add(home, "spammer")
    batch = home.outbox.take("platform")

    def publish() -> None:
        raise StorageError("d.csv", "No space left on device")

    with pytest.raises(StorageError):
        home.outbox.confirm(batch, now=NOW, publish=publish)
    assert home.outbox.take("platform").decisions.equals(batch.decisions)


def test_an_empty_batch_moves_nothing(home: Home) -> None:
    empty = home.outbox.take("platform")
    assert (empty.after, empty.last, len(empty.decisions)) == (0, 0, 0)
    assert confirm(home, empty)
    add(home, "spammer")
    assert home.outbox.take("platform").decisions.index.tolist() == [1]


def test_the_time_of_a_decision_needs_a_zone(home: Home) -> None:
    with pytest.raises(StatementError, match="zone"):
        add(home, "spammer", at=NOW.replace(tzinfo=None))


def test_times_are_read_back_in_utc_to_the_microsecond(home: Home) -> None:
    moment = (NOW + timedelta(microseconds=7)).astimezone(timezone(timedelta(hours=5)))
    add(home, "spammer", at=moment)
    found = home.outbox.since(0).loc[1, "time"]
    assert found == moment
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 81])
def test_a_consumer_needs_a_usable_name(home: Home, name: str) -> None:
    with pytest.raises(BadOptionError, match="consumer"):
        home.outbox.take(name)
