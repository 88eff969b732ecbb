"""No command writes over what it reads, nor over a file of somebody else's unless it is told to."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import Result
from typer.main import get_command
from typer.testing import CliRunner

from app.cli import app
from app.devtools import picture_manifest
from core.data import intake
from core.home import Home
from core.schema import schema as schemas
from core.settings import ROOT
from tests import make

THEIRS = "somebody's own file\n"
FOREIGN = "is not one that this command wrote"


@dataclass(frozen=True)
class Case:
    """A command, what it is given before its output, and where that is."""

    words: tuple[str, ...]
    given: tuple[str, ...]
    option: str
    output: str


#: Every command with an output that is a file, once for each form of it.
FILES = [
    Case(("score",), ("users.csv",), "-o", "scored.csv"),
    Case(("score",), ("users.csv",), "-o", "scored.parquet"),
    Case(("report",), ("r-0001",), "--output", "report.html"),
    Case(("policy", "export"), (), "--output", "policy.toml"),
    Case(("rescan",), ("r-0001", "--model", "v0002"), "-o", "changed.csv"),
    Case(("changes",), ("r-0001", "r-0001"), "-o", "changes.parquet"),
    Case(("registry", "compare"), ("v0001", "v0002", "--on", "on.csv"), "--html", "compared.html"),
    Case(("feedback", "export"), (), "-o", "verdicts.csv"),
    Case(("feedback", "export"), (), "-o", "verdicts.parquet"),
    Case(("decisions", "export"), (), "-o", "decisions.csv"),
    Case(("decisions", "export"), ("--since", "last", "--consumer", "x"), "-o", "decisions.parquet"),
]
#: Those whose output is a folder of files, a folder that must not be there, or a file of the home's own.
FOLDERS = {("reference",): "command-line.md", ("screenshots",): "overview.png"}
NEW_FOLDERS = {("registry", "export"), ("data", "runs", "reference")}
#: Those that write beside what they are given.
BESIDE = {("feedback", "import")}
#: Those whose argument is what they write; tried by tests/core/store/test_backup.py.
GIVEN_A_NAME = {("backup",)}
#: Those of which no file is known for one of theirs; tried by tests/app/test_data_command.py.
ANYBODYS = {("data", "export")}
#: Those whose output is a folder that others may use too; tried by tests/core/catalog/test_folder_watch.py.
SHARED_FOLDERS = {("watch-folder",)}
#: A share and a person, no places.
NUMBERS = {(("policy", "arm"), "target"), (("queue", "assign"), "to")}
#: What is only read, or says where the home is.
SOUNDS_LIKE_ONE = {"output", "out", "to", "target", "html", "save", "destination", "rejected", "predictions"}
READ = {"home_dir", "users", "labelled", "file", "on", "chromium", "draft", "folder"}


def invoked(home: Home, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["--home", str(home.settings.home), *map(str, arguments)])


def walked(command: Any, *words: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, command
    for word, below in getattr(command, "commands", {}).items():
        yield from walked(below, *words, word)


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands change what happens on a bug for the rest of their process; here it goes on after them."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


@pytest.fixture(scope="module")
def full(trained: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a run and two versions. Tests may add to it."""
    place = tmp_path_factory.mktemp("full")
    shutil.copytree(trained.settings.home, place, dirs_exist_ok=True)
    home = Home.open(place)
    checked = intake.read("second.csv", make.csv(make.users(600, seed=1)), make.SCHEMA, need_label=True)
    dataset = home.datasets.put(checked, make.SCHEMA, now=make.NOW, need_label=True)
    home.training.learn(dataset, make.SCHEMA, make.policy().thresholds, now=make.NOW, seed=1)
    (place / "users.csv").write_bytes(make.csv(make.users(60, seed=2).drop(columns="spam")))
    assert invoked(home, "score", place / "users.csv", "-o", place / "scored.csv").exit_code == 0
    return home


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with what the commands are given."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.chdir(folder)
    users = make.users(60, seed=2).drop(columns="spam")
    (folder / "users.csv").write_bytes(make.csv(users))
    (folder / "bad.csv").write_bytes(make.csv(users) + b"u81,many,0,1,0,3,a,DE\n")
    (folder / "on.csv").write_bytes(make.csv(make.users(600, seed=3)))
    return folder


def run(home: Home, case: Case, *more: str) -> Result:
    return invoked(home, *case.words, *case.given, case.option, case.output, *more)


