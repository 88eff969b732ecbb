"""What every test shares: a clean environment, an empty home and, where there is one, the folder of real data."""

from __future__ import annotations

import functools
import logging
import os
import shutil
from pathlib import Path

import hypothesis
import pytest
import typer.testing
from streamlit.components.v2 import manifest_scanner

from core.home import Home
from core.schema import schema as schemas
from core.settings import (
    ADDRESS_VARIABLE,
    ENDPOINT_VARIABLE,
    FRAMES_VARIABLE,
    HOME_VARIABLE,
    HOSTS_VARIABLE,
    ROOT,
    TOKEN_VARIABLES,
    WEBHOOK_VARIABLE,
)
from tests import forked, make, make_messages
from tests.core.review.earned import made as make_earned

# A busy machine is no counterexample: the time limit of a test is pytest's, not each example's.
hypothesis.settings.register_profile("trustdesk", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20)

# Streamlit warns at every call outside a session, as calls in tests are. It sets the levels of its loggers
# itself, so a filter is what lasts.
logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").addFilter(
    lambda record: "missing ScriptRunContext" not in record.getMessage()
)

# At its first run each AppTest reads the metadata of all packages installed, to find components: a quarter of a second
# each time. They stay what they are.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
# Each call of a command in a test has the whole command line made anew, from the signatures of all commands: a third of
# a second each time.
typer.testing._get_command = functools.cache(typer.testing._get_command)  # type: ignore[attr-defined]

#: Few tests that take long: begun first, so that the processes end together.
LONG = (
    "tests/e2e", "tests/test_documents.py", "tests/test_style.py", "tests/test_real_sets.py",
    "tests/core/test_killed.py",
    "tests/app/test_bootstrap.py",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    quick = "not slow" in config.getoption("markexpr")
    hypothesis.settings.load_profile("quick" if quick else "trustdesk")
    forked.begin()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    paths = {item.path for item in items}
    long = {path for path in paths if any(path.is_relative_to(ROOT / each) for each in LONG)}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True)
def _no_home_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = (HOME_VARIABLE, ENDPOINT_VARIABLE, WEBHOOK_VARIABLE, ADDRESS_VARIABLE, HOSTS_VARIABLE, FRAMES_VARIABLE)
    for name in (*ours, *TOKEN_VARIABLES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session", autouse=True)
def _homes_of_this_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    own = tmp_path_factory.getbasetemp()
    make.homes = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "homes"
    make.homes.mkdir(exist_ok=True)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that holds nothing yet."""
    return Home.open(tmp_path)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `shared` beside the repository, with data too large or too private to commit."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"there is no folder {folder}")
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a live model. Tests may add to it; one that changes what is there uses `own`."""
    home = Home.open(tmp_path_factory.mktemp("trained"))
    make.trained_home(home)
    return home


@pytest.fixture
def own(trained: Home, tmp_path: Path) -> Home:
    """A copy of the trained home for one test."""
    return make.copied(trained, tmp_path)


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The trained home with a second version, by Bob, of the same users. For tests that copy it."""
    home, first = Home.open(tmp_path_factory.mktemp("taught")), Home.open(tmp_path_factory.mktemp("first"))

    def teach() -> None:
        make.trained_home(first)
        make.copied(first, home.settings.home)
        schema, dataset = schemas.load(home.settings.schema_file), home.datasets.stored()[0]
        home.training.learn(dataset, schema, make.policy().thresholds, now=make.NOW, seed=1, by="Bob")

    make.once(home, teach, "taught")
    return home


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of messages whose violations have categories. Tests may add to it; one that changes it copies it."""
    return make_messages.home_of(Home.open(tmp_path_factory.mktemp("kinds")), make_messages.KINDS)


@pytest.fixture(scope="session")
def kinds_twice(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same with v0002, of other messages. For tests that copy it."""
    home, first = Home.open(tmp_path_factory.mktemp("kinds_twice")), Home.open(tmp_path_factory.mktemp("first"))

    def teach() -> None:
        make.copied(make_messages.home_of(first, make_messages.KINDS), home.settings.home)
        dataset = make_messages.stored(home, make_messages.of_kinds(make_messages.messages(400, seed=1)))
        home.training.learn(dataset, make_messages.KINDS, make.policy().thresholds, now=make.NOW, seed=1)

    make.once(home, teach, "kinds twice")
    return home


@pytest.fixture(scope="session")
def earned(taught: Home, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    """Homes that tests copy: users of the band drawn to audit automatic removal, and 60 of them judged."""
    folder = tmp_path_factory.mktemp("earned")
    return make_earned(taught, folder / "drawn", folder / "proven")


@pytest.fixture
def proven(earned: tuple[Home, Home], tmp_path: Path) -> Home:
    """A home in which a lead may arm automation."""
    return Home.open(shutil.copytree(earned[1].settings.home, tmp_path / "proven"))


@pytest.fixture
def two(taught: Home, tmp_path: Path) -> Home:
    """v0001 live, nothing on record; v0002, trained by Bob, beside it."""
    shutil.copytree(taught.settings.home, tmp_path, dirs_exist_ok=True)
    return Home.open(tmp_path)
