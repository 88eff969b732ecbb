"""A user is forgotten while others are at work: what they read before does not come back, and none of them fails."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.catalog.erasure import erasure
from core.data.datasets import Datasets
from core.errors import RefusedError, TrustdeskError
from core.feedback.csv_store import CsvStore
from core.home import Home
from core.policy.list_store import Grounds
from core.policy.lists import USER
from core.review.enqueue import Enqueuing
from core.review.verdicts import Given
from core.scoring.runs import Runs
from tests import make
from tests.app.api.server import serving
from tests.core.catalog.erasure.test_erasure import CONTEXT, LATER, VALUES, WHO, file_of, search
from tests.make import NOW, SCHEMA

#: Seconds in which whoever forgets is done where nothing keeps it from that.
SOON = 1.5
ASKED = {"user_id": WHO, "features": VALUES, "context": {"name": CONTEXT}}


@pytest.fixture(scope="module")
def scored(trained: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The user in a run, in a case that is being judged, and in a run of the API that has ended and is not closed."""
    home = make.copied(trained, tmp_path_factory.mktemp("scored"))
    run = home.file_scoring.score_file(
        "31.csv", make.csv(file_of(31)), SCHEMA, home.registry.load(), make.policy(), now=NOW
    ).run
    home.sending.send(run.id, [5], by="Ann", now=NOW)
    served = make.serving(home)
    served.score([served.asked(VALUES, user=WHO, context={"name": CONTEXT})], now=NOW)
    served.ended(now=NOW, everything=True)
    home.database.settle()
    return home


@pytest.fixture
def home(scored: Home, tmp_path: Path) -> Home:
    return Home.open(shutil.copytree(scored.settings.home, tmp_path / "home"))


def forgotten_at(
    monkeypatch: pytest.MonkeyPatch, home: Home, where: type, name: str
) -> Callable[[], None]:  # fmt: skip
    """Have another process forget the user once `where.name` is called; what is given back waits for it."""
    before, failed = getattr(where, name), list[Exception]()

    def forget() -> None:
        try:
            Home.open(home.settings.home).erasure.forget(WHO, by="Lea", now=LATER)
        except Exception as error:  # noqa: BLE001 - told by `over`, in the thread of the test
            failed.append(error)

    other = threading.Thread(target=forget)

    def called(*given: Any, **named: Any) -> Any:
        if other.ident is None:
            other.start()
            other.join(SOON)
        return before(*given, **named)

    monkeypatch.setattr(where, name, called)

    def over() -> None:
        other.join()
        assert failed == []

    return over


def rescanned(home: Home) -> None:
    home.rescans.rescan("r-0001", home.registry.load(), make.policy(0.2, 0.3, 0.4, "p0002"), by="Ann", now=NOW)


def scored_again(home: Home) -> None:
    dataset = home.datasets.find(home.runs.find("r-0001").dataset)
    home.file_scoring.score_stored(dataset, SCHEMA, home.registry.load(), make.policy(), now=NOW)


def closed(home: Home) -> None:
    assert home.closing.close("r-0002", SCHEMA, now=NOW)


def judged(home: Home) -> None:
    case = home.queue.claim("Ann", now=NOW, session="s")
    assert case
    home.verdicts.judge(case.id, Given("v1", "spammer"), by="Ann", session="s", now=NOW)


def sent(home: Home) -> None:
    home.sending.send("r-0001", [5, 6], by="Ann", now=NOW)


@pytest.mark.parametrize(
    ("work", "where", "name"),
    [
        (rescanned, Runs, "store"), (scored_again, Runs, "store"), (closed, Datasets, "put"),
        (judged, CsvStore, "record"), (sent, Enqueuing, "enqueue"),
    ],
)  # fmt: skip
def test_what_was_read_before_does_not_come_back(
    home: Home, monkeypatch: pytest.MonkeyPatch, work: Callable[[Home], None], where: type, name: str
) -> None:
    over = forgotten_at(monkeypatch, home, where, name)
    work(home)
    over()
    assert list(search(home.settings.home)) == []
    assert home.proof.check(whole=True).findings == ()