def test_every_command_that_writes_a_file_is_among_those_tried_here() -> None:
    known = {case.words for case in FILES} | {*FOLDERS} | NEW_FOLDERS | ANYBODYS
    paths = {
        (words, name)
        for words, command in walked(get_command(app))
        for name, kind in (typing.get_type_hints(command.callback) if command.callback else {}).items()
        if "Path" in str(kind) or name in SOUNDS_LIKE_ONE
    }
    outputs = {(words, name) for words, name in paths if name not in READ} - NUMBERS
    assert {words for words, _ in outputs} == known | SHARED_FOLDERS
    assert {name for words, name in outputs if words not in SHARED_FOLDERS} == {"output", "html"}
    overwriting = {
        words
        for words, command in walked(get_command(app))
        if any("--overwrite" in parameter.opts for parameter in command.params)
    }
    assert overwriting == (known | BESIDE | GIVEN_A_NAME | {("schema",)}) - NEW_FOLDERS


@pytest.mark.parametrize("case", FILES, ids=lambda case: f"{'-'.join(case.words)}-{case.output}")
def test_a_file_of_somebody_elses_is_left_alone_until_that_is_asked_for(case: Case, place: Path, full: Home) -> None:
    path = place / case.output
    path.write_text(THEIRS)
    before = len(full.runs.recent())
    refused = run(full, case)
    assert (refused.exit_code, refused.stdout, path.read_text()) == (2, "", THEIRS)
    assert case.output in refused.stderr
    assert FOREIGN in refused.stderr
    assert len(full.runs.recent()) == before  # it is said before any work is done

    done = run(full, case, "--overwrite")
    assert done.exit_code == 0, done.stderr
    first = path.read_bytes()
    assert first != THEIRS.encode()
    again = run(full, case)  # an own file needs no word
    assert again.exit_code == 0, again.stderr
    path.write_bytes(b"")
    assert run(full, case).exit_code == 0  # nor one without a byte
    assert path.stat().st_size
    assert [each.name for each in place.iterdir() if each.suffix == ".tmp"] == []


@pytest.mark.parametrize("case", FILES, ids=lambda case: f"{'-'.join(case.words)}-{case.output}")
@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_what_the_home_keeps_is_no_place_for_an_output(case: Case, more: list[str], place: Path, full: Home) -> None:
    path = full.settings.feedback / f"feedback{Path(case.output).suffix}"
    path.parent.mkdir(exist_ok=True)
    refused = invoked(full, *case.words, *case.given, case.option, path, *more)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "keeps its own files there" in refused.stderr
    assert not path.exists()


def same(path: Path) -> Path:
    return path


def relative(path: Path) -> Path:
    return Path("..") / path.parent.name / "." / path.name


def link(path: Path) -> Path:
    (path.parent / "link.csv").symlink_to(path)
    return path.parent / "link.csv"


def second_name(path: Path) -> Path:
    os.link(path, path.parent / "second.csv")
    return path.parent / "second.csv"


def plain(text: bytes) -> bytes:
    return text


NAMED = pytest.mark.parametrize("named", [same, relative, link, second_name])
PACKED = pytest.mark.parametrize("packed", [plain, gzip.compress])


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
@NAMED
@PACKED
@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_what_is_scored_is_not_replaced_by_its_scores(
    named: Callable[[Path], Path], packed: Callable[[bytes], bytes], more: list[str], place: Path, full: Home
) -> None:
    path = place / "users.csv"
    path.write_bytes(packed(path.read_bytes()))
    kept, output = path.read_bytes(), named(path)
    for one, other in ((path, output), (output, path)):
        refused = invoked(full, "score", one, "-o", other, *more)
        assert (refused.exit_code, path.read_bytes()) == (2, kept)
        assert "is read by this command" in refused.stderr


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_scores_that_are_scored_again_are_not_replaced_either(more: list[str], place: Path, full: Home) -> None:
    assert invoked(full, "score", "users.csv", "-o", "scored.csv", "--keep-features").exit_code == 0
    kept = (place / "scored.csv").read_bytes()
    refused = invoked(full, "score", "scored.csv", "-o", "scored.csv", *more)
    assert (refused.exit_code, (place / "scored.csv").read_bytes()) == (2, kept)


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
@NAMED
@pytest.mark.parametrize("more", [[], ["--overwrite"]])
@pytest.mark.parametrize("given", ["users.csv", "bad.csv"])
@pytest.mark.parametrize("output", ["y.csv", "y.parquet"])
def test_what_is_scored_is_not_replaced_by_its_rejected_rows_nor_taken_away_without_any(
    named: Callable[[Path], Path], more: list[str], given: str, output: str, place: Path, full: Home
) -> None:
    path = place / "y.rejected.csv"
    shutil.copy(place / given, path)
    kept = path.read_bytes()
    refused = invoked(full, "score", named(path), "-o", output, *more)
    assert (refused.exit_code, path.read_bytes()) == (2, kept)
    assert "y.rejected.csv" in refused.stderr
    assert "Rejected rows would go there: give y." in refused.stderr
    assert not (place / output).exists()


