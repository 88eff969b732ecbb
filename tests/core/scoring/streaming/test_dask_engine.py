"""A Dask cluster gives the bytes that this process gives, also when one of its workers dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from core.data import lines
from core.errors import ClusterError
from core.home import Home
from core.scoring import export, table_marks
from core.scoring.score_file import FileScoring, Pieces, Scoring
from core.scoring.streaming import delivery
from core.scoring.streaming.engines import HERE, Engine
from tests import make

distributed = pytest.importorskip("distributed")
dask_engine = pytest.importorskip("core.scoring.streaming.dask_engine")

#: Bytes of a window, of which the file has a dozen.
WINDOW: Final = 20_000
USERS: Final = make.csv(make.users(6_000, seed=9).drop(columns="spam"))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are looked for in pieces that are smaller than windows."""
    monkeypatch.setattr(lines, "_SPAN", 2_000)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with dask_engine.dask_engine(workers=2) as engine:
        yield engine


def scored(home: Home, tmp: Path, engine: Engine, progress: Any = lambda *_: None) -> tuple[bytes, ...]:
    """Every byte that a run comes to, but for moments."""
    users, out = tmp / "users.csv", tmp / "scores.csv"
    users.write_bytes(USERS)
    target = home.exports.target(out, table_marks.SCORES)

    def deliver(done: Scoring, pieces: Pieces) -> None:
        export.write_parts(lambda: delivery.tables(done, pieces, make.SCHEMA, keep_features=True), target)

    scoring = FileScoring(home.datasets, home.deciding, home.registry, home.runs, home.unfinished, WINDOW)
    done = scoring.score_file(
        users.name, users, make.SCHEMA, home.registry.load(), make.policy(), now=make.NOW, engine=engine,
        progress=progress, deliver=deliver,
    )  # fmt: skip
    stored = sorted(path for path in (home.settings.runs / done.run.id).iterdir() if path.suffix == ".parquet")
    return out.read_bytes(), *(path.read_bytes() for path in stored)


def test_the_bytes_are_those_of_this_process(trained: Home, tmp_path: Path) -> None:
    here, there = make.copied(trained, tmp_path / "here"), make.copied(trained, tmp_path / "there")
    with distributed.Client(processes=False, n_workers=2, dashboard_address="127.0.0.1:0") as client:
        by_cluster = scored(there, tmp_path / "there", dask_engine.DaskEngine(client))
    assert by_cluster == scored(here, tmp_path / "here", HERE)


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_blocks_alone(trained: Home, tmp_path: Path, cluster: Any) -> None:
    here = make.copied(trained, tmp_path / "here")
    there = make.copied(trained, tmp_path / "there")
    killed: list[int] = []

    def kill(_what: str, done: int, _of: int) -> None:
        if done and not killed:
            killed.append(next(iter(cluster.client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    assert scored(there, tmp_path / "there", cluster, kill) == scored(here, tmp_path / "here", HERE)
    assert killed


@pytest.mark.slow
def test_a_cluster_without_workers_is_said_and_what_was_done_is_kept(
    trained: Home, tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_engine, "PATIENCE", 1)
    here, there = make.copied(trained, tmp_path / "here"), make.copied(trained, tmp_path / "there")

    def leave(_what: str, done: int, _of: int) -> None:
        if done:
            cluster.client.cluster.scale(0)
            while cluster.client.nthreads():
                time.sleep(0.01)

    with pytest.raises(ClusterError, match="no worker of it is left"):
        scored(there, tmp_path / "there", cluster, leave)
    assert any(path.is_dir() for path in there.settings.unfinished.iterdir())
    # What is left is done here.
    assert scored(there, tmp_path / "there", HERE) == scored(here, tmp_path / "here", HERE)


def test_where_nothing_answers_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_engine, "PATIENCE", 0.2)
    with pytest.raises(ClusterError, match="does not answer"), dask_engine.dask_engine("tcp://127.0.0.1:9"):
        pass


def test_workers_with_other_packages_are_refused() -> None:
    ours = dask_engine._versions()
    with pytest.raises(ClusterError, match="numpy other for"):
        dask_engine._refuse_others({"tcp://there": ours | {"numpy": "other"}})
