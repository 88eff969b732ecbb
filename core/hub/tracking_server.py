"""An MLflow server: what is sent there, and a version as a folder of it. Every failure becomes a sentence.

MLflow's client takes seconds to import: only a process that sends or pulls makes one. Credentials are read by it, from
its own variables; no sentence has them.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core.access.endpoints import Tracking
from core.errors import BadOptionError, RefusedError, RemoteError
from core.hub import file_checks
from core.hub.client import Snapshot
from core.hub.places import tracked_model
from core.registry.registry import SUMS
from core.settings import TRACKING_SECRET_VARIABLES, TRACKING_VARIABLE, quieten_tracking_client
from core.store.strict_json import legible

CHAMPION: Final = "champion"
#: The folder of a run there that holds the version it became.
VERSION_FOLDER: Final = "version"
_RUN_TAG: Final = "trustdesk.run"
#: Most of one request, as MLflow has it.
_MOST_METRICS, _MOST_PARAMETERS, _MOST_TEXT = 1000, 100, 6000
_MOST_DIGEST: Final = 36
_DENIED: Final = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"})


@dataclass(frozen=True, slots=True)
class Record:
    """What a server is told of a training run. `key`: names it for ever; metrics: (name, value, step)."""

    key: str
    name: str
    created: datetime
    seconds: float
    by: str
    parameters: Mapping[str, str]
    metrics: Sequence[tuple[str, float, int]]
    tags: Mapping[str, str]
    dataset: str
    sha256: str


@dataclass(frozen=True, slots=True)
class TrackingServer:
    """Asks one server. Every method raises RemoteError."""

    tracking: Tracking
    _client: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises BadOptionError without MLflow's client."""
        quieten_tracking_client()
        try:
            module = importlib.import_module("mlflow.tracking")
        except ModuleNotFoundError:
            raise BadOptionError(
                TRACKING_VARIABLE, "MLflow takes a package more: pip install 'mlflow-skinny>=3.1'."
            ) from None
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        with self._told():
            address = self.tracking.address
            object.__setattr__(self, "_client", module.MlflowClient(tracking_uri=address, registry_uri=address))

    def send(self, record: Record, files: Mapping[str, Path | bytes]) -> str:
        """Have the server hold a training run, and files of it by their paths there; the id that it has there.

        What was begun before is gone on with: the same record is there once.
        """
        from mlflow.entities import Dataset, DatasetInput, Metric, Param, RunTag  # noqa: PLC0415

        began = int(record.created.timestamp() * 1000)
        with self._told():
            experiment = self._experiment()
            run = self._found(experiment, record.key) or self._client.create_run(
                experiment, start_time=began, run_name=record.name, tags={_RUN_TAG: record.key}
            )
            identity: str = run.info.run_id
            parameters = [Param(name, value[:_MOST_TEXT]) for name, value in record.parameters.items()]
            for each in _pieces(parameters, _MOST_PARAMETERS):
                self._client.log_batch(identity, params=each)
            metrics = [Metric(name, value, began, step) for name, value, step in record.metrics]
            for each in _pieces(metrics, _MOST_METRICS):
                self._client.log_batch(identity, metrics=each)
            tags = {"mlflow.user": record.by, **record.tags} if record.by else record.tags
            self._client.log_batch(identity, tags=[RunTag(name, value) for name, value in tags.items()])
            data = Dataset(record.dataset, record.sha256[:_MOST_DIGEST], source_type="trustdesk", source=record.sha256)
            self._client.log_inputs(identity, [DatasetInput(data, [])])
            with tempfile.TemporaryDirectory() as folder:
                _lay_out(files, Path(folder))
                if files:
                    self._client.log_artifacts(identity, folder)
            self._client.set_terminated(identity, "FINISHED", end_time=began + int(record.seconds * 1000))
            return identity

    def register(self, run: str, version: str) -> str:
        """Have the files of a run be a version of the model, once; the number that it has there."""
        with self._told():
            self._make_model()
            for each in self._client.search_model_versions(f"name='{self.tracking.name}'"):
                if each.run_id == run:
                    return str(each.version)
            source = f"{self._client.get_run(run).info.artifact_uri}/{VERSION_FOLDER}"
            made = self._client.create_model_version(
                self.tracking.name, source, run, tags={"trustdesk.version": version}
            )
            return str(made.version)

    def name_champion(self, number: str) -> None:
        """Have the alias lead to a version of the model."""
        with self._told():
            self._client.set_registered_model_alias(self.tracking.name, CHAMPION, number)

    def folder_of(self, name: str, alias: str | None, number: str | None) -> Any:
        """Where the files of a version lie; MLflow's own reader of it."""
        registry = importlib.import_module("mlflow.store.artifact.artifact_repository_registry")
        with self._told():
            if alias is not None:
                number = str(self._client.get_model_version_by_alias(name, alias).version)
            source = self._client.get_model_version_download_uri(name, number)
            return registry.get_artifact_repository(source, tracking_uri=self.tracking.address)

    def _found(self, experiment: str, key: str) -> Any:
        found = self._client.search_runs([experiment], f"tags.`{_RUN_TAG}` = '{key}'", max_results=1)
        return found[0] if found else None

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(self.tracking.name)
        return str(found.experiment_id if found else self._client.create_experiment(self.tracking.name))

    def _make_model(self) -> None:
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            self._client.create_registered_model(self.tracking.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Make of every failure of the server, or on the way to it, a RemoteError."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        place = f"MLflow at {self.tracking.place}"
        try:
            yield
        except MlflowException as error:
            if error.error_code in _DENIED:
                secrets = ", ".join(TRACKING_SECRET_VARIABLES)
                raise RemoteError(f"{place} does not let these credentials do that: check {secrets}.") from error
            if isinstance(error.__cause__ or error.__context__, OSError):
                raise RemoteError(f"{place} cannot be reached. Check {TRACKING_VARIABLE} and the network.") from error
            raise RemoteError(f"{place} refuses: {legible(error.message, 200)}") from error
        except OSError as error:  # what requests raises is one, too
            raise RemoteError(f"{place} or its store of files cannot be reached: {type(error).__name__}.") from error


@dataclass(frozen=True, slots=True)
class TrackedVersion:
    """Reads the files of one version of a model there, as a Hub and a bucket are read."""

    place: str
    name: str
    _server: TrackingServer = field(repr=False)
    _folder: Any = field(repr=False)

    @classmethod
    def of(cls, text: str) -> TrackedVersion:
        """Raises BadOptionError, RemoteError."""
        (name, alias, number), tracking = tracked_model(text), Tracking.of()
        if tracking is None:
            raise BadOptionError(text, f"say which server has it: set {TRACKING_VARIABLE}.")
        server = TrackingServer(tracking)
        folder = server.folder_of(name, alias, number)
        return cls(tracking.address, name, server, folder)

    def snapshot(self) -> Snapshot:
        """What is there, known by the digest of its SHA256SUMS."""
        with self._server._told():
            listed = self._folder.list_artifacts()
        sizes = {each.path: None if each.is_dir else each.file_size for each in listed}
        if SUMS not in sizes:
            raise RemoteError(
                f"{self.name} on {self._server.tracking.place} is no version of Trustdesk: {SUMS} is absent."
            )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / SUMS
            self.fetch(SUMS, path, commit="", most=file_checks.most(SUMS), got=lambda _: None)
            return Snapshot(hashlib.sha256(path.read_bytes()).hexdigest(), private=True, sizes=sizes)

    def fetch(self, name: str, target: Path, *, commit: str, most: int, got: Callable[[int], None]) -> None:
        """Write a file to a new one here. Raises RefusedError for more than `most` bytes, and for another version."""
        with tempfile.TemporaryDirectory() as folder:
            with self._server._told():
                path = Path(self._folder.download_artifacts(name, folder))
            size = path.stat().st_size
            if size > most:
                raise RefusedError(f"{name} of {self.name} has {size:,} bytes, and no more than {most:,} are taken.")
            if name == SUMS and commit and hashlib.sha256(path.read_bytes()).hexdigest() != commit:
                raise RefusedError(f"{self.name} is another version by now. Nothing was taken; try again.")
            shutil.copyfile(path, target)
            got(size)


def _pieces(items: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    return (items[at : at + most] for at in range(0, len(items), most))


def _lay_out(files: Mapping[str, Path | bytes], folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, path)
        else:
            path.write_bytes(content)
