"""Definitions for schedulers: the order of the one description, commands that there are, and exit codes as they are."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from app import cli
from app.commands import learning
from core.files import write_text
from core.home import Home
from core.retraining import timetable
from core.retraining.timetable import Program
from core.settings import ROOT
from tests import documents, make

FLOWS: Final = ROOT / "deploy" / "flows"
#: The pipeline, without the step that `watch` alone has.
PIPELINE: Final = tuple(step for step in timetable.STEPS if step != "rescan")


def loaded(name: str) -> ModuleType:
    about = importlib.util.spec_from_file_location(name, FLOWS / f"{name}.py")
    assert about is not None
    assert about.loader is not None
    module = importlib.util.module_from_spec(about)
    about.loader.exec_module(module)
    return module


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = loaded("trustdesk_steps")
    monkeypatch.setitem(sys.modules, "trustdesk_steps", module)
    return module


def test_the_steps_are_those_of_the_schedule_in_its_order_and_commands_that_there_are(steps: ModuleType) -> None:
    assert tuple(steps.STEPS) == PIPELINE
    known = {name: words for name, words in learning.STEPS.items() if name in PIPELINE}
    assert {name: tuple(steps.STEPS[name]) for name in known} == known
    assert {name: set(codes) for name, codes in steps.DONE.items()} == dict(timetable.DONE)
    for name, words in steps.STEPS.items():
        assert documents.complaint(words) == "", name


def test_the_flow_of_prefect_runs_them_in_order_and_the_gate_reads_what_retrain_said(
    steps: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plain(function: Callable[..., Any] | None = None, **_: object) -> Any:
        return function or (lambda given: given)

    logger = SimpleNamespace(info=lambda *_: None)
    prefect = SimpleNamespace(flow=plain, task=plain, get_run_logger=lambda: logger)
    monkeypatch.setitem(sys.modules, "prefect", prefect)  # type: ignore[arg-type]
    ran = list[str]()
    found = {"candidate": "v0002", "verdict": "passed", "sentence": "It is better."}

    def run(name: str) -> dict[str, Any]:
        ran.append(name)
        return {"step": name, "code": 0, "json": found if name == "retrain" else None, "said": ""}

    monkeypatch.setattr(steps, "run", run)
    done = loaded("prefect_flow").trustdesk()
    assert (*ran, done["step"]) == PIPELINE
    assert done["said"] == "v0002: passed. It is better."


def test_the_dag_of_airflow_has_them_in_order(steps: ModuleType) -> None:
    text = (FLOWS / "airflow_dag.py").read_text(encoding="utf-8")
    compile(text, "airflow_dag.py", "exec")
    commands = tuple(name for name, words in steps.STEPS.items() if words)
    assert tuple(re.findall(r'"(\w+)"', text[text.index("for name in") :].split(")")[0])) == commands
    assert " >> ".join(commands) in text


def test_a_step_runs_what_the_schedule_of_the_workspace_names_and_else_what_stands_in_the_file(
    steps: ModuleType, monkeypatch: pytest.MonkeyPatch, home: Home
) -> None:
    table = '[schedule.fetch]\nat = "elsewhere"\nrun = "fetch reddit --subreddit science --score"\n'
    write_text(home.settings.data / "settings.toml", table)
    asked = list[tuple[str, ...]]()

    def done(*given: str) -> SimpleNamespace:
        asked.append(given)
        result = CliRunner().invoke(cli.app, ["--home", str(home.settings.home), *given])
        return SimpleNamespace(returncode=result.exit_code, stdout=result.stdout, stderr=result.stderr)

    monkeypatch.setattr(steps, "_done", done)
    monkeypatch.setenv("TRUSTDESK_USERS", "/srv/users.csv")
    assert steps.words("fetch") == ["fetch", "reddit", "--subreddit", "science", "--score"]
    assert steps.words("score")[:2] == ["score", "/srv/users.csv"]
    assert set(asked) == {("watch", "--schedule", "--json")}
    assert home.timetable.look(Program((), learning.STEPS), now=make.NOW) == ()
    write_text(home.settings.data / "settings.toml", "[schedule]\nfetch = 7\n")
    with pytest.raises(steps.StepFailedError, match=r"its schedule cannot be read\. settings\.toml"):
        steps.words("score")


@pytest.mark.parametrize(
    ("step", "code", "out"),
    [
        ("score", 0, ""),
        ("score", 3, ""),
        ("score", 4, None),
        ("monitor", 4, '{"verdict": "drifted"}'),
        ("fetch", 2, None),
    ],
)
def test_a_step_is_its_exit_code_and_its_json(
    step: str, code: int, out: str | None, steps: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = (
        "import sys\n"
        "if 'watch' in sys.argv: print('{\"steps\": []}'); sys.exit()\n"
        f"print({out!r}); sys.stderr.write('some\\nlast\\n'); sys.exit({code})"
    )
    (tmp_path / "app.py").write_text(program, encoding="utf-8")
    monkeypatch.setenv("TRUSTDESK_PYTHON", sys.executable)
    monkeypatch.setenv("TRUSTDESK_PROGRAM", str(tmp_path))
    if out is None:
        with pytest.raises(steps.StepFailedError, match=rf"{step} has failed \(exit code {code}\). last"):
            steps.run(step)
        return
    found = steps.run(step)
    assert found == {"step": step, "code": code, "json": {"verdict": "drifted"} if out else None, "said": "last"}
