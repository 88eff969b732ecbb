"""The store keeps each verdict once, as it was given, and what was said is only ever followed by something newer."""

from __future__ import annotations

import math
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RefusedError
from core.feedback import ledger
from core.feedback.csv_store import CsvStore, Wish
from core.feedback.strata import STRATA
from core.feedback.verdict import MOST_ID, Verdict
from core.home import Home
from core.policy.bands import BANDS
from core.ports import VerdictStore
from core.store import chained_log
from tests.core.feedback.verdicts import verdict
from tests.make import NOW

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text("=+-@\t\r\n\\'\",0rn\0 ", max_size=8)
IDS = TEXT.filter(str.strip)
VALUES = (
    st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1e12, -0.0, 5e-324, 1e16, -3.0])
)
VERDICTS = st.builds(
    Verdict, id=IDS, user=IDS, reviewer=IDS, prediction=IDS, case=TEXT, model=TEXT, policy=TEXT, reason=TEXT,
    notes=TEXT, reasons=TEXT, verdict=st.sampled_from(["spammer", "legitimate", "unsure"]),
    time=st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    score=st.floats(0, 1), band=st.sampled_from(BANDS), action=st.sampled_from(BANDS), stratum=st.sampled_from(STRATA),
    blind=st.booleans(), seconds=st.none() | st.floats(0, 1e6), inclusion=st.none() | st.floats(1e-9, 1),
    features=st.fixed_dictionaries({"links": VALUES, "=score": VALUES, "score": VALUES, "two\nlines": VALUES}),
)  # fmt: skip


@pytest.fixture
def store(home: Home) -> VerdictStore:
    return home.feedback


def lines(home: Home) -> int:
    """Lines of verdicts in all files."""
    return sum(file.read_bytes().count(b"\n") - 1 for file in chained_log.files(home.ledger.path))


def reread(home: Home) -> dict[str, Verdict]:
    """What another process would read."""
    fresh = ledger.Ledger(home.ledger.path)
    fresh.refresh()
    return {stored.id: stored for stored in fresh.since("")}


@settings(max_examples=50)
@given(st.lists(VERDICTS, min_size=1, max_size=3, unique_by=lambda one: one.id))
def test_a_verdict_reads_back_as_it_was_given(
    tmp_path_factory: pytest.TempPathFactory, verdicts: list[Verdict]
) -> None:
    home = Home.open(tmp_path_factory.mktemp("home"))
    home.feedback.record(verdicts)

    found = reread(home)

    assert list(found.values()) == verdicts
    for one in verdicts:  # equality takes -0.0 for 0.0
        assert _signs(found[one.id]) == _signs(one)
    assert home.feedback.verify().whole


def _signs(one: Verdict) -> dict[str, float]:
    return {name: math.copysign(1, value) for name, value in one.features.items() if value is not None}


def test_the_file_has_the_columns_in_order_and_opens_as_a_table(home: Home, store: VerdictStore) -> None:
    store.record([verdict(notes="=HYPERLINK(1)")])

    header, row = home.ledger.path.read_text(encoding="utf-8").splitlines()

    assert header == (
        "id,time,case,prediction,user,reviewer,verdict,is_correct,actual_label,reason,notes,seconds,model,policy,score,"
        "band,action,reasons,blind,stratum,inclusion,supersedes,links,ratio,tier,salt,digest,chain"
    )
    assert row.startswith(
        "v1,2026-03-01T12:00:00+00:00,c-1,r-0001-1,u1,Ada,spammer,true,1,bulk_links,'=HYPERLINK(1),12.5,v0001,p0001,0.8,"
        "human_review,human_review,links is 3,false,certain,1,,3,,-0.5,"
    )


def test_a_repeat_is_stored_once_and_given_back_as_it_was(home: Home, store: VerdictStore) -> None:
    first = store.record([verdict()])
    later = verdict(time=NOW + timedelta(seconds=2), seconds=14.5)

    assert store.record([later]) == first
    assert CsvStore(home.ledger, home.audit, home.effects).record([later]) == first
    assert store.record([later, later]) == first + first
    assert lines(home) == 1


def test_twice_in_one_call_is_stored_once(home: Home, store: VerdictStore) -> None:
    assert store.record([verdict(), verdict()]) == (verdict(), verdict())
    assert lines(home) == 1


@pytest.mark.parametrize(
    "changes",
    [{"verdict": "legitimate"}, {"user": "u2"}, {"reviewer": "Bo"}, {"notes": "x"}, {"case": "c-2"}, {"reason": "x"}],
)
def test_the_same_id_for_something_else_is_refused(home: Home, store: VerdictStore, changes: dict[str, Any]) -> None:
    store.record([verdict()])

    with pytest.raises(RefusedError, match=f"Verdict v1 is stored with another {next(iter(changes))}. To change"):
        store.record([verdict(2), verdict(**changes)])
    assert list(reread(home)) == ["v1"]


def test_a_change_of_mind_is_a_new_row(home: Home, store: VerdictStore) -> None:
    store.record([verdict()])
    store.record([verdict(id="v2", verdict="legitimate", supersedes="v1")])

    assert lines(home) == 2
    assert home.ledger.verdict("v1") == verdict()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"supersedes": "v9"}, "There is no verdict v9 on u1 that could be replaced."),
        ({"supersedes": "v1", "user": "u2"}, "There is no verdict v1 on u2 that could be replaced."),
        ({"supersedes": "v0"}, "Verdict v0 was replaced before, by v1. Load the case again."),
    ],
)
def test_what_cannot_be_replaced_is_refused(
    home: Home, store: VerdictStore, changes: dict[str, Any], sentence: str
) -> None:
    store.record([verdict(id="v0")])
    store.record([verdict(supersedes="v0")])

    with pytest.raises(RefusedError, match=sentence):
        store.record([verdict(id="v2", **changes)])
    assert lines(home) == 2


