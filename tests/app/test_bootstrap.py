"""The set-up, in small copies of the repository whose only dependency is a wheel made here.

No test but the slow one needs a network: the package index is a closed port, or a folder.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from app import bootstrap
from app.__main__ import too_old
from core.settings import ROOT

CLOSED = "http://127.0.0.1:9/simple"
COMMAND_LINE = """
import os, sys
def main() -> None:
    import trustdesk_pebble
    print(sys.argv[1:], sys.prefix, os.environ["PYTHONPATH"], os.environ["OMP_WAIT_POLICY"], flush=True)
    raise SystemExit(7)
"""
PROJECT = """
[project]
name = "trustdesk"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = [{0}]
[project.optional-dependencies]
dev = [{0}]
[tool.uv]
package = false
"""
EMPTY_LOCK = """
version = 1
requires-python = ">=3.11"
[[package]]
name = "trustdesk"
version = "0.1.0"
source = { virtual = "." }
[package.metadata]
provides-extras = ["dev"]
"""


def small_copy(root: Path, *, dependency: str = '"trustdesk-pebble>=1"') -> Path:
    (root / "app").mkdir(parents=True)
    for name in ("__init__.py", "__main__.py", "bootstrap.py"):
        shutil.copy(ROOT / "app" / name, root / "app" / name)
    (root / "app" / "cli.py").write_text(COMMAND_LINE, encoding="utf-8")
    (root / "pyproject.toml").write_text(PROJECT.format(dependency), encoding="utf-8")
    (root / "uv.lock").write_text(EMPTY_LOCK, encoding="utf-8")
    return root


def wheels(folder: Path) -> Path:
    """A folder with the one package that the small copies need."""
    folder.mkdir()
    about = "trustdesk_pebble-1.0.dist-info"
    with zipfile.ZipFile(folder / "trustdesk_pebble-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("trustdesk_pebble.py", "")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: trustdesk-pebble\nVersion: 1.0\n")
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "")
    return folder


def start(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`python3 -m app` in `root`, on a machine without uv whose pip is set up by these variables alone."""
    home = ("PIP_", "UV_", "TRUSTDESK_", "PYTHONPATH", "VIRTUAL_ENV", "OMP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(home)}
    environment = {**kept, "PATH": "", "PIP_CONFIG_FILE": os.devnull, **variables}
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=root, env=environment, timeout=200)


@pytest.fixture(scope="module")
def folder_of_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheels(tmp_path_factory.mktemp("index") / "wheels")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, folder_of_wheels: Path) -> Path:
    """A copy whose first start found no network and whose second start found the packages."""
    root = small_copy(tmp_path_factory.mktemp("copy") / "a folder")
    first = start(root, PIP_INDEX_URL=CLOSED)
    (root / ".venv" / "half-written").touch()
    second = start(root, "score", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(folder_of_wheels))

    assert first.returncode == 2
    assert "Setting up .venv once" in first.stderr
    assert "could not fetch its packages (No matching distribution found for trustdesk-pebble>=1)" in first.stderr
    assert "PIP_INDEX_URL" in first.stderr
    assert "Traceback" not in first.stderr
    assert second.returncode == 7, second.stderr
    assert "Setting up .venv once" in second.stderr
    return root


@pytest.fixture
def out_of_date(ready: Path) -> Iterator[Path]:
    """The same copy after its stamp was lost."""
    stamp = ready / ".venv" / "trustdesk.stamp"
    kept = stamp.read_text()
    stamp.unlink()
    yield ready
    stamp.write_text(kept)


def test_a_set_up_that_was_cut_off_is_begun_afresh(ready: Path) -> None:
    assert not (ready / ".venv" / "half-written").exists()
    assert bootstrap.is_current(ready)


def test_a_later_start_hands_over_at_once_with_arguments_exit_code_and_path(ready: Path) -> None:
    later = start(ready, "score", "a file.csv", PIP_INDEX_URL=CLOSED)

    assert later.returncode == 7
    assert later.stdout == f"['score', 'a file.csv'] {ready / '.venv'} {ready} passive\n"
    assert later.stderr == ""


def test_the_folder_app_can_be_started_from_anywhere(ready: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(ready / "app"), "train"]
    elsewhere = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)

    assert elsewhere.returncode == 7
    assert elsewhere.stdout.startswith("['train']")


