"""After a user is forgotten, no file of the home holds the id, the context or the features; all else is as it was."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert

from core.catalog.erasure.who import Who
from core.errors import NotAllowedError, RefusedError, UnknownItemError
from core.feedback import short_form
from core.home import Home
from core.policy.list_store import Grounds
from core.policy.lists import USER
from core.review.cases import FORGOTTEN
from core.review.verdicts import Given
from core.store import tables
from tests import make, make_messages
from tests.app.api.server import serving
from tests.core.review import reviewing
from tests.make import NOW, SCHEMA

#: Of the training users, so that the version knows the values, and of files that came later with values of their own.
WHO = "u0-1498"
CONTEXT = "Ottilie Unverwechselbar"
VALUE = 7.1357
VALUES = {"links": 9, "verified": 0, "tier": 1, "ratio": VALUE, "constant": 3}
LATER = NOW + timedelta(hours=1)


def file_of(seed: int, n: int = 30) -> pd.DataFrame:
    """Users among whom the one is in row 5; one row of the same user is rejected."""
    frame = make.users(n, seed=seed).drop(columns="spam").astype({"links": object})
    for row, links in ((4, 9), (9, "many")):
        for name, value in {"user": WHO, "name": CONTEXT, "ratio": VALUE, "links": links}.items():
            frame.loc[row, name] = value
    frame.loc[12, "country"] = WHO
    return frame


def lived_in(home: Home) -> Home:
    """A home that holds the user wherever a home holds any."""
    model = home.registry.load()
    for seed in (31, 32):
        home.file_scoring.score_file(f"{seed}.csv", make.csv(file_of(seed)), SCHEMA, model, make.policy(), now=NOW)
    home.sending.send("r-0001", [5, 6], by="Ann", now=NOW)
    for at in (1, 2):
        case = home.queue.claim("Ann", now=NOW, session="s")
        assert case
        home.verdicts.judge(case.id, Given(f"v{at}", "spammer", notes="said"), by="Ann", session="s", now=NOW)
    home.sending.send("r-0002", [5], by="Ann", now=LATER)
    home.lists.add("block", USER, [WHO, "u0-1"], Grounds(f"{WHO} asked", "Ann", NOW))
    home.saved_views.save("users", "one", {"q": WHO}, by="Ann", now=NOW)
    dataset = home.holdings.find(home.runs.find("r-0001").dataset[:12], now=NOW)
    home.holdings.note(dataset, f"Ask {WHO} again", by="Ann", now=NOW)
    home.audit.note(who="Ann", what="look", about="a case", why=f"because of {WHO}", now=NOW)
    asked = {"user_id": WHO, "features": VALUES, "context": {"name": CONTEXT}}
    for _ in range(2):  # the first run is closed when its server ends, the second one left to grow
        with serving(home) as client:
            answer = client.post("/predict", asked, idempotency_key=f"of-{_}")
            assert answer.status == 200, answer.body
    with home.database.writing() as connection:
        online = {"run": 9, "row": 1, "user": WHO, "margin": 1.0, "probability": 0.7, "missing": 0, "novel": "",
                  "context": {"name": CONTEXT}, "features": struct.pack("<d", VALUE)}  # fmt: skip
        connection.execute(insert(tables.predictions).values(online))
    given = pd.DataFrame({"id": [WHO, *(f"x{i}" for i in range(60))], "y_true": [1, 0] * 30 + [1], "y_proba": 0.5})
    home.prediction_files.put("theirs.csv", make.csv(given), now=NOW)
    compared = home.settings.compared / "one"
    compared.mkdir(parents=True)
    users = pd.DataFrame({"user": ["a", WHO], "label": [0.0, 1.0], "a": [0.1, 0.2], "b": [0.2, 0.3]}, index=[3, 7])
    users.to_parquet(compared / "users.parquet")
    why = pd.DataFrame(
        {"row": [3, 7], "rank": 1, "feature": "ratio", "before": [0.1, VALUE], "after": 0.2, "change": 0.1}
    )
    why.to_parquet(compared / "why.parquet", index=False)
    job, _ = home.jobs.ask("score", {"file": "x"}, title=f"Scoring {WHO}.csv", identity="page-1")
    told = home.settings.jobs / job.id / "state.json"
    told.write_text(told.read_text(encoding="utf-8").replace('"waiting"', '"failed"'), encoding="utf-8")
    (told.parent / "upload-1").write_bytes(gzip.compress(make.csv(file_of(33))))
    (told.parent / "log.txt").write_text(f"reading {WHO}\n", encoding="utf-8")
    home.settings.log.parent.mkdir(parents=True)
    home.settings.log.write_text(f"12:00 {WHO} failed\n12:01 fine\n", encoding="utf-8")

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        home.file_scoring.score_file(
            "34.csv", make.csv(file_of(34)), SCHEMA, model, make.policy(), now=NOW, deliver=cut_off
        )
    home.database.settle()
    shutil.copy(home.settings.database, home.settings.data / "state.db.before-0005")
    return home


@pytest.fixture(scope="module")
def lived(trained: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lived_in(make.copied(trained, tmp_path_factory.mktemp("lived"))).settings.home


@pytest.fixture
def home(lived: Path, tmp_path: Path) -> Home:
    return Home.open(shutil.copytree(lived, tmp_path / "home"))


def told_of(home: Home, run: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    reasons = home.runs.reasons(run)
    scores = home.runs.scores(run)
    return scores, scores[[]] if reasons is None else reasons, home.datasets.frame(home.runs.find(run).dataset)


def search(folder: Path) -> Iterator[str]:
    """Where the user is found, in each file as bytes and as what it holds."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "glossary.csv":
            texts, numbers = held(path)
            place = path.relative_to(folder).as_posix()
            yield from (
                f"{place}: {word}" for word in (WHO, CONTEXT, repr(VALUE)) if any(word in each for each in texts)
            )
            if any(np.isclose(each, VALUE, rtol=1e-7, atol=0).any() for each in numbers):
                yield f"{place}: {VALUE} as a number"


