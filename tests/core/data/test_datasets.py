"""Stored files: once by content, as they were read, and nothing outside the store."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data import datasets, intake
from core.data.datasets import Dataset
from core.errors import NewerFormatError, UnknownItemError
from core.home import Home
from core.schema.schema import Column, Label, Schema
from tests import make

USERS = Schema((Column("a", "count", 0), Column("b")), id="id", label=Label("spam"), context=("bio",))
#: Row 3 is rejected; "007" and the empty bio must stay what they are; b is missing once.
TEXT = 'id,a,b,bio,spam\n007,1,0.1,"x, ""y""",1\nu2,2,,,0\nu3,bad,3,z,1\nNA1,4,1e-3,=1+1,\n'


def put(home: Home, text: str = TEXT, schema: Schema = USERS, *, name: str = "users.csv", later: int = 0) -> Dataset:
    checked = intake.read(name, text.encode(), schema)
    return home.datasets.put(checked, schema, now=make.NOW + timedelta(hours=later))


def test_what_is_stored_is_read_back_as_it_was_checked(home: Home) -> None:
    checked = intake.read("users.csv", TEXT.encode(), USERS)
    stored = put(home)
    pd.testing.assert_frame_equal(home.datasets.frame(stored.id), checked.frame)
    pd.testing.assert_frame_equal(home.datasets.rejected(stored.id), checked.rejected)
    assert home.datasets.find(stored.id) == stored
    assert (stored.received, stored.accepted, stored.rejected, stored.positives) == (4, 3, 1, 1)
    assert (stored.id_column, stored.context, stored.absent) == ("id", ("bio",), ())
    assert stored.problems == checked.problems
    assert stored.created == make.NOW


def test_of_a_large_dataset_no_more_is_in_memory_towards_its_end(home: Home) -> None:
    random = np.random.default_rng(4)
    rows = "".join(f"u{at},{a},{b},,{at % 2}\n" for at, (a, b) in enumerate(random.integers(0, 10**9, (40_000, 2))))
    dataset = put(home, "id,a,b,bio,spam\n" + rows)
    held = [pa.total_allocated_bytes() for _ in home.datasets.batches(dataset.id)]
    assert len(held) == 3
    assert max(held[1:]) <= held[0] * 1.1


def test_who_brought_a_file_first_is_stored_with_it_and_of_files_of_before_it_is_not_known(home: Home) -> None:
    checked = intake.read("users.csv", TEXT.encode(), USERS)
    stored = home.datasets.put(checked, USERS, now=make.NOW, by="Ada")
    assert (stored.by, home.datasets.put(checked, USERS, now=make.NOW, by="Bo").by) == ("Ada", "Ada")
    assert home.datasets.without(stored, pd.Index([1]), now=make.NOW).by == "Ada"

    path = home.settings.datasets / stored.id / "dataset.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    assert (raw["format"], raw.pop("by")) == (2, "Ada")
    path.write_text(json.dumps(raw | {"format": 1}), encoding="utf-8")
    assert home.datasets.find(stored.id) == replace(stored, by=None)
    path.write_text(json.dumps(raw | {"format": 3, "by": "Ada"}), encoding="utf-8")
    with pytest.raises(NewerFormatError):
        home.datasets.find(stored.id)


def test_the_same_content_is_stored_once_and_never_touched_again(home: Home) -> None:
    first = put(home)
    before = {path: path.stat().st_mtime_ns for path in home.settings.datasets.rglob("*")}
    assert put(home, later=1) == first
    assert {path: path.stat().st_mtime_ns for path in home.settings.datasets.rglob("*")} == before


def test_other_content_another_schema_and_other_ways_to_read_are_other_datasets(home: Home) -> None:
    checked = intake.read("users.csv", TEXT.encode(), USERS)
    wider = Schema((*USERS.features[:1], Column("b", "real", 0)), USERS.id, USERS.label, USERS.context)
    ids = {put(home).id, put(home, TEXT + "u9,1,1,,0\n").id, put(home, schema=wider).id}
    for options in ({"allow_missing": True}, {"need_label": True}):
        ids.add(home.datasets.put(checked, USERS, now=make.NOW, **options).id)
    assert len(ids) == 5
    assert {found.id for found in home.datasets.stored()} == ids


def test_the_id_can_be_told_before_anything_is_stored(home: Home) -> None:
    checked = intake.read("users.csv", TEXT.encode(), USERS)
    assert datasets.identify(checked.sha256, USERS) == put(home).id


def test_datasets_are_listed_newest_first(home: Home) -> None:
    old, new = put(home), put(home, TEXT + "u9,1,1,,0\n", later=1)
    assert home.datasets.stored() == (new, old)
    assert Home.open(home.settings.home / "empty").datasets.stored() == ()


