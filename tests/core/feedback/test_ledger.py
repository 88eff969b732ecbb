"""The ledger holds what the file holds, reads each row once, and knows which verdicts stand."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FileProblemError
from core.feedback.columns import Numbers, Texts
from core.feedback.csv_store import CsvStore
from core.feedback.ledger import Ledger
from core.feedback.table import column
from core.home import Home
from core.ports import VerdictStore
from tests.core.feedback.verdicts import FEATURES, verdict
from tests.make import NOW


@pytest.fixture
def store(home: Home) -> VerdictStore:
    return home.feedback


@pytest.fixture
def known(home: Home) -> Ledger:
    """A ledger of its own, as in another process."""
    return Ledger(home.ledger.path)


def test_a_home_without_feedback_has_an_empty_ledger(known: Ledger) -> None:
    known.refresh()

    assert known.frame().empty
    assert known.effective().empty
    assert known.of_user("u1").empty
    assert known.since("") == ()
    assert {"time", "user", "seconds", "verdict"} <= set(known.frame().columns)


def test_columns_are_typed(known: Ledger, store: VerdictStore) -> None:
    store.record([verdict(), verdict(2, verdict="unsure", inclusion=None, blind=True)])
    known.refresh()

    frame = known.frame()

    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert frame["time"].tolist() == [pd.Timestamp(NOW)] * 2
    assert frame["blind"].tolist() == [False, True]
    for name, values in {"actual_label": [1.0, np.nan], "inclusion": [1.0, np.nan], "ratio": [np.nan] * 2}.items():
        np.testing.assert_array_equal(frame[name], values)
    assert {str(frame[name].dtype) for name in FEATURES} == {"float64"}
    assert {str(frame[name].dtype) for name in ("id", "user", "notes", "band")} == {"str"}


def test_a_feature_named_like_a_column_has_its_own(known: Ledger, store: VerdictStore) -> None:
    store.record([verdict(features={"score": 7.0})])
    known.refresh()

    assert known.frame()["score"].tolist() == [0.8]
    assert known.frame()[column("score")].tolist() == [7.0]


def test_a_refresh_adds_what_others_wrote(known: Ledger, store: VerdictStore, home: Home) -> None:
    store.record([verdict()])
    known.refresh()
    before = known.frame()
    CsvStore(home.ledger, home.audit, home.effects).record([verdict(2)])

    assert known.frame() is before
    known.refresh()

    assert known.frame()["id"].tolist() == ["v1", "v2"]
    assert before["id"].tolist() == ["v1"]


def test_a_frame_cannot_change_the_ledger(known: Ledger, store: VerdictStore) -> None:
    store.record([verdict()])
    known.refresh()

    with pytest.raises(ValueError, match="read-only"):
        known.frame()["score"].to_numpy()[0] = 0


def test_rows_stand_unless_superseded_or_withdrawn(known: Ledger, store: VerdictStore) -> None:
    store.record([verdict(number) for number in (1, 2, 3)])
    known.refresh()
    assert known.effective()["id"].tolist() == ["v1", "v2", "v3"]
    store.record([verdict(id="v4", supersedes="v1"), verdict(2).withdrawn(NOW)])
    known.refresh()

    assert known.effective()["id"].tolist() == ["v3", "v4"]
    assert known.valid()["id"].tolist() == ["v3", "v4"]
    assert known.successor("v1") == "v4"
    assert known.successor("v3") is None


def test_rows_are_found_by_user_case_and_reviewer(known: Ledger, store: VerdictStore) -> None:
    later = NOW + timedelta(hours=1)
    store.record([verdict(1), verdict(2, user="u1", reviewer="Bo"), verdict(3, case="c-1", time=later)])
    known.refresh()

    assert known.of_user("u1")["id"].tolist() == ["v1", "v2"]
    assert known.of_case("c-1")["id"].tolist() == ["v1", "v3"]
    assert known.of_reviewer("Ada", NOW)["id"].tolist() == ["v1", "v3"]
    assert known.of_reviewer("Ada", later)["id"].tolist() == ["v3"]
    assert known.of_reviewer("Cy", NOW).empty


@given(st.lists(st.integers(0, 4), max_size=6))
def test_news_gives_every_verdict_once_and_in_order(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    home = Home.open(tmp_path_factory.mktemp("home"))
    known, store, position, got, written = Ledger(home.ledger.path), home.feedback, "", [], 0
    for size in sizes:
        store.record([verdict(number) for number in range(written, written + size)])
        written += size
        known.refresh()
        verdicts, position = known.news(position)
        got += verdicts

    assert got == [verdict(number) for number in range(written)]
    assert known.news(position) == ((), known.position)


def test_a_position_holds_after_a_user_was_forgotten(known: Ledger, store: VerdictStore, home: Home) -> None:
    store.record([verdict(number) for number in (1, 2, 3)])
    known.refresh()
    position = known.position
    store.forget("u2", by="Lea", now=NOW)
    store.record([verdict(4)])
    known.refresh()

    assert [one.id for one in known.since(position)] == ["v4"]
    assert [one.id for one in known.since("1")] == ["v3", "v4"]
    assert known.frame().index.tolist() == [0, 2, 3]


def test_forgetting_in_an_older_file_is_seen(known: Ledger, store: VerdictStore) -> None:
    store.record([verdict()])
    store.record([verdict(2, features={"other": 1.0})])
    known.refresh()
    store.forget("u1", by="Lea", now=NOW)
    known.refresh()

    assert known.frame()["id"].tolist() == ["v2"]
    assert known.verdict("v1") is None
    assert known.of_user("u1").empty


def test_new_features_are_missing_in_older_rows(known: Ledger, store: VerdictStore) -> None:
    store.record([verdict(features={"links": 1.0})])
    known.refresh()
    store.record([verdict(2, features={"links": 2.0, "other": 1.0})])
    known.refresh()

    np.testing.assert_array_equal(known.frame()[["links", "other"]], [[1.0, np.nan], [2.0, 1.0]])


def test_a_file_that_was_put_back_is_read_anew(known: Ledger, store: VerdictStore, home: Home) -> None:
    store.record([verdict()])
    backup = home.ledger.path.read_bytes()
    store.record([verdict(2)])
    known.refresh()
    home.ledger.path.write_bytes(backup)
    CsvStore(home.ledger, home.audit, home.effects).record([verdict(3)])
    known.refresh()

    assert known.frame()["id"].tolist() == ["v1", "v3"]
    assert known.position == "2"


def test_files_that_are_gone_leave_an_empty_ledger(known: Ledger, store: VerdictStore, home: Home) -> None:
    store.record([verdict()])
    known.refresh()
    home.ledger.path.unlink()
    known.refresh()

    assert known.frame().empty


def test_an_unfinished_line_is_not_read(known: Ledger, store: VerdictStore, home: Home) -> None:
    store.record([verdict()])
    with home.ledger.path.open("ab") as stream:
        stream.write(b"v2,half")
    known.refresh()

    assert known.frame()["id"].tolist() == ["v1"]


@pytest.mark.parametrize("damage", [(b"\nv1,", b"\nv1,,"), (b",0.8,", b",O.8,"), (b"id,time", b"id,tame")])
def test_a_damaged_file_is_told_as_such(
    known: Ledger, store: VerdictStore, home: Home, damage: tuple[bytes, bytes]
) -> None:
    store.record([verdict()])
    file = home.ledger.path
    file.write_bytes(file.read_bytes().replace(*damage))

    with pytest.raises(FileProblemError, match=r"feedback.csv: .* backup"):
        known.refresh()


@given(st.lists(st.lists(st.floats(-5, 5), max_size=700), max_size=6))
def test_numbers_grow_and_what_was_seen_stays(parts: list[list[float]]) -> None:
    numbers, seen = Numbers(1), []
    for part in parts:
        numbers.add(np.array(part).reshape(-1, 1))
        seen.append(numbers.view())

    everything = [value for part in parts for value in part]
    assert all(view[:, 0].tolist() == everything[: len(view)] for view in seen)
    assert numbers.view()[:, 0].tolist() == everything


@given(st.lists(st.lists(st.text("ab", max_size=2), max_size=5), max_size=40))
def test_texts_grow_in_few_chunks(parts: list[list[str]]) -> None:
    texts = Texts()
    for part in parts:
        texts.add(pa.chunked_array([part], pa.string()))

    everything = [text for part in parts for text in part]
    assert texts.series().tolist() == everything
    assert texts.column().num_chunks <= 2 + len(everything).bit_length()