def held(path: Path) -> tuple[list[str], list[np.ndarray]]:
    raw = path.read_bytes()
    texts = [raw.decode("latin-1")]
    numbers = [np.array([VALUE])] if struct.pack("<d", VALUE) in raw or struct.pack("<f", VALUE) in raw else []
    if raw[:2] == b"\x1f\x8b":
        texts.append(gzip.decompress(raw).decode("latin-1"))
    if raw[:4] == b"PAR1":
        table = pq.read_table(path)
    elif raw[:6] == b"ARROW1":
        table = pa.ipc.open_file(io.BytesIO(raw)).read_all()
    else:
        table = pa.table({})
    texts.append(str(table.schema.metadata))
    for column in table.columns:
        if pa.types.is_floating(column.type):
            numbers.append(column.to_numpy())
        texts += [str(each) for each in column.to_pylist() if isinstance(each, str)]
    if raw[:6] == b"SQLite":
        with sqlite3.connect(path) as opened:
            texts += list(opened.iterdump())
    return texts, numbers


def test_every_place_is_found_before_and_none_after(home: Home) -> None:
    folder = home.settings.home
    before = set(search(folder))
    places = {each.partition(":")[0].split("/")[1] for each in before}
    assert places == {
        "datasets", "runs", "state.db", "state.db.before-0005", "feedback", "audit.csv", "jobs", "logs", "predictions",
        "compared", "unfinished",
    }  # fmt: skip
    told = home.erasure.look(WHO)
    assert set(search(folder)) == before
    assert any("models/v0001: 1 row of the sample" in str(each) for each in told)

    assert home.erasure.forget(WHO, by="Lea", now=LATER) == told

    assert list(search(folder)) == []
    with pytest.raises(UnknownItemError, match=f"no trace of {WHO}"):
        home.erasure.look(WHO)


def test_the_values_of_a_user_leave_the_baseline_of_the_version_that_learnt_from_them(home: Home) -> None:
    dataset = make.learnt_from(home)
    values = home.datasets.frame(dataset.id).loc[1499, ["links", "tier", "ratio"]].to_numpy(np.float32)
    sample = home.registry.load().baseline().sample[["links", "tier", "ratio"]].to_numpy(np.float32)
    assert (sample == values).all(axis=1).sum() == 1

    home.erasure.forget(WHO, by="Lea", now=LATER)

    after = Home.open(home.settings.home).registry.load().baseline().sample
    assert len(after) == len(sample) - 1
    assert not (after[["links", "tier", "ratio"]].to_numpy(np.float32) == values).all(axis=1).any()


