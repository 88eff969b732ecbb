"""Settings: the only place that knows a path, a limit or an environment variable.

A *home* is `data/` + `models/`. The repository's own is the default; `--home DIR` or the variable
`TRUSTDESK_HOME` points at another, with its own schema, glossary, models and data.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).resolve().parent.parent
HOME_VARIABLE: Final = "TRUSTDESK_HOME"
#: The names that the Hub's own tools know; the first one set counts.
TOKEN_VARIABLES: Final = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
ENDPOINT_VARIABLE: Final = "HF_ENDPOINT"
HUB: Final = "https://huggingface.co"

#: Largest file read, in bytes after decompression: a gzip of zeros must not fill the memory.
MAX_FILE_BYTES: Final = 2_000_000_000
#: Threads of XGBoost. Fixed, not the machine's count: the order in which threads sum gradients decides
#: the last bit, and the same data, seed and lock must give the same booster everywhere.
TRAINING_THREADS: Final = 2
#: Share of users, by hash of the id, that no model of this home ever trains on.
TEST_SHARE: Final = 0.15


@dataclass(frozen=True, slots=True)
class Settings:
    """Where everything of one home lives. Nothing is created by asking for a path."""

    home: Path

    @classmethod
    def of(cls, home: str | Path | None = None) -> Settings:
        """The home given, else the one in TRUSTDESK_HOME, else the repository's own."""
        chosen = home or os.environ.get(HOME_VARIABLE) or ROOT
        return cls(Path(chosen).expanduser().resolve())

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def schema_file(self) -> Path:
        return self.data / "schema.toml"

    @property
    def glossary_file(self) -> Path:
        return self.data / "glossary.csv"

    @property
    def salt_file(self) -> Path:
        """The salt of the split by id; made once, kept for ever."""
        return self.data / "salt.txt"

    @property
    def demo(self) -> Path:
        return self.data / "demo"

    @property
    def datasets(self) -> Path:
        return self.data / "datasets"

    @property
    def runs(self) -> Path:
        return self.data / "runs"

    @property
    def jobs(self) -> Path:
        return self.data / "jobs"

    @property
    def judged(self) -> Path:
        return self.data / "judged"

    @property
    def candidates(self) -> Path:
        """The training runs of this home, promoted or not."""
        return self.data / "candidates"

    @property
    def compared(self) -> Path:
        return self.data / "compared"

    @property
    def predictions(self) -> Path:
        """Predictions from outside, by the hash of their content."""
        return self.data / "predictions"

    @property
    def options_file(self) -> Path:
        """What this home has chosen, for people to edit."""
        return self.data / "settings.toml"

    @property
    def gates(self) -> Path:
        """What the gate found of each retrained version; beside the versions, which never change."""
        return self.data / "gates"

    @property
    def shadow(self) -> Path:
        """What a challenger would have said of the users of each run."""
        return self.data / "shadow"

    @property
    def retrained_file(self) -> Path:
        """When this home was retrained, and which verdicts had come in by then."""
        return self.data / "retrained.json"

    @property
    def database(self) -> Path:
        return self.data / "state.db"

    @property
    def feedback(self) -> Path:
        """The folder of `feedback.csv` and, after a change of columns, of the files that go on from it."""
        return self.data / "feedback"

    @property
    def audit(self) -> Path:
        return self.data / "audit.csv"

    @property
    def log(self) -> Path:
        return self.data / "logs" / "trustdesk.log"

    @property
    def watch_log(self) -> Path:
        """Each decision of `python3 -m app watch`."""
        return self.data / "logs" / "watch.log"


@dataclass(frozen=True, slots=True)
class Hub:
    """The Hub that models are pushed to and pulled from. The token is never part of its text."""

    endpoint: str
    token: str | None = field(repr=False)

    @classmethod
    def of(cls) -> Hub:
        """As the environment says; read anew each time, so that nobody has to keep the token."""
        found = (os.environ.get(name, "").strip() for name in TOKEN_VARIABLES)
        endpoint = os.environ.get(ENDPOINT_VARIABLE, "").strip() or HUB
        return cls(endpoint.rstrip("/"), next(filter(None, found), None))

    @property
    def name(self) -> str:
        """Its address as people read it, such as huggingface.co."""
        return urlsplit(self.endpoint).netloc


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment of a process of ours: this home, and `core` importable from anywhere."""
    return {**os.environ, HOME_VARIABLE: str(settings.home), "PYTHONPATH": str(ROOT)}
