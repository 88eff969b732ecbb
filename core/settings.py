"""Settings: the only place that knows a path, a limit or an environment variable.

A *home* is `data/` + `models/`. The repository's own is the default; `--home DIR` or the variable
`TRUSTDESK_HOME` points at another, with its own schema, glossary, models and data.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from core.errors import BadOptionError

ROOT: Final = Path(__file__).resolve().parent.parent
HOME_VARIABLE: Final = "TRUSTDESK_HOME"
#: The names that the Hub's own tools know; the first one set counts.
TOKEN_VARIABLES: Final = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
ENDPOINT_VARIABLE: Final = "HF_ENDPOINT"
HUB: Final = "https://huggingface.co"
WEBHOOK_VARIABLE: Final = "TRUSTDESK_WEBHOOK"
#: Where people open the dashboard, for links in alerts.
ADDRESS_VARIABLE: Final = "TRUSTDESK_ADDRESS"
ADDRESS: Final = "http://localhost:8501"
#: Names under which the dashboard is reached beside this machine's own, with commas between them.
HOSTS_VARIABLE: Final = "TRUSTDESK_HOSTS"
#: Addresses whose pages may show the dashboard in a frame, with spaces between them.
FRAMES_VARIABLE: Final = "TRUSTDESK_FRAMED_BY"

#: Files of the bundled demo, in `Settings.demo`: users to score, and labelled ones.
DEMO_USERS: Final = "users.csv.gz"
DEMO_LABELLED: Final = "labelled.csv.gz"

_FRAME: Final = re.compile(r"https?://[A-Za-z0-9.*:-]+")
#: Largest file read, in bytes after decompression: a gzip of zeros must not fill the memory.
MAX_FILE_BYTES: Final = 2_000_000_000
#: Threads of XGBoost. Fixed, not the machine's count: the order in which threads sum gradients decides
#: the last bit, and the same data, seed and lock must give the same trees everywhere.
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
    def phrases_file(self) -> Path:
        """The owner's phrases, for people to edit; none where it is absent."""
        return self.data / "phrases.toml"

    @property
    def parts_file(self) -> Path:
        """The users whose part is not that of their id."""
        return self.data / "parts.json"

    @property
    def share_file(self) -> Path:
        """How large the test part is, in a home that has chosen less than TEST_SHARE."""
        return self.data / "test_share.json"

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
    def unfinished(self) -> Path:
        """Work on files that goes on where it was interrupted."""
        return self.data / "unfinished"

    @property
    def watched(self) -> Path:
        """What was dealt with of the folders that are watched."""
        return self.data / "watched"

    @property
    def runs(self) -> Path:
        return self.data / "runs"

    @property
    def jobs(self) -> Path:
        return self.data / "jobs"

    @property
    def claims(self) -> Path:
        """A lock for each process that answers requests which may come again."""
        return self.data / "claims"

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
    def mappings_file(self) -> Path:
        """Which columns of others' files are which of this home."""
        return self.data / "mappings.json"

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
    def feedback_file(self) -> Path:
        """The first file of feedback; others go on from it."""
        return self.feedback / "feedback.csv"

    @property
    def secrets_file(self) -> Path:
        """What nobody else may read, such as the webhook of alerts; never part of a repository or a backup."""
        return self.data / "secrets.toml"

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

    def kept(self) -> tuple[Path, ...]:
        """Folders and files that only the home itself writes; what else is in `data/`, the demo too, may be anybody's.

        The audit log may go on in further files beside the one named here.
        """
        return (
            self.models, self.schema_file, self.glossary_file, self.salt_file, self.parts_file, self.share_file,
            self.datasets,
            self.runs, self.jobs, self.judged, self.candidates, self.compared, self.predictions, self.options_file,
            self.gates, self.shadow, self.retrained_file, self.database, self.feedback, self.claims, self.secrets_file,
            self.audit, self.log.parent, self.unfinished, self.watched, self.mappings_file, self.phrases_file,
        )  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class Alerts:
    """Where alerts go and where their links lead. Whoever knows a webhook may post to it: no text has it."""

    webhooks: tuple[str, ...] = field(repr=False)
    address: str

    @classmethod
    def of(cls, secrets_file: Path) -> Alerts:
        """As the environment says, else `webhook`, `webhooks` and `address` of `[alerts]` in `data/secrets.toml`.

        Raises BadOptionError when that file is no TOML or one is no http(s) address; it never repeats them.
        """
        stored, several = _secrets(secrets_file)
        given = os.environ.get(WEBHOOK_VARIABLE, "").strip()
        named = [given] if given else [stored.get("webhook", ""), *several]
        webhooks = tuple(dict.fromkeys(filter(None, named)))
        address = os.environ.get(ADDRESS_VARIABLE, "").strip() or stored.get("address", "") or ADDRESS
        for name, found in (*(("webhook", each) for each in webhooks), ("address", address)):
            if not _is_web(found):
                raise BadOptionError(name, "the address of alerts must begin with https:// or http:// and name a host.")
        return cls(webhooks, address.rstrip("/"))


