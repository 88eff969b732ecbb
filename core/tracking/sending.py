"""Sends to an MLflow server what it does not have yet: training runs, their versions, and which of these is live."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.access.endpoints import Tracking
from core.errors import DamagedModelError, UnknownVersionError
from core.evaluation.metrics import Figures
from core.hub.push_pull import HubSync
from core.hub.tracking_server import VERSION_FOLDER, Record, TrackingServer
from core.registry.registry import Registry
from core.tracking import records
from core.tracking.waiting import Held, Waiting
from core.training.training_runs import TrainingRuns


@dataclass(frozen=True, slots=True, eq=False)
class Sending:
    """One sending to one server. `home`: what tells the training runs of this home from those of others; `keep`:
    writes down what the server has.
    """

    tracking: Tracking
    hub: HubSync
    registry: Registry
    training_runs: TrainingRuns
    home: str
    keep: Callable[[Held], None]
    _server: TrackingServer = field(init=False)

    def __post_init__(self) -> None:
        """Raises BadOptionError without MLflow's client, RemoteError."""
        object.__setattr__(self, "_server", TrackingServer(self.tracking))

    def send(self, waiting: Waiting, held: Held, told: Callable[[int, int, str], None]) -> None:
        """Send what waits to a server that has what is `held`. Raises RemoteError."""
        for number, identity in enumerate(waiting.runs):
            told(number, len(waiting.runs), f"Sending {identity}")
            run = self.training_runs.find(identity)
            held = self._sent(held, identity, records.of_run(run, self.home), run.version, run.figures)
        if champion := waiting.champion:
            told(0, 0, f"Sending {champion}")
            if champion not in held.versions:
                known = self.registry.describe(champion)
                record = records.of_version(champion, known, self.home)
                held = self._sent(held, champion, record, champion, known.figures)
            self._server.name_champion(held.versions[champion])
            held = replace(held, champion=champion)
        self.keep(replace(held, failure=None))

    def _sent(self, held: Held, key: str, record: Record, version: str, figures: Figures) -> Held:
        with self._files(version) as files:
            run = self._server.send(record, {"figures.json": records.figures_file(figures), **files})
            versions = {version: self._server.register(run, version)} if files else {}
        now = replace(held, runs={**held.runs, key: run}, versions={**held.versions, **versions})
        self.keep(now)
        return now

    @contextlib.contextmanager
    def _files(self, version: str) -> Iterator[Mapping[str, Path | bytes]]:
        """The files of a version as a push to a Hub has them, without its users; none of one that cannot be read."""
        packed: AbstractContextManager[dict[str, Path | bytes]] = contextlib.nullcontext({})
        if version:
            with contextlib.suppress(DamagedModelError, UnknownVersionError):
                packed = self.hub.packed(self.registry.load(version), users=False)
        with packed as files:
            yield {f"{VERSION_FOLDER}/{name}": content for name, content in files.items()}
