"""What `/metrics` says of requests: each in its route, however it ended, and of all processes, dead ones too."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.api.http_metrics import METRICS, OTHER, REQUESTS, SECONDS
from core.home import Home
from tests.app.api.process import started, workers
from tests.app.api.server import Client, serving, spammer

Found = dict[tuple[str, tuple[str, ...]], float]


def scraped(api: Client) -> Found:
    """Each sample of requests, by its name and the values of its labels in the order of their names."""
    families = text_string_to_metric_families(api.get("/metrics").body.decode())
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families for sample in family.samples if sample.name.startswith("trustdesk_http_")
    }  # fmt: skip


def of(found: Found, route: str, method: str, status: int) -> float:
    return found.get((REQUESTS, (method, route, str(status))), 0.0)


def test_each_request_counts_for_its_route_and_status(api: Client) -> None:
    api.post("/v1/predict", spammer())
    api.post("/v1/predict", {"features": {}})
    api.get("/predict")
    for job in ("1", "2"):
        assert api.get(f"/v1/jobs/{job}").status == 404
    api("HEAD", "/v1/health")
    found = scraped(api)
    assert of(found, "/v1/predict", "POST", 200) == of(found, "/v1/predict", "POST", 422) == 1
    assert of(found, "/predict", "GET", 405) == of(found, "/v1/health", "HEAD", 200) == 1
    assert of(found, "/v1/jobs/{job}", "GET", 404) == 2
    assert found[f"{SECONDS}_count", ("POST", "/v1/predict")] == 2
    assert found[f"{SECONDS}_bucket", ("+Inf", "POST", "/v1/predict")] == 2
    assert found[f"{SECONDS}_sum", ("POST", "/v1/predict")] > 0


def test_whoever_makes_up_paths_and_methods_makes_one_series(api: Client) -> None:
    for number in range(3):
        api(f"X{number}", f"/nowhere/{number}")
    found = scraped(api)
    assert of(found, OTHER, OTHER, 404) == 3
    assert {name for name, _ in found} == {REQUESTS, *(f"{SECONDS}_{end}" for end in ("bucket", "count", "sum"))}
    assert set(METRICS) == {REQUESTS, SECONDS}


def test_whoever_is_turned_away_counts_too(own: Home) -> None:
    _, text = own.keys.create("scrape", "analyst", now=datetime.now(UTC), rate=0)
    with serving(own) as api:
        assert api.post("/v1/predict", spammer()).status == 401
        assert of(scraped(Client(api.port, text)), "/v1/predict", "POST", 401) == 1


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the workers are read off /proc")
def test_what_a_killed_worker_counted_stays_and_no_worker_outlives_what_began_it(own: Home) -> None:
    with started(own, "--workers", "2") as running:
        while running.said().count('"taken up"') < 2:
            time.sleep(0.05)
        before = of(scraped(running.api), "/v1/ready", "GET", 200)
        for _ in range(20):
            assert running.api.get("/v1/ready").status == 200
        assert of(scraped(running.api), "/v1/ready", "GET", 200) == before + 20
        os.kill(workers(running)[0], signal.SIGKILL)
        while running.said().count('"taken up"') < 3:
            time.sleep(0.05)
        assert of(scraped(running.api), "/v1/ready", "GET", 200) == before + 20
        running.process.kill()
        while running.said().count('"left alone"') < 2:
            time.sleep(0.05)
        with pytest.raises(ConnectionRefusedError):
            ask_for_ever(running.api)


def ask_for_ever(api: Client) -> None:
    while True:
        with contextlib.suppress(ConnectionResetError):  # whoever answers is ending
            api.get("/health")
