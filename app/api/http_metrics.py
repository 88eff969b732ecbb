"""How the API is asked and how it answers, as Prometheus reads it: by route, method and status, over all processes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.routing import compile_path

from core import settings

REQUESTS: Final = "trustdesk_http_requests_total"
SECONDS: Final = "trustdesk_http_request_seconds"
#: As `core.monitoring.prometheus.METRICS` has those of the workspace.
METRICS: Final[Mapping[str, tuple[Literal["counter", "histogram"], str]]] = {
    REQUESTS: ("counter", "Requests since the server was started; the status is 0 where the client left before."),
    SECONDS: ("histogram", "How long requests took, from their head to the end of the answer."),
}
#: Upper ends of the histogram, in seconds.
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
#: Stands for every path and method that the API has not: whoever makes them up makes no series.
OTHER: Final = "other"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})

disable_created_metrics()  # type: ignore[no-untyped-call] # when a series began is of no use to anybody, and would be a metric more


@contextmanager
def shared() -> Iterator[None]:
    """While it lasts, processes that are begun count into files of one folder, which any of them sums.

    What a process has counted outlives it, so that no sum falls when one is killed.
    """
    with tempfile.TemporaryDirectory(prefix="trustdesk-counts-") as folder:
        settings.count_in(folder)
        yield


class Requests:
    """The requests of one server; `routes` as the description has them, such as `/v1/jobs/{job}`."""

    def __init__(self, routes: Iterable[str]) -> None:
        self._routes = [(compile_path(route)[0], route) for route in sorted(set(routes))]
        self._folder, self._own = settings.counts(), CollectorRegistry()
        self._total = Counter(REQUESTS, METRICS[REQUESTS][1], ["route", "method", "status"], registry=self._own)
        self._seconds = Histogram(
            SECONDS, METRICS[SECONDS][1], ["route", "method"], registry=self._own, buckets=BUCKETS
        )

    def count(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request that has ended; `status` is 0 where nothing was answered."""
        route = next((route for pattern, route in self._routes if pattern.match(path)), OTHER)
        method = method if method in _METHODS else OTHER
        self._total.labels(route, method, status).inc()
        self._seconds.labels(route, method).observe(seconds)

    def text(self) -> str:
        """All that was counted, by the other processes too, in the text format."""
        registry = self._own
        if self._folder:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry).decode("utf-8")
