"""Training runs in an MLflow server: what it gets, what waits while it is away, and a version that comes back."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.access.endpoints import Tracking
from core.errors import BadOptionError, NewerFormatError, RefusedError, RemoteError
from core.home import Home
from core.hub import sandbox, tracking_server
from core.hub.places import Source
from core.hub.tracking_server import TrackingServer
from core.registry.origin import Origin
from core.schema import schema as schemas
from tests import make
from tests.make import NOW


@pytest.fixture
def own(trained: Home, tmp_path: Path) -> Home:
    """A copy of the trained home, with its training run."""
    return Home.open(shutil.copytree(trained.settings.home, tmp_path / "home"))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """MLflow's own store of files, through the client that asks servers."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return serve(monkeypatch, (tmp_path / "mlflow").as_uri())


def serve(monkeypatch: pytest.MonkeyPatch, address: str) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    return address


def away(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return serve(monkeypatch, f"http://127.0.0.1:{taken.getsockname()[1]}")


def send(home: Home, **options: Any) -> Any:
    return home.mirror.send(now=lambda: NOW, told=lambda *_: None, **options)


def client() -> Any:
    tracking = Tracking.of()
    assert tracking is not None
    return TrackingServer(tracking)._client


def recorded() -> Any:
    (found,) = client().search_runs([client().get_experiment_by_name("trustdesk").experiment_id])
    return found


def test_a_training_run_is_there_with_its_figures_to_the_last_bit(own: Home, store: str) -> None:
    before = home_waiting(own)
    send(own)

    (run,), found = own.training_runs.listed(), recorded()
    assert before.sentence.startswith("1 training run and the live model wait for MLflow")
    assert {name: found.data.metrics[name] for name in ("n", "positives", "training_pr_auc")} == {
        "n": run.figures.n, "positives": run.figures.positives, "training_pr_auc": run.training_pr_auc,
    }  # fmt: skip
    for name, figure in run.figures.overall.items():
        assert [found.data.metrics[f"{name}{end}"] for end in ("", "_low", "_high")] == [
            figure.value, figure.low, figure.high,
        ]  # fmt: skip
    at = run.figures.at["human_review"]["precision"]
    assert found.data.metrics["thresholds/human_review/precision_low"] == at.low
    assert found.data.params["data_sha256"] == run.data.sha256
    assert found.data.params["family"] == "xgboost"
    assert found.inputs.dataset_inputs[0].dataset.digest == run.data.sha256[:36]
    assert found.data.tags["trustdesk.training_run"] == "t-0001"
    assert not home_waiting(own)


def test_its_files_are_the_version_without_its_users_and_the_alias_leads_to_it(own: Home, store: str) -> None:
    send(own)

    names = {each.path for each in client().list_artifacts(recorded().info.run_id, "version")}
    champion = client().get_model_version_by_alias("trustdesk", "champion")
    assert {"version/model.ubj", "version/SHA256SUMS", "version/README.md", "version/model_metrics.json"} <= names
    assert "version/users.parquet" not in names
    assert champion.tags["trustdesk.version"] == "v0001"
    assert champion.run_id == recorded().info.run_id


def test_another_champion_moves_the_alias_and_nothing_is_sent_twice(own: Home, store: str) -> None:
    """The other one was trained by nobody here: it gets there with what it says of itself."""
    send(own)
    first = client().get_model_version_by_alias("trustdesk", "champion").version
    origin = Origin("https://hub.example", "ada/spam", "0" * 40, "Ada", NOW)
    other = own.registry.adopt(own.settings.models / "v0001", origin)
    own.registry.promote(other, by="Ada", why="Better.", now=NOW)
    assert (home_waiting(own).runs, home_waiting(own).champion) == ((), other)
    send(own)
    send(own, again=True)

    assert client().get_model_version_by_alias("trustdesk", "champion").version != first
    assert len(client().search_model_versions("name='trustdesk'")) == 2
    found = client().search_runs([client().get_experiment_by_name("trustdesk").experiment_id])
    assert len(found) == 2
    assert len({each.data.metrics["pr_auc"] for each in found}) == 1


@pytest.fixture
def other(own: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Another home with the same columns, and no model."""
    found = Home.open(tmp_path_factory.mktemp("other"))
    schemas.save(schemas.load(own.settings.schema_file), found.settings.schema_file)
    return found


def pull(home: Home, name: str = "models:/trustdesk@champion", why: str = "") -> Any:
    return home.hub.pull(Source(name), by="Eve", now=NOW, why=why)


def test_a_version_comes_back_by_its_alias_byte_for_byte(own: Home, other: Home, store: str) -> None:
    """It is tried in a process of its own, as what comes from a Hub is."""
    send(own)
    pulled = pull(other)

    assert other.registry.load(pulled.version).metadata == own.registry.load("v0001").metadata
    assert not pull(other, "models:/trustdesk/1").new
    assert (other.settings.models / "v0001" / "model.ubj").read_bytes() == (
        own.settings.models / "v0001" / "model.ubj"
    ).read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model.ubj", b"another", "SHA256SUMS"),
        ("model.pkl", b"a pickle", "can run code"),
        ("notes.txt", b"", "no file of a version"),
    ],
)
def test_what_a_hub_is_refused_for_is_refused_here(
    own: Home, other: Home, store: str, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, said: str
) -> None:
    monkeypatch.setattr(sandbox, "fault", lambda _: pytest.fail("what does not fit was tried"))
    send(own)
    folder = Path(recorded().info.artifact_uri.removeprefix("file://")) / "version"
    (folder / name).write_bytes(content)

    with pytest.raises(RefusedError, match=said):
        pull(other)
    assert other.registry.versions() == ()


def test_a_file_larger_than_is_taken_and_another_version_meanwhile_are_refused(own: Home, store: str) -> None:
    send(own)
    found = tracking_server.TrackedVersion.of("models:/trustdesk@champion")
    target = own.settings.data / "taken"

    with pytest.raises(RefusedError, match="no more than 10 are taken"):
        found.fetch("model.ubj", target, commit="", most=10, got=lambda _: None)
    with pytest.raises(RefusedError, match="another version by now"):
        found.fetch("SHA256SUMS", target, commit="0" * 64, most=10_000, got=lambda _: None)
    assert not target.exists()


def test_a_server_that_is_away_is_told_and_everything_waits_until_it_is_there(
    own: Home, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    away(monkeypatch)
    with pytest.raises(RemoteError, match="cannot be reached"):
        send(own)

    # Until it is time again, whoever works on the home is told, and no process is begun.
    told = own.mirror.begin(now=NOW + timedelta(seconds=30))
    assert told.startswith("1 training run and the live model wait for MLflow at 127.0.0.1:")
    assert "cannot be reached" in told
    assert own.jobs.look("mirror") is None
    with pytest.raises(RemoteError):
        send(own)
    failure = home_waiting(own).failure
    assert failure.tries == 2
    assert failure.next_try == NOW + timedelta(minutes=2)
    serve(monkeypatch, store)
    send(own)
    assert not home_waiting(own)


def home_waiting(home: Home) -> Any:
    return home.mirror.waiting()


def test_what_was_begun_before_a_crash_is_gone_on_with(own: Home, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: object) -> str:
        raise RemoteError("cut")

    with monkeypatch.context() as patched:
        patched.setattr(TrackingServer, "register", cut)
        with pytest.raises(RemoteError):
            send(own)
    send(own)
    assert recorded().data.tags["trustdesk.run"].endswith("/t-0001")


def test_no_server_costs_nothing_and_a_secret_in_an_address_is_refused(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert own.mirror.waiting() is None
    assert own.mirror.begin(now=NOW) == ""
    serve(monkeypatch, "https://ada:hunter2@mlflow.example")
    said = own.mirror.begin(now=NOW)
    assert "MLFLOW_TRACKING_PASSWORD" in said
    assert "hunter2" not in said
    with pytest.raises(BadOptionError):
        send(own)


def test_a_newer_format_is_refused(own: Home, store: str) -> None:
    send(own)
    for path in own.settings.tracking.glob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(NewerFormatError):
        own.mirror.waiting()


@pytest.mark.parametrize("name", ["models:/", "models:/a", "models:/a/b", "models:/a@", "models:/../x@y"])
def test_a_model_is_named_with_an_alias_or_a_number(name: str) -> None:
    with pytest.raises(BadOptionError, match="models:/NAME@ALIAS"):
        Source(name)


def test_nothing_of_mlflow_is_imported_by_whoever_only_looks(own: Home) -> None:
    code = (
        "import sys\nfrom core.home import Home\nhome = Home.open(sys.argv[1])\nassert home.mirror.waiting()\n"
        "sys.exit(bool({'mlflow', 'huggingface_hub'} & sys.modules.keys()))"
    )
    ours = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1", "PYTHONPATH": str(make.__file__).rpartition("/tests/")[0]}
    assert subprocess.run([sys.executable, "-c", code, str(own.settings.home)], env=ours, check=False).returncode == 0
