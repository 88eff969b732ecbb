"""Pages as AppTest sees them, always from the entry file: at an address, in a home, with no process beside them."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from app.components.review import key_guard
from core import jobs, workers
from core.data import intake
from core.home import Home
from core.jobs import Job, Status
from core.registry import registry
from core.schema import schema as schemas
from core.scoring.runs import Run
from core.settings import DEMO_LABELLED, DEMO_USERS, HOME_VARIABLE
from tests import make
from tests.core.review import reviewing
from tests.screen import Scored, Upload, Visit, at_page

_START, _LAUNCH = jobs.Jobs.start, jobs.Jobs._launch


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are scored by their job, but in this process, none is kept ready for it, and other jobs are not done
    behind the page, unless a test asks for `real_jobs`.
    """
    monkeypatch.setattr(jobs.Jobs, "start", lambda *_args, **_options: None)
    monkeypatch.setattr(jobs.Jobs, "_launch", jobs.Jobs.work)
    monkeypatch.setattr(workers.Workers, "keep_ready", lambda *_args: None)


@pytest.fixture(autouse=True)
def _seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever judges has looked at the case for long enough, though here nobody waits before a button is pressed."""
    monkeypatch.setattr(key_guard, "GLANCE", 0.0)


@pytest.fixture
def real_jobs(_no_processes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.Jobs, "start", _START)
    monkeypatch.setattr(jobs.Jobs, "_launch", _LAUNCH)


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Visit:
    """Open a page of a home at an address: `visit(home, "score_file", run="r-0001")`."""

    def opened(home: Home, page: str = "overview", **where: str) -> AppTest:
        monkeypatch.setenv(HOME_VARIABLE, str(home.settings.home))
        at = at_page(page)
        for name, value in where.items():
            at.query_params[name] = value
        return at.run()

    st.cache_data.clear()
    st.cache_resource.clear()
    # What a script raises is looked at in `at.exception`; Streamlit would log its traceback too.
    monkeypatch.setattr(logging.getLogger("streamlit.error_util"), "disabled", True)
    return opened


@pytest.fixture
def upload(visit: Visit) -> Upload:
    """Drop a file on *Score a file*; the page it leads to."""

    def dropped(home: Home, payload: bytes | pd.DataFrame, *, name: str = "users.csv") -> AppTest:
        at = visit(home, "score_file")
        at.file_uploader(key="upload").upload(name, payload if isinstance(payload, bytes) else make.csv(payload))
        return at.run()

    return dropped


@pytest.fixture
def scored() -> Scored:
    """Score a file as the page does, with reasons."""

    def run_of(home: Home, frame: pd.DataFrame, *, name: str = "users.csv", reasons: bool = True) -> Run:
        columns, model, policy = schemas.load(home.settings.schema_file), home.registry.load(), make.policy()
        return home.file_scoring.score_file(
            name, make.csv(frame), columns, model, policy, now=make.NOW, which="all" if reasons else "none"
        ).run

    return run_of


def unlabelled() -> pd.DataFrame:
    return make.users(200, seed=3).drop(columns="spam").fillna({"ratio": 0.0})


@pytest.fixture
def to_score() -> pd.DataFrame:
    """200 users without label and without a missing value; about a fifth of them are flagged."""
    return unlabelled()


@pytest.fixture(scope="session")
def planned(trained: Home, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Run]:
    home = make.copied(trained, tmp_path_factory.mktemp("planned"))
    return home, reviewing.planned(home, unlabelled())


@pytest.fixture
def in_review(planned: tuple[Home, Run], own: Home) -> Run:
    """A run of these users in the test's own home, of whom 5 flagged, 2 unsure ones and some by lot are queued."""
    make.laid_over(planned[0], own)
    return planned[1]


@pytest.fixture
def with_demo(own: Home, to_score: pd.DataFrame) -> Home:
    """A home with the two demo files, of its own columns."""
    own.settings.demo.mkdir(parents=True)
    to_score.to_csv(own.settings.demo / DEMO_USERS, index=False)
    make.users(400, seed=5).to_csv(own.settings.demo / DEMO_LABELLED, index=False)
    return own


@pytest.fixture
def noticed(own: Home) -> Home:
    """A home whose live model was trained with a notice."""
    folder = own.settings.models / "v0001"
    metadata = folder / registry.METADATA
    before = hashlib.sha256(metadata.read_bytes()).hexdigest()
    text = metadata.read_text(encoding="utf-8").replace('"notice": ""', '"notice": "trained on *simulated* users"')
    metadata.write_text(text, encoding="utf-8")
    sums = (folder / registry.SUMS).read_text(encoding="ascii")
    after = hashlib.sha256(metadata.read_bytes()).hexdigest()
    (folder / registry.SUMS).write_text(sums.replace(before, after), encoding="ascii")
    return own


@pytest.fixture
def hostile(home: Home) -> Home:
    """A home with a model of a feature whose name looks like markup."""
    feature = "<b>links</b>$x$ :red[x]"
    named = [replace(column, name=feature) if column.name == "links" else column for column in make.SCHEMA.features]
    schema = replace(make.SCHEMA, features=tuple(named))
    schemas.save(schema, home.settings.schema_file)
    frame = make.users(400).rename(columns={"links": feature})
    checked = intake.read("<i>train</i>.csv", make.csv(frame), schema, need_label=True)
    dataset = home.datasets.put(checked, schema, now=make.NOW, need_label=True)
    make.promoted(home, home.training.learn(dataset, schema, make.policy().thresholds, now=make.NOW))
    return home


Note = Callable[..., None]


@pytest.fixture
def note(own: Home) -> Iterator[Note]:
    """Write a job down as its process would: `note("train-0001", "running", done=1, of=2)`; a live one is alive."""
    locks: list[FileLock] = []

    def noted(identity: str, status: Status, **facts: Any) -> None:
        folder, now = own.settings.jobs / identity, time.time()
        folder.mkdir(parents=True)
        job = Job(identity, f"Training {identity}", status, asked=now, told=now)
        (folder / "state.json").write_text(json.dumps(asdict(replace(job, **facts))), encoding="utf-8")
        if not job.over:
            locks.append(FileLock(folder / "alive"))
            locks[-1].acquire()

    yield noted
    for lock in locks:
        lock.release()
