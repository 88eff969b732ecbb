"""The documents are true: every command in them works, every link leads somewhere, every example is understood."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from ruamel.yaml import YAML

from app.devtools import test_server
from app.reference import floor_plan
from core.access import accounts
from core.home import Home
from core.monitoring import targets
from core.retraining import settings as learning
from core.schema import glossary
from core.schema import schema as schemas
from core.settings import DEMO_LABELLED, ENDPOINT_VARIABLE, HOME_VARIABLE, ROOT
from tests import documents, forked, hub_server, stand_in
from tests.documents import Block

GENERATED: Final = ("docs/command-line.md", "docs/api.md", "docs/floor-plan.md")
HOW_TO: Final = tuple(sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")))
BESIDE: Final = ("CONTRIBUTING.md", "CHANGELOG.md", "deploy/README.md")
WRITTEN: Final = ("README.md", *(name for name in HOW_TO if name not in GENERATED), *BESIDE)
#: What a comment above a block of bash may say, and so where it is tested instead of being run here.
ELSEWHERE: Final = {
    "api": "run against a live server by tests/app/api/test_readme.py",
    "not run: it needs a container engine": "every line is looked at by test_containers_are_called_as_they_can_be",
    "not run: it needs a file from elsewhere": "every line is looked at by test_commands_on_files_from_elsewhere",
}
#: Languages of blocks; a block in another one could hide commands from these tests.
LANGUAGES: Final = {"bash", "toml", "csv", "json", "nginx", "text", ""}
#: Folders of the repository whose files the documents name.
FOLDERS: Final = re.compile(r"(app|core|pages|tests|benchmarks|deploy|docs|data|models)/[\w./-]*")
#: In a home, but only once it has been worked with.
GATHERED: Final = (
    "data/feedback",
    "data/fetched",
    "data/logs",
    "data/phrases.toml",
    "data/schedule.json",
    "data/secrets.toml",
    "data/settings.toml",
    "data/state.db",
    "data/streams",
    "data/tracking",
    "data/unfinished",
)


def bash(name: str) -> list[Block]:
    return [block for block in documents.blocks(ROOT / name) if block.language == "bash"]


def run_here(name: str) -> list[str]:
    """The blocks of a document that are run by this file."""
    return [block.text for block in bash(name) if block.mark not in ELSEWHERE]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of the bundled home to stand in, with the files that a reader would bring along."""
    home = tmp_path / "home"
    home.mkdir()
    test_server.bundled_home(home)
    with gzip.open(home / "data" / "demo" / DEMO_LABELLED, "rt") as lines:
        head, *rows = [next(lines) for _ in range(6_001)]
    (home / "train.csv").write_text(head + "".join(rows))
    theirs = head.replace("label", "spam").replace("user_id", "user")
    (home / "users.csv").write_text(theirs + "".join(rows))
    unlabelled = [line.partition(",")[2] for line in (theirs, *rows[:500])]
    (home / "new_users.csv").write_text("".join(unlabelled))
    return home


@pytest.fixture
def environment(tmp_path: Path, place: Path) -> Iterator[dict[str, str]]:
    """One in which `python3` is the stand-in, the Hub one of ours, and the home the copy."""
    programs, person = tmp_path / "bin", tmp_path / "person"
    programs.mkdir()
    person.mkdir()
    (person / "hf-token").write_text(f"{hub_server.TOKEN}\n")
    python3 = programs / "python3"
    python3.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tests.stand_in "$@"\n')
    python3.chmod(python3.stat().st_mode | stat.S_IXUSR)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "TRUSTDESK"))}
    with hub_server.running() as hub:
        yield kept | {
            "PATH": f"{programs}:{kept['PATH']}", "PYTHONPATH": str(ROOT), "TRUSTDESK_NO_VENV": "1",
            HOME_VARIABLE: str(place), ENDPOINT_VARIABLE: hub.address, "HOME": str(person), "LOGNAME": "somebody",
            stand_in.LOG: str(tmp_path / "log"), stand_in.SOCKET: forked.address(),
        }  # fmt: skip


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize("name", [name for name in WRITTEN if run_here(name)])
def test_every_command_works_in_order(name: str, place: Path, environment: dict[str, str]) -> None:
    script = "\n".join(run_here(name))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], check=False, capture_output=True, text=True, cwd=place,
        env=environment, timeout=280, start_new_session=True,  # no terminal to ask for a password
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-2_000:]}\n{done.stderr[-3_000:]}"
    calls = [json.loads(line) for line in Path(environment[stand_in.LOG]).read_text().splitlines()]
    assert len(calls) == len(re.findall(r"python3 -m app\b", script))
    rejected = [" ".join(call["words"]) for call in calls if call["code"] == stand_in.REJECTED]
    assert len(rejected) == script.count("# exit code 3"), rejected


