"""What a home answers to a fixed set of commands and requests: the bytes that people and programs see.

`python tests/homes/replay.py HOME OUT` writes them to a folder. It uses the command line and the REST API alone, so
that it runs against any version of the program.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from tests import make
from tests.app.api.server import QUIET, SPAMMER, Answer, Client, serving

#: Moments and ids drawn at random differ each time.
_MOMENT = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?")
_DRAWN = re.compile(rb"api-[0-9a-f]{32}|(?<=\"processing_time_ms\": )[0-9.]+")
_AGE = re.compile(r"_seconds|_age|_hours|_timestamp")


def answers(home: Path, key: str) -> dict[str, bytes]:
    """What a copy of this home answers, by the name of the file it is kept in. key: of the API."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "home"
        shutil.copytree(home, copy)
        found = _commands(copy, Path(folder)) | _requests(copy, key)
    return {name: _DRAWN.sub(b"DRAWN", _MOMENT.sub(b"MOMENT", body)) for name, body in found.items()}


def _commands(home: Path, folder: Path) -> dict[str, bytes]:
    users, labelled = folder / "users.csv", folder / "labelled.csv"
    frame = make.users(60, seed=71).assign(age=[round(10 + 1.5 * row, 1) for row in range(60)])
    users.write_bytes(make.csv(frame.drop(columns="spam")) + b"broken,row\n")
    labelled.write_bytes(make.csv(frame))
    asked: dict[str, list[str]] = {
        "feedback_verify.txt": ["feedback", "verify"],
        "feedback_stats.txt": ["feedback", "stats"],
        "feedback_export.csv": ["feedback", "export"],
        "decisions.csv": ["decisions", "export"],
        "queue_stats.txt": ["queue", "stats"],
        "registry_list.txt": ["registry", "list"],
        "registry_show.txt": ["registry", "show", "v0001"],
        "registry_diff.txt": ["registry", "diff", "v0001", "v0002"],
        "evaluate.txt": ["evaluate", str(labelled)],
        "drift.txt": ["drift"],
        "keys.txt": ["keys", "list"],
        "shadow.txt": ["shadow"],
        "score.csv": ["score", str(users), "-o"],
        "score_all.csv": ["score", str(users), "--reasons", "all", "--top", "3", "-o"],
    }
    found = {}
    for name, words in asked.items():
        target = [str(folder / name)] if words[-1] == "-o" else []
        done = CliRunner().invoke(app, ["--home", str(home), *words, *target])
        written = (folder / name).read_bytes() if target else done.stdout_bytes
        found[name] = f"exit code {done.exit_code}\n".encode() + written
    metrics = CliRunner().invoke(app, ["--home", str(home), "metrics"]).stdout.splitlines()
    kept = sorted(_sample(line) for line in metrics if not line.startswith("#") and not _AGE.search(line))
    return found | {"metrics.txt": "\n".join(kept).encode()}


def _sample(line: str) -> str:
    """A sample with its value as one writes it, however the exposition did: 3.0 and 3 are the same."""
    name, _, value = line.rpartition(" ")
    return f"{name} {int(float(value)) if float(value).is_integer() else float(value)}"


def _requests(home: Path, key: str) -> dict[str, bytes]:
    user: dict[str, Any] = {"features": SPAMMER | {"age": 41.5}, "user_id": "replayed-1"}
    quiet: dict[str, Any] = {"features": QUIET | {"age": 300.25, "ratio": None}, "context": {"country": "DE"}}
    with serving(Home.open(home)) as nobody:
        client = Client(nobody.port, key)
        asked: dict[str, Callable[[], Answer]] = {
            "about": lambda: client.get("/"),
            "no_key": lambda: nobody.get("/model/info"),
            "version": lambda: client.get("/model/version"),
            "info": lambda: client.get("/model/info"),
            "predict": lambda: client.post("/predict", user | {"reasons": "all", "top": 4}),
            "predict_again": lambda: client.post("/predict", user, idempotency_key="again"),
            "batch": lambda: client.post("/predict/batch", {"users": [user, quiet], "reasons": "flagged"}),
            "missing": lambda: client.post("/predict", {"features": SPAMMER}),
            "unknown": lambda: client.post("/predict", user | {"colour": "red"}),
            "not_json": lambda: client.post("/predict", body=b"{", content_type="application/json"),
            "feedback": lambda: client.post("/feedback", {"prediction_id": "r-0001-3", "is_correct": False}),
            "feedback_unknown": lambda: client.post("/feedback", {"prediction_id": "r-9-1", "is_correct": True}),
            "next_case": lambda: client.get("/cases/next"),
            "decisions": lambda: client.get("/decisions?most=5"),
            "stats": lambda: client.get("/model/feedback/stats"),
            "no_job": lambda: client.get("/jobs/none"),
        }
        found = {}
        for name, ask in asked.items():
            answer = ask()
            found[f"api_{name}.txt"] = f"{answer.status} {answer.headers.get('content-type')}\n".encode() + answer.body
    return found


def write(found: dict[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in found.items():
        (folder / name).write_bytes(body)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    write(answers(place / "home", (place / "key.txt").read_text(encoding="ascii").strip()), Path(sys.argv[2]))
