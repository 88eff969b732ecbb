"""Steps run at their times: in order, once where times have passed, and what goes wrong is said and an incident."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.commands.learning import STEPS as WORDS
from core.errors import BadOptionError, NewerFormatError
from core.home import Home
from core.retraining.timetable import STEPS, Program
from tests import forked, screen
from tests.make import NOW

#: A program whose words are Python: what a command does is its exit code and what it prints.
PYTHON = Program((sys.executable, "-c"), WORDS)
GATE = {"candidate": "v0002", "verdict": "passed", "sentence": "It is better."}


def settled(home: Home, text: str) -> Home:
    home.settings.data.mkdir(parents=True, exist_ok=True)
    home.settings.options_file.write_text(text, encoding="utf-8")
    return home


def table(**steps: str) -> str:
    """[schedule], every step each five minutes, with these lines of Python."""
    run = {name: json.dumps(f'"{code}"') for name, code in steps.items()}
    return "[schedule]\n" + "".join(f'{name} = {{ at = "*/5 * * * *", run = {code} }}\n' for name, code in run.items())


def look(home: Home, minutes: float, program: Program = PYTHON) -> list[str]:
    return list(home.timetable.look(program, now=NOW + timedelta(minutes=minutes)))


def over(home: Home, number: int = 1) -> None:
    assert screen.over(home, f"schedule-{number:04d}").status == "done"


def found(home: Home, minutes: float) -> dict[str, str]:
    look = home.inspection.look(now=NOW + timedelta(minutes=minutes))
    return {each.cause: each.sentence for each in look.found if each.kind == "schedule"}


def test_steps_run_in_their_order_and_one_that_fails_leaves_those_behind_it_out(home: Home) -> None:
    said = "import sys; sys.stderr.write('said'); sys.exit({})"
    settled(home, table(
        retrain="print()", monitor=said.format(2), rescan="print()", score=said.format(3),
        fetch="import sys; sys.stderr.write('two')",
    ))  # fmt: skip
    assert look(home, 0) == []  # what is set up counts from now
    assert look(home, 5) == ["schedule-0001 has started: fetch, score, rescan, monitor and retrain."]
    over(home)
    look(home, 6)
    ran = home.timetable.ran()
    assert [each.step for each in ran] == list(STEPS[:-1])
    assert [(each.code, each.failed) for each in ran] == [
        (0, False), (3, False), (0, False), (2, True), (None, True),
    ]  # fmt: skip
    assert [each.said for each in ran][:2] == ["two", "said"]
    assert ran[3].said == "It has failed (exit code 2). said"
    assert ran[4].said == "It was left out, as monitor had failed."
    assert {each.due for each in ran} == {(NOW + timedelta(minutes=5)).isoformat()}
    assert found(home, 6) == {
        "monitor": f"The schedule: monitor: {ran[3].said}", "retrain": f"The schedule: retrain: {ran[4].said}",
    }  # fmt: skip

    settled(home, '[schedule.monitor]\nat = "*/5 * * * *"\nrun = "0"\n')
    assert look(home, 10) == ["schedule-0002 has started: monitor."]
    over(home, 2)
    look(home, 11)
    assert found(home, 11) == {}  # retrain is scheduled no more, and monitor has done its work


def test_times_that_nobody_looked_at_run_once_and_what_the_gate_says_is_kept_as_a_step(home: Home) -> None:
    settled(home, table(retrain=f"import json; print(json.dumps({GATE}))"))
    look(home, 0)
    again = Home.open(home.settings.home)  # another process, after a while
    at = (NOW + timedelta(minutes=20)).isoformat()
    assert look(again, 22)[0] == f"retrain was not run 3 times before {at}, while nobody looked; it runs once."
    over(home)
    assert look(home, 22.5) == ["retrain: Done.", "gate: v0002: passed. It is better."]
    assert [(each.step, each.missed) for each in home.timetable.ran()] == [("retrain", 3), ("gate", 0)]


def test_a_step_that_is_due_while_another_goes_on_is_left_out_and_an_incident_until_it_runs(home: Home) -> None:
    flag = home.settings.home / "go on"
    code = f"import pathlib, time\nwhile not pathlib.Path('{flag}').exists(): time.sleep(0.05)"
    settled(home, table(fetch=code))
    look(home, 0)
    look(home, 5)
    due = (NOW + timedelta(minutes=10)).isoformat()
    text = f"It was due at {due} while schedule-0001 was under way, and was left out."
    assert look(home, 10) == [f"fetch: {text}"]
    assert found(home, 10) == {"fetch": f"The schedule: fetch: {text}"}
    flag.touch()
    over(home)
    assert look(home, 11) == ["fetch: Done."]
    assert found(home, 11) == {}


def test_a_job_that_was_killed_is_a_failure_of_each_of_its_steps(home: Home) -> None:
    settled(home, table(fetch="import os, signal; os.kill(os.getppid(), signal.SIGKILL)", score="0"))
    with forked.real_processes():  # a step has the job for its parent
        look(home, 0)
        look(home, 5)
    assert screen.over(home, "schedule-0001").status == "failed"
    said = "Schedule: fetch and score ended early. Start it again."
    assert look(home, 6) == [f"fetch: {said}", f"score: {said}"]
    assert set(found(home, 6)) == {"fetch", "score"}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('# times\n[schedule]\nfetch = { at = "61 * * * *", run = "x" }', 3, "out of range"),
        ('[schedule]\nscore = { at = "* * * *", run = "x" }', 2, "five fields"),
        ('[schedule]\nscore = { at = "0 0 30 2 *", run = "x" }', 2, "failed to find next date"),
        ('[schedule.retrain]\nrun = "retrain"', 2, "give its times"),
        ("[schedule]\nmonitor = 7", 2, "give its times"),
        ('[learning]\n\n[schedule]\nfetch = { at = "0 3 * * *" }', 4, "say what runs"),
        ('[schedule]\nfetch = { at = "0 3 * * *", run = "score \'x" }', 2, "quotation mark"),
    ],
)
def test_times_that_are_none_are_a_sentence_with_the_line(text: str, line: int, said: str, home: Home) -> None:
    settled(home, text)
    with pytest.raises(BadOptionError) as error:
        look(home, 0)
    assert str(error.value).startswith(f"settings.toml, line {line}: ")
    assert said in str(error.value)
    assert home.timetable.news(PYTHON, now=NOW) == (str(error.value),)


def test_a_newer_file_is_refused_and_is_an_incident(home: Home) -> None:
    settled(home, table(fetch="0"))
    look(home, 0)
    raw = json.loads(home.settings.schedule_file.read_text(encoding="utf-8"))
    home.settings.schedule_file.write_text(json.dumps(raw | {"format": 2}), encoding="utf-8")
    with pytest.raises(NewerFormatError, match=r"schedule\.json was written by a newer version"):
        look(home, 5)
    assert "newer version" in found(home, 5)["settings"]


def test_watch_says_what_runs_when_as_json(home: Home) -> None:
    settled(home, '[schedule]\nretrain = { at = "0 3 * * *" }\n')
    words = ["watch", "--schedule", "--home", str(home.settings.home)]
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.stderr
    (step,) = json.loads(done.stdout)["steps"]
    assert (step["step"], step["run"], step["last"]) == ("retrain", "retrain --if-due --json", None)
    assert datetime.fromisoformat(step["next"]).hour == 3
    assert "0 3 * * *" in CliRunner().invoke(app, words).stdout
    assert CliRunner().invoke(app, ["watch", "--json", *words[2:]]).exit_code == 2
