"""`retrain` and `watch`, each run for real on a small home."""

from __future__ import annotations

import json

from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from tests import make
from tests.core.retraining import feeding


def invoked(*arguments: str, home: Home) -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", str(home.settings.home)])


def test_if_due_does_nothing_until_it_is_time(own: Home) -> None:
    feeding.judged(own, make.users(20, seed=4))
    found = invoked("retrain", "--if-due", home=own)

    assert (found.exit_code, found.stdout) == (0, "")
    assert found.stderr == "Not yet: 20 of 1,000 new verdicts have come in.\n"
    assert own.registry.versions() == ("v0001",)


def test_retrain_prints_the_checks_and_leaves_the_champion_in_charge(own: Home) -> None:
    feeding.judged(own, make.users(200, seed=4))
    own.settings.options_file.write_text("[learning]\nmin_samples = 100\n", encoding="utf-8")
    found = invoked("retrain", "--if-due", "--by", "Ada", home=own)

    assert found.exit_code == 0, found.stderr
    kept = own.gate_reports.kept("v0002")
    assert kept is not None
    assert [line.split()[1] for line in found.stdout.splitlines()] == [each.name.split()[0] for each in kept.checks]
    assert f"v0002: {kept.verdict}. {kept.sentence}" in found.stderr
    assert kept.judges in found.stderr
    assert found.stderr.endswith("v0002 is not live.\n")
    assert "Not yet: 0 of 100" in invoked("retrain", "--if-due", home=own).stderr


def test_a_warm_start_as_json(own: Home) -> None:
    feeding.judged(own, make.users(300, seed=4))
    found = invoked("retrain", "--warm", "--json", "--by", "Ada", home=own)

    assert found.exit_code == 0, found.stderr
    told = json.loads(found.stdout)
    assert (told["candidate"], told["champion"], told["promoted"]) == ("v0002", "v0001", False)


def test_what_is_refused_says_why(own: Home) -> None:
    found = invoked("retrain", "--by", "Ada", home=own)
    assert (found.exit_code, found.stdout) == (4, "")
    assert "nothing new to learn from" in found.stderr


def test_watch_looks_once(own: Home) -> None:
    found = invoked("watch", "--once", home=own)
    assert found.exit_code == 0
    assert found.stderr.endswith("UTC  Not yet: 0 of 1,000 new verdicts have come in.\n")
    assert own.settings.watch_log.is_file()