def test_a_strange_file_in_the_place_of_rejected_rows_is_in_the_way_only_when_there_are_some(
    place: Path, full: Home
) -> None:
    strange, before = place / "y.rejected.csv", len(full.runs.recent())
    strange.write_text(THEIRS)
    refused = invoked(full, "score", "bad.csv", "-o", "y.csv")
    assert (refused.exit_code, strange.read_text()) == (2, THEIRS)
    assert FOREIGN in refused.stderr
    assert (len(full.runs.recent()), (place / "y.csv").exists()) == (before, False)
    for more in ([], ["--overwrite"]):
        done = invoked(full, "score", "users.csv", "-o", "y.csv", *more)
        assert (done.exit_code, strange.read_text()) == (0, THEIRS)
        assert "y.rejected.csv is not of this command and is left as it is" in done.stderr
    assert invoked(full, "score", "bad.csv", "-o", "y.csv", "--overwrite").exit_code == 3
    assert strange.read_text().startswith('"line","row","column",')
    assert invoked(full, "score", "users.csv", "-o", "y.csv").exit_code == 0  # its own it takes away
    assert not strange.exists()


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
def test_scores_and_rejected_rows_do_not_go_to_one_place(place: Path, full: Home) -> None:
    assert invoked(full, "score", "users.csv", "-o", "y.csv").exit_code == 0
    (place / "y.rejected.csv").symlink_to("y.csv")
    for given in ("users.csv", "bad.csv"):
        assert invoked(full, "score", given, "-o", "y.csv", "--overwrite").exit_code == 2
    assert (place / "y.csv").read_text().startswith("user,name,country,score,")


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_users_to_compare_on_are_not_replaced_by_the_report(more: list[str], place: Path, full: Home) -> None:
    (place / "on.csv").rename(place / "on.html")
    kept = (place / "on.html").read_bytes()
    refused = invoked(full, "registry", "compare", "v0001", "v0001", "--on", "on.html", "--html", "on.html", *more)
    assert (refused.exit_code, (place / "on.html").read_bytes()) == (2, kept)


def feedback(place: Path, *lines: str, name: str = "given.csv") -> Path:
    (place / name).write_text("\n".join(["prediction_id,actual_label", *lines, ""]), encoding="utf-8")
    return place / name


def test_a_strange_file_in_the_place_of_rejected_feedback_is_kept_and_nothing_is_stored(place: Path, own: Home) -> None:
    invoked(own, "score", "users.csv", "-o", "scored.csv")
    strange = place / "given.rejected.csv"
    strange.write_text("prediction_id,actual_label\nr-0001-3,1\n")
    kept = strange.read_text()
    refused = invoked(own, "feedback", "import", feedback(place, "r-0001-1,1", "r-0009-1,1"))
    assert (refused.exit_code, strange.read_text()) == (2, kept)
    assert FOREIGN in refused.stderr
    assert len(own.feedback.read()) == 0
    done = invoked(own, "feedback", "import", feedback(place, "r-0001-1,1"))
    assert (done.exit_code, strange.read_text()) == (0, kept)
    assert "given.rejected.csv is not of this command and is left as it is" in done.stderr
    assert invoked(own, "feedback", "import", feedback(place, "r-0009-1,1"), "--overwrite").exit_code == 3
    assert strange.read_text().startswith('"row","column","sentence","record"\n')
    assert invoked(own, "feedback", "import", feedback(place, "r-0009-1,1")).exit_code == 3
    assert invoked(own, "feedback", "import", feedback(place, "r-0001-1,1")).exit_code == 0
    assert not strange.exists()


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
@pytest.mark.parametrize("lines", [["r-0009-1,1"], ["r-0001-1,1"]])
def test_feedback_is_not_replaced_by_its_rejected_rows(lines: list[str], place: Path, own: Home) -> None:
    path = feedback(place, *lines, name="given.rejected.csv")
    kept = path.read_bytes()
    (place / "given.csv").symlink_to(path)
    refused = invoked(own, "feedback", "import", "given.csv", "--overwrite")
    assert (refused.exit_code, path.read_bytes()) == (2, kept)


