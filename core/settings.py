"""Settings: the only place that knows a path, a limit or the name of an environment variable.

A *home* is `data/` + `models/`. The repository's own is the default; `--home DIR` or the variable
`TRUSTDESK_HOME` points at another, with its own schema, glossary, models and data.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

ROOT: Final = Path(__file__).resolve().parent.parent
HOME_VARIABLE: Final = "TRUSTDESK_HOME"
#: The names that the Hub's own tools know; the first one set counts.
TOKEN_VARIABLES: Final = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
ENDPOINT_VARIABLE: Final = "HF_ENDPOINT"
HUB: Final = "https://huggingface.co"
WEBHOOK_VARIABLE: Final = "TRUSTDESK_WEBHOOK"
#: Where decisions are sent, and the secret that they are signed with; several secrets have spaces between them.
RECEIVER_VARIABLES: Final = ("TRUSTDESK_DECISIONS_URL", "TRUSTDESK_DECISIONS_SECRET")
#: The password of a server of streams: an address stands in lists of processes.
STREAM_PASSWORD_VARIABLE: Final = "TRUSTDESK_STREAM_PASSWORD"  # noqa: S105 - the name of a variable
#: The password of a database, which libpq reads by itself.
DATABASE_PASSWORD_VARIABLE: Final = "PGPASSWORD"  # noqa: S105 - the name of a variable
#: Who asks for objects in buckets; boto3 reads them by itself. The last two are secrets.
AWS_VARIABLES: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
#: Another server of buckets than Amazon's; boto3 reads it by itself.
AWS_ENDPOINT_VARIABLE: Final = "AWS_ENDPOINT_URL"
#: How Kafka is spoken to, where it asks for more than an address: the protocol, the mechanism of SASL, and files.
KAFKA_VARIABLES: Final = {
    "TRUSTDESK_KAFKA_SECURITY": "security.protocol",
    "TRUSTDESK_KAFKA_MECHANISM": "sasl.mechanism",
    "TRUSTDESK_KAFKA_CA": "ssl.ca.location",
    "TRUSTDESK_KAFKA_CERTIFICATE": "ssl.certificate.location",
    "TRUSTDESK_KAFKA_KEY": "ssl.key.location",
}
#: The MLflow server that training runs are sent to, and what they are called there; the names are MLflow's own.
TRACKING_VARIABLE: Final = "MLFLOW_TRACKING_URI"
TRACKING_NAME_VARIABLE: Final = "MLFLOW_EXPERIMENT_NAME"
#: What that server asks for; MLflow's client reads them by itself.
TRACKING_SECRET_VARIABLES: Final = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
#: How its client behaves unless somebody has chosen otherwise: it tells nobody of its use, and gives up soon.
_TRACKING_CLIENT: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
#: Who asks Reddit for posts: the id and the secret of an app there, and how it names itself.
REDDIT_VARIABLES: Final = ("REDDIT_CLIENT_ID", "REDDIT_CLIENT_SECRET", "REDDIT_USER_AGENT")
#: Another server that answers as Reddit does.
REDDIT_ADDRESS_VARIABLE: Final = "TRUSTDESK_REDDIT_URL"
#: Where people open the dashboard, for links in alerts.
ADDRESS_VARIABLE: Final = "TRUSTDESK_ADDRESS"
ADDRESS: Final = "http://localhost:8501"
#: Names under which the dashboard is reached beside this machine's own, with commas between them.
HOSTS_VARIABLE: Final = "TRUSTDESK_HOSTS"
#: Addresses whose pages may show the dashboard in a frame, with spaces between them.
FRAMES_VARIABLE: Final = "TRUSTDESK_FRAMED_BY"

#: From which level on the API and the dashboard write their log, and whether the dashboard writes JSON.
LOG_LEVEL_VARIABLE: Final = "TRUSTDESK_LOG_LEVEL"
LOG_FORMAT_VARIABLE: Final = "TRUSTDESK_LOG_FORMAT"

#: A folder in which processes count together: the name is prometheus_client's, which reads it as it is imported.
COUNTS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"

#: Files of the bundled demo, in `Settings.demo`: users to score, and labelled ones.
DEMO_USERS: Final = "users.csv.gz"
DEMO_LABELLED: Final = "labelled.csv.gz"

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
    def streams(self) -> Path:
        """How far each stream is, and what its source remembers of it."""
        return self.data / "streams"

    @property
    def fetched(self) -> Path:
        """How far each place is fetched."""
        return self.data / "fetched"

    @property
    def tracking(self) -> Path:
        """What each MLflow server has of the training runs."""
        return self.data / "tracking"

    @property
    def runs(self) -> Path:
        return self.data / "runs"

    @property
    def jobs(self) -> Path:
        return self.data / "jobs"

    @property
    def claims(self) -> Path:
        """A lock for each process that answers requests which may come again, and those of `served`."""
        return self.data / "claims"

    def served(self, by: Literal["api", "dashboard"]) -> Path:
        """The lock that is held while an API or a dashboard serves this home."""
        return self.claims / f"{by}.served"

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
    def schedule_file(self) -> Path:
        """What ran by the schedule, and until when it was looked at."""
        return self.data / "schedule.json"

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
            self.audit, self.log.parent, self.unfinished, self.watched, self.streams, self.mappings_file,
            self.phrases_file, self.fetched, self.tracking, self.schedule_file,
        )  # fmt: skip


def count_in(folder: str) -> None:
    """Have the processes that are begun from now on count in this folder."""
    os.environ[COUNTS_VARIABLE] = folder


def counts() -> str | None:
    """The folder in which this process counts together with others; None where it counts alone."""
    return os.environ.get(COUNTS_VARIABLE)


def quieten_tracking_client() -> None:
    """Have MLflow's client, which is imported after this, behave as it does here."""
    for name, value in _TRACKING_CLIENT.items():
        os.environ.setdefault(name, value)


def child_environment(home: Path) -> dict[str, str]:
    """The environment of a process of ours: this home, and `core` importable from anywhere.

    Threads that wait for each other do so asleep, unless somebody has chosen otherwise: where a training run shares
    its cores with the dashboard, waiting awake takes from each other what both need, and a run takes many times longer.
    """
    return {"OMP_WAIT_POLICY": "passive", **os.environ, HOME_VARIABLE: str(home), "PYTHONPATH": str(ROOT)}


def trial_environment() -> dict[str, str]:
    """That of a process of ours that tries what comes from elsewhere: one thread, and nothing that is a secret."""
    secret = {*TOKEN_VARIABLES, WEBHOOK_VARIABLE, *RECEIVER_VARIABLES, STREAM_PASSWORD_VARIABLE}
    secret |= {DATABASE_PASSWORD_VARIABLE, *AWS_VARIABLES, *TRACKING_SECRET_VARIABLES, *REDDIT_VARIABLES}
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