def test_whoever_is_at_work_for_long_is_named_and_nothing_is_erased(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(erasure, "WAIT", 0.1)
    before = list(search(home.settings.home))
    with home.datasets.users.in_use(), pytest.raises(RefusedError, match="A command is at work on stored users"):
        home.erasure.forget(WHO, by="Lea", now=LATER)
    assert list(search(home.settings.home)) == before
    home.erasure.forget(WHO, by="Lea", now=LATER)
    assert list(search(home.settings.home)) == []


def test_an_api_that_serves_goes_on_and_forgets_its_lists_too(home: Home) -> None:
    home.lists.add("block", USER, [WHO, "u-9"], Grounds("asked", "Ann", NOW))
    with serving(home) as client:
        stop, answers = threading.Event(), list[int]()

        def ask() -> None:
            while not stop.is_set():
                answers.append(client.post("/v1/predict", ASKED, idempotency_key=f"k-{len(answers)}").status)

        assert client.post("/v1/predict", ASKED).json["decided_by"] == "list:block"
        asking = [threading.Thread(target=ask) for _ in range(2)]
        for each in asking:
            each.start()
        Home.open(home.settings.home).erasure.forget(WHO, by="Lea", now=LATER)
        stop.set()
        for each in asking:
            each.join()
        assert {*answers} == {200}
        # Whoever comes after is new, and on no list; what was answered since belongs to the new one.
        for _ in range(100):
            if client.post("/v1/predict", ASKED).json["decided_by"] != "list:block":
                break
            time.sleep(0.02)
        else:
            pytest.fail("a list in memory still blocks the user")
    home.erasure.forget(WHO, by="Lea", now=LATER)
    assert list(search(home.settings.home)) == []
    assert home.lists.in_force(LATER).values[("block", USER)] == {"u-9"}


def test_a_case_on_the_desk_is_told_apart_once_its_user_is_forgotten(home: Home) -> None:
    case = home.queue.claim("Ann", now=NOW, session="s")
    assert case
    home.erasure.forget(WHO, by="Lea", now=LATER)
    with pytest.raises(TrustdeskError, match=case.id):
        home.verdicts.judge(case.id, Given("v1", "spammer"), by="Ann", session="s", now=NOW)


def test_values_of_the_context_leave_lists_where_they_are_of_nobody_else(home: Home) -> None:
    home.lists.add("block", "name", [CONTEXT.upper()], Grounds("as asked", "Ann", NOW))
    home.lists.add("allow", "country", ["DE", f"of {WHO}"], Grounds("known", "Ann", NOW))
    home.erasure.forget(WHO, by="Lea", now=LATER)
    assert CONTEXT.upper() not in (home.settings.data / "audit.csv").read_text(encoding="utf-8")
    assert [entry.value for entry in home.lists.entries()] == ["DE"]
    assert home.audit.verify().whole
    assert list(search(home.settings.home)) == []


def test_names_of_watched_files_go_and_none_is_scored_once_more(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = folder / f"{WHO}.csv"
    path.write_bytes(make.csv(make.users(20, seed=8).drop(columns="spam")))
    at = (NOW - timedelta(minutes=1)).timestamp()
    os.utime(path, (at, at))
    with home.folder_watch.watching(folder, tmp_path / "out") as watched:
        assert [each.name for each in home.folder_watch.look(watched, now=NOW)] == [path.name]
        said = {"step": "fetch", "due": "", "said": f"{path.name}: 20 users scored."}  # by the schedule
        ran = {"looked": {}, "job": "", "asked": [], "ran": [said]}
        home.settings.schedule_file.write_text(json.dumps(ran), encoding="utf-8")
        Home.open(home.settings.home).erasure.forget(WHO, by="Lea", now=LATER)
        assert home.timetable.ran()[0].said == "(forgotten).csv: 20 users scored."
        (folder / "b.csv").write_bytes(make.csv(make.users(20, seed=9).drop(columns="spam")))
        os.utime(folder / "b.csv", (at, at))
        assert [each.name for each in home.folder_watch.look(watched, now=NOW)] == ["b.csv"]
    assert list(search(home.settings.home)) == []