def test_all_others_are_as_they_were_and_chain_figures_and_replay_work(home: Home) -> None:
    runs = [run.id for run in home.runs.recent()]
    before = {run: told_of(home, run) for run in runs}
    verdicts = home.feedback.read()

    home.erasure.forget(WHO, by="Lea", now=LATER)

    found = Home.open(home.settings.home)
    for run, tables_ in before.items():
        gone = tables_[2].index[(tables_[2]["user"] == WHO).to_numpy()]
        assert len(gone) == 1
        now = told_of(found, run)
        for was, is_ in zip(tables_, now, strict=True):
            expected = was.drop(gone)
            if "country" in was:
                expected = expected.assign(country=expected["country"].where(expected["country"] != WHO))
            pd.testing.assert_frame_equal(is_, expected)
        assert len(found.exports.run_table(found.runs.find(run))) == len(now[0])
        assert set(found.user_names.of(found.runs.find(run)).index) == set(now[0].index)
    assert found.feedback.verify().whole
    assert found.audit.verify().whole
    assert found.audit.verify().forgotten == 2
    assert len(found.feedback.read()) == len(verdicts) - 1
    assert found.proof.check(whole=True).findings == ()
    assert found.runs.find("r-0001") == home.runs.find("r-0001")
    anew = found.file_scoring.decide_anew(found.runs.find("r-0001"), SCHEMA, make.policy(), now=LATER)
    pd.testing.assert_series_equal(
        found.runs.scores(anew.id)["probability"], found.runs.scores("r-0001")["probability"]
    )
    whole = found.datasets.find(found.runs.find("r-0001").dataset)
    again = found.file_scoring.score_stored(whole, SCHEMA, found.registry.load(), make.policy(), now=LATER)
    np.testing.assert_array_equal(
        found.runs.scores(again.id)["probability"], found.runs.scores("r-0001")["probability"]
    )
    found.datasets.regroup(whole.id)
    assert 5 not in found.datasets.frame(whole.id).index
    assert found.proof.check(whole=True).findings == ()
    assert found.lists.in_force(LATER).values[("block", USER)] == {"u0-1"}
    with serving(found) as client:
        answer = client.post("/predict", {"user_id": "x", "features": VALUES}, idempotency_key="of-0")
        assert answer.status == 422
        of_before = {"user_id": WHO, "features": VALUES, "context": {"name": CONTEXT}}
        assert client.post("/predict", of_before, idempotency_key="of-0").status == 410


def test_a_forgotten_user_stays_forgotten(home: Home) -> None:
    home.erasure.forget(WHO, by="Lea", now=LATER)

    row = {"prediction_id": "r-0001-5", "is_correct": "true"}
    done = home.feedback_import.record(short_form.read("f.jsonl", json.dumps(row).encode()), by="Ann", now=LATER)
    assert [each.sentence for each in done.refused] == [
        "Row 1, prediction_id: the user of r-0001-5 was forgotten: no verdict is kept any more."
    ]
    assert home.predictions_of_user.of_user(WHO) == ()
    with pytest.raises(UnknownItemError):
        home.datasets.one(home.runs.find("r-0001").dataset, 5)
    # The same file comes without the user; in another one the platform has sent the user anew.
    again = home.file_scoring.score_file(
        "31.csv", make.csv(file_of(31)), SCHEMA, home.registry.load(), make.policy(), now=LATER
    ).run
    assert 5 not in home.runs.scores(again.id).index
    assert list(search(home.settings.home)) == []
    assert home.proof.check(whole=True).findings == ()


def test_cases_and_decisions_stay_as_blanks_that_count(home: Home) -> None:
    judged = [case for case in home.cases.of_user(WHO) if case.judgement]
    before = home.outbox.since(0)
    home.erasure.forget(WHO, by="Lea", now=LATER)
    for case in judged:
        found = home.cases.find(case.id)
        assert (found.user, found.judgement, found.judged_by) == (FORGOTTEN, case.judgement, case.judged_by)
    assert len(home.cases.of_user(FORGOTTEN)) == 2
    after = home.outbox.since(0)
    assert len(before) - len(after) == 1
    assert WHO not in after["user"].tolist()


