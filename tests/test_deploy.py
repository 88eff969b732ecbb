"""What is in deploy/ and the workflow: linted, of one piece, and the start-up script run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML

from app.api import http_metrics, server
from core.monitoring import incidents, prometheus
from core.settings import ADDRESS_VARIABLE, HOME_VARIABLE, ROOT
from tests import documents
from tests.test_house import READERS_OF_THE_ENVIRONMENT

DEPLOY: Final = ROOT / "deploy"
BIN: Final = Path(sys.executable).parent


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("file", ["deploy/Dockerfile", "deploy/aws/Dockerfile", "deploy/space/Dockerfile"])
def test_the_images_are_built_as_they_should_be(file: str) -> None:
    found = run(str(BIN / "hadolint"), "--failure-threshold", "style", file)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    ("schema", "file"),
    [("compose-spec", "deploy/compose.yaml"), ("github-workflows", ".github/workflows/ci.yml")],
)
def test_what_others_read_is_as_they_expect_it(schema: str, file: str) -> None:
    found = run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", file)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_image_runs_as_nobody_special_and_changes_nothing_but_the_home() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", text, re.MULTILINE)
    assert f"{HOME_VARIABLE}=/var/lib/trustdesk" in text
    services = read(DEPLOY / "compose.yaml")["services"]
    ours = [services[name] for name in ("dashboard", "api", "watch", "stream")]
    assert all(each["read_only"] and each["tmpfs"] == ["/tmp"] and each["cap_drop"] == ["ALL"] for each in ours)  # noqa: S108
    assert all(each["volumes"] == ["home:/var/lib/trustdesk"] for each in ours)
    assert ADDRESS_VARIABLE in services["watch"]["environment"]


def test_every_port_is_published_on_this_machine_only() -> None:
    published = [port for each in read(DEPLOY / "compose.yaml")["services"].values() for port in each.get("ports", [])]
    assert len(published) == 3
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_what_the_containers_are_given_is_there() -> None:
    compose = read(DEPLOY / "compose.yaml")
    given = [volume.split(":")[0] for each in compose["services"].values() for volume in each.get("volumes", [])]
    made = {"./secrets/metrics.key"}  # by `keys create`, as deploy/README.md says
    for source in given:
        assert source in compose["volumes"] or source in made or (DEPLOY / source).exists(), source
    target = read(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"][0]
    host, port = target["static_configs"][0]["targets"][0].split(":")
    assert port in compose["services"][host]["command"]
    assert target["metrics_path"] == "/metrics"


def test_servers_beside_it_are_asked_for_by_profile_pinned_and_looked_after() -> None:
    compose = read(DEPLOY / "compose.yaml")
    asked = {name: each for name, each in compose["services"].items() if "profiles" in each}
    assert {profile for each in asked.values() for profile in each["profiles"]} == {
        "redis",
        "kafka",
        "postgres",
        "mlflow",
    }
    for name, each in asked.items():
        assert not each.get("ports"), name
        if name == "stream":
            assert each["depends_on"] == {"redis": {"condition": "service_healthy"}}
            assert documents.complaint(each["command"]) == ""
            continue
        assert re.search(r":v?[0-9]+\.[0-9]+(\.[0-9]+)?$", each["image"]), name
        assert each["healthcheck"]["test"][0] == "CMD", name
    assert not re.search(r"PASSWORD:", (DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


MANIFESTS: Final = DEPLOY / "kubernetes" / "trustdesk.yaml"


def pod() -> Any:
    documents_ = {each["kind"]: each for each in YAML(typ="safe").load_all(MANIFESTS)}
    return documents_["Deployment"]["spec"]["template"]["spec"]


def test_the_manifests_of_kubernetes_are_as_it_expects_them() -> None:
    rules = "{extends: default, rules: {line-length: {max: 120}}}"
    linted = run(sys.executable, "-m", "yamllint", "--strict", "-d", rules, str(MANIFESTS))
    assert linted.returncode == 0, linted.stdout
    found = run(str(BIN / "kubernetes-validate"), "--strict", "--quiet", str(MANIFESTS))
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_the_containers_of_a_pod_change_nothing_but_the_home_and_run_commands_that_there_are() -> None:
    spec = pod()
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["terminationGracePeriodSeconds"] >= 2 * server.END_WITHIN
    assert [each["name"] for each in spec["containers"]] == ["dashboard", "api", "watch", "stream"]
    for each in [*spec["initContainers"], *spec["containers"]]:
        assert documents.complaint(each["args"]) == "", each["name"]
        own = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        assert each["securityContext"] == own
        for variable in each.get("env", []):
            assert "value" not in variable, variable["name"]  # secrets and addresses by reference
    api = next(each for each in spec["containers"] if each["name"] == "api")
    assert [api[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness")] == ["/health", "/ready"]


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform")
def test_the_files_of_terraform_are_formatted() -> None:
    found = run("terraform", "fmt", "-check", "-diff", str(DEPLOY / "aws" / "terraform"), CHECKPOINT_DISABLE="1")
    assert found.returncode == 0, found.stdout


def test_the_function_of_terraform_gets_what_its_handler_reads() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in (DEPLOY / "aws" / "terraform").glob("*.tf")}
    handler = (DEPLOY / "aws" / "kinesis_lambda.py").read_text(encoding="utf-8")
    given = set(re.findall(r"^ +(TRUSTDESK_[A-Z_]+) += ", texts["function.tf"], re.MULTILINE))
    assert given == {HOME_VARIABLE, *re.findall(r'VARIABLE: Final = "([A-Z_]+)"', handler)}
    assert re.search(r'function_response_types += \["ReportBatchItemFailures"\]', texts["function.tf"])
    assert re.search(r"reserved_concurrent_executions = 1$", texts["function.tf"], re.MULTILINE)
    assert 'CMD ["kinesis_lambda.handler"]' in (DEPLOY / "aws" / "Dockerfile").read_text(encoding="utf-8")
    whole = "".join(texts.values())
    declared = set(re.findall(r'^variable "(\w+)"', whole, re.MULTILINE))
    assert set(re.findall(r"\bvar\.(\w+)", whole)) == declared
    made = set(re.findall(r'^resource "(\w+)" "(\w+)"', whole, re.MULTILINE))
    assert set(re.findall(r"(?<!data\.)\b(aws_\w+)\.(\w+)", whole)) <= made | {
        (kind, name) for kind, name in re.findall(r'^data "(\w+)" "(\w+)"', whole, re.MULTILINE)
    }


def test_a_server_that_is_stopped_is_left_the_time_that_it_takes() -> None:
    services = read(DEPLOY / "compose.yaml")["services"]
    grace = [services[name]["stop_grace_period"] for name in ("dashboard", "api", "watch", "stream")]
    assert all(int(each.removesuffix("s")) >= 2 * server.END_WITHIN for each in grace)


def test_alerts_are_rules_of_prometheus_on_metrics_that_there_are() -> None:
    configuration = read(DEPLOY / "prometheus" / "prometheus.yml")
    assert configuration["rule_files"] == ["alerts.yaml"]
    rules = [rule for group in read(DEPLOY / "prometheus" / "alerts.yaml")["groups"] for rule in group["rules"]]
    known = {*prometheus.METRICS, *http_metrics.METRICS, f"{http_metrics.SECONDS}_bucket"}
    jobs = {each["job_name"] for each in configuration["scrape_configs"]}
    kinds = set[str]()
    for rule in rules:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"Trustdesk[A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"[0-9]+[mh]", rule["for"])
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description"}
        asked = set(re.findall(r"trustdesk_[a-z_]+", rule["expr"]))
        assert asked <= known
        assert asked or set(re.findall(r'up\{job="([a-z]+)"\}', rule["expr"])) == jobs
        kinds |= set(re.findall(r'kind="([a-z]+)"', rule["expr"]))
    assert len({rule["alert"] for rule in rules}) == len(rules)
    assert {"drift", "delivery"} <= kinds <= set(incidents.KINDS)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
def test_the_units_of_systemd_are_understood(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY / "systemd", tmp_path, dirs_exist_ok=True)
    units = sorted(tmp_path.glob("*.service"))
    for unit in units:
        text = unit.read_text(encoding="utf-8")
        unit.write_text(text.replace("/opt/trustdesk/.venv/bin/python3", sys.executable), encoding="utf-8")
    found = run("systemd-analyze", "verify", "--man=no", *map(str, units), SYSTEMD_UNIT_PATH=f"{tmp_path}:")
    assert (found.returncode, found.stderr) == (0, "")


def test_the_units_run_commands_that_there_are_and_leave_them_the_time_to_end() -> None:
    commands = dict[str, list[str]]()
    for unit in (DEPLOY / "systemd").glob("*.service"):
        line = re.search(r"^ExecStart=/opt/trustdesk/.venv/bin/(python3 .+)$", unit.read_text(encoding="utf-8"), re.M)
        words = documents.told(line[1]) if line else None
        assert words is not None
        assert documents.complaint(words) == ""
        commands[unit.stem] = words[:2]
    assert set(commands) == {"trustdesk-dashboard", "trustdesk-api", "trustdesk-watch", "trustdesk-decisions"}
    common = (DEPLOY / "systemd" / "trustdesk-.service.d" / "common.conf").read_text(encoding="utf-8")
    grace = re.search(r"^TimeoutStopSec=([0-9]+)$", common, re.M)
    assert grace
    assert int(grace[1]) >= 2 * server.END_WITHIN


def test_every_environment_variable_is_told_and_no_other() -> None:
    readers = [ROOT / f"{name.replace('.', '/')}.py" for name in READERS_OF_THE_ENVIRONMENT]
    name = re.compile(r'"([A-Z]+(?:_[A-Z]+)+|PG[A-Z]+)"')
    words = {word for path in readers for word in name.findall(path.read_text(encoding="utf-8"))}
    ours = {word for word in words if not word.startswith(("PIP_", "UV_", "VIRTUAL_"))}  # those keep installers to us
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1] for row in text.splitlines() if row.startswith("| `")]
    told = [name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)]
    assert len(set(told)) == len(told)
    assert set(told) == ours


def test_every_version_of_python_that_is_promised_is_tested() -> None:
    workflow = read(ROOT / ".github" / "workflows" / "ci.yml")
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    told = "\n".join(step.get("run", "") for step in job["steps"])
    assert "python3 -m app" in told
    assert ".ci/run" in told


@pytest.mark.skipif(os.name == "nt", reason="there is no sh")
def test_an_empty_home_is_given_the_demo_once_and_an_own_one_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    variables = {HOME_VARIABLE: str(home), "PATH": f"{BIN}:{os.environ['PATH']}", "TRUSTDESK_NO_VENV": "1"}
    first = run("sh", str(DEPLOY / "entrypoint.sh"), "registry", "list", **variables)
    assert first.returncode == 0, first.stderr
    assert "v0001" in first.stdout
    assert (home / "data" / "demo").is_dir()

    (home / "models" / "CHAMPION").write_text("v0009\n", encoding="ascii")
    again = run("sh", str(DEPLOY / "entrypoint.sh"), "registry", "list", **variables)
    assert again.returncode == 0, again.stderr
    assert (home / "models" / "CHAMPION").read_text(encoding="ascii") == "v0009\n"
