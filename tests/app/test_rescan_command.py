"""`rescan` and `changes` at a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from tests import make
from tests.core.review import reviewing


def invoked(home: Home, *command: str) -> Result:
    return CliRunner().invoke(app, ["--home", str(home.settings.home), *command])


def test_a_run_is_scored_again_and_who_changes_is_in_the_file(two: Home, tmp_path: Path) -> None:
    two.policies.in_force()
    run = reviewing.scored(two, make.users(300, seed=3).drop(columns="spam"), make.policy())
    out = tmp_path / "out" / "changes.csv"
    out.parent.mkdir()
    done = invoked(two, "rescan", run.id, "--model", "v0002", "-o", str(out), "--json", "--send", "--by", "Lea")
    assert done.exit_code == 0, done.stderr
    (told,) = json.loads(done.stdout)
    written = pd.read_csv(out)
    assert (told["before"], told["after"], told["changed"]) == ("r-0001", "r-0002", len(written))
    assert (written["change"] == "newly flagged").sum() == told["newly_flagged"] == len(reviewing.waiting(two))

    again = invoked(two, "changes", "r-0001", "r-0002", "-o", str(out))
    assert again.exit_code == 0, again.stderr
    assert again.stdout == f"{told['sentence']}\n"
    pd.testing.assert_frame_equal(pd.read_csv(out), written)


def test_a_run_that_would_be_the_same_is_refused_before_another_is_scored(two: Home) -> None:
    frame = make.users(50, seed=3).drop(columns="spam")
    other = reviewing.scored(two, frame, make.policy())
    two.registry.promote("v0002", by="Lea", why="Better.", now=make.NOW)
    same = reviewing.scored(two, frame, make.policy())
    done = invoked(two, "rescan", other.id, same.id)
    assert done.exit_code == 2
    assert "name another of one" in done.stderr
    assert len(two.runs.recent()) == 2


def test_what_the_live_model_has_not_scored_yet_is_scored_once(two: Home) -> None:
    frames = [make.users(50, seed=seed).drop(columns="spam") for seed in (3, 4, 5)]
    runs = [reviewing.scored(two, frame, make.policy()).id for frame in frames]
    two.run_edits.change(runs[2], test=True, by="Lea", now=make.NOW)
    always = ("rescan", "--days", "36500", "--json", "--by", "Lea")
    nothing = invoked(two, *always)
    assert (nothing.exit_code, json.loads(nothing.stdout)) == (0, [])
    assert "No run of 36,500 days waits to be scored by v0001 under p0001." in nothing.stderr

    two.registry.promote("v0002", by="Lea", why="Better.", now=make.NOW)
    done = invoked(two, *always)
    assert done.exit_code == 0, done.stderr
    assert [told["before"] for told in json.loads(done.stdout)] == runs[:2]
    assert json.loads(invoked(two, *always).stdout) == []
    assert json.loads(invoked(two, "rescan", "--days", "1", "--json").stdout) == []


def test_runs_are_named_or_asked_for_by_days(two: Home) -> None:
    run = reviewing.scored(two, make.users(50, seed=3).drop(columns="spam"), make.policy()).id
    assert [invoked(two, "rescan", *words).exit_code for words in ((), (run, "--days", "3"))] == [2, 2]
    assert len(two.runs.recent()) == 1


def test_files_of_somebody_else_stay(two: Home, tmp_path: Path) -> None:
    run = reviewing.scored(two, make.users(50, seed=3).drop(columns="spam"), make.policy())
    out = tmp_path / "mine.csv"
    out.write_text("a,b\n1,2\n", encoding="utf-8")
    done = invoked(two, "rescan", run.id, "--model", "v0002", "-o", str(out))
    assert done.exit_code == 2
    assert out.read_text(encoding="utf-8") == "a,b\n1,2\n"
    assert len(two.runs.recent()) == 1