@pytest.mark.parametrize("name", [*WRITTEN, *GENERATED])
def test_no_block_hides_from_these_tests(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    found = documents.blocks(ROOT / name)
    assert text.count("```") == 2 * len(found)
    assert {block.language for block in found} <= LANGUAGES
    assert {block.mark for block in bash(name)} <= {"", *ELSEWHERE}
    unmarked = [block for block in found if block.language in {"text", ""} and "python3 -m app" in block.text]
    assert name in GENERATED or not [block for block in unmarked if "core/" not in block.text]
    assert name in WRITTEN or not bash(name)


def test_the_block_of_the_api_is_where_its_test_looks_for_it() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("<!-- api -->")[2].partition("<!-- /api -->")[0]
    marked = [block.text for name in WRITTEN for block in bash(name) if block.mark == "api"]
    assert len(marked) == 1
    assert marked[0] in section


def test_containers_are_called_as_they_can_be() -> None:
    compose = YAML(typ="safe").load(ROOT / "deploy" / "compose.yaml")
    marked = [block.text for name in WRITTEN for block in bash(name) if "container engine" in block.mark]
    assert marked
    for text in marked:
        assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(line.partition(">")[0], comments=True)
            if words[:1] != ["docker"]:
                assert words[0] == "mkdir", line
                continue
            assert words[1:3] == ["compose", "-f"], line
            assert (ROOT / words[3]).is_file(), line
            rest = [word for word in words[5:] if word not in {"--rm", "--detach"}]
            assert words[4] in {"build", "run", "up"}, line
            assert not rest or rest[0] in compose["services"], line
            assert words[4] != "run" or not documents.complaint(rest[1:]), documents.complaint(rest[1:])


def test_commands_on_files_from_elsewhere() -> None:
    marked = [block.text for name in WRITTEN for block in bash(name) if "file from elsewhere" in block.mark]
    assert marked
    for line in "".join(marked).replace("\\\n", " ").splitlines():
        words = documents.told(line)
        assert words is not None or line.startswith("mkdir "), line
        assert words is None or not documents.complaint(words), f"{line}: {documents.complaint(words)}"


@pytest.mark.parametrize("name", WRITTEN)
def test_commands_in_the_text_are_those_there_are(name: str) -> None:
    for span in documents.spans(ROOT / name):
        if (words := documents.told(span)) is not None:
            assert not documents.complaint(words), f"`{span}` in {name}: {documents.complaint(words)}"
        elif span.startswith("--"):
            option = span.split()[0]
            assert documents.known_option(option) or option == "--help", f"{name}: no command has {option}"


@pytest.mark.parametrize("name", [*WRITTEN, *GENERATED])
def test_links_lead_somewhere(name: str) -> None:
    for link, file, heading in documents.links(ROOT / name):
        assert file.is_relative_to(ROOT), f"{link} in {name} leads out of the repository"
        assert file.exists(), f"{link} in {name}: there is no such file"
        assert not heading or heading in documents.headings(file), f"{link} in {name}: there is no such heading"


@pytest.mark.parametrize("name", WRITTEN)
def test_files_that_are_named_are_there(name: str) -> None:
    named = {span for span in documents.spans(ROOT / name) if FOLDERS.fullmatch(span)}
    named |= set(re.findall(r"\b(?:benchmarks|tests)/[\w/]+\.py\b", (ROOT / name).read_text(encoding="utf-8")))
    for path in named:
        assert path.startswith(GATHERED) or (ROOT / path).exists(), f"{name} names {path}, which is not there"


def test_every_page_is_linked_from_the_readme() -> None:
    linked = {file for _, file, _ in documents.links(ROOT / "README.md")}
    assert {ROOT / name for name in (*HOW_TO, *BESIDE, "LICENSE")} <= linked


def test_the_floor_plan_names_every_room_of_core() -> None:
    plan = (ROOT / "docs" / "floor-plan.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (ROOT / "core").glob("*/__init__.py")}
    absent = sorted(room for room in rooms if f"\n## core/{room}\n" not in plan)
    assert not absent, f"docs/floor-plan.md lacks {', '.join(absent)}: renew it with `python3 -m app reference`."


def test_the_floor_plan_says_what_every_module_of_core_is_for() -> None:
    plan = floor_plan.text()
    assert [line for line in plan.splitlines() if re.fullmatch(r"- `\w+`: ", line)] == []
    assert plan.count("\n- `") > 300


def test_examples_of_files_are_understood(tmp_path: Path) -> None:
    home = Home.open(tmp_path)
    home.settings.data.mkdir()
    blocks = documents.blocks(ROOT / "docs" / "your-own-columns.md")
    found = [schemas.loads(block.text) for block in blocks if block.language == "toml"]
    assert all(columns.label is not None for columns in found)
    assert {column.kind for columns in found for column in columns.features} == set(schemas.KINDS)
    meanings = next(block.text for block in blocks if block.language == "csv")
    home.settings.glossary_file.write_text(meanings, encoding="utf-8")
    assert glossary.load(home.settings.glossary_file).sentence("links") == "assumed: links in the profile"

    chosen = next(block.text for block in documents.blocks(ROOT / "docs" / "learning.md") if block.language == "toml")
    home.settings.options_file.write_text(chosen, encoding="utf-8")
    assert home.learning.load() == learning.Learning()
    assert home.targets.load() == targets.Targets()


def test_the_schema_of_messages_is_understood() -> None:
    blocks = documents.blocks(ROOT / "docs" / "messages.md")
    (block,) = (each for each in blocks if each.language == "toml" and "[features]" in each.text)
    columns, demo = schemas.loads(block.text), schemas.load(ROOT / "data" / "demo" / "messages" / "schema.toml")
    assert (columns.author, columns.thread, columns.label) == (demo.author, demo.thread, demo.label)
    assert {*columns.features} <= {*demo.features}


def test_the_table_of_roles_is_what_roles_may_do() -> None:
    table = "| may |" + documents.prose(ROOT / "docs" / "teams.md").partition("| may |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.+) \|$", table, re.MULTILINE)
    head, *cells = [[cell.strip() for cell in row.split(" |")] for row in rows if "---" not in row]
    told = {(role, row[0]) for row in cells for role, said in zip(head[1:], row[1:], strict=True) if said == "yes"}
    assert head[1:] == list(accounts.ROLES)
    assert told == {(role, deed) for role, deeds in accounts.MAY.items() for deed in deeds}


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ("python3 -m app train users.csv --promote", ""),
        ("registry compare A B --on labelled.csv", ""),
        ("python3 -m app trian users.csv", "there is no command trian"),
        ("python3 -m app score users.csv --out x", "score has no option --out"),
        ("python3 -m app registry", "registry needs one of its commands"),
        ("python3 -m app evaluate a.csv b.csv", "evaluate does not take so many arguments"),
        ("python3 -m app score users.csv --output", "--output needs a value"),
    ],
)
def test_a_command_that_is_none_is_noticed(span: str, said: str) -> None:
    words = documents.told(span)
    assert words is not None
    assert documents.complaint(words) == said


# What was mended


def test_every_test_that_the_list_of_faults_names_is_there() -> None:
    text, file = (ROOT / "tests" / "faults.md").read_text(encoding="utf-8"), ""
    named = re.findall(r"`(tests/[\w/]+\.py)?::(\w+)`", text)
    assert len(named) > 50
    for path, test in named:
        file = path or file
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file} has no {test}"
