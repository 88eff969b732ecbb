"""What somebody deletes while others read it is unknown from then on, never a bug, nor a workspace that is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core import files
from core.data.datasets import Datasets
from core.errors import UnknownItemError
from core.home import Home
from core.scoring.runs import Runs
from core.store import frames
from tests import make
from tests.make import NOW, SCHEMA

READS: dict[str, Callable[[Home, str, str], Any]] = {
    "all rows": lambda home, dataset, _: home.datasets.frame(dataset),
    "one user": lambda home, dataset, _: home.datasets.one(dataset, 1),
    "columns": lambda home, dataset, _: home.datasets.columns(dataset),
    "rejected rows": lambda home, dataset, _: home.datasets.rejected(dataset),
    "those forgotten": lambda home, dataset, _: home.datasets.forgotten(dataset),
    "scores": lambda home, _, run: home.runs.scores(run),
    "some scores": lambda home, _, run: home.runs.some_scores(run, [1]),
    "what decided": lambda home, _, run: home.runs.deciders(run),
    "users of a run forgotten": lambda home, _, run: home.runs.forgotten(run),
    "an export": lambda home, _, run: home.exports.run_table(home.runs.find(run)),
}


@pytest.mark.parametrize("read", READS)
def test_a_folder_that_goes_while_it_is_looked_for_is_unknown(
    read: str, own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = make.csv(make.users(20, seed=41).drop(columns="spam"))
    run = own.file_scoring.score_file("users.csv", users, SCHEMA, own.registry.load(), make.policy(), now=NOW).run
    READS[read](own, run.dataset, run.id)

    def gone(store: Datasets | Runs, identity: str) -> Path:
        """The folder, the last time that anybody sees it."""
        folder = files.within(store.folder, identity)
        files.removed(folder)
        return folder

    monkeypatch.setattr(Datasets, "_folder", gone)
    monkeypatch.setattr(Runs, "_folder", gone)
    monkeypatch.setattr(Datasets, "_accepted", lambda store, identity: gone(store, identity) / "accepted.parquet")
    with pytest.raises(UnknownItemError):
        READS[read](own, run.dataset, run.id)


@pytest.mark.parametrize("read", ["all rows", "users with an id", "scores", "some scores"])
def test_a_user_who_is_forgotten_while_a_table_is_read_is_not_in_it(
    read: str, own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = make.users(20, seed=41).drop(columns="spam")
    model = own.registry.load()
    run = own.file_scoring.score_file("u.csv", make.csv(users), SCHEMA, model, make.policy(), now=NOW).run
    reads: dict[str, Callable[[], Any]] = {
        "all rows": lambda: own.datasets.frame(run.dataset),
        "users with an id": lambda: own.datasets.rows_with(run.dataset, "user", str(users["user"][2]), ["user"]),
        "scores": lambda: own.runs.scores(run.id),
        "some scores": lambda: own.runs.some_scores(run.id, [2, 4]),
    }
    before, read_parquet = len(reads[read]()), pd.read_parquet

    def forgotten(path: Path, *given: Any, **named: Any) -> Any:
        """Read, just after the user was forgotten."""
        frames.forget(path, [3])
        return read_parquet(path, *given, **named)

    monkeypatch.setattr(pd, "read_parquet", forgotten)
    found = reads[read]()
    assert len(found) == before - (read != "some scores")
    assert not found.isna().any(axis=None)


def test_a_list_is_of_those_that_are_still_there(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    there, find = own.datasets.stored(), Datasets.find
    going = there[0].id
    assert len(there) > 0

    def found(store: Datasets, identity: str) -> Any:
        files.removed(store.folder / going)
        return find(store, identity)

    monkeypatch.setattr(Datasets, "find", found)
    assert own.datasets.stored() == there[1:]


def test_a_file_that_arrow_misses_is_named_not_the_workspace(own: Home) -> None:
    path = own.settings.home / "data" / "gone.parquet"
    with pytest.raises(FileNotFoundError) as missed:
        frames.read(path, known=1)
    assert str(path) in str(files.failure(missed.value, own.settings.home))