def test_an_undo_is_stored_once_and_is_not_undone(home: Home, store: VerdictStore) -> None:
    store.record([verdict()])
    undo = verdict().withdrawn(NOW)

    assert store.record([undo]) == (undo,)
    assert store.record([verdict().withdrawn(NOW + timedelta(seconds=1))]) == (undo,)
    with pytest.raises(RefusedError, match="is an undo, which cannot be replaced"):
        store.record([undo.withdrawn(NOW)])
    assert lines(home) == 2


def test_a_call_may_replace_what_it_brings_itself(home: Home, store: VerdictStore) -> None:
    store.record([verdict(), verdict(id="v2", supersedes="v1")])
    with pytest.raises(RefusedError, match="replaced before, by v4"):
        store.record([verdict(id="v3"), verdict(id="v4", supersedes="v3"), verdict(id="v5", supersedes="v3")])

    assert list(reread(home)) == ["v1", "v2"]


def test_nothing_to_record_makes_no_file(home: Home, store: VerdictStore) -> None:
    assert store.record([]) == ()
    assert not home.settings.feedback.exists()
    assert store.read().empty
    assert store.verify().whole


def test_features_the_file_has_no_column_for_begin_a_new_one(home: Home, store: VerdictStore) -> None:
    store.record([verdict(features={"links": 1.0})])
    store.record([verdict(2, features={"tier": 2.0})])
    store.record([verdict(3, features={"links": 3.0})])

    assert [file.name for file in chained_log.files(home.ledger.path)] == ["feedback.csv", "feedback-2.csv"]
    assert [stored.features for stored in reread(home).values()] == [
        {"links": 1.0, "tier": None}, {"links": None, "tier": 2.0}, {"links": 3.0, "tier": None},
    ]  # fmt: skip
    assert store.verify().rows == 3
    assert store.verify().whole


def test_a_torn_line_is_set_aside_and_told(home: Home, store: VerdictStore) -> None:
    store.record([verdict()])
    with home.ledger.path.open("ab") as stream:
        stream.write(b"v2,2026-03-01T12")

    assert store.verify().torn == 1
    store.record([verdict(2)])

    assert list(reread(home)) == ["v1", "v2"]
    assert store.set_aside() == store.verify().torn == 1
    assert store.verify().whole


def test_a_changed_verdict_is_found(home: Home, store: VerdictStore) -> None:
    store.record([verdict(), verdict(2), verdict(3)])
    file = home.ledger.path
    file.write_bytes(file.read_bytes().replace(b"u2,Ada,spammer", b"u2,Bo!,spammer"))

    assert str(store.verify().broken) == "feedback.csv, line 3: The text of this line is not what was written."


def test_a_forgotten_user_is_nowhere_and_the_chain_holds(home: Home, store: VerdictStore) -> None:
    store.record([verdict(user="Zaphod B.", notes="Zaphod again"), verdict(2)])
    store.record([verdict(3, user="Zaphod B.", features={"other": 1.0})])
    store.read()
    head = store.verify().head

    assert store.forget("Zaphod B.", by="Lea", now=NOW) == 2
    assert store.forget("Zaphod B.", by="Lea", now=NOW) == 0

    kept = [file for file in home.settings.home.rglob("*") if file.is_file() and "state.db" not in file.name]
    assert home.settings.feedback_file in kept
    assert not [file for file in kept if b"Zaphod" in file.read_bytes()]
    verified = store.verify()
    assert (verified.whole, verified.rows, verified.forgotten, verified.head) == (True, 3, 2, head)
    assert store.read()["id"].tolist() == ["v2"]
    assert home.audit.read()[["who", "what"]].to_numpy().tolist() == [["Lea", "forget"]]


def test_recording_goes_on_after_a_user_was_forgotten(home: Home, store: VerdictStore) -> None:
    store.record([verdict(), verdict(2)])
    store.forget("u2", by="Lea", now=NOW)
    store.record([verdict(3, supersedes="")])

    assert list(reread(home)) == ["v1", "v3"]
    assert store.verify().whole


def test_no_user_forgets_nobody(home: Home, store: VerdictStore) -> None:
    store.record([verdict()])
    store.forget("u1", by="Lea", now=NOW)

    assert store.forget("", by="Lea", now=NOW) == 0


def test_the_longest_id_can_be_undone(store: VerdictStore) -> None:
    long = verdict(id="x" * MOST_ID)

    assert store.record([long, long.withdrawn(NOW)])[1].supersedes == long.id


def test_threads_record_at_once(home: Home, store: VerdictStore) -> None:
    def work(name: str) -> None:
        for number in range(20):
            store.record([verdict(f"{name}-{number}")])
            store.record([verdict("shared")])

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert lines(home) == len(reread(home)) == 4 * 20 + 1
    assert store.verify().whole


def test_one_refused_among_threads_stops_nobody_else(home: Home) -> None:
    said = [(verdict(),), (verdict(notes="other"),), (verdict(2),)]

    answers = CsvStore(home.ledger, home.audit, home.effects)._commit(
        [Wish(frozenset(), lambda _said, each=each: each) for each in said]
    )

    assert answers[0] == said[0]
    assert isinstance(answers[1], RefusedError)
    assert answers[2] == said[2]
    assert lines(home) == 2


def test_there_is_one_store_of_a_home(home: Home, tmp_path: Any) -> None:
    assert home.feedback is home.feedback
    assert home.feedback is not Home.open(tmp_path / "other").feedback