def test_a_forgotten_user_leaves_the_plan_of_a_run_and_all_others_stay_drawn(trained: Home, tmp_path: Path) -> None:
    home = make.copied(trained, tmp_path)
    run = reviewing.planned(home, make.users(60, seed=35))
    before = home.runs.plan(run.id)
    assert before is not None

    home.erasure.forget("u35-4", by="Ann", now=LATER)

    pd.testing.assert_frame_equal(Home.open(home.settings.home).runs.plan(run.id), before.drop(index=5))
    home.inspection.look(now=LATER)


def test_it_is_for_admins_and_never_while_a_job_has_the_user_in_hand(home: Home) -> None:
    with pytest.raises(UnknownItemError):
        home.erasure.look("u0-14999")
    state = home.settings.jobs / "page-1" / "state.json"
    state.write_text(state.read_text(encoding="utf-8").replace('"failed"', '"waiting"'), encoding="utf-8")
    raw = json.loads(state.read_text(encoding="utf-8"))
    state.write_text(json.dumps(raw | {"told": 4e9}), encoding="utf-8")
    with pytest.raises(RefusedError, match="job page-1 is at work on a file with this user"):
        home.erasure.forget(WHO, by="Lea", now=LATER)
    home.accounts.create("Ada", "admin", "secret enough", now=NOW)
    with pytest.raises(NotAllowedError):
        home.erasure.forget(WHO, by="Bob", now=LATER)


def test_what_a_user_wrote_is_gone_too_and_stays_so_when_texts_were_erased_since(kinds: Home, tmp_path: Path) -> None:
    home = make.copied(kinds, tmp_path)
    home.settings.options_file.write_text(
        '[messages]\npurpose = "To find spam"\nretention_days = 1\n', encoding="utf-8"
    )
    sent = make_messages.of_kinds(make_messages.messages(40, seed=4, prefix="n")).drop(columns="removed")
    sent.loc[6, ["body", "message_id"]] = ["free unverwechselbar telegram crypto", "n-4711"]
    model, file = home.registry.load(), make.csv(sent)
    run = home.file_scoring.score_file("m.csv", file, make_messages.KINDS, model, make.policy(), now=NOW).run
    home.sending.send(run.id, [7], by="Ann", now=NOW)
    case = home.queue.claim("Ann", now=NOW, session="s")
    assert case
    home.verdicts.judge(case.id, Given("v1", "spammer", category="crypto"), by="Ann", session="s", now=NOW)
    words = ("unverwechselbar", "n-4711")

    def told() -> list[str]:
        return [path.name for path in home.settings.home.rglob("*") if path.is_file()
                if any(word in text for word in words for text in held(path)[0])]  # fmt: skip

    assert {"accepted.parquet", "state.db"} <= set(told())
    home.erasure.forget("n-4711", by="Lea", now=LATER)
    assert told() == []
    due = home.retention.due(now=NOW + timedelta(days=3))
    assert due
    home.retention.erase(due, by="Lea", now=NOW + timedelta(days=3))
    again = home.file_scoring.score_file("m.csv", file, make_messages.KINDS, model, make.policy(), now=LATER).run
    assert len(home.runs.scores(again.id)) == len(home.datasets.frame(again.dataset)) == 39
    assert told() == []
    assert home.proof.check(whole=True).findings == ()


@pytest.mark.parametrize(
    ("user", "text", "named"),
    [
        ("u1-5", "u1-5", True), ("u1-5", "see u1-5.", True), ("u1-5", "u1-55", False), ("u1-5", "x-u1-5", False),
        ("12", "12", True), ("12", "12 rows", False), ("a.b@c.de", "of a.b@c.de!", True),
    ],
)  # fmt: skip
def test_a_text_names_a_user_as_a_word(user: str, text: str, *, named: bool) -> None:
    assert Who(user).named_in(text) is named
    assert (Who(user).struck(text) != text) is named
    assert Who(user).named_within({"a": [text, 12]}) is named
