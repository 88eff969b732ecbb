"""A client that a public generator makes from the description has every operation, and does what the README tells.

Nothing here is written by hand against paths: what a field or a function is called is what the description says.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from app.api.main import create
from app.api.options import LOCAL, Options
from core.home import Home
from core.settings import ROOT
from tests import make
from tests.app.api.server import QUIET, SPAMMER, serving

SPEC: Final = create(Home.open(ROOT), Options()).openapi()
OPERATIONS: Final = sorted(
    (about["tags"][0], about["operationId"]) for methods in SPEC["paths"].values() for about in methods.values()
)
PACKAGE: Final = "trustdesk_client"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The package, importable; the generator had nothing to say against the description."""
    folder = tmp_path_factory.mktemp("generated")
    document = folder / "openapi.json"
    document.write_text(json.dumps(SPEC), encoding="utf-8")
    settings = ConfigFile(post_hooks=[], package_name_override=PACKAGE)
    complaints = generate(
        config=Config.from_sources(
            settings, MetaType.NONE, document_source=document, file_encoding="utf-8", overwrite=True,
            output_path=folder / PACKAGE,
        )
    )  # fmt: skip
    assert [f"{each.header}: {each.detail}" for each in complaints] == []
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder / PACKAGE


class Generated:
    """Calls operations by their name in the description."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._models = importlib.import_module(f"{PACKAGE}.models")
        self._modules = {
            name: importlib.import_module(f"{PACKAGE}.api.{tag}.{name}") for tag, name in OPERATIONS
        }  # fmt: skip

    def __call__(self, operation: str, *place: str, body: Any = None, **options: Any) -> Any:
        """What is answered, as the model of the description; the bytes where the description has none."""
        sent = {} if body is None else {"body": body}
        answer = self._modules[operation].sync_detailed(*place, client=self._client, **sent, **options)
        return answer.content if answer.parsed is None else answer.parsed

    def model(self, name: str, **fields: Any) -> Any:
        return getattr(self._models, name).from_dict(fields)


@contextlib.contextmanager
def connected(port: int, key: str) -> Iterator[Generated]:
    package = importlib.import_module(PACKAGE)
    with package.AuthenticatedClient(f"http://{LOCAL}:{port}", token=key) as client:
        yield Generated(client)


def test_every_operation_is_in_the_client(generated: Path) -> None:
    modules = {(path.parent.name, path.stem) for path in generated.glob("api/*/*.py") if path.stem != "__init__"}
    assert sorted(modules) == OPERATIONS


def test_the_client_does_what_the_readme_tells(generated: Path, own: Home) -> None:
    text = own.keys.create("ticket", "lead", now=make.NOW, rate=0)[1]
    with serving(own) as server, connected(server.port, text) as call:
        assert call("about").key_needed is True
        assert call("ready").model_version == call("model_version").version == call("model_info").version
        assert "trustdesk" in call("metrics").decode()

        user = {"features": SPAMMER, "user_id": "u-17", "context": {"country": "DE"}}
        one = call("predict", body=call.model("PredictRequest", **user, top=2))
        assert (one.is_spammer, len(one.risk_factors)) == (True, 2)
        many = {"users": [{"features": QUIET}, {"features": {}}]}
        quiet, unscored = call("predict_batch", body=call.model("BatchRequest", **many)).predictions
        assert (quiet.is_spammer, unscored.error.status) == (False, 422)

        said = {"prediction_id": one.prediction_id, "actual_label": "legitimate"}
        assert call("send_feedback", body=call.model("FeedbackRequest", **said), idempotency_key="t-1").new is True
        assert call("feedback_stats").total_feedback == 1

        run = scored(call, make.csv(make.users(60, seed=8)))
        own.plans.queue_run(run, by="Ada", now=make.NOW)
        case = call("next_case")
        verdict = call.model("VerdictRequest", judgement="spammer", reason="content_seen")
        assert call("judge_case", case.id, body=verdict).user_id == case.user_id
        told = call("list_decisions", consumer="platform")
        assert [each.decision for each in told.decisions] == ["keep", "remove"]
        confirmed = call.model("ConfirmRequest", consumer="platform", after=told.after, last=told.last)
        assert call("confirm_decisions", body=confirmed).new is True
        assert call("list_decisions", cursor=told.next_).decisions == []

        assert [each.id for each in call("list_runs").runs] == [run]
        assert {each.status.value for each in call("list_cases").cases} == {"open", "closed"}
        page = call("run_scores", run, limit=50)
        assert len(call("run_scores", run, cursor=page.next_).scores) == 10
        assert call("export_scores", run).payload.read().count(b"\n") == 61
        assert call("user_predictions", user_id="u-17").predictions[0].prediction_id == one.prediction_id


def scored(call: Generated, file: bytes) -> str:
    """The run of a file that was given to be scored."""
    types = importlib.import_module(f"{PACKAGE}.types")
    job = call("score_file", body=types.File(payload=file), name="users.csv")
    while job.status not in {"done", "failed"}:
        time.sleep(0.05)
        job = call("job_status", job.id)
    assert job.status == "done", job.message
    assert call("job_result", job.id).count("\n") == 61
    return str(job.result["run"])