def test_a_schema_is_not_inferred_from_the_file_it_would_replace(own: Home) -> None:
    shutil.copy(own.settings.schema_file, own.settings.home / "before.toml")
    own.settings.schema_file.write_bytes(make.csv(make.users(60)))
    refused = invoked(own, "schema", own.settings.schema_file, "--label", "spam", "--force")
    assert (refused.exit_code, own.settings.schema_file.read_bytes()) == (2, make.csv(make.users(60)))
    shutil.copy(own.settings.home / "before.toml", own.settings.schema_file)
    (own.settings.home / "users.csv").write_bytes(make.csv(make.users(60)))
    assert invoked(own, "schema", own.settings.home / "users.csv", "--label", "spam", "--overwrite").exit_code == 0
    assert schemas.load(own.settings.schema_file).label is not None


@pytest.mark.parametrize(("words", "name"), FOLDERS.items(), ids=str)
def test_a_folder_of_files_is_not_written_over_somebody_elses(words: tuple[str], name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(THEIRS)
    refused = CliRunner().invoke(app, [*words, "-o", str(tmp_path)])
    assert (refused.exit_code, (tmp_path / name).read_text()) == (2, THEIRS)
    assert name in refused.stderr
    assert FOREIGN in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_references_are_renewed_without_asking_and_others_when_asked(tmp_path: Path) -> None:
    (tmp_path / "api.md").write_text(THEIRS)
    for more, code in (([], 2), (["--overwrite"], 0), ([], 0)):
        assert CliRunner().invoke(app, ["reference", "-o", str(tmp_path), *more]).exit_code == code


def test_pictures_are_known_by_the_manifest_beside_them(tmp_path: Path) -> None:
    picture_manifest.record({"overview": "overview.png"}, tmp_path)
    for name in ("overview.png", "review.png"):
        (tmp_path / name).write_text("a picture")
    assert picture_manifest.is_ours(tmp_path / "overview.png")
    assert picture_manifest.is_ours(tmp_path / picture_manifest.MANIFEST)
    assert not picture_manifest.is_ours(tmp_path / "review.png")
    (tmp_path / picture_manifest.MANIFEST).write_text('{"pages": {}, "name": "my web app"}')
    assert not picture_manifest.is_ours(tmp_path / picture_manifest.MANIFEST)
    assert not picture_manifest.is_ours(tmp_path / "overview.png")


def test_a_version_is_not_exported_into_what_the_home_keeps(full: Home) -> None:
    refused = invoked(full, "registry", "export", "v0001", "-o", full.settings.models / "v0009")
    assert (refused.exit_code, (full.settings.models / "v0009").exists()) == (2, False)


@pytest.mark.skipif(os.name == "nt", reason="there is no /dev/stdin")
def test_users_that_come_in_over_stdin_are_not_replaced(place: Path, full: Home) -> None:
    kept = (place / "users.csv").read_bytes()
    command = [sys.executable, "-m", "app", "--home", str(full.settings.home), "score", "/dev/stdin", "-o", "users.csv"]
    with (place / "users.csv").open("rb") as stdin:
        done = subprocess.run(
            [*command, "--overwrite"], check=False, capture_output=True, text=True, stdin=stdin, cwd=place,
            env=os.environ | {"TRUSTDESK_NO_VENV": "1", "PYTHONPATH": str(ROOT)}, timeout=120,
        )  # fmt: skip
    assert (done.returncode, (place / "users.csv").read_bytes()) == (2, kept), done.stderr


def test_a_report_is_known_by_what_it_is_of(place: Path, full: Home) -> None:
    assert run(full, FILES[2]).exit_code == 0
    assert "report.html" in invoked(
        full, "registry", "compare", "v0001", "v0001", "--on", "on.csv", "--html", "report.html"
    ).stderr  # fmt: skip
    text = (place / "report.html").read_text(encoding="utf-8")
    (place / "report.html").write_text(text.replace('content="Trustdesk: scores"', 'content="Another"'))
    assert run(full, FILES[2]).exit_code == 2


def test_a_scored_file_with_a_column_of_ones_own_at_its_end_is_not_the_commands_any_more(
    place: Path, full: Home
) -> None:
    assert run(full, FILES[0]).exit_code == 0
    pd.read_csv("scored.csv").assign(note="mine").to_csv("scored.csv", index=False)
    kept = (place / "scored.csv").read_bytes()
    assert (run(full, FILES[0]).exit_code, (place / "scored.csv").read_bytes()) == (2, kept)