@dataclass(frozen=True, slots=True)
class Reach:
    """From where a browser may come to the dashboard: `hosts` that it may name, and who may frame the pages."""

    hosts: tuple[str, ...]
    framed_by: tuple[str, ...]

    @classmethod
    def of(cls) -> Reach:
        """As the environment says. Raises BadOptionError for a frame that is no http(s) address."""
        hosts = (name.strip() for name in os.environ.get(HOSTS_VARIABLE, "").split(","))
        frames = tuple(os.environ.get(FRAMES_VARIABLE, "").split())
        if wrong := [frame for frame in frames if not _FRAME.fullmatch(frame)]:
            raise BadOptionError(FRAMES_VARIABLE, f"{wrong[0]} is no address such as https://huggingface.co.")
        return cls(tuple(filter(None, hosts)), frames)


def _secrets(path: Path) -> tuple[dict[str, str], list[str]]:
    """The texts of `[alerts]`, and its list of webhooks."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("alerts", {})
    except (FileNotFoundError, NotADirectoryError):
        return {}, []
    except (OSError, RecursionError, ValueError):  # what it says of the text may quote a secret
        raise BadOptionError(path.name, "it cannot be read as TOML.") from None
    whole = isinstance(table, dict) and isinstance(table.get("webhooks", []), list)
    several = table.get("webhooks", []) if whole else []
    texts = {name: value for name, value in table.items() if name != "webhooks"} if whole else {}
    if not whole or not all(isinstance(each, str) for each in (*texts.values(), *several)):
        raise BadOptionError(path.name, "[alerts] has the texts webhook and address, and webhooks, a list of texts.")
    return texts, several


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", address)


def child_environment(home: Path) -> dict[str, str]:
    """The environment of a process of ours: this home, and `core` importable from anywhere.

    Threads that wait for each other do so asleep, unless somebody has chosen otherwise: where a training run shares
    its cores with the dashboard, waiting awake takes from each other what both need, and a run takes many times longer.
    """
    return {"OMP_WAIT_POLICY": "passive", **os.environ, HOME_VARIABLE: str(home), "PYTHONPATH": str(ROOT)}


def trial_environment() -> dict[str, str]:
    """That of a process of ours that tries what comes from elsewhere: one thread, and nothing that is a secret."""
    secret = {*TOKEN_VARIABLES, WEBHOOK_VARIABLE}
    ours = {name: value for name, value in os.environ.items() if name not in secret}
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    return ours | one | {"PYTHONPATH": str(ROOT)}


def dashboard_environment(home: Path, hosts: Iterable[str] = ()) -> dict[str, str]:
    """That of a process of ours which answers many sessions, each in threads of its own, to these names of hosts.

    glibc gives threads pools of memory of their own and hardly ever gives one back; with two for all of them a further
    session costs a tenth (`benchmarks/sessions.py`). Whoever has chosen otherwise keeps it.
    """
    return {"MALLOC_ARENA_MAX": "2"} | child_environment(home) | {HOSTS_VARIABLE: ",".join(hosts)}


def environment_of_tests() -> dict[str, str]:
    """That of the tests, in two processes on two cores: threads wait asleep, and no process compiles anew."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1"} | ours
