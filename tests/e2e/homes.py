"""A home in which somebody has begun to work, and a dashboard that can be lost and come back at the same address."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime

import pandas as pd

from app.devtools.test_server import free_port, serving
from core.home import Home
from core.schema import schema as schemas
from core.settings import DEMO_USERS
from tests import make


def queued(home: Home, users: int) -> str:
    """Score the first users of the demo file and send them to review; the run."""
    now, schema, model = datetime.now(UTC), schemas.load(home.settings.schema_file), home.registry.load()
    payload = pd.read_csv(home.settings.demo / DEMO_USERS, dtype=str, nrows=users).to_csv(index=False).encode()
    run = home.file_scoring.score_file("users.csv", payload, schema, model, make.policy(), now=now).run.id
    home.plans.queue_run(run, by="Lea", now=now)
    return run


class Fragile:
    """A dashboard of a home; `lost` and `back` as often as wanted."""

    def __init__(self, home: Home) -> None:
        self._home, self._port, self._running = home, free_port(), ExitStack()
        self.address = f"http://127.0.0.1:{self._port}"
        self.back()

    def back(self) -> None:
        self._process = self._running.enter_context(serving(self._home, self._port))

    def lost(self) -> None:
        self._running.close()

    def killed(self) -> None:
        """As when the machine takes its process away: it ends nothing and tells nobody."""
        self._process.kill()
        self._process.wait()
        self._running.close()
