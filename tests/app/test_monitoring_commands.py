"""`drift` and `metrics`, run for real on a small home."""

from __future__ import annotations

import json
import re
import sys

import pytest
from typer.testing import CliRunner

from app.cli import app
from core.monitoring import prometheus
from tests import make
from tests.app.api.server import serving
from tests.core.monitoring.test_drift import scored


@pytest.fixture(autouse=True)
def _hook(monkeypatch):
    """Commands change what happens on a bug for the rest of their process; here it goes on after them."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def invoked(home, *arguments):
    return CliRunner().invoke(app, ["--home", str(home.settings.home), *map(str, arguments)])


def test_without_a_run_there_is_nothing_to_compare(own):
    found = invoked(own, "drift")
    assert (found.exit_code, found.stdout) == (2, "")
    assert "no run of the live version" in found.stderr
    assert invoked(own, "drift", "--run", "r-0009").exit_code == 2


def test_the_sentence_comes_first_and_each_feature_has_a_line(own):
    scored(own, make.users(2100, seed=5))
    found = invoked(own, "drift")
    assert found.exit_code == 0, found.stderr
    lines = found.stdout.splitlines()
    assert lines[0].startswith("The 2,100 users of r-0001 are like those v0001 was trained on")
    assert len(lines) == 2 + 1 + len(make.SCHEMA.names)
    assert lines[2].split()[:2] == ["(score)", "steady"]


def test_a_drift_is_told_by_the_exit_code_and_once_by_the_channel(own):
    scored(own, make.users(900, seed=5).assign(links=9))
    found = invoked(own, "drift", "--run", "r-0001", "--json")
    assert found.exit_code == 4
    assert json.loads(found.stdout)["verdict"] == "drifted"
    assert own.incidents.recent() == ()
    told = invoked(own, "drift", "--alert")
    assert told.exit_code == 4
    assert "links has drifted" in told.stderr
    assert "the share of reviews drawn at random goes from" in told.stderr
    assert "told by the log." in told.stderr
    assert "told by" not in invoked(own, "drift", "--alert").stderr
    assert all(each.told for each in own.incidents.recent())


def test_metrics_are_what_prometheus_reads(own):
    scored(own, make.users(300, seed=5))
    found = invoked(own, "metrics")
    assert found.exit_code == 0, found.stderr
    assert "# TYPE trustdesk_runs_total counter\ntrustdesk_runs_total 1.0\n" in found.stdout
    names = {line.split()[2] for line in found.stdout.splitlines() if line.startswith("# TYPE")}
    assert names <= prometheus.METRICS.keys()


def test_the_api_serves_the_same_metrics_with_the_type_of_their_format(own):
    scored(own, make.users(300, seed=5))
    with serving(own) as client:
        answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    counters = {line for line in answer.body.decode().splitlines() if re.match(r"trustdesk_\w+_total", line)}
    assert counters
    assert counters <= set(invoked(own, "metrics").stdout.splitlines())


def test_watch_looks_at_what_is_live_as_well(own):
    scored(own, make.users(900, seed=5).assign(links=9))
    found = invoked(own, "watch", "--once")
    assert found.exit_code == 0, found.stderr
    assert "told by the log." in found.stderr
    assert all(each.told for each in own.incidents.recent())
    assert "told by" not in invoked(own, "watch", "--once").stderr


def test_a_file_is_compared_without_being_scored(own, tmp_path):
    users, path = make.users(2100, seed=5), tmp_path / "users.csv"
    path.write_bytes(make.csv(users))
    found = invoked(own, "drift", path)
    assert found.exit_code == 0, found.stderr
    assert found.stdout.startswith("The 2,100 users of users.csv are like those v0001 was trained on")
    assert "users.csv: 2,100 users received, 2,100 accepted, 0 rejected." in found.stderr
    assert own.runs.recent(1) == ()
    table = found.stdout.splitlines()[1:]
    scored(own, users)
    assert invoked(own, "drift").stdout.splitlines()[1:] == table


def test_a_file_is_read_as_was_said_and_told_as_json(own, tmp_path):
    text = make.csv(make.users(900, seed=5).assign(links=9)).decode()
    path = tmp_path / "users.csv"
    path.write_text(text.replace(",", ";") + text.splitlines()[1].replace(",", ";") + "\n", encoding="utf-8")
    found = invoked(own, "drift", path, "--delimiter", "semicolon", "--model", "v0001", "--json")
    assert found.exit_code == 4, found.stderr
    raw = json.loads(found.stdout)
    assert (raw["file"], raw["runs"], raw["verdict"], raw["version"]) == ("users.csv", [], "drifted", "v0001")
    assert (raw["received"], raw["accepted"], raw["rejected"]) == (901, 900, 1)
    assert [each for each in raw["problems"] if each in found.stderr] == raw["problems"] != []


def test_steady_users_some_of_whom_are_rejected_have_the_exit_code_for_that(own, tmp_path):
    path = tmp_path / "users.csv"
    path.write_bytes(make.csv(make.users(900, seed=5)) + make.csv(make.users(1, seed=5)).split(b"\n", 1)[1])
    assert invoked(own, "drift", path).exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["--model", "v0001"], "--model"), (["--delimiter", "tab"], "USERS"), (["users.csv", "--run", "r-1"], "--run"),
        (["users.csv", "--alert"], "--alert"), (["--as-of", "2026-01-01"], "USERS"),
    ],
)  # fmt: skip
def test_options_of_runs_and_of_files_do_not_go_together(own, arguments, option):
    found = invoked(own, "drift", *arguments)
    assert found.exit_code == 2
    assert option in found.stderr