def test_a_file_read_in_two_ways_with_the_same_rows_is_offered_once_for_learning(home: Home) -> None:
    for text in (
        "id,a,b,bio,spam\n1,1,1,,1\n2,2,2,,0\n",
        "id,a,b,bio,spam\n1,1,1,,1\n2,2,2,,\n",
        "id,a,b,bio,spam\n1,1,1,,0\n",
    ):
        for needed in (False, True):
            checked = intake.read("users.csv", text.encode(), USERS, need_label=needed)
            home.datasets.put(checked, USERS, now=make.NOW, need_label=needed)

    found = home.datasets.labelled()

    assert len(home.datasets.stored()) == 6
    assert sorted((each.accepted, each.positives) for each in found) == [(1, 1), (2, 1), (2, 1)]


def test_half_a_dataset_is_not_listed(home: Home) -> None:
    stored = put(home)
    (home.settings.datasets / ".x.tmp").mkdir()
    (home.settings.datasets / ("0" * 64)).mkdir()
    assert home.datasets.stored() == (stored,)


def test_some_columns_can_be_read_alone_under_the_same_row_numbers(home: Home) -> None:
    found = home.datasets.frame(put(home).id, ["b"])
    assert (list(found.columns), found.index.tolist()) == (["b"], [1, 2, 4])


def test_one_user_is_found_by_row_or_by_id(home: Home) -> None:
    stored = put(home)
    user = home.datasets.one(stored.id, 4)
    assert (user["id"], user["a"], user["bio"]) == ("NA1", 4, "=1+1")
    assert home.datasets.row_of(stored.id, " 007 ") == 1
    assert home.datasets.row_of(stored.id, "7") is None


def test_a_rejected_row_is_no_user(home: Home) -> None:
    stored = put(home)
    assert home.datasets.row_of(stored.id, "u3") is None
    for row in (3, 0, -1, 5, 2**62):
        with pytest.raises(UnknownItemError, match=f"This workspace has no accepted row {row}"):
            home.datasets.one(stored.id, row)


def test_without_an_id_column_the_row_number_is_the_id(home: Home) -> None:
    stored = put(home, schema=Schema((Column("a"), Column("b"))))
    assert stored.id_column == "row_number"
    assert home.datasets.row_of(stored.id, "4") == 4
    assert home.datasets.row_of(stored.id, "3") is None
    assert stored.positives is None


def test_a_file_of_which_nothing_is_left_is_stored_too(home: Home) -> None:
    stored = put(home, "id,a,b,bio,spam\nu1,x,1,,1\n")
    assert (stored.accepted, stored.rejected) == (0, 1)
    assert list(home.datasets.frame(stored.id).columns) == ["id", "spam", "a", "b", "bio"]
    assert home.datasets.row_of(stored.id, "u1") is None


@pytest.mark.parametrize(
    "hostile", ["{id}/../{id}", "./{id}", "../datasets/{id}", "{id}/", "..", ".", "", "/", "a\0", "x" * 300]
)
def test_an_id_never_leads_out_of_the_store(home: Home, hostile: str) -> None:
    stored = put(home)
    for name in ("accepted.parquet", "rejected.parquet", "dataset.json"):
        content = (home.settings.datasets / stored.id / name).read_bytes()
        (home.settings.datasets / name).write_bytes(content)
        (home.settings.data / name).write_bytes(content)
    identity = hostile.format(id=stored.id)
    for ask in (home.datasets.find, home.datasets.frame, home.datasets.rejected):
        with pytest.raises(UnknownItemError, match="This workspace has no dataset"):
            ask(identity)
    with pytest.raises(UnknownItemError):
        home.datasets.one(identity, 1)
    with pytest.raises(UnknownItemError):
        home.datasets.row_of(identity, "007")


def test_one_user_is_read_from_one_row_group(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "ROW_GROUP", 16)
    users = make.users(100, seed=3)
    stored = put(home, make.csv(users).decode(), make.SCHEMA)
    about = pq.read_metadata(home.datasets._accepted(stored.id))
    assert [about.row_group(at).num_rows for at in range(about.num_row_groups)] == [16] * 6 + [4]
    assert home.datasets.one(stored.id, 33)["user"] == users["user"][32]
    row = about.schema.names.index("row")
    ends = [about.row_group(at).column(row).statistics for at in range(about.num_row_groups)]
    assert [(each.min, each.max) for each in ends] == [(16 * at + 1, min(16 * at + 16, 100)) for at in range(7)]


def test_a_dataset_of_before_is_stored_in_row_groups_with_the_same_id_and_rows(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = put(home, make.csv(make.users(100, seed=3)).decode(), make.SCHEMA)
    before = home.datasets.frame(stored.id)
    assert home.datasets.in_one_piece() == ()
    monkeypatch.setattr(datasets, "ROW_GROUP", 16)
    assert home.datasets.in_one_piece() == (stored.id,)
    home.datasets.regroup(stored.id)
    assert home.datasets.in_one_piece() == ()
    assert home.datasets.stored() == (stored,)
    pd.testing.assert_frame_equal(home.datasets.frame(stored.id), before)
