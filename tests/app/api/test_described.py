"""The API is as it describes itself: no request made from its description breaks it, no answer breaks its promise."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import Case, GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi

from app.api import docs
from app.api.main import create
from app.api.options import LOCAL, Options
from core.access.accounts import ROLES
from core.home import Home
from core.settings import ROOT
from tests import make
from tests.app.api.server import Client, serving

SPEC = create(Home.open(ROOT), Options()).openapi()
#: These start a process each.
STARTS_A_JOB = ["/v1/jobs/score", "/v1/model/retrain"]
CHECKS = [
    checks.not_a_server_error, openapi.status_code_conformance, openapi.content_type_conformance,
    openapi.response_headers_conformance, openapi.response_schema_conformance,
]  # fmt: skip


described = schemathesis.openapi.from_dict(SPEC)
#: Looked up here: to have them collected takes seconds, in each process of a run.
OPERATIONS = [
    (path, method, about) for path, methods in SPEC["paths"].items() for method, about in methods.items()
    if path.startswith("/v1/")
]  # fmt: skip


def settings(examples: int) -> hypothesis.settings:
    """Few examples, the same ones in every run; the server keeps state, so that none is worth making smaller."""
    return hypothesis.settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server of a copy of the bundled home, whose features the examples in the description name."""
    home, theirs = Home.open(tmp_path_factory.mktemp("described")), Home.open(ROOT)
    shutil.copytree(theirs.settings.models, home.settings.models)
    home.settings.data.mkdir()
    for path in (theirs.settings.schema_file, theirs.settings.glossary_file, theirs.settings.salt_file):
        shutil.copy(path, home.settings.data)
    with serving(home) as client:
        yield client
        for job in home.jobs.listed():
            home.jobs.cancel(job.id)
        while any(not job.over for job in home.jobs.listed()):
            time.sleep(0.05)


@pytest.mark.parametrize(("path", "method", "about"), OPERATIONS, ids=[f"{each[1]} {each[0]}" for each in OPERATIONS])
@pytest.mark.parametrize("most", [8, pytest.param(60, marks=pytest.mark.slow)])
def test_no_request_breaks_it(
    path: str, method: str, about: dict[str, Any], most: int, server: Client
) -> None:  # fmt: skip
    """With requests as they are described, and others; where each begins a process, one of both."""
    takes_something = about.get("parameters") or "requestBody" in about
    for mode in (GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if takes_something else [])):

        @settings(1 if path in STARTS_A_JOB else most)
        @hypothesis.given(described[path][method].as_strategy(generation_mode=mode))
        def check(case: Case) -> None:
            with contextlib.suppress(UnicodeEncodeError):  # a header that no client can send
                case.call_and_validate(base_url=f"http://{LOCAL}:{server.port}", checks=CHECKS)

        check()


def test_the_examples_in_the_description_work(server: Client) -> None:
    assert server.get("/openapi.json").json == SPEC
    for path in ("/v1/predict", "/v1/predict/batch"):
        model = SPEC["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for example in SPEC["components"]["schemas"][model.rpartition("/")[2]]["examples"]:
            assert server.post(path, example).status == 200


def test_the_roles_that_are_told_are_let_in_and_no_others(tmp_path: Path) -> None:
    home = Home.open(tmp_path)
    make.trained_home(home)
    now = datetime.now(UTC)
    shown = {role: home.keys.create(role, role, now=now, rate=0)[1] for role in ROLES}
    with serving(home) as nobody:
        for path, methods in SPEC["paths"].items():
            for method, about in methods.items():
                told = about.get("x-roles", ROLES)
                # No endpoint takes this body, so that none does anything.
                asked = {role: Client(nobody.port, key)(method.upper(), path, "nothing") for role, key in shown.items()}
                assert [role for role in ROLES if asked[role].status != 403] == list(told), (method, path)
                if method == "get":
                    assert (nobody.get(path).status == 401) == ("x-roles" in about), path


def test_every_endpoint_is_on_the_page_of_documentation(server: Client) -> None:
    page = server.get("/docs")
    text = page.body.decode()

    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    for path, methods in SPEC["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in text
    assert "//" not in text.replace("<!doctype html>", "")  # no address of another host
    assert "<script" not in text


def test_what_a_description_says_cannot_become_markup() -> None:
    spec = {"info": {"title": "<b>", "description": "&"}, "paths": {"/<i>": {"get": {"responses": {}}}}}

    assert "<b>" not in docs.written(spec)
    assert "<i>" not in docs.written(spec)
