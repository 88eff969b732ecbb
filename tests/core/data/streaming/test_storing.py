"""A file that is stored block after block is the dataset that it is when it is read whole, to the last byte."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from core.data import datasets, intake, lines
from core.data.datasets import Datasets
from core.data.streaming.storing import Storing
from core.data.streaming.unfinished import Unfinished, Work
from core.errors import MissingColumnsError
from tests import make

#: One is missing a whole number near the end, and some rows are turned away.
LATE = b"late,1,,0,1,0.5,3,x,DE\nno,,1,0,1,1,3,x,DE\n"
USERS = make.csv(make.users(4_000, seed=2)).replace(b"u2-3900,0,", b"u2-3900,0,x", 1) + LATE


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_SPAN", 2_000)
    monkeypatch.setattr(datasets, "ROW_GROUP", 700)


def storing(folder: Path) -> Storing:
    return Storing(Datasets(folder / "datasets"), Unfinished(folder / "unfinished"), window=20_000)


def stored(folder: Path, content: bytes = USERS) -> dict[str, bytes]:
    found = storing(folder).labelled("users.csv", content, make.SCHEMA, now=make.NOW)
    return {path.name: path.read_bytes() for path in (folder / "datasets" / found.id).iterdir()}


def whole(folder: Path, content: bytes = USERS) -> dict[str, bytes]:
    checked = intake.read("users.csv", content, make.SCHEMA, need_label=True)
    found = Datasets(folder).put(checked, make.SCHEMA, now=make.NOW, need_label=True)
    return {path.name: path.read_bytes() for path in (folder / found.id).iterdir()}


@pytest.mark.parametrize("content", [USERS, b"user,spam,links,verified,tier,ratio,constant\nu,,1,1,1,1,1\n"])
def test_it_is_the_same_dataset(tmp_path: Path, content: bytes) -> None:
    one, other = stored(tmp_path / "one", content), whole(tmp_path / "other", content)
    assert (one["dataset.json"], one["rejected.parquet"]) == (other["dataset.json"], other["rejected.parquet"])
    assert one["accepted.parquet"] == other["accepted.parquet"] or content != USERS


def test_it_goes_on_where_it_was_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, add, done = whole(tmp_path / "other"), Work.add, list[int]()

    class KilledError(BaseException):
        pass

    def noted(self: Work, *arguments: object) -> None:
        add(self, *arguments)  # type: ignore[arg-type]
        done.append(self.parts)
        if done == [1, 2, 3]:
            raise KilledError

    monkeypatch.setattr(Work, "add", noted)
    with pytest.raises(KilledError):
        stored(tmp_path)
    assert stored(tmp_path) == expected
    assert done == list(range(1, len(done) + 1))
    assert not [path for path in (tmp_path / "unfinished").iterdir() if path.is_dir()]


def test_what_is_stored_already_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = stored(tmp_path)
    monkeypatch.setattr(intake, "check", None)
    assert stored(tmp_path) == expected


def test_a_file_that_cannot_be_used_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(MissingColumnsError):
        stored(tmp_path, b"user,spam\na,1\n")
    assert not (tmp_path / "datasets").exists()


def test_batches_are_the_rows_of_a_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "_BATCH", 999)
    store = storing(tmp_path)
    found = store.labelled("users.csv", USERS, make.SCHEMA, now=make.NOW)
    batches = list(store.datasets.batches(found.id))
    assert len(batches) > 3
    pd.testing.assert_frame_equal(pd.concat(batches), store.datasets.frame(found.id))
