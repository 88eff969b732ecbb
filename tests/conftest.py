"""What every test shares: a clean environment, an empty home and, where there is one, the folder of real data."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import hypothesis
import pytest

from core.home import Home
from core.settings import ADDRESS_VARIABLE, ENDPOINT_VARIABLE, HOME_VARIABLE, ROOT, TOKEN_VARIABLES, WEBHOOK_VARIABLE
from tests import make

# A busy machine is no counterexample: the time limit of a test is pytest's, not each example's.
hypothesis.settings.register_profile("trustdesk", deadline=None)
hypothesis.settings.load_profile("trustdesk")

# Streamlit warns at every call outside a session, as calls in tests are. It sets the levels of its loggers
# itself, so a filter is what lasts.
logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").addFilter(
    lambda record: "missing ScriptRunContext" not in record.getMessage()
)


@pytest.fixture(autouse=True)
def _no_home_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (HOME_VARIABLE, ENDPOINT_VARIABLE, WEBHOOK_VARIABLE, ADDRESS_VARIABLE, *TOKEN_VARIABLES):
        monkeypatch.delenv(name, raising=False)


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
    """A home with a model in charge. Tests may add to it; one that changes what is there uses `own`."""
    settings = Home.open(tmp_path_factory.mktemp("trained"))
    make.trained_home(settings)
    return settings


@pytest.fixture
def own(trained: Home, tmp_path: Path) -> Home:
    """A copy of the trained home for one test."""
    shutil.copytree(trained.settings.models, tmp_path / "models")
    (tmp_path / "data").mkdir()
    for path in (trained.settings.schema_file, trained.settings.salt_file):
        shutil.copy(path, tmp_path / "data")
    dataset = trained.registry.load().metadata.data.dataset
    shutil.copytree(trained.settings.datasets / dataset, tmp_path / "data" / "datasets" / dataset)
    return Home.open(tmp_path)