def test_of_two_starts_the_second_waits_and_does_not_set_up_again(out_of_date: Path) -> None:
    stamp = out_of_date / ".venv" / "trustdesk.stamp"
    with bootstrap._alone(out_of_date):
        second = subprocess.Popen(
            [sys.executable, "-m", "app"], cwd=out_of_date, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert second.stderr is not None
        said = second.stderr.readline()
        stamp.write_text(bootstrap.digest(out_of_date), encoding="utf-8")
    _, rest = second.communicate(timeout=200)

    assert said == "Another start is setting up .venv; waiting for it ...\n"
    assert rest == ""
    assert second.returncode == 7


def test_a_changed_lock_brings_the_environment_up_to_date_in_place(ready: Path, folder_of_wheels: Path) -> None:
    (ready / "uv.lock").write_text(EMPTY_LOCK + "\n", encoding="utf-8")
    (ready / ".venv" / "kept").touch()

    again = start(ready, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(folder_of_wheels))

    assert "Bringing .venv up to date" in again.stderr
    assert again.returncode == 7
    assert (ready / ".venv" / "kept").exists()


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not on the PATH")
def test_uv_is_used_where_it_is_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    root = small_copy(tmp_path / "copy", dependency="")

    assert bootstrap.set_up(root)

    assert "uv sync --frozen" in (root / ".venv.log").read_text().splitlines()[0].replace("uv.exe", "uv")
    assert bootstrap.is_current(root)
    assert not bootstrap.set_up(root)


def test_the_current_python_is_taken_as_it_is_when_asked(tmp_path: Path) -> None:
    root = small_copy(tmp_path / "copy")
    lacking = start(root, TRUSTDESK_NO_VENV="1")
    (root / "trustdesk_pebble.py").touch()
    complete = start(root, TRUSTDESK_NO_VENV="1")

    assert lacking.stdout == ""
    assert complete.returncode == 7
    assert complete.stdout.split()[1:] == [sys.prefix, str(root), "passive"]
    assert not (root / ".venv").exists()


def test_a_package_that_the_current_python_lacks_is_named(tmp_path: Path) -> None:
    root = small_copy(tmp_path / "copy")
    (root / "app" / "cli.py").write_text("import trustdesk_pebble.inside\n", encoding="utf-8")

    lacking = start(root, TRUSTDESK_NO_VENV="1")

    assert lacking.returncode == 2
    assert "TRUSTDESK_NO_VENV is set, but this Python lacks trustdesk_pebble." in lacking.stderr
    assert "Traceback" not in lacking.stderr


def test_an_own_module_that_is_missing_is_a_bug_and_not_a_set_up(tmp_path: Path) -> None:
    root = small_copy(tmp_path / "copy")
    (root / "app" / "cli.py").write_text("import core.absent\n", encoding="utf-8")

    assert "Traceback" in start(root, TRUSTDESK_NO_VENV="1").stderr


def test_python_without_ensurepip_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(bootstrap.SetUpError, match="apt install python3-venv"):
        bootstrap.set_up(small_copy(tmp_path / "copy"))


def test_a_folder_that_cannot_be_written_gives_a_sentence(tmp_path: Path) -> None:
    root = small_copy(tmp_path / "copy")
    (root / ".venv.lock").mkdir()

    with pytest.raises(bootstrap.SetUpError, match="cannot make its environment in"):
        bootstrap.set_up(root)


def test_control_c_during_the_set_up_is_no_crash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_root: Path) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    monkeypatch.delenv("TRUSTDESK_NO_VENV", raising=False)
    monkeypatch.setattr(bootstrap, "set_up", interrupted)

    assert bootstrap.start([]) == 130
    assert "Start again" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock"])
def test_the_stamp_depends_on_each_file(tmp_path: Path, name: str) -> None:
    root = small_copy(tmp_path / "copy")
    before = bootstrap.digest(root)
    (root / name).write_text("# changed\n", encoding="utf-8")

    assert bootstrap.digest(root) != before


def test_the_stamp_depends_on_the_version_of_python(tmp_path: Path) -> None:
    root = small_copy(tmp_path / "copy")

    assert bootstrap.digest(root, version=(3, 11)) != bootstrap.digest(root, version=(3, 12))


def test_an_environment_of_another_python_is_not_reused(tmp_path: Path) -> None:
    python = bootstrap.python_of(tmp_path)
    python.parent.mkdir(parents=True)
    python.touch()
    about = tmp_path / "pyvenv.cfg"

    about.write_text(f"version_info = {sys.version_info[0]}.{sys.version_info[1]}.2\n")
    assert bootstrap._reusable(tmp_path)
    about.write_text("version = 3.1.4\n")
    assert not bootstrap._reusable(tmp_path)


@pytest.mark.parametrize(("variable", "own"), [("PIP_INDEX_URL", True), ("PIP_EXTRA_INDEX_URL", False)])
def test_only_an_index_in_place_of_the_public_one_counts_as_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, own: bool
) -> None:
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv(variable, CLOSED)

    assert bootstrap._has_own_index(tmp_path, bootstrap._base_python()) is own


def test_a_full_disk_is_not_called_a_missing_network() -> None:
    sentence = bootstrap.advice("error: Failed to install\n  cause: No space left on device (os error 28)\n")

    assert sentence.startswith("The disk is full (Failed to install).")


def test_a_python_that_is_too_old_is_told_so_in_one_sentence() -> None:
    assert too_old((3, 11)) == too_old((3, 14)) == ""
    assert too_old((3, 9)).startswith("Trustdesk needs Python 3.11 or newer; this is 3.9.")


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_a_python_that_is_too_old_can_read_far_enough_to_say_so(name: str) -> None:
    tree = ast.parse((ROOT / "app" / name).read_text(encoding="utf-8"), feature_version=(3, 6))
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}

    assert imported <= {"os", "sys"}
    assert not [node for node in tree.body if isinstance(node, ast.ImportFrom)]


def test_the_lock_is_the_one_of_this_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [Requirement(line) for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]]
    (ours,) = [package for package in _lock()["package"] if package["name"] == project["name"]]

    locked = {(entry["name"], SpecifierSet(entry.get("specifier", ""))) for entry in ours["metadata"]["requires-dist"]}
    assert locked == {(canonicalize_name(one.name), one.specifier) for one in wanted}, "run `uv lock`"


def test_the_lock_names_public_addresses_only() -> None:
    sources = {package["source"].get("registry") for package in _lock()["package"]}
    files = [wheel["url"] for package in _lock()["package"] for wheel in package.get("wheels", [])]

    assert sources == {"https://pypi.org/simple", None}
    assert {url.split("/")[2] for url in files} == {"files.pythonhosted.org"}


def _lock() -> dict[str, Any]:
    return tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_a_fresh_clone_sets_itself_up_from_the_public_index(tmp_path: Path) -> None:
    for name in ("app", "core", "pages"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, tmp_path / name)

    helped = start(tmp_path, "--help")

    assert helped.returncode == 0, helped.stderr
    assert "Usage: python3 -m app" in helped.stdout
