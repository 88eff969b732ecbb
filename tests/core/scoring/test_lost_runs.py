"""A lost or older `state.db`: numbers go on, nothing is written over, and the loss is said."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.errors import NotAllowedError
from core.feedback.short_form import Row
from core.files import write_text
from core.home import Home
from core.scoring import runs
from core.scoring.lost_runs import Loss
from core.scoring.online_runs import Growing, Served
from core.scoring.runs import Run
from core.settings import ROOT
from tests import make
from tests.core.review.reviewing import judge, waiting

RECORDER = """
import sys
from core.home import Home
from tests.core.scoring.test_lost_runs import score
for seed in range(4):
    sys.stdout.write(score(Home.open(sys.argv[1]), seed=seed).id + "\\n")
"""
USER = Served("u1", np.zeros(5), {}, 0.0, 0.5, 0, "")


def score(home: Home, *, seed: int = 1) -> Run:
    model, payload = home.registry.load(), make.csv(make.users(12, seed=seed))
    return home.file_scoring.score_file(
        f"users-{seed}.csv", payload, make.SCHEMA, model, make.policy(), now=make.NOW
    ).run


def served(home: Home) -> str:
    """The prediction of one user by the API, in a run that grows."""
    return Growing(home.online_runs, make.SCHEMA.names, "v0001", make.policy()).add([USER], now=make.NOW)[0]


def lose(home: Home) -> None:
    for file in home.settings.data.glob("state.db*"):
        file.unlink()


def kept(home: Home, to: Path) -> Callable[[], None]:
    """Copy the database as it is now; what is given puts the copy in its place."""
    shutil.copy(home.settings.database, to)

    def restore() -> None:
        lose(home)
        shutil.copy(to, home.settings.database)

    return restore


def judged(home: Home, prediction: str) -> None:
    """Have the feedback file name a prediction."""
    row = Row.of(1, {"prediction_id": prediction, "is_correct": "1"})
    assert home.feedback_import.record([row], by="Ada", now=make.NOW).new == 1


def digests(home: Home) -> dict[str, str]:
    files = sorted(path for path in home.settings.runs.rglob("*.parquet"))
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def loss(home: Home) -> Loss:
    found = home.lost_runs.look()
    assert found is not None
    return found


def test_after_a_lost_database_runs_go_on_and_no_file_of_the_old_ones_is_touched(own: Home) -> None:
    score(own, seed=1)
    score(own, seed=2)
    before = digests(own)
    lose(own)

    assert score(own, seed=3).id == "r-0003"
    assert {path: digest for path, digest in digests(own).items() if path in before} == before


def test_after_an_older_database_runs_go_on_from_what_lies_on_disk(own: Home, tmp_path: Path) -> None:
    score(own, seed=1)
    restore = kept(own, tmp_path / "older.db")
    score(own, seed=2)
    score(own, seed=3)
    before = digests(own)
    restore()

    assert score(own, seed=4).id == "r-0004"
    assert {path: digest for path, digest in digests(own).items() if path in before} == before
    assert [run.id for run in own.runs.recent()] == ["r-0004", "r-0001"]


@pytest.mark.parametrize("older", [False, True], ids=["lost", "older"])
def test_a_verdict_names_its_run_for_ever_also_where_database_and_runs_are_lost(
    own: Home, tmp_path: Path, older: bool
) -> None:
    score(own, seed=1)
    restore = kept(own, tmp_path / "older.db")
    score(own, seed=2)
    judged(own, f"{score(own, seed=3).id}-5")
    (restore if older else lambda: lose(own))()
    shutil.rmtree(own.settings.runs)

    assert score(own, seed=4).id == "r-0004"
    assert score(own, seed=5).id == "r-0005"


def test_where_only_the_runs_are_lost_they_go_on_from_the_database(own: Home) -> None:
    score(own, seed=1)
    score(own, seed=2)
    shutil.rmtree(own.settings.runs)

    assert score(own, seed=3).id == "r-0003"
    assert own.lost_runs.look() is None


def test_the_audit_log_shadows_and_jobs_name_runs_for_ever(own: Home) -> None:
    own.audit.note(who="Lea", what="queue run", about="r-0004", now=make.NOW)
    assert score(own, seed=1).id == "r-0005"
    lose(own)
    shutil.rmtree(own.settings.runs)
    write_text(own.settings.shadow / "r-0011-v0002.parquet", "")
    assert score(own, seed=1).id == "r-0012"
    write_text(own.settings.jobs / "reasons-r-0020" / "state.json", "{}")
    assert score(own, seed=1).id == "r-0021"
    write_text(own.settings.jobs / "score-ab" / "result.json", '{"run": "r-0030"}')
    assert score(own, seed=1).id == "r-0031"


def test_a_run_of_the_api_goes_on_after_a_loss_whether_it_was_closed_or_not(own: Home) -> None:
    assert served(own) == "r-0001-1"
    lose(own)  # with the users of the run, which had grown in it
    assert served(own) == "r-0002-1"
    lose(own)
    assert score(own).id == "r-0003"


def test_a_folder_that_is_there_is_never_written_into(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    score(own, seed=1)
    begun = runs.insert

    def meanwhile(table: object) -> object:
        write_text(own.settings.runs / "r-0002" / "scores.parquet", "somebody's")  # between the look and the new folder
        return begun(table)

    monkeypatch.setattr(runs, "insert", meanwhile)
    assert score(own, seed=2).id == "r-0003"
    assert (own.settings.runs / "r-0002" / "scores.parquet").read_text(encoding="utf-8") == "somebody's"


def test_processes_that_record_at_once_after_a_loss_get_numbers_of_their_own(own: Home) -> None:
    judged(own, f"{score(own).id}-1")
    lose(own)
    command = [sys.executable, "-c", RECORDER, str(own.settings.home)]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    given = [line for each in running for line in each.communicate()[0].split()]

    assert sorted(given) == [f"r-{number:04d}" for number in range(2, 14)]
    assert {run.id for run in own.runs.recent()} == set(given)


@pytest.mark.parametrize(
    "text",
    [
        b"x,2026-03-01,c-1,r-9999-1,damaged\n",
        b'"a ""quoted"", id",2026-03-01,c-000007,r-0004-2,u1\nr-9999\n',
        b"\xff\xfe,,,\n",
        b"half a line,2026-03-01,c-000001,r-9999-1,",
    ],
)
def test_whatever_stands_in_the_feedback_file_keeps_nobody_from_scoring(own: Home, text: bytes) -> None:
    judged(own, f"{score(own).id}-1")
    with (own.settings.feedback / "feedback.csv").open("ab") as file:
        file.write(text)
    lose(own)

    assert score(own).id in {"r-0002", "r-0005", "r-10000"}


def test_notes_of_reviewers_name_no_run(own: Home) -> None:
    row = {"prediction_id": f"{score(own).id}-1", "is_correct": "1", "feedback_notes": "see r-0900-1, c-000900"}
    own.feedback_import.record([Row.of(1, row)], by="r-0800-1", now=make.NOW)
    lose(own)

    assert score(own).id == "r-0002"


def test_a_forgotten_user_does_not_stop_the_reading_of_what_came_after(own: Home) -> None:
    first = score(own, seed=1).id
    judged(own, f"{first}-1")
    score(own, seed=2)
    own.feedback.forget("u1-0", by="Lea", now=make.NOW)  # the file is another one now, and shorter
    judged(own, f"{score(own, seed=3).id}-2")
    lose(own)
    shutil.rmtree(own.settings.runs)

    assert score(own, seed=4).id == "r-0004"


def test_cases_go_on_from_those_that_verdicts_name(own: Home) -> None:
    own.sending.send(score(own, seed=1).id, [1, 2, 3], by="Lea", now=make.NOW)
    judge(own, waiting(own)[-1])
    lose(own)
    own.sending.send(score(own, seed=2).id, [1], by="Lea", now=make.NOW)

    assert [case.id for case in waiting(own)] == ["c-000004"]


def test_a_decision_that_a_consumer_was_given_lends_its_number_to_no_other(own: Home) -> None:
    run = score(own).id
    for row in (1, 2, 3):
        judged(own, f"{run}-{row}")
    given = own.outbox.since(0)
    facts = {"decisions": len(given), "last": int(given.index[-1])}
    own.audit.note(who="Lea", what="export decisions", about="platform", details=facts, now=make.NOW)
    lose(own)
    judged(own, f"{score(own, seed=2).id}-4")

    again = own.outbox.since(0)
    assert len(again) == len(given) + 1
    assert again.index.min() > given.index.max()


def test_the_loss_is_said_with_what_to_do_until_somebody_acknowledges_it(own: Home, tmp_path: Path) -> None:
    score(own, seed=1)
    restore = kept(own, tmp_path / "older.db")
    for seed in range(2, 5):
        score(own, seed=seed)
    assert own.lost_runs.look() is None
    restore()

    said = loss(own).sentence
    assert said.startswith("data/runs holds r-0002 to r-0004, which data/state.db does not know: it was lost, or")
    assert "New runs go on from r-0005" in said
    assert "put the newest backup of data/state.db in its place" in said
    assert score(own, seed=6).id == "r-0005"
    assert loss(own).in_folders == (2, 3, 4)

    own.lost_runs.acknowledge(loss(own), by="Lea", now=make.NOW)
    assert own.lost_runs.look() is None
    assert own.audit.read().iloc[0][["who", "what", "about"]].tolist() == ["Lea", "acknowledge loss", "r-0004"]
    lose(own)
    assert loss(own).in_folders == (1, 2, 3, 4, 5)


def test_the_loss_of_database_and_runs_is_said_as_soon_as_somebody_looks(own: Home) -> None:
    judged(own, f"{score(own).id}-1")
    lose(own)
    shutil.rmtree(own.settings.runs)

    assert loss(own).sentence.startswith("Verdicts or other records name runs up to r-0001, which data/state.db")
    own.lost_runs.acknowledge(loss(own), by="Lea", now=make.NOW)
    assert own.lost_runs.look() is None
    assert score(own).id == "r-0002"


def test_once_the_newer_database_is_back_nothing_is_said(own: Home, tmp_path: Path) -> None:
    score(own)
    restore = kept(own, tmp_path / "newest.db")
    lose(own)
    assert own.lost_runs.look() is not None
    restore()
    assert own.lost_runs.look() is None


def test_only_who_manages_accounts_acknowledges_a_loss(own: Home) -> None:
    score(own)
    lose(own)
    own.accounts.create("Root", "admin", "the lead of all admins", now=make.NOW)
    own.accounts.create("Ines", "lead", "a lead, for now at least", now=make.NOW)
    with pytest.raises(NotAllowedError):
        own.lost_runs.acknowledge(loss(own), by="Ines", now=make.NOW)
    assert own.lost_runs.look() is not None


def test_no_loss_is_said_while_runs_are_made(own: Home) -> None:
    with own.database.writing():
        assert own.lost_runs.look() is None
    served(own)
    score(own)
    assert own.lost_runs.look() is None
