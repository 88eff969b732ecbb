"""The reference is what the code says, on every Python and whatever the terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from app import reference
from app.api.main import create
from app.api.options import Options
from app.cli import app
from app.commands.reference import DOCS
from app.reference import command_line
from app.reference.markdown import anchor
from core import errors
from core.home import Home
from core.settings import ROOT


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return reference.files(get_command(app))


#: A floor plan may lag behind: a module more need not renew it.
EXACT = ["api.md", "command-line.md"]


@pytest.mark.parametrize("name", EXACT)
def test_the_file_in_the_repository_is_what_the_code_says_now(name: str, files: dict[str, str]) -> None:
    kept = DOCS / name
    assert kept.is_file(), f"docs/{name} is missing: write it with `{reference.COMMAND}`."
    same = kept.read_text(encoding="utf-8") == files[name]
    assert same, f"docs/{name} is not what the code says now: renew it with `{reference.COMMAND}`."


def test_the_command_writes_all_files_whatever_the_terminal(tmp_path: Path, files: dict[str, str]) -> None:
    narrow = os.environ | {"COLUMNS": "40", "TERM": "dumb", "TRUSTDESK_NO_VENV": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "app", "reference", "--output", tmp_path], check=False, capture_output=True, text=True,
        cwd=ROOT, env=narrow,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == files


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["reference", "--output", str(tmp_path / "none")])
    assert found.exit_code == 2
    assert "there is no folder" in found.stderr


def test_every_command_and_every_option_has_a_line_with_its_help(files: dict[str, str]) -> None:
    text = files["command-line.md"]
    waiting = [("python3 -m app", get_command(app))]
    seen = 0
    while waiting:
        name, command = waiting.pop()
        section = text.partition(f"## {name.removeprefix('python3 -m app ')}\n")[2].partition("\n## ")[0]
        assert section, name
        for parameter in command.params:
            assert parameter.help, f"{name} does not say what {parameter.name} is"
            shown = parameter.opts[0] if parameter.param_type_name == "option" else parameter.name.upper()
            told = " ".join(parameter.help.split()).replace("|", r"\|")
            line = rf"^\| `(.*, )?{re.escape(parameter.metavar or shown)}.*{re.escape(told)}"
            assert re.search(line, section, re.M), (name, parameter.name)
        seen += 1
        waiting += [(f"{name} {word}", below) for word, below in getattr(command, "commands", {}).items()]
    assert seen == len(re.findall(r"^## (?!Exit codes)", text, re.M))


def test_choices_limits_and_defaults_are_told(files: dict[str, str]) -> None:
    section = files["command-line.md"].partition("## score\n")[2].partition("\n## ")[0]
    assert r"| `--reasons flagged\|all\|none` | `all` |" in section
    assert "| `--top N` | `3` | Reasons a user. 1 to 20. |" in section
    assert "| `--output, -o TEXT` | required |" in section
    assert "python3 -m app score USERS --output, -o PATH [OPTIONS]" not in section
    assert "python3 -m app score USERS --output TEXT [OPTIONS]" in section


def test_every_error_ends_in_a_code_that_is_explained() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 10
    assert {kind.exit_code for kind in kinds} | {0, 3} == set(command_line.EXIT_CODES)


def test_every_endpoint_and_every_field_is_told_with_what_it_means(files: dict[str, str]) -> None:
    text, spec = files["api.md"], create(Home.open(ROOT), Options()).openapi()
    for path, methods in spec["paths"].items():
        for method, about in methods.items():
            section = text.partition(f"### {method.upper()} {path}\n")[2].partition("\n##")[0]
            assert about["description"] in section
            for each in about.get("parameters", ()):
                assert re.search(rf"^\| `{each['name']}` \| {each['in']} \|", section, re.M), (path, each["name"])
    for name, schema in spec["components"]["schemas"].items():
        for field, about in schema.get("properties", {}).items():
            assert about.get("description"), f"{name}.{field} does not say what it means"
            assert f"| `{field}` |" in text


def test_links_within_the_reference_lead_somewhere(files: dict[str, str]) -> None:
    for text in files.values():
        titles = re.findall(r"^#+ (.+)$", text, re.M)
        anchors = {anchor(title) for title in titles}
        assert len(anchors) == len(titles)
        assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= anchors
